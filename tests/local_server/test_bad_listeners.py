"""Listeners that do not take, do not answer, or may not stay: they end, and hold up nobody."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.hearers import Hearer
from local_server.farm.db import open_database, read_clock_ms, write
from local_server.farm.events import add_event
from local_server.settings import OWNER, STUDIO
from local_server.tokens import ACCESS_MS, Tokens, read_token_secret
from tests.end_to_end.running_farm import START_SECONDS_MAX, RunningFarm, wait_until
from tests.local_server.listener import leave_out_sync, listening
from tests.local_server.test_push import list_told, sign_up, top_up

EVENTS, LETTERS = 4_000, 4_000  # more together than sockets take that nobody reads
SMALL_BUFFER = 65_536
SECONDS_MAX = 30.0


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[RunningFarm]:
    """A server that asks several times a second who is there."""
    farm = RunningFarm(tmp_path)
    command = [sys.executable, "-m", "tests.local_server.quick_server"]
    farm.process = subprocess.Popen([*command, str(tmp_path), str(os.getpid())])
    try:
        wait_until(farm.answers, seconds=START_SECONDS_MAX, what="the server answers")
        yield farm
    finally:
        farm.close()


def connect(server: RunningFarm) -> Hearer:
    """Connect as one who says and hears just what it is told to."""
    key = str(server.session.headers["Authorization"]).removeprefix("Bearer ")
    hearer = Hearer(int(server.address.split(":")[2].partition("/")[0]))
    hearer.wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    hearer.wire.settimeout(SECONDS_MAX)
    hearer.hear()
    hearer.say(f'40{{"key":"{key}"}}')
    while not hearer.hear().startswith('42["ready"'):
        pass
    return hearer


def hear_event(hearer: Hearer) -> int:
    """Return the id of the next event, but for those of synchronising."""
    while True:
        name, event = json.loads(hearer.hear().removeprefix("42"))
        assert name == "notice"
        if leave_out_sync([event]):
            return int(event["id"])


def read_to_the_end(hearer: Hearer) -> bytes:
    """Return everything that comes until the server hangs up."""
    data = hearer.data
    try:
        while part := hearer.wire.recv(65_536):
            data += part
    except ConnectionResetError:
        pass
    finally:
        hearer.wire.close()
    return data


def write_events(server: RunningFarm, count: int) -> None:
    """Let much happen at once."""
    database = open_database(server.data / "farm.db", migrate=False)
    with write(database):
        for _ in range(count):
            add_event(database, kind="told", owner=OWNER, at_ms=1, letters="x" * LETTERS)
    database.conn.close()


def test_who_takes_nothing_is_cut_off_and_catches_up_when_they_come_again(
    tmp_path: Path,
) -> None:
    with RunningFarm(tmp_path, "--no-node") as farm:
        deaf, hearing = connect(farm), connect(farm)
        write_events(farm, EVENTS)
        heard = [hear_event(hearing) for _ in range(EVENTS)]
        assert heard == [event["id"] for event in list_told(farm)][:EVENTS]
        wait_until(
            lambda: farm.get("/connections")["dropped"].get("slow", 0) == 1,
            seconds=60,
            what="the one who takes nothing is cut off",
        )
        assert len(farm.get("/connections")["items"]) == 1
        top_up(farm, 1)
        assert hear_event(hearing) > heard[-1]
        hearing.wire.close()
        assert read_to_the_end(deaf).count(b'42["notice"') < EVENTS
        with listening(farm, {"after": heard[-10]}) as again:
            assert again.list_events() == list_told(farm, after=heard[-10])


def test_who_does_not_answer_is_not_there(quick: RunningFarm) -> None:
    silent = connect(quick)
    with listening(quick) as alive:
        heard = read_to_the_end(silent)
        assert heard, "it was asked whether it is there"
        wait_until(
            lambda: len(quick.get("/connections")["items"]) == 1,
            seconds=60,
            what="who does not answer is forgotten",
        )
        assert alive.client.connected, "its client answers by itself"
        top_up(quick, 1)
        alive.wait(1)


def test_a_token_that_runs_out_ends_what_it_opened(server: RunningFarm) -> None:
    token = sign_up(server, "listens-on")
    [person] = [one for one in server.get("/people")["items"] if one["name"] == "listens-on"]
    headers = {"Authorization": f"Bearer {token}"}
    [session] = server.session.get(f"{server.address}/sessions", headers=headers).json()["items"]
    tokens = Tokens(read_token_secret(server.data), studio=STUDIO)
    soon = read_clock_ms() - ACCESS_MS + 3_000
    ending, _ = tokens.make_access(account=person["id"], session=session["id"], at_ms=soon)
    with (
        listening(server, credential=ending) as one,
        listening(server, credential=ending) as other,
    ):
        assert "last" in other.ask("renew", token=token)
        assert one.wait_for("closing")["error"]["code"] == "token_expired"
        wait_until(lambda: not one.client.connected, seconds=60, what="the connection is closed")
        assert other.client.connected, "a newer token was shown in time"
