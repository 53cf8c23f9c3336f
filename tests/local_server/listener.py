"""A listener: a real Socket.IO client, and what it has heard."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import socketio
from socketio.exceptions import ConnectionError as RefusedError

from tests.end_to_end.running_farm import RunningFarm, wait_until

KINDS = ("state", "notice", "progress", "log", "ready", "closing")


class Listener:
    """One connection; `heard` has what came, in order, as kind and data."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.refusal: Any = None
        self.client = socketio.Client(reconnection=False)
        for kind in KINDS:
            self.client.on(kind, self.make_ear(kind))
        self.client.on("connect_error", self.note_refusal)

    def make_ear(self, kind: str) -> Any:
        """Return what notes one kind of message."""
        return lambda data: self.heard.append((kind, data))

    def note_refusal(self, data: Any) -> None:
        """Keep why the server did not let us in."""
        self.refusal = data if isinstance(data, dict) else None

    def list_events(self) -> list[dict[str, Any]]:
        """Return the events that were heard; synchronising has its own time and is left out."""
        told = [data for kind, data in self.heard if kind in ("state", "notice") and data["id"]]
        return leave_out_sync(told)

    def list_kind(self, kind: str) -> list[dict[str, Any]]:
        """Return what was heard of one kind."""
        return [data for heard, data in self.heard if heard == kind]

    def ask(self, name: str, **asked: Any) -> dict[str, Any]:
        """Ask the server for something and return its answer."""
        told: dict[str, Any] = self.client.call(name, asked, timeout=20)
        return told

    def wait(self, count: int) -> None:
        """Wait until so many events were heard."""
        wait_until(
            lambda: len(self.list_events()) >= count, seconds=60, what=f"{count} events are heard"
        )

    def wait_for(self, kind: str) -> dict[str, Any]:
        """Wait until something of a kind was heard, and return the last of it."""
        wait_until(lambda: bool(self.list_kind(kind)), seconds=60, what=f"{kind} is heard")
        return self.list_kind(kind)[-1]


def leave_out_sync(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return events but for those of synchronising."""
    return [event for event in events if not event["kind"].startswith("sync.")]


@contextmanager
def listening(
    server: RunningFarm, auth: Any = None, *, credential: str | None = None, **options: Any
) -> Iterator[Listener]:
    """Listen with this launch's key, unless something else is shown."""
    key = str(server.session.headers["Authorization"]).removeprefix("Bearer ")
    shown = {"token": credential} if credential else {"key": key}
    given = shown if auth is None else {**shown, **auth} if isinstance(auth, dict) else auth
    listener = Listener()
    asked = {"auth": given, "transports": ["websocket"], "wait_timeout": 20} | options
    listener.client.connect(server.address.removesuffix("/api/v1"), **asked)
    try:
        wait_until(
            lambda: bool(listener.list_kind("ready")) or not listener.client.connected,
            seconds=60,
            what="the listener has caught up",
        )
        yield listener
    finally:
        listener.client.disconnect()


def find_refusal(server: RunningFarm, auth: Any, **options: Any) -> Any:
    """Try to connect in vain and return what the server said about it."""
    listener = Listener()
    asked = {"auth": auth, "transports": ["websocket"], "wait_timeout": 20} | options
    with pytest.raises(RefusedError):
        listener.client.connect(server.address.removesuffix("/api/v1"), **asked)
    return (listener.refusal or {}).get("data")
