"""Drafts: which unsealed operations go into this machine's next entry, and as which bytes."""

import copy
import json
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from local_server.farm import sealing
from local_server.farm.db import Row, fetch_rows
from local_server.farm.errors import BadInput
from sync.device_log import Ids, MemoryIds
from sync.entry import (
    TREASURY,
    Header,
    Operation,
    name_log,
    read_line,
    write_canonical,
    write_entry,
)
from sync.fold import Fold
from sync.keys import Keys, Signer
from sync.log import Stored, drop_draft, find_draft, keep_draft
from sync.operations import DEVICE_SHAPES
from sync.people import post_people
from sync.projection import give_all_again, mend_jobs
from sync.verdict import Verdict
from sync.work import post_jobs

OPERATIONS_MAX = 1_500
BYTES_MAX = 900_000
# What leans on the other log: all that was done before it has to be sealed before it.
BARRIERS = frozenset({"unlease", "refund"})
MINTING = frozenset({"mint", "withdraw", "refund", "unlease"})


@dataclass(slots=True)
class TrialIds:
    """Ids of a trial, over those that have counted."""

    counted: Ids
    own: MemoryIds

    def expect(self, book: str, operations: tuple[Operation, ...]) -> None:
        """Hear whose ids will be asked for next."""

    def has(self, book: str, id: str) -> bool:
        """Tell whether an id has counted, or would."""
        return self.own.has(book, id) or self.counted.has(book, id)

    def add(self, book: str, id: str, place: tuple[int, int]) -> None:
        """Note an id."""
        self.own.add(book, id, place)

    def forget_after(self, book: str, place: tuple[int, int]) -> None:
        """Forget nothing: a trial cuts nothing off."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose entries are written here, and with what.

    `people` is the secret (hex) that personal fields are sealed with; empty: people stay here.
    `owner` is the account of whoever sits at the machine; empty: nobody does.
    """

    studio: str
    device: str
    keys: Keys
    people: str = ""
    owner: str = ""


def draft_next(db: Database, fold: Fold, desk: Desk, *, at_ms: int) -> Stored | None:
    """Return the next entry to put, kept as bytes; None when there is nothing, or not yet.

    What was drafted before is returned as it was: it may have been put already. What would not
    count is left out and taken back.
    """
    log = fold.logs.get(desk.device)
    if log is None:
        return None
    own = name_log(desk.device, log.epoch)
    if fold.stopped.keys() & {TREASURY, own}:
        return None
    for name, seq in ((TREASURY, fold.treasury.seq + 1), (own, log.seq + 1)):
        draft = find_draft(db, name)
        if draft is not None and draft.seq == seq:
            return draft
        drop_draft(db, name)
    for name in [row[0] for row in db.conn.execute("SELECT log FROM log_draft").fetchall()]:
        drop_draft(db, name)  # of an epoch that was closed meanwhile
    office = fold.treasury.treasurer in (None, desk.device)
    if desk.keys.minter is None:
        leave_out_minting(db, at_ms=at_ms)
    while rows := choose_rows(db, office=office):
        name = TREASURY if rows[0]["log"] == "treasury" else own
        operations, refused = try_rows(rows, fold, desk)
        if refused:
            leave_out(db, refused, at_ms=at_ms)
            continue
        return build_draft(db, fold, desk, name, operations, at_ms=at_ms)
    post_jobs(db, at_ms=at_ms)
    if desk.people:
        ranks = desk.keys.minter is not None
        post_people(db, secret=desk.people, device=desk.device, ranks=ranks, at_ms=at_ms)
    for name, of in ((TREASURY, "treasury"), (own, "device"))[not office :]:
        if operations := choose_letters(db, fold, desk, log=of):
            return build_draft(db, fold, desk, name, operations, at_ms=at_ms)
    return None


def choose_rows(db: Database, *, office: bool) -> list[Row]:
    """Return the unsealed operations that go into the next entry: one log's, up to a barrier.

    Who does not hold the office of the treasurer asks for the treasury's, and they stop nothing.
    """
    if not office:
        return limit_rows(sealing.list_unsealed_of(db, "device", limit=OPERATIONS_MAX))
    barrier = sealing.list_unsealed_of(db, "treasury", kinds=BARRIERS, limit=1)
    before = barrier[0]["seq"] if barrier else None
    # The treasury first: what a device holds is leased there.
    for log in ("treasury", "device"):
        if rows := sealing.list_unsealed_of(db, log, before=before, limit=OPERATIONS_MAX):
            return limit_rows(rows)
    return barrier


def choose_letters(db: Database, fold: Fold, desk: Desk, *, log: str) -> list[Operation]:
    """Return what the outbox has for a log and would count; what never would leaves it."""
    rows = fetch_rows(
        db,
        "SELECT id, operation, operation AS payload FROM outbox"
        " WHERE log = ? AND sealed_in IS NULL ORDER BY number",
        (log,),
    )
    rows = limit_rows(rows)
    told = [json.loads(row["operation"]) for row in rows]
    good = []
    for one, verdict in zip(told, try_operations(told, fold, desk), strict=True):
        if verdict is Verdict.GOOD:
            good.append(one)
        else:
            db.conn.execute("UPDATE outbox SET sealed_in = ? WHERE id = ?", (verdict, one["id"]))
    return good


