"""The limits of a frame, held against the process tree that renders it."""

import time
from collections.abc import Callable

from render.failures import FailureCode, RenderFailure
from render.hosts import Limits
from render.leash import Leashed

TICK_SECONDS = 0.2
MEASURE_SECONDS = 0.5
# Less than this much CPU between two looks is the noise of a process that only sits there.
IDLE_CPU_SECONDS = 0.02
MEBIBYTE = 1024**2


class Watch:
    """Looks at a process tree from time to time and raises when it passes a limit.

    `said` returns the program's last words, which go before what the limit was.
    """

    def __init__(
        self,
        child: Leashed,
        limits: Limits,
        *,
        said: Callable[[], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._child = child
        self._limits = limits
        self._said = said
        self._clock = clock
        self._started = clock()
        self._active = self._started
        self._measured = float("-inf")
        self._cpu_seconds = 0.0
        self.peak_memory_bytes = 0

    def note_output(self) -> None:
        """Remember that the renderer has just said something."""
        self._active = self._clock()

    def check(self) -> None:
        """Raise RenderFailure(timed_out, out_of_memory or stalled) for a tree over its limits."""
        now = self._clock()
        if now - self._started > self._limits.frame_seconds_max:
            raise self._fail(FailureCode.TIMED_OUT, f"{self._limits.frame_seconds_max} s")
        if now - self._measured < MEASURE_SECONDS:
            return
        memory_bytes = self.measure()
        if memory_bytes > self._limits.memory_bytes_max:
            used, allowed = memory_bytes // MEBIBYTE, self._limits.memory_bytes_max // MEBIBYTE
            raise self._fail(FailureCode.OUT_OF_MEMORY, f"{used} MiB > {allowed} MiB")
        if now - self._active > self._limits.stall_seconds_max:
            raise self._fail(FailureCode.STALLED, f"{self._limits.stall_seconds_max} s")

    def measure(self) -> int:
        """Look at the tree now and return the memory it uses."""
        self._measured = self._clock()
        use = self._child.measure()
        self.peak_memory_bytes = max(self.peak_memory_bytes, use.memory_bytes)
        if use.cpu_seconds - self._cpu_seconds > IDLE_CPU_SECONDS:
            self._active = self._measured
        self._cpu_seconds = use.cpu_seconds
        return use.memory_bytes

    def _fail(self, code: FailureCode, limit: str) -> RenderFailure:
        return RenderFailure(code, "\n".join(part for part in (self._said(), limit) if part))
