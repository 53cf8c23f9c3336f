"""Push: states, notices, progress and logs, sent to whoever may and wants to hear them.

Events are rows first and are pushed in their order, each once; whoever missed some names the last
one they know and gets the rest. Nobody waits for anybody: who does not take what is sent for them
is cut off, and catches up when they come again.
"""

import logging
from collections.abc import Iterable
from typing import Any

from flask import Flask
from flask_socketio import SocketIO

from local_server.connections import Connection
from local_server.farm import jobs
from local_server.farm.errors import Refused, YuntuError
from local_server.farm.events import Event, list_events
from local_server.listening import Listening, name_kind, tell_error
from local_server.live import Live
from local_server.services import Services
from local_server.wires import Wire
from local_server.wording import Wording
from render.protocol import ProgressMade

log = logging.getLogger(__name__)
MESSAGE_BYTES_MAX = 20_000
WAITING_MAX, WAITING_MOST = 2_000, 20_000
IDLE_SECONDS_MAX = 3.0
LINES_MAX = 200
WATCH_SECONDS = 1.0
Lines = Iterable[tuple[str, int, int, tuple[str, ...]]]


class Push:
    """The server's side of Socket.IO."""

    def __init__(self, app: Flask, services: Services) -> None:
        self.services = services
        self.connections = services.connections
        self.sent = services.last_event()
        self.socketio = SocketIO(
            app,
            async_mode="gevent",
            cors_allowed_origins=services.origins.are_own,
            serve_client=False,
            ping_interval=services.settings.ping_seconds,
            ping_timeout=services.settings.pong_seconds,
            max_http_buffer_size=MESSAGE_BYTES_MAX,
        )
        self.engine = self.socketio.server.eio
        self.engine._async = {**self.engine._async, "websocket": Wire}
        self.listening = Listening(services, self.socketio, find_sent=lambda: self.sent)

    # --- what is sent ---

    def send_events(self) -> bool:
        """Push the events that were committed since the last call; False when there were none."""
        before = self.sent
        while page := list_events(self.services.reader, after=self.sent):
            for event in page:
                forget_progress(self.services.live, event.job, event.frame, event.data)
                self.sent = event.id
                self.socketio.emit(name_kind(event), event._asdict(), to=list_rooms(event))
                self.services.measures.pushes.inc()
            self.socketio.sleep(0)  # who listens takes it now, before there is more
            self.drop_slow()
        return self.sent > before

    def send_progress(self, reports: list[ProgressMade]) -> None:
        """Push the latest progress of each frame to its job's owner and who follows the job."""
        if not self.connections.open:
            return
        latest = {(one.job, one.number): one for one in reports if one.fraction > 0}
        owners: dict[str, str | None] = {}
        for report in latest.values():
            if report.job not in owners:
                found = jobs.find_job(self.services.reader, job=report.job)
                owners[report.job] = found["owner"] if found else None
            told = report.model_dump(
                include={"job", "sample", "samples", "fraction", "remaining_ms"}
            )
            rooms = [f"job:{report.job}", f"person:{owners[report.job]}"]
            self.socketio.emit("progress", told | {"frame": report.number}, to=rooms)
            self.services.measures.pushes.inc()

    def send_lines(self, lines: Lines) -> None:
        """Push what renderers just said to who follows it; a flood is cut, the log has it all."""
        for job, number, attempt, said in lines:
            if said and self.connections.is_log_watched(job):
                told = {"job": job, "frame": number, "attempt": attempt}
                told |= {"lines": said[-LINES_MAX:], "left_out": max(0, len(said) - LINES_MAX)}
                self.socketio.emit("log", told, to=f"log:{job}")
                self.services.measures.pushes.inc()

    def send_trouble(self, trouble: YuntuError | None) -> None:
        """Tell everybody, in their language, what keeps work from going on; None: it is over."""
        for language in {one.wording.language for one in self.connections.list_all()}:
            error = trouble or YuntuError("trouble_over")
            words = Wording(language).say(error.code, **error.params)
            data = {"code": error.code, "title": words.title, "detail": words.detail}
            kind = "server.trouble" if trouble else "server.well"
            told: dict[str, Any] = {"id": None, "kind": kind, "data": data}
            self.socketio.emit("notice", told, to=f"language:{language}")

    def drop_slow(self) -> None:
        """Cut off who does not take what waits for them; they heal by the last id they know.

        Much may come at once: who goes on taking it is given the time.
        """
        for connection in self.connections.list_all():
            waiting = connection.count_waiting()
            if waiting > WAITING_MOST or (
                waiting > WAITING_MAX and connection.measure_idle() > IDLE_SECONDS_MAX
            ):
                log.warning("account=%s takes too little", connection.caller.account)
                self.services.measures.dropped.labels("slow").inc()
                self.cut(connection)

    def run_watch(self) -> None:
        """Look once a second whether everybody may still listen: a greenlet's whole life."""
        while not self.services.ended.wait(WATCH_SECONDS):
            try:
                self.drop_slow()
                self.drop_unwelcome()
            except Exception as error:  # noqa: BLE001 - a disk that is away for a moment
                log.warning("connections were not looked at: %s", error)

    def drop_unwelcome(self) -> None:
        """End the connections of who is signed out, out of time, removed, or of another role."""
        known: dict[str, YuntuError | None] = {}
        for connection in self.connections.list_all():
            credential = connection.credential
            if credential not in known:
                known[credential] = self.find_objection(connection)
            objection = known[credential]
            if objection is not None:
                told = tell_error(objection, connection.wording)
                self.socketio.emit("closing", told, to=connection.id)
                self.services.measures.dropped.labels(objection.code).inc()
                self.socketio.server.disconnect(connection.id)

    def find_objection(self, connection: Connection) -> YuntuError | None:
        """Return why a connection must end, None while it may stay."""
        try:
            caller = self.listening.identify(connection.credential)
        except YuntuError as error:
            return error
        return None if caller == connection.caller else Refused("role_changed")

    def cut(self, connection: Connection) -> None:
        """End a connection without waiting for the other side."""
        eio_sid = self.socketio.server.manager.eio_sid_from_sid(connection.id, "/")
        socket = self.engine.sockets.get(eio_sid)
        self.connections.remove(connection.id)
        if socket is not None:
            socket.close(wait=False, abort=True)
            wire: Wire | None = getattr(socket, "wire", None)
            if wire is not None:
                wire.cut()


def list_rooms(event: Event) -> list[str]:
    """Return who hears of an event; what is about money is not for those who see every job."""
    rooms = [f"person:{event.owner}", "everything"]
    if event.job is not None and not event.kind.startswith("ledger."):
        rooms += [f"job:{event.job}", "every-job"]
    return rooms


def forget_progress(live: Live, job: str | None, frame: int | None, data: dict[str, Any]) -> None:
    """Drop the progress of a frame that an event says is no longer under way."""
    if job is not None and frame is not None and data.get("state") != "rendering":
        live.forget_frame(job, frame)
