"""(b) No-op frames a second through queue, node, checks, records, reports and ledger."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from benchmarks.results import Measurement
from tests.end_to_end.running_farm import RunningFarm

SPEC = """
name = "noop"
title = "Nothing at all"
host = "command"
scenes = [".noop"]
executables = ["{python}"]
[probe]
argv = ["--version"]
pattern = "Python (\\\\d+\\\\.\\\\d+)"
[command]
argv = ["{{scene}}"]
"""
JOB_SECONDS_MAX = 300.0


def prepare_noop(data: Path) -> Path:
    """Describe the renderer that does nothing, and write a scene for it; returns the scene."""
    (data / "renderers").mkdir(parents=True, exist_ok=True)
    (data / "renderers" / "noop.toml").write_text(SPEC.format(python=sys.executable))
    scene = data / "nothing.noop"
    scene.write_text("nothing\n")
    return scene


def start_noop_node(farm: RunningFarm, *, slots: int) -> "subprocess.Popen[bytes]":
    """Start the node whose renderer does nothing."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "benchmarks.noop_node", str(farm.data)),
            *(str(farm.data / "queue.db"), str(slots), str(os.getpid())),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def run_noop_job(farm: RunningFarm, scene: Path, *, job: str, frames: int) -> float:
    """Run a job of frames that cost nothing to render; returns frames a second."""
    out = str(farm.data / "out")
    farm.post(
        "/jobs",
        {"id": job, "scene": str(scene), "frames": f"1-{frames}", "out": out, "fresh": True},
    )
    shown = farm.wait_for_state(job, "completed", seconds=JOB_SECONDS_MAX)
    took_ms: int = shown["finished_at_ms"] - shown["started_at_ms"]
    return frames / took_ms * 1000


def measure_noop(folder: Path, *, frames: int = 4_000, slots: int = 2) -> list[Measurement]:
    """Measure the rate, and what one `fsync` costs here: the bound of a durable record."""
    scene = prepare_noop(folder)
    farm = RunningFarm(folder, "--no-node").start()
    farm.top_up(100_000)
    node = start_noop_node(farm, slots=slots)
    try:
        run_noop_job(farm, scene, job="warm-up", frames=200)
        before = [read_cpu_seconds(pid) for pid in (farm.pid, node.pid)]
        rate = run_noop_job(farm, scene, job="measured", frames=frames)
        after = [read_cpu_seconds(pid) for pid in (farm.pid, node.pid)]
    finally:
        node.terminate()
        node.wait(timeout=30)
        farm.stop()
    flush_ms = measure_flush_ms(folder)
    return [
        Measurement(name="no-op frames", value=rate, unit="1/s", aim="1,000"),
        Measurement(name="one fsync of a small file and its folder", value=flush_ms, unit="ms"),
        Measurement(
            name="frames in the time of such an fsync", value=rate * flush_ms / 1000, unit=""
        ),
        *(
            Measurement(name=f"CPU of the {name} a frame", value=(b - a) / frames * 1000, unit="ms")
            for name, a, b in zip(("server", "node"), before, after, strict=True)
        ),
    ]


def read_cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, user and system."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def measure_flush_ms(folder: Path, *, count: int = 100) -> float:
    """Return what writing a small file durably costs here, in ms."""
    began = time.perf_counter()
    for number in range(count):
        descriptor = os.open(folder / f"flush-{number}", os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(descriptor, b"x" * 600)
        os.fsync(descriptor)
        os.close(descriptor)
        parent = os.open(folder, os.O_RDONLY)
        os.fsync(parent)
        os.close(parent)
    return (time.perf_counter() - began) / count * 1000
