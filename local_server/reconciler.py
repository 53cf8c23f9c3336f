"""The reconciler: runs the cycle on change, on a timer and when asked, and knows how it went."""

import logging
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gevent import Timeout
from gevent.event import Event
from gevent.lock import RLock
from gevent.threadpool import ThreadPool
from sqlite_utils import Database

from local_server import consent
from local_server.farm.db import (
    assert_writing,
    fetch_value,
    open_database,
    read_clock_ms,
)
from local_server.farm.errors import Refused, YuntuError
from local_server.farm.events import add_event
from local_server.writer import Writer
from sync.blobs import Blobs, Digest
from sync.drafts import Desk
from sync.engine import Cycle, Engine
from sync.fold import GENESIS
from sync.keys import Signer
from sync.late_store import LateStore
from sync.log import is_out
from sync.reading_ahead import find
from sync.refold import Refolded, heal, know_store, put_back, refold, take_snapshot
from sync.snapshots import tell_snap
from sync.store import Store
from sync.studio import Build, found_studio
from sync.work import end_silent

log = logging.getLogger(__name__)
QUIET_SECONDS = 5.0  # after a change: what follows it goes into the same entry
IDLE_SECONDS = 60.0
AWAY_SECONDS_MAX = 300.0
LOOK_SECONDS_MAX = 2.0
MET = "sync.met_at_ms"


