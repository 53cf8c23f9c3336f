"""How many frames a node renders side by side: measured per scene, or set.

Starting at one frame with every core, a wider split is tried once a width is measured and there is
enough left to win back what the trial costs; it stays only if it is clearly faster. On two cores
one warm process usually wins; on many cores short frames want several.
"""

from dataclasses import dataclass, field

FRAMES_PER_TRIAL = 3
GAIN_MIN = 1.10
TRIAL_SECONDS_LEFT_MIN = 60.0


@dataclass(kw_only=True, slots=True)
class Trial:
    """Frames finished at one width, and over how long: seconds from the first to the last."""

    width: int
    ends: list[float] = field(default_factory=list)

    @property
    def frames_per_second(self) -> float | None:
        """Return the pace between the first and the last end, or None before it is known."""
        if len(self.ends) <= max(FRAMES_PER_TRIAL, self.width):
            return None
        span = self.ends[-1] - self.ends[0]
        return (len(self.ends) - 1) / span if span > 0 else None


@dataclass(kw_only=True)
class Width:
    """The width for one scene on this machine. `fixed` is what the user set, if so."""

    cores: int
    fixed: int | None = None
    trials: list[Trial] = field(default_factory=list)
    settled: bool = False

    def __post_init__(self) -> None:
        self.trials.append(Trial(width=self.fixed or 1))
        self.settled = self.fixed is not None or self.cores < 2

    @property
    def now(self) -> int:
        """Return how many frames may be rendered side by side now."""
        return self.trials[-1].width

    @property
    def threads(self) -> int:
        """Return how many threads one frame gets now."""
        return max(1, self.cores // self.now)

    def note_frame(self, *, ended_at: float, frames_left: int) -> None:
        """Count a frame (`ended_at` in seconds of a steady clock) and decide what to try next."""
        trial = self.trials[-1]
        trial.ends.append(ended_at)
        pace = trial.frames_per_second
        if self.settled or pace is None:
            return
        best = max(self.trials[:-1], key=lambda one: one.frames_per_second or 0, default=None)
        if best is not None and pace < GAIN_MIN * (best.frames_per_second or 0):
            self.trials.append(Trial(width=best.width))
            self.settled = True
            return
        wider = trial.width * 2
        if wider > self.cores:
            self.settled = True
        elif frames_left / pace >= TRIAL_SECONDS_LEFT_MIN:
            self.trials.append(Trial(width=wider))