def limit_rows(rows: list[Row]) -> list[Row]:
    """Return as many rows as an entry has room for."""
    size = 0
    kept: list[Row] = []
    for row in rows[:OPERATIONS_MAX]:
        size += len(row["payload"].encode()) + 1_700
        if kept and size > BYTES_MAX:
            break
        kept.append(row)
    return kept


def try_rows(rows: list[Row], fold: Fold, desk: Desk) -> tuple[list[Operation], dict[str, str]]:
    """Return the operations of rows, and what would not count with the reason, by id."""
    told = [write_operation(row, fold, desk) for row in rows]
    verdicts = try_operations(told, fold, desk)
    pairs = list(zip(told, verdicts, strict=True))
    good = [one for one, verdict in pairs if verdict is Verdict.GOOD]
    return good, {one["id"]: str(verdict) for one, verdict in pairs if verdict is not Verdict.GOOD}


def try_operations(operations: list[Operation], fold: Fold, desk: Desk) -> list[Verdict]:
    """Say what operations would come to in this machine's next entry, one after the other."""
    trial = start_trial(fold, desk)
    return [try_operation(one, trial, desk) for one in operations]


def start_trial(fold: Fold, desk: Desk) -> Fold:
    """Return a fold to try this machine's next entry on."""
    treasury, logs = copy.deepcopy((fold.treasury, fold.logs))
    trial = Fold(treasury, logs, TrialIds(fold.ids, MemoryIds()))
    if desk.device in logs:
        logs[desk.device].take_leases(treasury.seq)
    treasury.seq += 1
    return trial


def try_operation(told: Operation, trial: Fold, desk: Desk) -> Verdict:
    """Say what one operation would come to, and do it in the trial."""
    try:
        read_line(write_canonical(told).encode())
    except (BadInput, UnicodeEncodeError):
        return Verdict.MALFORMED
    if told["op"] in DEVICE_SHAPES:
        return trial.logs[desk.device].apply(told, trial.ids)
    key = trial.treasury.keys.get(choose_signer(desk, told).id)
    if key is None:
        return Verdict.UNKNOWN_SIGNER
    return trial.treasury.apply(told, key, trial.logs, trial.ids)[0]


def write_operation(row: Row, fold: Fold, desk: Desk) -> Operation:
    """Return a row of the ledger as a log carries it."""
    line: dict[str, Any] = json.loads(row["payload"])
    told: Operation = {
        "op": row["kind"],
        "id": row["id"],
        "at_ms": row["at_ms"],
        "owner": row["owner"],
        "amount_micros": line.pop("amount_micros"),
        "line": line,
    }
    if row["job"] is not None:
        told["job"] = row["job"]
    if row["kind"] in ("lease", "unlease"):
        log = fold.logs[desk.device]
        told |= {"device": desk.device, "epoch": log.epoch}
        if row["kind"] == "unlease":
            told |= {"cut": log.seq, "hash": log.digest}
    return told


def choose_signer(desk: Desk, told: Operation) -> Signer:
    """Return the key that an operation is signed with: the minter's only where it has to be."""
    if told["op"] in DEVICE_SHAPES or desk.keys.minter is None:
        return desk.keys.own
    return desk.keys.minter


def build_draft(
    db: Database,
    fold: Fold,
    desk: Desk,
    name: str,
    operations: list[Operation],
    *,
    at_ms: int,
) -> Stored:
    """Build the next entry of a log and keep its bytes."""
    state = fold.treasury if name == TREASURY else fold.logs[desk.device]
    seq, prev = state.seq + 1, state.digest
    signer = choose_signer(desk, operations[0])
    header = Header(
        studio=desk.studio,
        log=name,
        seq=seq,
        prev=prev,
        ts=fold.treasury.seq,
        signer=signer.id,
        wall_ms=at_ms,
    )
    draft = Stored(name, seq, write_entry(header, tuple(operations), signer.private))
    keep_draft(db, draft)
    return draft


def leave_out_minting(db: Database, *, at_ms: int) -> None:
    """Take back what only a minting key could sign: whoever did it is told, and nothing waits."""
    rows = sealing.list_unsealed_of(db, "treasury", kinds=MINTING)
    if rows:
        refused = {row["id"]: str(Verdict.NOT_ALLOWED) for row in rows}
        leave_out(db, refused, at_ms=at_ms)


def leave_out(db: Database, refused: dict[str, str], *, at_ms: int) -> None:
    """Take back what would not count, with all that no longer fits without it."""
    with sealing.floors_lifted(db):
        for row in reversed(sealing.list_unsealed(db)):
            reason = refused.get(row["id"], "room")
            # What counts already under its id needs no second life.
            outcome = "void" if reason == Verdict.REPEATED else None
            sealing.take_back(db, row, reason=reason, at_ms=at_ms, outcome=outcome)
    touched: set[str] = set()
    give_all_again(db, touched, reasons=("room",))
    mend_jobs(db, touched, at_ms=at_ms)
