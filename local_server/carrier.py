"""A carrier: brings what waits from one store to another, batch after batch, by itself."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from gevent.event import Event
from gevent.threadpool import ThreadPool
from sqlite_utils import Database

from local_server.farm.db import Row, read_clock_ms
from local_server.farm.errors import YuntuError
from local_server.writer import Writer
from sync.limits import Bandwidth
from sync.transfers import THREADS, Meter, TransferCancelled, run_together

log = logging.getLogger(__name__)
RETRY_SECONDS = (1.0, 5.0, 15.0, 60.0)
GATHER_SECONDS = 0.5


class Load(StrEnum):
    """What a carrier carries."""

    PACKAGES = "packages"
    RESULTS = "results"
    PORTRAITS = "portraits"
    ARRIVALS = "arrivals"


@dataclass(kw_only=True, slots=True)
class Carried:
    """How a batch went: what is over there, what never will be with the code, what broke it off."""

    done: list[Row] = field(default_factory=list)
    lost: list[tuple[Row, str]] = field(default_factory=list)
    error: Exception | None = None


LOST = frozenset({"object_missing", "blob_damaged", "record_damaged", "record_malformed"})
"""Why no later try can bring a thing: what is not here, or not what it was."""
OF_ONE_FILE = frozenset({"asset_unreadable", "asset_changing"})
"""What keeps one thing back for now, and is in no other's way."""


def carry_each(act: Callable[[Row], None], rows: list[Row], meter: Meter) -> Carried:
    """Carry many things, some at once, and return how each went."""
    carried = Carried()

    def carry(row: Row) -> None:
        meter.check()
        try:
            act(row)
        except YuntuError as error:
            if error.code in LOST:
                carried.lost.append((row, error.code))
            elif error.code in OF_ONE_FILE:
                carried.error = error
            else:
                raise
        else:
            meter.note_files()
            carried.done.append(row)

    try:
        for _ in run_together(carry, rows, THREADS):
            pass
    except Exception as error:  # noqa: BLE001 - network, bucket or disk: it may pass
        carried.error = error
    return carried


class Work(Protocol):
    """What a carrier does; `choose`, `note` and `measure` are functions of the database.

    `whole` says that each batch is measured for itself.
    """

    load: Load
    whole: bool

    def is_ready(self) -> bool:
        """Tell whether there is anything to carry to or from."""

    def choose(self, db: Database) -> list[Row]:
        """Return what is carried next, in an open transaction; nothing where nothing waits."""

    def carry(self, rows: list[Row], meter: Meter) -> Carried:
        """Carry it: on a thread of its own, without the database. Raises nothing."""

    def note(self, db: Database, carried: Carried, *, at_ms: int) -> None:
        """Write down what was carried."""

    def measure(self, db: Database) -> tuple[int, int] | None:
        """Return how many files wait and their bytes; None where only carrying tells."""


@dataclass(kw_only=True, slots=True)
class Pace:
    """How fast all carriers together may be, in megabits a second; 0 is no limit."""

    bandwidth: Bandwidth = field(default_factory=lambda: Bandwidth(0))

    def limit(self, mbps: float) -> None:
        """Set the limit; what waits for the old one waits no longer than that."""
        self.bandwidth = Bandwidth(mbps * 1_000_000 / 8)


class PacedMeter(Meter):
    """A meter that keeps to a pace."""

    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self.pace = pace

    def note_bytes(self, count: int) -> None:
        """Count bytes, and wait for as long as they may take."""
        super().note_bytes(count)
        self.pace.bandwidth.take(max(0, count))


class Carrier:
    """Carries one kind of load; while a store is away it waits, and goes on by itself."""

    def __init__(
        self,
        work: Work,
        writer: Writer,
        pace: Pace,
        *,
        on_done: Callable[[], None],
        on_away: Callable[[], None],
    ) -> None:
        self.work = work
        self.writer = writer
        self.pace = pace
        self.on_done = on_done
        self.on_away = on_away
        self.pool = ThreadPool(1)
        self.wanted = Event()
        self.ended = Event()
        self.meter = PacedMeter(pace)
        self.batch: list[Row] = []
        self.bytes_noted = 0
        self.tries = 0
        self.next_try = 0.0
        self.trouble: YuntuError | None = None
        self.paused = False

    def wake(self, *, at_once: bool = False) -> None:
        """Say that something may be waiting; `at_once` also where it was to be tried later."""
        if at_once:
            self.next_try, self.trouble = 0.0, None
        self.wanted.set()

    def pause(self) -> None:
        """Let go of what is under way; what has arrived of it stays."""
        self.paused = True
        self.meter.cancel()

    def resume(self) -> None:
        """Go on."""
        if self.paused:
            self.paused, self.meter, self.bytes_noted = False, PacedMeter(self.pace), 0
        self.wake(at_once=True)

    def end(self) -> None:
        """Stop in the middle of what is under way."""
        self.ended.set()
        self.pause()
        self.wanted.set()

    def run(self) -> None:
        """Carry until ended: a greenlet's whole life."""
        while not self.ended.is_set():
            self.wanted.clear()
            try:
                found = self.carry_some()
            except Exception:  # the database's disk is full, say: it may pass
                log.exception("load=%s waits", self.work.load)
                self.put_off()
                found = False
            if not found:
                self.wanted.wait(self.find_pause())
                self.ended.wait(GATHER_SECONDS)  # what follows goes into the same batch

    def carry_some(self) -> bool:
        """Carry a batch; False when nothing can be carried now."""
        if self.paused or time.monotonic() < self.next_try or not self.work.is_ready():
            return False
        self.batch = self.writer.write(self.work.choose)
        if not self.batch:
            self.meter, self.bytes_noted = PacedMeter(self.pace), 0
            self.tries, self.trouble = 0, None
            return False
        if self.work.whole:
            self.meter = PacedMeter(self.pace)
        carried = self.pool.apply(self.work.carry, (self.batch, self.meter))
        if carried.done or carried.lost:
            self.writer.write(self.work.note, carried, at_ms=read_clock_ms())
            self.bytes_noted = self.meter.read().bytes_done
            self.on_done()
        if isinstance(carried.error, TransferCancelled):
            return False
        if carried.error is not None:
            self.note_trouble(carried.error)
            return False
        self.tries, self.trouble = 0, None
        return True

    def note_trouble(self, error: Exception) -> None:
        """Keep why a load does not get on, and try it later and later."""
        told = error if isinstance(error, YuntuError) else YuntuError("internal")
        if self.trouble is None or self.trouble.code != told.code:
            log.warning("load=%s waits: %s", self.work.load, error, exc_info=told is not error)
        self.trouble = told
        self.put_off()
        self.on_away()

    def put_off(self) -> None:
        """Choose when to try again, a little at random."""
        self.tries += 1
        pause = RETRY_SECONDS[min(self.tries, len(RETRY_SECONDS)) - 1]
        self.next_try = time.monotonic() + pause * random.uniform(0.7, 1.0)

    def find_pause(self) -> float | None:
        """Return how long until the next try, in seconds; None: until somebody wakes this."""
        left = self.next_try - time.monotonic()
        return left if self.tries and left > 0 else None
