"""The projection: what the fold says, written into the ledger that everybody reads."""

import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any

import pysqlite3
from sqlite_utils import Database

from local_server.farm import accounts, jobs, sealing
from local_server.farm.db import Row, assert_writing, fetch_row, fetch_rows, fetch_value
from local_server.farm.events import add_event
from local_server.farm.ledger import Kind
from local_server.farm.overtaken import find_overtaken, is_overtaken, note_overtaken
from local_server.farm.sealed_batch import SealedBatch, gather_sealed
from local_server.farm.sealing import Sealed
from local_server.farm.states import OPEN_JOB_STATES
from sync.entry import Operation
from sync.fold import CutOff, Effect, Folded
from sync.operations import is_device
from sync.people import apply_person
from sync.verdict import Verdict
from sync.work import note_work

BATCH_MIN = 500
MONEY = {str(kind): kind for kind in Kind if kind not in (Kind.CLOSE, Kind.RECLAIM)}
_IN_THE_WAY = (sqlite3.IntegrityError, pysqlite3.IntegrityError)


@dataclass(slots=True)
class Projection:
    """Writes effects into the ledger of one machine, in the open transaction."""

    db: Database
    device: str
    at_ms: int
    people: str = ""
    owners: set[str] = field(default_factory=set)
    jobs: set[str] = field(default_factory=set)
    strange: list[Operation] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    batch: SealedBatch | None = None

    def apply(self, effects: list[Effect]) -> None:
        """Write what a portion of the logs came to.

        Where something unsealed of our own is in the way, all of that is taken back first and given
        again afterwards, as far as it still fits.
        """
        assert_writing(self.db)
        cut = any(isinstance(one, CutOff) and one.device == self.device for one in effects)
        if not cut:
            self.db.conn.execute("SAVEPOINT projection")
            try:
                self.write(effects)
            except _IN_THE_WAY:
                self.batch = None
                self.known.clear()  # accounts that were made go with the savepoint
                self.db.conn.execute("ROLLBACK TO projection")
                cut = True
            self.db.conn.execute("RELEASE projection")
        if cut:
            self.make_room(effects)
        mend_jobs(self.db, self.jobs, at_ms=self.at_ms)
        self.note_strange()
        self.tell()

    def make_room(self, effects: list[Effect]) -> None:
        """Write effects with all that is unsealed out of the way, and give it again behind them."""
        with sealing.floors_lifted(self.db):
            for row in reversed(sealing.list_unsealed(self.db)):
                self.take_back(row, "room")
        self.write(effects)
        give_all_again(self.db, self.jobs, reasons=("room", "cut_off"))

    def write(self, effects: list[Effect]) -> None:
        """Write effects, many of them as a batch."""
        if len(effects) < BATCH_MIN:
            self.write_each(effects)
            return
        with gather_sealed(self.db) as self.batch:
            self.write_each(effects)
        self.batch = None

    def write_each(self, effects: list[Effect]) -> None:
        """Write effects one by one."""
        for effect in effects:
            if isinstance(effect, CutOff):
                if self.batch is not None:
                    self.batch.flush()
                self.cut_off(effect)
            elif isinstance(effect, Folded) and effect.verdict is Verdict.GOOD:
                if effect.closed is not None:
                    self.write_close(effect)
                elif (kind := MONEY.get(effect.operation["op"])) is not None:
                    self.write_money(effect, kind)
                else:
                    self.write_letter(effect)

    def write_money(self, effect: Folded, kind: Kind) -> None:
        """Seal an operation of our own, or write one that this ledger does not have."""
        one = make_sealed(effect, kind, self.device)
        if one.device is None:
            if self.seal_own(one):
                return
            if one.job is not None:
                self.jobs.add(one.job)  # this disk may know less of it than the log
        self.owners.add(one.owner)
        if one.owner not in self.known:
            accounts.ensure_account(self.db, account=one.owner, name=one.owner, at_ms=self.at_ms)
            self.known.add(one.owner)
        self.record(one)

    def record(self, one: Sealed) -> None:
        """Write an operation that this ledger does not have."""
        if self.batch is not None:
            self.batch.add(one)
        else:
            sealing.record_sealed(self.db, one)

    def write_letter(self, effect: Folded) -> None:
        """Note that an operation of the outbox is sealed, and do what it means here."""
        told, place = effect.operation, f"{effect.log}/{effect.seq:010}"
        sealed = self.db.conn.execute(
            "UPDATE outbox SET sealed_in = ? WHERE id = ? AND sealed_in IS NULL",
            (place, told["id"]),
        )
        if told["op"] == "person" and self.people:
            apply_person(self.db, told, secret=self.people, place=place, at_ms=self.at_ms)
        elif told["op"] in ("job", "result") and effect.device is not None:
            if effect.device != self.device:
                note_work(self.db, told, device=effect.device)
            elif not sealed.rowcount:
                self.strange.append(told)
        elif told["op"] == "request" and effect.device is not None:
            # What is asked of the treasurer is known by who asks; of money, by its mint's id.
            mine = told["line"].get("ask") == "treasury"
            id = f"{effect.device}/{told['id']}" if mine else told["id"]
            self.db.conn.execute(
                "INSERT INTO asking (id, device, line, at_ms) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (id, effect.device, json.dumps(told["line"]), told["at_ms"]),
            )
        elif told["op"] == "refuse":
            self.write_refusal(told)

    def note_strange(self) -> None:
        """Keep what this machine's log tells of jobs that went on without this disk."""
        for told in self.strange:
            job = told["job"]
            if is_overtaken(self.db, job=job) or jobs.find_job(self.db, job=job) is None:
                note_work(self.db, told, device=self.device)

    def write_refusal(self, told: Operation) -> None:
        """Note that a request is refused; what was asked for is taken back if it was asked here."""
        self.db.conn.execute(
            "UPDATE asking SET outcome = 'refused' WHERE id = ?",
            (f"{told['device']}/{told['request']}",),
        )
        if told["device"] == self.device:
            self.db.conn.execute(
                "UPDATE outbox SET refused = ? WHERE id = ?", (told["reason"], told["request"])
            )
            self.db.conn.execute(
                "UPDATE outbox SET sealed_in = ? WHERE log = 'treasury' AND sealed_in IS NULL"
                " AND id = (SELECT about FROM outbox WHERE id = ?)",
                (told["reason"], told["request"]),
            )

    def seal_own(self, one: Sealed) -> bool:
        """Seal the row that stands for an operation; what stands there otherwise is taken back."""
        sealing.end_waiting(self.db, id=one.id, outcome="sealed")
        row = fetch_row(self.db, "SELECT * FROM operation WHERE id = ?", (one.id,))
        if row is None:
            return False
        assert row["sealed_in"] is None, f"{one.id} counted twice"
        same = (one.kind, one.owner, one.job, one.payload, one.at_ms)
        if tuple(row[name] for name in ("kind", "owner", "job", "payload", "at_ms")) == same:
            sealing.mark_sealed(self.db, id=one.id, place=one.place)
            return True
        # Another copy of this machine did the same with another outcome, or at another moment, and
        # was first: all machines have to have what that one did.
        self.take_back(row, "differs", outcome="void")
        return False

    def write_close(self, effect: Folded) -> None:
        """Give an epoch's rest back to the pools: holds first, then what was free."""
        closed, told = effect.closed, effect.operation
        assert closed is not None
        device = None if closed.device == self.device else closed.device
        free = dict(closed.rest)
        parts: list[tuple[Kind, str, str | None, int]] = []
        for job, (owner, micros) in sorted(closed.held.items()):
            parts.append((Kind.RECLAIM, owner, job, micros))
            free[owner] -= micros
        parts += [(Kind.CLOSE, owner, None, free[owner]) for owner in sorted(free)]
        for kind, owner, of_job, micros in parts:
            self.owners.add(owner)
            if of_job is not None and device is None:
                self.jobs.add(of_job)
            if micros:
                one = Sealed(
                    id=f"{told['id']}:{kind}:{of_job or owner}",
                    kind=kind,
                    owner=owner,
                    job=of_job,
                    amount_micros=micros,
                    line={},
                    at_ms=told["at_ms"],
                    device=device,
                    place=f"{effect.log}/{effect.seq:010}",
                )
                self.record(one)

    def cut_off(self, effect: CutOff) -> None:
        """Take back what an epoch wrote after its cut; our own waits to be given again."""
        own = effect.device == self.device
        prefix = f"d/{effect.device}/{effect.epoch:04}/"
        rows = fetch_rows(
            self.db,
            "SELECT * FROM operation WHERE sealed_in > ? AND sealed_in < ? ORDER BY seq DESC",
            (f"{prefix}{effect.seq:010}", f"{prefix}:"),
        )
        with sealing.floors_lifted(self.db):
            for row in rows:
                self.take_back(row, "cut_off", outcome=None if own else "void")
        self.db.conn.execute(  # what moves no money is put again, under the same ids
            "UPDATE outbox SET sealed_in = NULL WHERE sealed_in > ? AND sealed_in < ?",
            (f"{prefix}{effect.seq:010}", f"{prefix}:"),
        )

    def take_back(self, row: Row, reason: str, *, outcome: str | None = None) -> None:
        """Take an operation back and remember the job that it was for."""
        self.owners.add(row["owner"])
        if row["job"] is not None and row["device"] is None:
            self.jobs.add(row["job"])
        sealing.take_back(self.db, row, reason=reason, at_ms=self.at_ms, outcome=outcome)

    def tell(self) -> None:
        """Write an event for everybody whose money moved without their doing anything here."""
        for owner in sorted(self.owners):
            add_event(self.db, kind="ledger.synced", owner=owner, at_ms=self.at_ms)


