"""A frame's progress between the words of its renderer: kept rising, and not told too often."""

import time
from collections.abc import Callable

from render.hosts import Progress

TELL_SECONDS = 0.2
# Between two words of the renderer the guess creeps towards the end and never gets there.
GUESS_FRACTION_MAX = 0.99


class ProgressTeller:
    """Turns what a renderer says now and then into progress that moves evenly.

    Cycles tells few of its samples (0, 1, 513, 600 of 600 in one run), so between two words the
    fraction is interpolated from the remaining time it gave with the last one.
    """

    def __init__(
        self, tell: Callable[[Progress], None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._told_at = float("-inf")
        self._told: Progress | None = None
        self._heard_at = clock()
        self._fraction = 0.0
        self._remaining_ms: int | None = None
        self._sample = 0
        self._samples = 0

    def hear(
        self,
        *,
        fraction: float | None = None,
        sample: int | None = None,
        samples: int | None = None,
        remaining_ms: int | None = None,
    ) -> None:
        """Take in what the renderer said."""
        reached = self._guess()
        self._heard_at = self._clock()
        if sample is not None and samples:
            self._sample, self._samples = sample, samples
            fraction = sample / samples if fraction is None else fraction
        self._fraction = min(1.0, max(reached, fraction or 0.0))
        self._remaining_ms = remaining_ms
        self.tick()

    def tick(self) -> None:
        """Tell the progress if it has moved and it is time."""
        now = self._clock()
        if now - self._told_at < TELL_SECONDS:
            return
        progress = self._now()
        if progress != self._told:
            self._told_at = now
            self._told = progress
            self._tell(progress)

    def finish(self) -> None:
        """Tell that the frame is done."""
        done = Progress(sample=self._samples, samples=self._samples, fraction=1.0, remaining_ms=0)
        self._tell(done)

    def _guess(self) -> float:
        if not self._remaining_ms:
            return self._fraction
        part = min(1.0, (self._clock() - self._heard_at) * 1000 / self._remaining_ms)
        guess = self._fraction + (1.0 - self._fraction) * part
        return max(self._fraction, min(guess, GUESS_FRACTION_MAX))

    def _now(self) -> Progress:
        fraction = self._guess()
        sample = max(self._sample, int(fraction * self._samples)) if self._samples else 0
        remaining_ms = self._remaining_ms
        if remaining_ms is not None:
            remaining_ms = max(0, remaining_ms - round((self._clock() - self._heard_at) * 1000))
        return Progress(
            sample=sample,
            samples=self._samples,
            fraction=round(fraction, 4),
            remaining_ms=remaining_ms,
        )
