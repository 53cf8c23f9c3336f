"""(i) Thousands of live sockets, each told of one change: when the last has heard of it."""

import subprocess
import sys
import time
from pathlib import Path

import psutil

from benchmarks.results import Measurement
from tests.end_to_end.running_farm import RunningFarm

SOCKETS = 5_000
ROUNDS = 5
MEBIBYTE = 1024 * 1024


def measure_sockets(folder: Path, *, sockets: int = SOCKETS) -> list[Measurement]:
    """Measure the time from a change's commit to its first, its median and its last hearer."""
    farm = RunningFarm(folder, "--no-node").start()
    before = psutil.Process(farm.pid).memory_info().rss
    key = str(farm.session.headers["Authorization"]).removeprefix("Bearer ")
    port = farm.address.split(":")[2].split("/")[0]
    hearers = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.hearers", port, key, str(sockets)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert hearers.stdout is not None and hearers.stdin is not None
    lasts, firsts, middles = [], [], []
    try:
        connected = float(hearers.stdout.readline())
        held = (psutil.Process(farm.pid).memory_info().rss - before) / sockets / 1024
        for number in range(ROUNDS):
            began = time.time()
            farm.post("/topups", {"id": f"told-{number}", "amount_micros": 1})
            heard = [float(word) - began for word in hearers.stdout.readline().split()]
            firsts.append(heard[0])
            middles.append(heard[1])
            lasts.append(heard[2])
    finally:
        hearers.stdin.close()
        hearers.wait(timeout=60)
        hearers.stdout.close()
        farm.stop()
    name = f"{sockets:,} sockets"
    return [
        Measurement(name=f"{name}, connected and caught up", value=connected, unit="s"),
        Measurement(name=f"{name}, memory of the server for each", value=held, unit="KiB"),
        Measurement(name=f"{name}, the first has heard", value=min(firsts), unit="s"),
        Measurement(name=f"{name}, half have heard", value=sorted(middles)[ROUNDS // 2], unit="s"),
        Measurement(
            name=f"{name}, the last has heard, median of {ROUNDS}",
            value=sorted(lasts)[ROUNDS // 2],
            unit="s",
            aim="1",
        ),
    ]
