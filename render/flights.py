"""Flights: the attempts a node has right now, seen by its slots and by its heart."""

import threading
from dataclasses import dataclass, field

from render.hosts import Host, Progress
from render.protocol import FrameTask

LINES_MAX = 2_000


@dataclass(kw_only=True)
class Flight:
    """One attempt under way. `called_off` is set before its host is killed."""

    task: FrameTask
    host: Host | None = None
    called_off: bool = False
    progress: Progress | None = None
    lines: list[str] = field(default_factory=list)
    lines_count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def key(self) -> tuple[str, int, int]:
        """Return (job, frame, attempt)."""
        return (self.task.job, self.task.number, self.task.attempt)

    def note_line(self, line: str) -> None:
        """Keep a line of the renderer's log; a flood is cut with a line that says so."""
        with self.lock:
            self.lines_count += 1
            if self.lines_count < LINES_MAX:
                self.lines.append(line)
            elif self.lines_count == LINES_MAX:
                self.lines.append(f"... the log is cut here: more than {LINES_MAX} lines")

    def note_progress(self, progress: Progress) -> None:
        """Keep the latest progress."""
        with self.lock:
            self.progress = progress

    def take_news(self) -> tuple[Progress | None, tuple[str, ...]]:
        """Return what is new since the last call."""
        with self.lock:
            progress, self.progress = self.progress, None
            lines, self.lines = tuple(self.lines), []
        return progress, lines

    def call_off(self) -> None:
        """Stop this attempt at once."""
        with self.lock:
            self.called_off = True
            host = self.host
        if host is not None:
            host.kill()

    def board(self, host: Host) -> bool:
        """Note the host that renders it; False when the attempt was called off before."""
        with self.lock:
            self.host = host
            return not self.called_off

    def leave(self) -> None:
        """Note that the host has done its part: calling off no longer touches it."""
        with self.lock:
            self.host = None


class Flights:
    """Every flight of a node."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.by_key: dict[tuple[str, int, int], Flight] = {}

    def add(self, flight: Flight) -> bool:
        """Note a flight; False when the same attempt is under way already."""
        with self.lock:
            if flight.key in self.by_key:
                return False
            self.by_key[flight.key] = flight
            return True

    def remove(self, flight: Flight) -> None:
        """Forget a flight."""
        with self.lock:
            self.by_key.pop(flight.key, None)

    def list(self) -> list[Flight]:
        """Return the flights of this moment."""
        with self.lock:
            return list(self.by_key.values())