def make_sealed(effect: Folded, kind: Kind, here: str) -> Sealed:
    """Return an operation of a log as the ledger of the machine `here` names it.

    In another machine's log an id is that machine's business alone: it is told apart by a prefix.
    """
    log, seq, writer, told, *_ = effect
    device = writer or find_device(told, kind)
    return Sealed(
        told["id"] if writer is None or writer == here else f"{writer}/{told['id']}",
        kind,
        told["owner"],
        told.get("job"),
        told["amount_micros"],
        told["line"],
        told["at_ms"],
        device if device != here else None,
        f"{log}/{seq:010}",
    )


def find_device(told: Operation, kind: Kind) -> str | None:
    """Return which machine an operation of the treasury is about, None where it does not say.

    A refund says it in its line: earlier ones do not, and programs that read them count both.
    """
    if kind is not Kind.REFUND:
        device: str | None = told.get("device")
        return device
    named = told["line"].get("device")
    return named if is_device(named) else None


def give_all_again(db: Database, touched: set[str], *, reasons: tuple[str, ...] = ()) -> int:
    """Give again what waits, oldest first, as far as it fits; return how many did.

    `reasons` chooses among what waits; empty is all of it.
    """
    given = 0
    # Of what was done in one moment, the newest was taken back first.
    waiting = sorted(sealing.list_waiting(db), key=lambda row: (row["at_ms"], -row["number"]))
    for row in waiting:
        if reasons and row["reason"] not in reasons:
            continue
        code = sealing.give_again(db, row)
        if code is None:
            given += 1
        elif row["kind"] == Kind.RELEASE:
            sealing.end_waiting(db, id=row["id"], outcome="void")  # there is nothing to give back
        else:
            sealing.explain_waiting(db, id=row["id"], reason=code)
        if row["job"] is not None:
            touched.add(row["job"])
    return given


