"""(c) Server start to its first answer, and (d) memory of server and node."""

import time
from pathlib import Path

import psutil

from benchmarks.filling import fill_frames
from benchmarks.results import Measurement
from tests.end_to_end.running_farm import RunningFarm, wait_until

MEBIBYTE = 1024 * 1024
STARTS = 5


def measure_start(folder: Path) -> list[Measurement]:
    """Measure the median time from starting the process to its first answer, and to its node's."""
    firsts, nodes = [], []
    for _ in range(STARTS):
        began = time.perf_counter()
        farm = RunningFarm(folder).start()
        firsts.append(time.perf_counter() - began)
        wait_until(lambda: is_up(farm), seconds=60, what="the node is up")  # noqa: B023
        nodes.append(time.perf_counter() - began)
        farm.stop()
    return [
        Measurement(name="server start to first answer, median", value=median(firsts), unit="s"),
        Measurement(name="server start to node up, median", value=median(nodes), unit="s"),
    ]


def measure_memory(folder: Path) -> list[Measurement]:
    """Measure resident memory at rest, with an empty database and with 100,000 frames in it."""
    found = []
    for name, frames in (("empty database", 0), ("100,000 frames", 100_000)):
        data = folder / name.replace(" ", "-")
        farm = RunningFarm(data, "--no-node").start()
        farm.stop()
        fill_frames(data / "farm.db", frames=frames)
        farm = RunningFarm(data).start()
        wait_until(lambda: is_up(farm), seconds=60, what="the node is up")  # noqa: B023
        farm.get("/jobs")
        node = farm.node()
        assert node is not None
        for process, pid in (("server", farm.pid), ("node", node.pid)):
            memory = psutil.Process(pid).memory_info().rss / MEBIBYTE
            found.append(
                Measurement(name=f"memory of the {process}, {name}", value=memory, unit="MiB")
            )
        farm.stop()
    return found


def is_up(farm: RunningFarm) -> bool:
    """Tell whether the farm's node has said hello."""
    return bool(farm.get("/health")["node"]["state"] == "up")


def median(values: list[float]) -> float:
    """Return the middle value."""
    return sorted(values)[len(values) // 2]
