"""Push: events and progress sent to whoever listens, over Socket.IO."""

from dataclasses import asdict
from typing import Any

from flask import Flask
from flask_socketio import SocketIO

from local_server.callers import identify
from local_server.farm.db import read_clock_ms
from local_server.farm.errors import Unauthorized
from local_server.farm.events import list_events
from local_server.live import Live
from local_server.services import Services
from render.protocol import ProgressMade


class Push:
    """Sends rows of the event table once each, in order; a client heals gaps by `after=`."""

    def __init__(self, app: Flask, services: Services) -> None:
        self.services = services
        self.sent = services.last_event()
        self.socketio = SocketIO(
            app,
            async_mode="gevent",
            cors_allowed_origins=services.origins.are_own,
            serve_client=False,
        )
        self.socketio.on_event("connect", self.admit)

    def admit(self, auth: object = None) -> bool:
        """Let a client in that shows who it is, as it would for a request."""
        services = self.services
        given = str(auth.get("key", "")) if isinstance(auth, dict) else ""
        try:
            identify(
                services.reader,
                given,
                key=services.key,
                tokens=services.tokens,
                at_ms=read_clock_ms(),
            )
        except Unauthorized:
            return False
        return True

    def send_events(self) -> bool:
        """Push the events that were committed since the last call; False when there were none."""
        before = self.sent
        while page := list_events(self.services.reader, after=self.sent):
            for event in page:
                forget_progress(self.services.live, event.job, event.frame, event.data)
                self.socketio.emit("event", asdict(event))
            self.sent = page[-1].id
        return self.sent > before

    def send_progress(self, reports: list[ProgressMade]) -> None:
        """Push the latest progress of each frame."""
        latest = {(one.job, one.number): one for one in reports if one.fraction > 0}
        for report in latest.values():
            told = report.model_dump(
                include={"job", "sample", "samples", "fraction", "remaining_ms"}
            )
            self.socketio.emit("progress", told | {"frame": report.number})


def forget_progress(live: Live, job: str | None, frame: int | None, data: dict[str, Any]) -> None:
    """Drop the progress of a frame that an event says is no longer under way."""
    if job is not None and frame is not None and data.get("state") != "rendering":
        live.forget_frame(job, frame)
