"""The engine: one cycle brings what this machine knows and what the store knows together.

A cycle is a list of steps, each of which may be cut off anywhere and done again: read what is new,
put what is ours, lease what will be needed. Requests are made between transactions, never in one.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from sqlite_utils import Database

from local_server.farm.errors import BadInput, Conflict, NotFound, Refused, Unavailable, YuntuError
from sync.conflicts import Clash, note_conflict
from sync.drafts import Desk, build_draft, draft_next, try_operations
from sync.entry import READ_BYTES_MAX, TREASURY, digest_entry, entry_key
from sync.fold import GENESIS, Effect, Fold
from sync.leases import list_leases, retry_waiting
from sync.ledgers import Ledger
from sync.log import (
    Stored,
    fetch_object,
    find_draft,
    find_wants,
    keep_objects,
    list_changed,
    load_fold,
    note_studio,
    save_fold,
)
from sync.office import (
    ask_for,
    ask_for_rows,
    draft_answers,
    is_asked,
    list_invites,
    name_claim,
    write_claim,
)
from sync.projection import Projection
from sync.reading_ahead import OBJECTS_MAX, find, read_each, read_run
from sync.snapshots import SNAPSHOT_BYTES_MAX, Snap, begin_with, find_snap
from sync.studio import Build
from sync.verdict import Verdict

log = logging.getLogger(__name__)
PORTION = 4_000
TRIES_MAX = 1_000
LEASES_MAX = 5


class Objects(Protocol):
    """The two verbs of a store that logs need."""

    def get(self, key: str, *, most: int) -> bytes:
        """Read an object, or its first `most` bytes, or raise NotFound."""

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write an object unless its key is taken; say whether this call wrote it."""

    def put_alone(self, key: str, data: bytes) -> bool:
        """Write an object that no other machine writes unless it is there."""


@dataclass(kw_only=True, slots=True)
class Cycle:
    """What a cycle did. `stopped` names what asks for a newer program, by log."""

    read: int = 0
    put: int = 0
    retried: int = 0
    stopped: dict[str, str] = field(default_factory=dict)
    out: bool = False


