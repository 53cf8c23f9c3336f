"""Pushes: what the server sends by itself, as a queue to take from."""

from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Literal

import requests

from local_server.cli.client import CONNECT_SECONDS_MAX, Client


@dataclass(frozen=True, slots=True)
class Push:
    """Something the server sent; `lost` says that it sends no more."""

    kind: Literal["event", "progress", "lost"]
    data: dict[str, Any]


class Pushes:
    """The pushes of one server, from `open` to `close`.

    They are hints: what is missed here is found again with `Client.list_events`.
    """

    def __init__(self, client: Client) -> None:
        # It takes a second to load; by now the job is submitted, and the server is busy with it.
        import socketio

        self.client = client
        self.refusal: type[Exception] = socketio.exceptions.ConnectionError
        self.queue: SimpleQueue[Push] = SimpleQueue()
        session = requests.Session()
        session.trust_env = False
        self.socket = socketio.Client(reconnection=False, http_session=session, handle_sigint=False)
        for name in ("state", "notice"):
            self.socket.on(name, self.make_handler("event"))
        self.socket.on("progress", self.make_handler("progress"))
        self.socket.on("disconnect", lambda *_: self.queue.put(Push("lost", {})))

    def __enter__(self) -> "Pushes":
        """Connect."""
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        self.close()

    def make_handler(self, kind: Literal["event", "progress"]) -> Callable[[dict[str, Any]], None]:
        """Return the function that queues pushes of a kind."""

        def on_push(data: dict[str, Any]) -> None:
            if kind == "event" and data["id"] is None:
                return  # news of the server itself: whoever follows a job asks about its health
            self.queue.put(Push(kind, data))

        return on_push

    def open(self) -> None:
        """Connect. Raises ClientError when the server does not answer."""
        if self.client.sign_in is not None:
            self.client.call("GET", "/me")  # a token that has run out is renewed by requests only
        try:
            self.socket.connect(
                self.client.address.url,
                headers={"User-Agent": str(self.client.session.headers["User-Agent"])},
                auth={"key": self.client.credential},
                transports=["websocket"],
                wait_timeout=CONNECT_SECONDS_MAX,
            )
        except self.refusal as error:
            raise self.client.make_lost_error() from error

    def close(self) -> None:
        """Disconnect; harmless when the server has gone.

        The library waits seconds for the other side to say goodbye: nobody here has to.
        """
        Thread(target=self.socket.disconnect, daemon=True).start()

    def take(self, *, seconds_max: float) -> list[Push]:
        """Return what has come, waiting for the first; nothing when nothing came in time.

        Raises ClientError when the connection was lost.
        """
        taken: list[Push] = []
        try:
            taken.append(self.queue.get(timeout=seconds_max))
            while True:
                taken.append(self.queue.get_nowait())
        except Empty:
            pass
        if any(push.kind == "lost" for push in taken):
            raise self.client.make_lost_error()
        return taken
