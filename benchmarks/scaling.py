"""(e) Cost of a list of jobs and of a submit, by how many frames the database has: flat."""

import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.filling import fill_frames
from benchmarks.results import Measurement
from benchmarks.startup import median
from tests.end_to_end.running_farm import RunningFarm

SIZES = (100, 10_000, 1_000_000)
CALLS = 40


def measure_scaling(folder: Path) -> list[Measurement]:
    """Measure both at each size; the ratios are against the smallest database."""
    lists, submits = [], []
    for size in SIZES:
        data = folder / str(size)
        farm = RunningFarm(data, "--no-node").start()
        farm.stop()
        fill_frames(data / "farm.db", frames=size)
        farm.start()
        scene = data / "empty.blend"
        scene.touch()
        lists.append(time_calls(lambda: farm.get("/jobs", limit=50)))  # noqa: B023
        submits.append(time_calls(lambda: farm.post("/jobs", {"scene": str(scene)})))  # noqa: B023
        farm.stop()
    found = []
    for name, times in (("list of 50 jobs", lists), ("submit", submits)):
        for size, took in zip(SIZES, times, strict=True):
            found.append(
                Measurement(name=f"{name}, {size:,} frames, median", value=took * 1000, unit="ms")
            )
        ratio = times[-1] / times[0]
        found.append(
            Measurement(name=f"{name}, largest / smallest", value=ratio, unit="", aim="flat")
        )
    return found


def time_calls(call: Callable[[], object]) -> float:
    """Return the median time of a call in seconds."""
    times = []
    for _ in range(CALLS):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return median(times)
