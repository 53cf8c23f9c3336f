"""(f) Calls at 64 connections with 100,000 jobs in the database, against a bare Flask route."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.filling import fill_frames
from benchmarks.results import Measurement
from tests.end_to_end.running_farm import RunningFarm

JOBS = 100_000
CONNECTIONS = 64
SECONDS = 4.0
JOB = f"filled-{JOBS // 2:07d}"
CALLS: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "alive": ("GET", "/health/live", None),
    "a job": ("GET", f"/jobs/{JOB}", None),
    "a page of jobs": ("GET", "/jobs?limit=20", None),
    "jobs in a state": ("GET", "/jobs?state=completed&limit=20", None),
    "jobs by a text": ("GET", "/jobs?text=filled-00500&limit=20", None),
    "a job's frames": ("GET", f"/jobs/{JOB}/frames", None),
    "a bill": ("GET", f"/jobs/{JOB}/bill", None),
    "balance": ("GET", "/balance", None),
    "events": ("GET", "/events?limit=50", None),
    "a write": ("POST", f"/jobs/{JOB}/priority", {"priority": 50}),
}
SIMPLE = ("alive", "a job", "balance")


def measure_calls(folder: Path, *, jobs: int = JOBS, seconds: float = SECONDS) -> list[Measurement]:
    """Measure p50, p99 and rate of ten kinds of call; the ratios are against the bare route."""
    farm = RunningFarm(folder, "--no-node").start()
    farm.stop()
    fill_frames(folder / "farm.db", frames=jobs, frames_per_job=1)
    farm.start()
    job = f"filled-{jobs // 2:07d}"
    try:
        with serving_bare() as bare:
            base = load(bare, "GET", "/bare", None, {}, seconds)
            found = [show("bare Flask route", base, base)]
            for name, (verb, path, body) in CALLS.items():
                address = farm.address + path.replace(JOB, job)
                headers = {"Authorization": str(farm.session.headers["Authorization"])}
                found.append(show(name, load(address, verb, "", body, headers, seconds), base))
    finally:
        farm.stop()
    return [one for group in found for one in group]


def show(name: str, took: dict[str, float], base: dict[str, float]) -> list[Measurement]:
    """Return the numbers of one kind of call."""
    simple = name in SIMPLE
    return [
        Measurement(name=f"{name}, p50", value=took["p50_ms"], unit="ms"),
        Measurement(
            name=f"{name}, p99", value=took["p99_ms"], unit="ms", aim="50" if simple else ""
        ),
        Measurement(
            name=f"{name}, calls a second",
            value=took["rate"],
            unit="1/s",
            aim="1,000" if simple else "",
        ),
        Measurement(
            name=f"{name}, rate / bare route's", value=took["rate"] / base["rate"], unit=""
        ),
    ]


@contextmanager
def serving_bare() -> Iterator[str]:
    """Serve a bare Flask route with the same HTTP server; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bare"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def load(
    address: str,
    verb: str,
    path: str,
    body: dict[str, Any] | None,
    headers: dict[str, str],
    seconds: float,
) -> dict[str, float]:
    """Make one kind of call from a process apart for some seconds."""
    asked = {
        "address": address + path,
        "verb": verb,
        "body": body,
        "headers": headers,
        "connections": CONNECTIONS,
        "seconds": seconds,
    }
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asked),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    told: dict[str, float] = json.loads(ended.stdout)
    return told