class AsideStore:
    """The verbs that the engine needs, made on threads of their own: requests take long."""

    ahead = 8

    def __init__(self, store: Store) -> None:
        self.store = store
        self.pool = ThreadPool(self.ahead)

    def get(self, key: str, *, most: int) -> bytes:
        """Read an object, or its first `most` bytes."""
        data: bytes = self.pool.apply(self.store.get, (key,), {"most": most})
        return data

    def get_each(self, keys: Sequence[str]) -> list[bytes | None]:
        """Read objects at once; None for each that is not there."""
        under_way = [self.pool.spawn(find, self.store, key) for key in keys]
        return [one.get() for one in under_way]

    def put_alone(self, key: str, data: bytes) -> bool:
        """Write an object that no other machine writes unless it is there."""
        done: bool = self.pool.apply(self.store.put_alone, (key, data))
        return done

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write an object unless its key is taken."""
        done: bool = self.pool.apply(self.store.put_if_absent, (key, data))
        return done


@dataclass(kw_only=True, slots=True)
class Standing:
    """How synchronising stands. `trouble` is what the last cycle failed with."""

    busy: bool = False
    tried_at_ms: int | None = None
    done_at_ms: int | None = None
    failures: int = 0
    trouble: YuntuError | None = None
    stopped: str | None = None
    out: bool = False


class Reconciler:
    """Keeps one machine and its studio's store together."""

    def __init__(
        self,
        *,
        writer: Writer,
        store: LateStore,
        desk: Desk,
        founder: bool,
        host_name: str,
        on_news: Callable[[], None],
    ) -> None:
        self.writer = writer
        self.store = store
        self.desk = desk
        self.founder = founder
        self.host_name = host_name
        self.on_news = on_news
        self.on_met: list[Callable[[bool], None]] = []
        self.aside = AsideStore(store)
        self.engine = Engine(store=self.aside, ledger=writer, desk=desk, clock=read_clock_ms)
        self.standing = Standing()
        self.changed = Event()
        self.ended = Event()
        self.turn = RLock()

    def is_together(self) -> bool:
        """Tell whether the last cycle met the studio, and this machine is a member of it."""
        now = self.standing
        return now.done_at_ms is not None and now.trouble is None and not now.out

    def check_mints(self) -> Signer:
        """Return the studio's minting key, which still counts.

        Raises Refused `no_minting_key` where it is not here, and `device_out` where this machine
        was taken out: nothing that it signs would ever be sealed.
        """
        self.check_member()
        minter = self.desk.keys.minter
        if minter is None:
            raise Refused("no_minting_key")
        return minter

    def check_member(self) -> None:
        """Raise Refused `device_out` where this machine was taken out of its studio."""
        if self.writer.run(is_out, self.desk.device):
            raise Refused("device_out", device=self.desk.device)

    def look_for_store(self) -> None:
        """Notice within moments that the store is away, where the last cycle met it still."""
        if self.standing.trouble is not None:
            return
        try:
            with Timeout(LOOK_SECONDS_MAX):  # also for a thread, where a store holds them all
                self.aside.pool.apply(self.store.head, (self.engine.key(GENESIS, 0),))
        except Timeout:
            log.info("the store is slow to answer")
        except YuntuError as error:
            self.note_trouble(error)

    def note_change(self) -> None:
        """Hear that there may be something to put; returns at once."""
        self.changed.set()

    def end(self) -> None:
        """End the loop after the request under way."""
        self.ended.set()
        self.changed.set()

    def run(self) -> None:
        """Synchronise on change and from time to time, ever more seldom while the store is away."""
        self.sync()
        while not self.ended.is_set():
            changed = self.changed.wait(self.choose_pause())
            if changed and not self.standing.failures:
                self.ended.wait(QUIET_SECONDS)
            elif changed:
                self.ended.wait(self.choose_pause())
            if not self.ended.is_set():
                self.changed.clear()
                self.sync()

    def choose_pause(self) -> float:
        """Return how long to wait for the next cycle, in seconds, a little at random."""
        if not self.standing.failures:
            return IDLE_SECONDS
        pause = min(AWAY_SECONDS_MAX, 2.0**self.standing.failures)
        return pause * random.uniform(0.5, 1.0)

    def sync(self) -> Standing:
        """Do one cycle now; what goes wrong is kept in the standing that is returned."""
        with self.turn:
            back = self.standing.trouble is not None or self.standing.done_at_ms is None
            self.standing.busy, self.standing.tried_at_ms = True, read_clock_ms()
            try:
                self.note_done(self.cycle())
                for tell in self.on_met:
                    tell(back)
            except YuntuError as error:
                self.note_trouble(error)
            except Exception:
                log.exception("a cycle broke")
                self.note_trouble(YuntuError("internal"))
            finally:
                self.standing.busy = False
            return self.standing

    def cycle(self) -> Cycle:
        """Do one cycle, founding the studio where it is this machine's to found."""
        self.aside.pool.apply(self.store.recover)  # whatever else needs the store relies on it
        try:
            return self.engine.run_cycle()
        except YuntuError as error:
            if error.code != "studio_missing" or not self.founder:
                raise
        self.aside.pool.apply(self.found)
        return self.engine.run_cycle()

    def found(self) -> None:
        """Write the beginning of this machine's own studio."""
        found_studio(
            self.store,
            studio=self.desk.studio,
            device=self.desk.device,
            keys=self.desk.keys,
            line={"host": self.host_name},
            at_ms=read_clock_ms(),
        )

    def append(self, build: Build, *, taking: bool = False) -> None:
        """Append what concerns the studio itself, and synchronise. Raises as the engine does."""
        with self.turn:
            self.engine.append(build, taking=taking)

    def refold(self, *, refill: bool) -> Refolded:
        """Prove what this machine has by folding from nothing, and mend what differs.

        Takes seconds for a hundred thousand operations. `refill` is whether what the store had
        may be put into one that has nothing of the studio. Raises as the store and `put_back` do.
        """
        self.sync()
        with self.turn, self.room() as folder:
            told: Refolded = self.aside.pool.apply(self.prove, (folder, refill))
            if told.differences:
                log.warning("mending after a refold: %s", told.differences)
                mints = self.desk.keys.minter is not None
                self.writer.run(heal, folder, mints=mints, at_ms=read_clock_ms())
                self.engine.fold = None
                self.on_news()
            if self.standing.trouble is not None:
                self.sync()
            return told

    @contextmanager
    def room(self) -> Iterator[Path]:
        """Give an empty folder beside the database for another of its size; it is gone afterwards.

        A folder for temporary files may be in memory, and what a killed process leaves here is
        found the next time.
        """
        folder = self.writer.path.with_name("refolding")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def prove(self, folder: Path, refill: bool) -> Refolded:
        """Fold from nothing and compare, on a thread of its own; before, put back what is lost."""
        db = open_database(self.writer.path, migrate=False)
        try:
            if lost := put_back(self.store, db, self.desk.studio, refill=refill):
                log.warning("put back what the store had lost: entries=%s", lost)
            known = know_store(self.store, db, self.desk.studio)
            return refold(known, db, folder, device=self.desk.device)
        finally:
            db.conn.close()

    def take_snapshot(self) -> Digest:
        """Put a snapshot of what the logs come to into the store, and name it in the treasury.

        Raises as the engine and the store do.
        """
        self.sync()
        with self.turn:
            digest: Digest = self.aside.pool.apply(self.put_snapshot)
            self.engine.append(lambda _: [tell_snap(digest, at_ms=read_clock_ms())])
            return digest

    def put_snapshot(self) -> Digest:
        """Make a snapshot and put it, on a thread of its own."""
        db = open_database(self.writer.path, migrate=False)
        try:
            with self.room() as folder:
                known = know_store(self.store, db, self.desk.studio)
                path = take_snapshot(known, folder)
                return Blobs(self.store, self.desk.studio).add_file(path)
        finally:
            db.conn.close()

    def note_done(self, cycle: Cycle) -> None:
        """Keep how a cycle went, and go on with what it made possible."""
        was = self.standing.trouble
        self.standing.done_at_ms = read_clock_ms()
        self.standing.failures, self.standing.trouble = 0, None
        self.standing.stopped = next(iter(cycle.stopped.values()), None)
        if cycle.out and not self.standing.out:
            log.warning("this machine was taken out of studio %s", self.desk.studio)
            self.writer.write(tell_away, code="device_out")
        self.standing.out = cycle.out
        resumed = self.writer.write(consent.resume_waiting, at_ms=read_clock_ms())
        if self.writer.write(end_silent, device=self.desk.device, at_ms=read_clock_ms()):
            self.note_change()
        self.writer.write(keep_met, at_ms=self.standing.done_at_ms)
        if cycle.read or was is not None:
            self.writer.write(tell_done, read=cycle.read, put=cycle.put)
        if cycle.read or cycle.retried or resumed:
            self.on_news()

    def note_trouble(self, error: YuntuError) -> None:
        """Keep what a cycle failed with; told once until it changes.

        A full disk stops the event as well, and must not end the loop: the standing tells of it.
        """
        before = self.standing.trouble
        self.standing.failures += 1
        self.standing.trouble = error
        if before is None or before.code != error.code:
            log.warning("not synchronised: %s", error)
            try:
                self.writer.write(tell_away, code=error.code)
            except YuntuError as unwritten:
                log.warning("nor is there an event of it: %s", unwritten)


def keep_met(db: Database, *, at_ms: int) -> None:
    """Keep when a cycle was done last, for a process that starts while the store is away."""
    assert_writing(db)
    db.conn.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (MET, str(at_ms)))


def read_met(db: Database) -> int | None:
    """Return when a cycle was done last in this studio, by whichever process."""
    told = fetch_value(db, "SELECT value FROM setting WHERE key = ?", (MET,))
    return None if told is None else int(told)


def tell_done(db: Database, *, read: int, put: int) -> None:
    """Write the event of a cycle that moved something."""
    add_event(db, kind="sync.done", owner="", at_ms=read_clock_ms(), read=read, put=put)


def tell_away(db: Database, *, code: str) -> None:
    """Write the event of a cycle that failed."""
    add_event(db, kind="sync.away", owner="", at_ms=read_clock_ms(), code=code)
