"""The stopwatch: measures how long the window's thread is taken up by one event."""

import threading
import time
from pathlib import Path

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QImageReader
from PySide6.QtWidgets import QApplication

BLOCKED_SECONDS = 0.1
SAMPLE_SECONDS = 0.02
NANOSECONDS = 1_000_000_000
THREADS = Path("/proc/self/task")
PACE_STEPS = 100_000
PACES = 7
COLD_SHARE = 2 / 3


class Stopwatch(QApplication):
    """An application that times every event; what is nested counts once.

    What counts is whatever keeps the window from drawing: work, files, locks, sleep. What does not
    count is the machine's: that a thread waits for a processor which renders keep busy, and that
    processors which are shared are slower.
    """

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        # A reader is loaded under a lock and sends events, which wait for Python here; somebody who
        # has Python may wait for the lock. The first who reads a picture must be alone.
        QImageReader.supportedImageFormats()
        self.depth = 0
        self.slow: list[str] = []
        self.sampled_at = 0.0
        self.sample: dict[str, int] = {}
        self.best_pace = min(measure_paces())

    def begin(self) -> None:
        """Forget what was measured before."""
        self.slow.clear()

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        """Pass an event on, and note it if that took long."""
        if self.depth or threading.current_thread() is not threading.main_thread():
            return bool(super().notify(receiver, event))
        self.depth += 1
        began, kind, name = time.perf_counter(), event.type(), type(receiver).__name__
        if began - self.sampled_at > SAMPLE_SECONDS:
            self.sampled_at, self.sample = began, read_delays()
        try:
            return bool(super().notify(receiver, event))
        finally:
            self.depth -= 1
            took = time.perf_counter() - began
            if took > BLOCKED_SECONDS:
                self.note(f"{name} at {kind}", took)

    def note(self, what: str, took: float) -> None:
        """Note an event that took long, unless that was the machine's doing."""
        delay = min(took, find_delay(self.sample, read_delays()))
        paces = sorted(measure_paces())
        self.best_pace = min(self.best_pace, paces[0])
        # Who is interrupted all the time finds nothing in the caches, and is up to thrice as slow.
        coldness = 1 - delay / took * COLD_SHARE
        blocked = (took - delay) * coldness * self.best_pace / paces[-2]
        if blocked > BLOCKED_SECONDS:
            self.slow.append(f"{what} took {blocked * 1000:.0f} ms")

    def assert_never_blocked(self) -> None:
        """Fail with all that took too long."""
        assert not self.slow, self.slow


def measure_paces() -> list[float]:
    """Return how long this thread works at something that is always the same, in seconds.

    Who shares a processor with others has faster and slower moments: it is done several times.
    """
    paces = []
    for _ in range(PACES):
        began = time.thread_time()
        sum(range(PACE_STEPS))
        paces.append(time.thread_time() - began)
    return paces


def read_delays() -> dict[str, int]:
    """Return how long each thread has waited for a processor so far, in nanoseconds.

    Linux counts that (Documentation/scheduler/sched-stats.rst); elsewhere it is not known.
    """
    found = {}
    for thread in THREADS.iterdir() if THREADS.exists() else ():
        try:
            _, waited, _ = (thread / "schedstat").read_text().split()
        except (OSError, ValueError):
            continue
        found[thread.name] = int(waited)
    return found


def find_delay(before: dict[str, int], after: dict[str, int]) -> float:
    """Return the seconds that this thread waited for a processor, or for one that did.

    Python lets one thread go on at a time: who waits for the interpreter waits as long as its
    holder waits for a processor.
    """
    waited = {thread: at - before.get(thread, 0) for thread, at in after.items()}
    own = waited.pop(str(threading.get_native_id()), 0)
    return (own + max(waited.values(), default=0)) / NANOSECONDS