class Engine:
    """Reconciles one machine with the store of its studio. One thread at a time."""

    def __init__(
        self, *, store: Objects, ledger: Ledger, desk: Desk, clock: Callable[[], int]
    ) -> None:
        self.store = store
        self.ledger = ledger
        self.desk = desk
        self.clock = clock
        self.fold: Fold | None = None

    def run_cycle(self) -> Cycle:
        """Do one whole cycle. Raises Unavailable as the store does; what was done until then stays.

        Raises Unavailable `studio_missing` where the store has no such studio.
        """
        cycle = Cycle()
        self.pull(cycle)
        self.push(cycle)
        self.answer(cycle)
        for _ in range(LEASES_MAX):
            cycle.retried += (given := self.ledger.write(self.retry_waiting))
            if given:
                self.push(cycle)
            if self.ledger.write(self.draft_lease) is None:
                break
            self.put_drafts(cycle)
        if not self.ledger.write(self.is_in_office):
            self.push(cycle)  # what it asks for
        return cycle

    def answer(self, cycle: Cycle) -> None:
        """Answer in the treasury what other machines ask for, where this one keeps it."""
        for _ in range(TRIES_MAX):
            invites = self.ledger.write(self.list_invites)
            claims = [one for key in invites if (one := self.read_claim(key)) is not None]
            if self.ledger.write(self.draft_answers, claims) is None:
                return
            self.put_drafts(cycle)
        raise Unavailable("store_contended")

    def read_claim(self, key: str) -> bytes | None:
        """Return what the holder of an invite's key claims, if it came by."""
        return find(self.store, f"v1/{self.desk.studio}/c/{name_claim(key)}")

    def append(self, build: Build, *, taking: bool = False) -> None:
        """Append operations to the treasury that are no machine's money, such as who belongs to it.

        None at all are appended at once. `taking` is for an admin who takes the treasurer's office.
        Raises Refused `operation_refused` when they would not count and `treasurer_only` where
        another machine keeps the treasury, and as `run_cycle` does.
        """
        cycle = Cycle()
        for _ in range(TRIES_MAX):
            self.pull(cycle)
            if TREASURY in cycle.stopped:
                raise Unavailable("upgrade_needed", kind=cycle.stopped[TREASURY])
            if cycle.out:
                raise Refused("device_out", device=self.desk.device)
            self.push(cycle)
            self.check_office(taking=taking)
            put = cycle.put
            if self.ledger.write(self.draft_operations, build) is None:
                return
            self.put_drafts(cycle)
            if cycle.put > put:
                return
        raise Unavailable("store_contended")

    def check_office(self, *, taking: bool) -> None:
        """Raise Refused `treasurer_only` where another machine keeps the treasury."""
        fold = self.fold
        assert fold is not None, "it was pulled"
        treasurer = fold.treasury.treasurer
        if treasurer not in (None, self.desk.device) and not taking:
            raise Refused("treasurer_only", device=treasurer)

    def append_as_guest(self, build: Build) -> None:
        """Append operations with a key of no machine's, such as an invite's. Raises as `append`.

        Where one machine keeps the treasury they are left as a claim, for it to answer: raises
        Unavailable `treasurer_asked` until it has.
        """
        cycle = Cycle()
        for _ in range(TRIES_MAX):
            self.pull(cycle)
            if self.fold is not None and self.fold.treasury.treasurer is not None:
                claim = write_claim(self.fold, self.desk, build, at_ms=self.clock())
                self.store.put_alone(*claim)
                raise Unavailable("treasurer_asked", device=self.fold.treasury.treasurer)
            self.ledger.write(self.draft_operations, build)
            self.put_drafts(cycle)
            if cycle.put:
                return
        raise Unavailable("store_contended")

    def pull(self, cycle: Cycle) -> None:
        """Read and fold what is new in the store, until nothing is."""
        if self.ledger.write(self.is_new):
            self.begin(cycle)
        while True:
            objects = self.read_logs(self.ledger.write(self.find_wants))
            cycle.read += len(objects)
            self.absorb(objects)
            if not objects:
                break
        fold = self.fold
        assert fold is not None
        if fold.treasury.seq < 0:
            raise Unavailable("studio_missing", studio=self.desk.studio)
        self.check_head(fold)
        cycle.stopped = dict(fold.stopped)
        cycle.out = self.desk.device not in fold.logs

    def check_head(self, fold: Fold) -> None:
        """Check that the last entry that was folded of the treasury, or the genesis, still stands.

        A share that is not mounted is an empty folder: what is put there no other machine would
        ever see, nor, behind the hole, what comes later. Raises Unavailable `store_behind`, and
        Conflict `treasury_overwritten` where another entry stands there: where nothing tells who
        of two writers was first, or others wrote on in a store that was put back from a backup.
        """
        seq = fold.treasury.seq
        try:
            data = self.read(self.key(TREASURY if seq else GENESIS, seq))
        except NotFound as error:
            raise Unavailable("store_behind", studio=self.desk.studio, seq=seq) from error
        if digest_entry(data) != fold.treasury.digest:
            raise Conflict("treasury_overwritten", seq=seq)

    def is_new(self, db: Database) -> bool:
        """Tell whether nothing is folded yet."""
        return self.read_fold(db).treasury.seq < 0

    def begin(self, cycle: Cycle) -> None:
        """Read the treasury and begin with the last snapshot that it names, if it names any."""
        seq = 0
        while objects := self.read_log(TREASURY if seq else GENESIS, seq):
            cycle.read += len(objects)
            self.ledger.write(keep_objects, objects)
            seq += len(objects)
        snap = self.ledger.write(find_snap, self.desk.studio)
        if snap is None:
            self.absorb([])
            return
        try:
            data = self.store.get(snap.name_key(self.desk.studio), most=SNAPSHOT_BYTES_MAX)
            self.ledger.write(self.take_snapshot, data, snap)
        except (NotFound, BadInput) as error:
            log.warning("no beginning with snapshot=%s: %s", snap.digest, error)

    def take_snapshot(self, db: Database, data: bytes, snap: Snap) -> None:
        """Begin with a snapshot. Raises BadInput `snapshot_wrong`."""
        desk = self.desk
        begin_with(db, data, snap, device=desk.device, people=desk.people, at_ms=self.clock())
        self.fold = None
        note_studio(db, self.read_fold(db), desk.device)

    def read_log(self, name: str, seq: int) -> list[Stored]:
        """Read a log's next objects, up to the first that is not there."""
        count = 1 if name == GENESIS else OBJECTS_MAX
        keys = [self.key(name, seq + place) for place in range(count)]
        found = read_run(self.store, keys)
        return [Stored(name, seq + place, data) for place, data in enumerate(found)]

    def read_logs(self, wants: dict[str, int]) -> list[Stored]:
        """Read the next objects of several logs: the first of each at once, then log by log."""
        firsts = read_each(self.store, [self.key(name, seq) for name, seq in wants.items()])
        objects: list[Stored] = []
        for (name, seq), first in zip(wants.items(), firsts, strict=True):
            if first is not None:
                objects.append(Stored(name, seq, first))
                if name != GENESIS:
                    objects += self.read_log(name, seq + 1)
        return objects

    def push(self, cycle: Cycle) -> None:
        """Put what this machine has done and no log carries yet, entry by entry."""
        for _ in range(TRIES_MAX):
            if self.ledger.write(self.draft_next) is None:
                return
            self.put_drafts(cycle)
        raise Unavailable("store_contended")

    def put_drafts(self, cycle: Cycle) -> None:
        """Put the entry that is drafted, and fold what stands in its place then."""
        for draft in self.ledger.write(self.find_drafts):
            stands = self.put(draft)
            cycle.put += stands == draft.data
            if stands != draft.data:
                place, at_ms = f"{draft.log}/{draft.seq:010}", self.clock()
                self.ledger.write(note_conflict, Clash.ENTRY, about=place, at_ms=at_ms)
            self.absorb([Stored(draft.log, draft.seq, stands)])
            if stands != draft.data:
                self.pull(cycle)
                self.check_rival(draft)

    def check_rival(self, draft: Stored) -> None:
        """Raise Conflict `two_treasurers` where another machine wrote in the treasury we keep."""
        fold = self.fold
        if draft.log == TREASURY and fold and fold.treasury.treasurer == self.desk.device:
            raise Conflict("two_treasurers", device=self.desk.device, seq=draft.seq)

    def put(self, draft: Stored) -> bytes:
        """Put an entry unless its place is taken; return what stands there, read back.

        Also after an error: a request whose answer was lost may have been carried out.
        """
        key = self.key(draft.log, draft.seq)
        alone = self.fold is not None and self.fold.treasury.treasurer is not None
        try:
            (self.store.put_alone if alone else self.store.put_if_absent)(key, draft.data)
        except YuntuError as error:
            log.info("log=%s seq=%s: %s; reading back", draft.log, draft.seq, error.code)
            try:
                return self.read(key)
            except NotFound:
                raise error from None
        try:
            return self.read(key)
        except NotFound as error:
            raise Unavailable("store_forgets", key=key) from error

    def read(self, key: str) -> bytes:
        """Read an object that has to be an entry; of one that is too big its beginning."""
        return self.store.get(key, most=READ_BYTES_MAX)

    def key(self, name: str, seq: int) -> str:
        """Return the store's key of an object."""
        studio = self.desk.studio
        return f"v1/{studio}/genesis" if name == GENESIS else entry_key(studio, name, seq)

    def absorb(self, objects: list[Stored]) -> None:
        """Keep objects, fold what can be folded and write it to the ledger, in portions."""
        try:
            while self.ledger.write(self.absorb_portion, objects):
                objects = []
        except BaseException:
            self.fold = None  # it went further than the transaction that was rolled back
            raise

    def absorb_portion(self, db: Database, objects: list[Stored]) -> bool:
        """Do a portion of `absorb` in the open transaction; True when there is more to do."""
        fold = self.read_fold(db)
        keep_objects(db, objects)
        effects: list[Effect] = []
        changed: set[str] = set()
        more = False
        for told in fold.advance(lambda name, seq: fetch_object(db, name, seq)):
            effects += told
            changed |= list_changed(told)
            if len(effects) >= PORTION:
                more = True
                break
        if effects:
            desk = self.desk
            Projection(db, desk.device, self.clock(), people=desk.people).apply(effects)
            save_fold(db, fold, changed)
            note_studio(db, fold, self.desk.device)
        return more

    def read_fold(self, db: Database) -> Fold:
        """Return the fold as far as the database has it."""
        if self.fold is None:
            self.fold = load_fold(db, self.desk.studio)
        return self.fold

    def find_wants(self, db: Database) -> dict[str, int]:
        """Return what to read next."""
        return find_wants(db, self.read_fold(db))

    def find_drafts(self, db: Database) -> list[Stored]:
        """Return the entries that are drafted."""
        names = [row[0] for row in db.conn.execute("SELECT log FROM log_draft").fetchall()]
        return [draft for name in names if (draft := find_draft(db, name))]

    def is_in_office(self, db: Database) -> bool:
        """Tell whether this machine may write to the treasury."""
        return self.read_fold(db).treasury.treasurer in (None, self.desk.device)

    def list_invites(self, db: Database) -> list[str]:
        """Return the keys of invites whose claims are ours to answer."""
        fold = self.read_fold(db)
        return list_invites(fold) if fold.treasury.treasurer == self.desk.device else []

    def draft_answers(self, db: Database, claims: list[bytes]) -> Stored | None:
        """Draft answers to what is asked of the treasurer."""
        return draft_answers(db, self.read_fold(db), self.desk, claims, at_ms=self.clock())

    def draft_next(self, db: Database) -> Stored | None:
        """Draft the next entry."""
        fold = self.read_fold(db)
        if self.desk.device in fold.logs and not self.is_in_office(db):
            ask_for_rows(db, fold, self.desk, at_ms=self.clock())
        return draft_next(db, fold, self.desk, at_ms=self.clock())

    def draft_operations(self, db: Database, build: Build) -> Stored | None:
        """Draft an entry of given operations, if any. Raises Refused `operation_refused`."""
        fold = self.read_fold(db)
        operations = build(fold)
        if not operations:
            return None
        for verdict in try_operations(operations, fold, self.desk):
            if verdict is not Verdict.GOOD:
                raise Refused("operation_refused", verdict=verdict)
        return build_draft(db, fold, self.desk, TREASURY, operations, at_ms=self.clock())

    def draft_lease(self, db: Database) -> Stored | None:
        """Draft a lease of what this machine will need, or ask for it."""
        fold = self.read_fold(db)
        leases = list_leases(db, fold, self.desk, at_ms=self.clock())
        if not leases:
            return None
        if self.is_in_office(db):
            return build_draft(db, fold, self.desk, TREASURY, leases, at_ms=self.clock())
        if not is_asked(db, "lease"):
            for lease in leases:
                ask_for(db, fold, self.desk, lease, at_ms=self.clock())
        return None

    def retry_waiting(self, db: Database) -> int:
        """Give again what waits and fits by now."""
        return retry_waiting(db, self.read_fold(db), self.desk, at_ms=self.clock())
