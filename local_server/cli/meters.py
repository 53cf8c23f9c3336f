"""Meters: how far bytes are on their way, as a bar with speed and the time left."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    Task,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from local_server.cli.session import Session


class Meter(Protocol):
    """What is told of a transfer while it goes on."""

    def begin(self, label: str, total: int) -> None:
        """Begin another stretch of so many bytes."""

    def advance(self, count: int) -> None:
        """Tell of bytes that were moved, or of fewer than was thought."""


class Silence:
    """A meter for pipes and programs: the answer at the end says it all."""

    def begin(self, label: str, total: int) -> None:
        """Show nothing."""

    def advance(self, count: int) -> None:
        """Show nothing."""


class Bar:
    """A meter that is a bar."""

    def __init__(self, session: Session, progress: Progress) -> None:
        self.session = session
        self.progress = progress
        self.task = progress.add_task("", total=None)

    def begin(self, label: str, total: int) -> None:
        """Begin the bar anew."""
        self.progress.reset(self.task, description=self.session.label(label), total=total)

    def advance(self, count: int) -> None:
        """Move the bar on, or back."""
        self.progress.advance(self.task, count)


class SpeedColumn(TransferSpeedColumn):
    """How fast it goes, once that is known."""

    def render(self, task: Task) -> Text:
        """Return the speed, nothing before the first bytes."""
        return super().render(task) if task.finished_speed or task.speed else Text("")


class TimeLeftColumn(TimeRemainingColumn):
    """How long it still takes, once that is known."""

    def render(self, task: Task) -> Text:
        """Return the time left, nothing before the speed is known."""
        return super().render(task) if task.finished or task.time_remaining else Text("")


@contextmanager
def open_meter(session: Session) -> Iterator[Meter]:
    """Open the meter that fits: a bar at a terminal, and nothing elsewhere."""
    if session.as_json or not session.out.is_terminal:
        yield Silence()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        SpeedColumn(),
        TimeLeftColumn(),
    )
    with Progress(*columns, console=session.out, transient=True) as progress:
        yield Bar(session, progress)
