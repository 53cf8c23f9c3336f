"""(f) Calls at 64 connections with 100,000 jobs in the database, against a bare Flask route.

Caller and server share the machine, so the processor time that the server takes for a call says
more than how long the call took.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.filling import fill_frames
from benchmarks.results import Measurement
from tests.end_to_end.running_farm import RunningFarm

JOBS = 100_000
FRAMES_PER_JOB = 4
PEOPLE = ("anna", "boris", "cheng", "dana", "emil")
PASSWORD = "sunlit-kiln-42"  # noqa: S105 - of nobody
CONNECTIONS = 64
SECONDS = 4.0
CALLS: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "alive": ("GET", "/health/live", None),
    "a person": ("GET", "/me", None),
    "balance": ("GET", "/balance", None),
    "a job": ("GET", "/jobs/{job}", None),
    "a page of 20 jobs": ("GET", "/jobs?limit=20", None),
    "20 jobs in a state": ("GET", "/jobs?state=partial&limit=20", None),
    "20 jobs by a text": ("GET", "/jobs?text=filled-00500&limit=20", None),
    "a job's frames": ("GET", "/jobs/{job}/frames", None),
    "a bill": ("GET", "/jobs/{job}/bill", None),
    "20 lines of a statement": ("GET", "/statement?limit=20", None),
    "50 events": ("GET", "/events?limit=50", None),
    "nodes": ("GET", "/nodes", None),
    "a write": ("POST", "/jobs/{job}/priority", {"priority": 50}),
}
SIMPLE = ("alive", "a person", "balance", "a job")


def measure_calls(folder: Path, *, jobs: int = JOBS, seconds: float = SECONDS) -> list[Measurement]:
    """Measure each kind of call by an artist who has signed in; ratios are to the bare route."""
    with RunningFarm(folder, "--no-node") as farm:
        for name in PEOPLE:
            farm.post("/people", {"id": name, "name": name, "password": PASSWORD})
    frames = jobs * FRAMES_PER_JOB
    fill_frames(folder / "farm.db", frames=frames, frames_per_job=FRAMES_PER_JOB, owners=PEOPLE)
    mine = jobs // 2 // len(PEOPLE) * len(PEOPLE)
    with RunningFarm(folder, "--no-node") as farm, serving_bare() as (bare, bare_pid):
        signed_in = farm.post("/sessions", {"login": PEOPLE[0], "password": PASSWORD})
        headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
        base = load(bare, "GET", None, {}, seconds, pid=bare_pid)
        found = show("bare Flask route", base, base)
        for name, (verb, path, body) in CALLS.items():
            address = farm.address + path.format(job=f"filled-{mine:07d}")
            found += show(name, load(address, verb, body, headers, seconds, pid=farm.pid), base)
    return found


def show(name: str, took: dict[str, float], base: dict[str, float]) -> list[Measurement]:
    """Return the numbers of one kind of call."""
    p99, rate = ("50", "1,000") if name in SIMPLE else ("", "")
    ratio = took["cpu_ms"] / base["cpu_ms"]
    return [
        Measurement(name=f"{name}, p50", value=took["p50_ms"], unit="ms"),
        Measurement(name=f"{name}, p99", value=took["p99_ms"], unit="ms", aim=p99),
        Measurement(name=f"{name}, calls a second", value=took["rate"], unit="1/s", aim=rate),
        Measurement(name=f"{name}, rate / bare", value=took["rate"] / base["rate"], unit=""),
        Measurement(name=f"{name}, processor", value=took["cpu_ms"], unit="ms"),
        Measurement(name=f"{name}, processor / bare", value=ratio, unit=""),
    ]


@contextmanager
def serving_bare(*what: str) -> Iterator[tuple[str, int]]:
    """Serve a bare Flask route with the same HTTP server; gives its address and process id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bare", *what], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/bare", process.pid
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def load(
    address: str,
    verb: str,
    body: dict[str, Any] | None,
    headers: dict[str, str],
    seconds: float,
    *,
    pid: int,
) -> dict[str, float]:
    """Make one kind of call for some seconds, from a process apart, to the server that is `pid`."""
    asked = {
        "address": address,
        "verb": verb,
        "body": body,
        "headers": headers,
        "connections": CONNECTIONS,
        "seconds": seconds,
    }
    server = psutil.Process(pid)
    before = server.cpu_times()
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asked),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    after = server.cpu_times()
    told: dict[str, float] = json.loads(ended.stdout)
    used = after.user + after.system - before.user - before.system
    return told | {"cpu_ms": used / told["count"] * 1000}
