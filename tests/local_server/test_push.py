"""Pushed events: in order, none twice, only to who has the key; gaps are healed by asking."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import socketio
from socketio.exceptions import ConnectionError as RefusedError

from tests.end_to_end.running_farm import RunningFarm, wait_until


@contextmanager
def listening(server: RunningFarm, **options: Any) -> Iterator[list[dict[str, Any]]]:
    """Listen to a server's events; gives the list that grows."""
    heard: list[dict[str, Any]] = []
    client = socketio.Client(reconnection=False)
    client.on("event", heard.append)
    key = str(server.session.headers["Authorization"]).removeprefix("Bearer ")
    address = server.address.removesuffix("/api/v1")
    asked = {"auth": {"key": key}, "transports": ["websocket"], "wait_timeout": 20} | options
    client.connect(address, **asked)
    try:
        yield heard
    finally:
        client.disconnect()


def top_up(server: RunningFarm, times: int) -> None:
    """Bring money in several times; each is an event."""
    for _ in range(times):
        asked = {"id": f"push-{time.time_ns()}", "amount_micros": 1}
        server.post("/topups", asked)


def test_events_come_as_they_are_listed(server: RunningFarm) -> None:
    last = server.get("/events", limit=1)["last"]
    with listening(server) as heard, listening(server, transports=["polling"]) as other:
        top_up(server, 20)
        wait_until(lambda: len(heard) >= 20 <= len(other), seconds=20, what="all are pushed")
    assert heard == other == server.events(after=last)
    ids = [event["id"] for event in heard]
    assert ids == list(range(last + 1, last + 21)), "none is left out and none comes twice"
    assert {event["kind"] for event in heard} == {"ledger.mint"}


def test_what_was_missed_is_asked_for(server: RunningFarm) -> None:
    with listening(server) as heard:
        top_up(server, 2)
        wait_until(lambda: len(heard) == 2, seconds=20, what="two events are pushed")
    top_up(server, 3)
    with listening(server) as later:
        missed = server.events(after=heard[-1]["id"])
        top_up(server, 1)
        wait_until(lambda: len(later) >= 1, seconds=20, what="the last event is pushed")
    known = {event["id"]: event for event in [*heard, *missed, *later]}
    assert list(known.values()) == server.events(after=heard[0]["id"] - 1)
    assert len(known) == 6


def test_events_are_listed_in_pages(server: RunningFarm) -> None:
    top_up(server, 3)
    everything = server.events()
    page = server.get("/events", limit=2)
    assert page["items"] == everything[:2]
    assert page["last"] == everything[-1]["id"]
    assert server.get("/events", after=page["last"])["items"] == []


@pytest.mark.parametrize("auth", [{"key": "wrong"}, {"key": None}, {}, None, "text", ["key"]])
def test_a_wrong_key_is_refused(server: RunningFarm, auth: Any) -> None:
    with pytest.raises(RefusedError), listening(server, auth=auth):
        pass


def test_another_page_is_refused(server: RunningFarm) -> None:
    headers = {"Origin": "https://example"}
    for transport in ("polling", "websocket"):
        with (
            pytest.raises(RefusedError),
            listening(server, headers=headers, transports=[transport]),
        ):
            pass
