"""Listening: who connects, what they may hear, and how they catch up with what they missed."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import request
from flask_socketio import SocketIO
from pydantic import ValidationError
from socketio.exceptions import ConnectionRefusedError as RefusedError

from local_server.access import Right, check_reach
from local_server.answers import make_error, reader_wording
from local_server.callers import Caller, identify
from local_server.complaints import explain_invalid
from local_server.connections import Connection
from local_server.farm import jobs
from local_server.farm.db import read_clock_ms
from local_server.farm.errors import NotFound, Refused, YuntuError
from local_server.farm.events import Event, Scope, list_events
from local_server.headers import is_loopback
from local_server.services import Services
from local_server.shapes.live import Hello, JobToFollow
from local_server.shapes.shape import Body
from local_server.wires import measure_idle
from local_server.wording import Wording

EVENTS_PAGE = 500
PAUSE_SECONDS = 0.01
ROOMS = {Scope.OWN: (), Scope.JOBS: ("every-job",), Scope.ALL: ("every-job", "everything")}
B = TypeVar("B", bound=Body)
Answer = dict[str, Any]


class Listening:
    """Lets clients in and answers what they ask for; `find_sent` tells the last event pushed."""

    def __init__(
        self, services: Services, socketio: SocketIO, *, find_sent: Callable[[], int]
    ) -> None:
        self.services = services
        self.connections = services.connections
        self.socketio = socketio
        self.find_sent = find_sent
        socketio.on_event("connect", self.let_in)
        socketio.on_event("disconnect", self.let_go)
        for ask in (self.subscribe, self.unsubscribe, self.renew):
            socketio.on_event(ask.__name__, self.answering(ask))

    def let_in(self, auth: object = None) -> None:
        """Let a client in that says who it is, and send it what it missed.

        A refusal has the shape of every error, as its data.
        """
        try:
            hello = read_message(Hello, auth)
            if not is_loopback(request.host):
                raise Refused("foreign_host")
            connection = self.make_connection(hello)
        except (YuntuError, ValidationError) as error:
            told = tell_error(error, reader_wording())
            raise RefusedError(told["error"]["title"], told) from error
        self.connections.add(connection)
        self.count()
        after = self.find_sent() if hello.after is None else hello.after
        self.socketio.start_background_task(self.catch_up, connection, after)

    def let_go(self, *_: object) -> None:
        """Forget a connection that ended."""
        self.connections.remove(request.sid)  # type: ignore[attr-defined]
        self.count()

    def count(self) -> None:
        """Note how many connections there are."""
        self.services.measures.sockets.set(len(self.connections.open))

    def make_connection(self, hello: Hello) -> Connection:
        """Return the connection of whoever asks. Raises Unauthorized."""
        id, server = request.sid, self.socketio.server  # type: ignore[attr-defined]
        socket = server.eio.sockets[server.manager.eio_sid_from_sid(id, "/")]
        return Connection(
            id=id,
            caller=self.identify(hello.credential),
            credential=hello.credential,
            wording=Wording(hello.language) if hello.language else reader_wording(),
            address=request.remote_addr or "",
            agent=request.headers.get("User-Agent", "")[:200],
            connected_at_ms=read_clock_ms(),
            count_waiting=lambda: int(socket.queue.qsize()),
            measure_idle=lambda: measure_idle(socket),
            find_transport=lambda: "websocket" if socket.upgraded else "polling",
        )

    def identify(self, credential: str) -> Caller:
        """Return whose a credential is. Raises Unauthorized."""
        services = self.services
        return identify(
            services.reader,
            credential,
            key=services.key,
            tokens=services.tokens,
            at_ms=read_clock_ms(),
        )

    # --- what was missed ---

    def catch_up(self, connection: Connection, after: int) -> None:
        """Send what a client missed, then let it hear what comes: no event is lost or doubled."""
        if not self.send_missed(connection, after):
            return
        # Nothing comes between the last look and this: no other greenlet runs until here.
        caller = connection.caller
        rooms = (f"person:{caller.account}", f"language:{connection.wording.language}")
        for room in (*rooms, *ROOMS[caller.scope]):
            self.enter(connection, room)
        self.socketio.emit("ready", {"last": self.find_sent()}, to=connection.id)

    def send_missed(self, connection: Connection, after: int, *, job: str | None = None) -> bool:
        """Send a client the events above an id that others were sent; False once it is gone."""
        while missed := self.list_missed(connection, after, job):
            for event in missed:
                self.socketio.emit(name_kind(event), event._asdict(), to=connection.id)
            after = missed[-1].id
            self.wait_for(connection)
        return self.is_there(connection)

    def list_missed(self, connection: Connection, after: int, job: str | None) -> list[Event]:
        """Return a page of missed events, none for a client that is gone."""
        if not self.is_there(connection):
            return []
        caller, sent = connection.caller, self.find_sent()
        page = list_events(
            self.services.reader,
            after=after,
            job=job,
            owner=caller.account,
            scope=caller.scope,
            limit=EVENTS_PAGE,
        )
        return [event for event in page if event.id <= sent]

    def wait_for(self, connection: Connection) -> None:
        """Wait until a client has taken most of what is sent to it, or is gone."""
        while self.is_there(connection) and connection.count_waiting() > EVENTS_PAGE:
            self.socketio.sleep(PAUSE_SECONDS)

    def is_there(self, connection: Connection) -> bool:
        """Tell whether a connection has not ended."""
        return self.connections.find(connection.id) is not None

    def enter(self, connection: Connection, room: str) -> None:
        """Let a connection hear what a room hears, if it is still there."""
        if self.is_there(connection):
            self.socketio.server.enter_room(connection.id, room)

    # --- what a client asks for ---

    def answering(self, ask: Callable[[Connection, object], None]) -> Callable[[object], Answer]:
        """Return a handler that answers with the newest event that was sent, or with an error."""

        def answer(asked: object = None) -> Answer:
            connection = self.connections.find(request.sid)  # type: ignore[attr-defined]
            if connection is None:
                return {}
            try:
                ask(connection, asked)
            except (YuntuError, ValidationError) as error:
                return tell_error(error, connection.wording)
            return {"last": self.find_sent()}

        return answer

    def subscribe(self, connection: Connection, asked: object) -> None:
        """Follow a job: its states and progress, with `log` also what its renderers say."""
        wanted = read_message(JobToFollow, asked)
        self.check_job(connection, wanted.job)
        after = self.find_sent() if wanted.after is None else wanted.after
        if not self.send_missed(connection, after, job=wanted.job):
            return
        connection.jobs.add(wanted.job)
        self.enter(connection, f"job:{wanted.job}")
        if wanted.log:
            connection.logs.add(wanted.job)
            self.enter(connection, f"log:{wanted.job}")

    def unsubscribe(self, connection: Connection, asked: object) -> None:
        """Follow a job no longer."""
        job = read_message(JobToFollow, asked).job
        connection.jobs.discard(job)
        connection.logs.discard(job)
        for room in (f"job:{job}", f"log:{job}"):
            self.socketio.server.leave_room(connection.id, room)

    def renew(self, connection: Connection, asked: object) -> None:
        """Show a newer access token, so that the connection outlives the one before."""
        credential = read_message(Hello, asked).credential
        if self.identify(credential) != connection.caller:
            raise Refused("another_person")
        connection.credential = credential

    def check_job(self, connection: Connection, job: str) -> None:
        """Refuse who may not look at a job, as its route would. Raises NotFound `no_job`."""
        found = jobs.find_job(self.services.reader, job=job)
        if found is None:
            raise NotFound("no_job", job=job)
        caller = connection.caller
        check_reach(caller, kind="job", id=job, owner=found["owner"], right=Right.CREW)


def read_message(shape: type[B], told: object) -> B:
    """Return what a client sent as a shape. Raises ValidationError."""
    return shape.model_validate({} if told is None else told)


def tell_error(error: YuntuError | ValidationError, wording: Wording) -> Answer:
    """Return an error in the shape of every error."""
    if isinstance(error, ValidationError):
        words = explain_invalid(error, wording)
        return {"error": make_error("invalid", wording, words=words).model_dump()}
    return {"error": make_error(error.code, wording, **error.params).model_dump()}


def name_kind(event: Event) -> str:
    """Return under which name an event is pushed: what jobs do are states, the rest notices."""
    return "state" if event.kind.startswith(("job.", "frame.")) else "notice"
