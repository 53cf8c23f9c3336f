"""(i) Thousands of live sockets, each told of one change: when the last has heard of it."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import requests

from benchmarks.calls import serving_bare
from benchmarks.results import Measurement
from tests.end_to_end.running_farm import RunningFarm

SOCKETS = 5_000
ROUNDS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """How long until all were connected and some had heard, in seconds; KiB held for each."""

    connected: float
    held: float
    first: float
    middle: float
    last: float


def measure_sockets(folder: Path, *, sockets: int = SOCKETS) -> list[Measurement]:
    """Measure the time from a change to its first, its median and its last hearer.

    Beside it, the same message to as many from a server that does nothing but send it.
    """
    with RunningFarm(folder, "--no-node") as farm:
        key = str(farm.session.headers["Authorization"]).removeprefix("Bearer ")

        def top_up(number: int) -> None:
            farm.post("/topups", {"id": f"told-{number}", "amount_micros": 1})

        ours = tell_all(farm.address, farm.pid, top_up, key=key, sockets=sockets)
        message = farm.get("/events")["items"][-1]
    with serving_bare("sockets") as (address, pid):
        told = address.replace("/bare", "/tell")

        def tell(_: int) -> None:
            requests.post(told, json=message, timeout=60).raise_for_status()

        bare = tell_all(address, pid, tell, key=key, sockets=sockets)
    name = f"{sockets:,} sockets"
    return [
        Measurement(name=f"{name}, connected and caught up", value=ours.connected, unit="s"),
        Measurement(name=f"{name}, memory of the server for each", value=ours.held, unit="KiB"),
        Measurement(name=f"{name}, the first has heard", value=ours.first, unit="s"),
        Measurement(name=f"{name}, half have heard", value=ours.middle, unit="s"),
        Measurement(
            name=f"{name}, the last has heard, median of {ROUNDS}",
            value=ours.last,
            unit="s",
            aim="1",
        ),
        Measurement(name=f"{name}, the last has heard, bare", value=bare.last, unit="s"),
        Measurement(name=f"{name}, the last / bare", value=ours.last / bare.last, unit=""),
    ]


def tell_all(
    address: str, pid: int, tell: Callable[[int], None], *, key: str, sockets: int
) -> Heard:
    """Connect to a server, `tell` it of changes, and return when its hearers heard of them."""
    before = psutil.Process(pid).memory_info().rss
    port = str(urlsplit(address).port)
    hearers = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.hearers", port, key, str(sockets)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert hearers.stdout is not None and hearers.stdin is not None
    rounds = []
    try:
        connected = float(hearers.stdout.readline())
        held = (psutil.Process(pid).memory_info().rss - before) / sockets / 1024
        for number in range(ROUNDS):
            began = time.time()
            tell(number)
            rounds.append([float(word) - began for word in hearers.stdout.readline().split()])
    finally:
        hearers.stdin.close()
        hearers.wait(timeout=60)
        hearers.stdout.close()
    firsts, middles, lasts = (sorted(one) for one in zip(*rounds, strict=True))
    half = ROUNDS // 2
    return Heard(
        connected=connected, held=held, first=firsts[0], middle=middles[half], last=lasts[half]
    )