def mend_jobs(db: Database, touched: set[str], *, at_ms: int) -> None:
    """Bring what jobs and frames say of money back to what the ledger says; stop what is unpaid."""
    for job in sorted(touched):
        if find_overtaken(db, job=job):
            note_overtaken(db, job=job, at_ms=at_ms)
        row = jobs.find_job(db, job=job)
        if row is None:
            continue
        sums = {kind: sum_moved(db, job, kind) for kind in ("hold", "settle", "refund")}
        db.conn.execute(
            "UPDATE job SET held_micros = :hold, cost_micros = :settle, refunded_micros = :refund"
            " WHERE id = :job",
            {"job": job} | sums,
        )
        db.conn.execute(
            "UPDATE frame SET amount_micros = coalesce((SELECT amount_micros FROM transfer"
            " WHERE id = 'frame:' || frame.job || ':' || frame.number), amount_micros)"
            " WHERE job = ? AND state = 'done'",
            (job,),
        )
        held = fetch_value(db, "SELECT balance_micros FROM purse WHERE id = ?", (f"held:{job}",))
        if row["state"] in OPEN_JOB_STATES and not held and row["held_micros"]:
            jobs.pause_job(db, job=job, reason="unfunded", at_ms=at_ms)


def sum_moved(db: Database, job: str, kind: str) -> int:
    """Return how much one kind of operation of this machine moved for a job, in micros."""
    total: Any = fetch_value(
        db,
        "SELECT sum(t.amount_micros) FROM operation o JOIN transfer t ON t.id = o.id"
        " WHERE o.job = ? AND o.kind = ? AND o.device IS NULL",
        (job, kind),
    )
    return int(total or 0)
