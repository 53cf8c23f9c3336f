"""Leases: how much of a pool a machine takes to itself, sized by what it needs and uses."""

import json
from dataclasses import dataclass

from sqlite_utils import Database

from local_server.farm import ledger, sealing
from local_server.farm.db import fetch_rows, fetch_value
from local_server.farm.errors import YuntuError
from local_server.farm.ledger import Kind
from sync.drafts import Desk
from sync.entry import TREASURY, Operation
from sync.fold import Fold
from sync.operations import TREASURY_SHAPES, is_sound
from sync.projection import mend_jobs

# What money can mend; other reasons wait for a person.
OF_MONEY = frozenset(
    {
        "cut_off",
        "hold_too_small",
        "lease_needed",
        "lease_too_small",
        "no_funds",
        "no_purse",
        "pool_too_small",
        "purse_too_small",
        "room",
    }
)
DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """What is known of an owner's need for money on this machine, in micro-yuan."""

    owner: str
    pool_micros: int
    available_micros: int
    asked_micros: int
    week_micros: int
    machines: int


def size_lease(need: Need) -> int:
    """Return how much to lease now, 0 for nothing.

    What waits for money comes first. Beyond that a machine keeps two days of its use, at least its
    fair half of the pool, and takes more only when half of that is gone: so an offline machine can
    go on, also after a first small test, and no machine sits on everything.
    """
    asked = max(0, need.asked_micros - need.available_micros)
    target = max(need.week_micros * 2 // 7, need.pool_micros // (2 * need.machines))
    more = 0
    if need.available_micros - need.asked_micros < target // 2:
        more = target - max(0, need.available_micros - need.asked_micros)
    if asked > need.pool_micros:
        return 0  # it would not help, and others may need it
    return min(need.pool_micros, asked + max(0, more))


def read_needs(db: Database, fold: Fold, desk: Desk, *, at_ms: int) -> list[Need]:
    """Return the needs of everybody who works on this machine, or may begin to at any time.

    That is whoever has jobs here, whoever sits here, and whoever is signed in: what they submit
    while the store is away can be paid from nothing but a lease that was taken before.
    """
    machines = max(1, len(fold.logs))
    log = fold.logs[desk.device]
    asked: dict[str, int] = {}
    for row in fetch_rows(
        db,
        "SELECT owner, sum(reason_params ->> 'needed_micros') AS micros FROM job"
        " WHERE state = 'paused' AND reason = 'lease_needed' GROUP BY owner",
    ):
        asked[row["owner"]] = int(row["micros"] or 0)
    for row in sealing.list_waiting(db):
        if row["kind"] in (Kind.HOLD, Kind.SETTLE) and row["reason"] in OF_MONEY:
            micros = int(json.loads(row["payload"])["amount_micros"])
            asked[row["owner"]] = asked.get(row["owner"], 0) + micros
    here = list_workers(db, desk, at_ms=at_ms)
    week = {owner: sum_spent(db, owner=owner, since_ms=at_ms - WEEK_MS) for owner in here}
    return [
        Need(
            owner=owner,
            pool_micros=fold.treasury.pools.get(owner, 0),
            available_micros=log.free(owner),
            asked_micros=asked.get(owner, 0),
            week_micros=week.get(owner, 0),
            machines=machines,
        )
        for owner in sorted({*asked, *here, *log.available})
    ]


def list_workers(db: Database, desk: Desk, *, at_ms: int) -> set[str]:
    """Return whose jobs are here, who sits here and who is signed in."""
    rows = fetch_rows(
        db,
        "SELECT owner FROM job UNION SELECT account FROM session"
        " WHERE ended_at_ms IS NULL AND expires_at_ms > ?",
        (at_ms,),
    )
    return {row["owner"] for row in rows} | {desk.owner} - {""}


def sum_spent(db: Database, *, owner: str, since_ms: int) -> int:
    """Return what somebody has spent on this machine since a moment, in micros."""
    spent = fetch_value(
        db,
        "SELECT sum(t.amount_micros) FROM operation o JOIN transfer t ON t.id = o.id"
        " WHERE o.owner = ? AND o.kind = 'settle' AND o.at_ms > ? AND o.device IS NULL",
        (owner, since_ms),
    )
    return int(spent or 0)


def list_leases(db: Database, fold: Fold, desk: Desk, *, at_ms: int) -> list[Operation]:
    """Return what leases what this machine needs; nothing when it needs nothing.

    Where no other machine leases, `hold` does it by itself, and nothing is to be adjusted.
    """
    log = fold.logs.get(desk.device)
    if log is None or TREASURY in fold.stopped or not ledger.has_rivals(db):
        return []
    if fetch_value(db, "SELECT 1 FROM operation WHERE sealed_in IS NULL AND log = 'device'"):
        return []  # the log is behind what was done here: its state says too much is free
    operations: list[Operation] = []
    for need in read_needs(db, fold, desk, at_ms=at_ms):
        micros = size_lease(need)
        if micros:
            place = f"{desk.device}:{log.epoch}:{fold.treasury.seq + 1}"
            told = {
                "op": "lease",
                "id": f"lease:{place}:{need.owner}",
                "at_ms": at_ms,
                "owner": need.owner,
                "amount_micros": micros,
                "line": {},
                "device": desk.device,
                "epoch": log.epoch,
            }
            if is_sound(told, TREASURY_SHAPES["lease"]):
                operations.append(told)
    return operations


def retry_waiting(db: Database, fold: Fold, desk: Desk, *, at_ms: int) -> int:
    """Give again what waits, oldest first, with holds of its own where the old ones are gone.

    Returns how many operations found their place.
    """
    if desk.device not in fold.logs:
        return 0
    given = 0
    touched: set[str] = set()
    for row in sealing.list_waiting(db):
        if row["reason"] not in OF_MONEY:
            continue
        code = sealing.give_again(db, row)
        if code is not None and row["kind"] == Kind.SETTLE:
            code = hold_again(db, row["id"], row["owner"], row["job"], row["payload"], at_ms)
            code = code or sealing.give_again(db, row)
        given += code is None
        if code in OF_MONEY and code != row["reason"]:
            sealing.explain_waiting(db, id=row["id"], reason=code)
        if row["job"] is not None:
            touched.add(row["job"])
    mend_jobs(db, touched, at_ms=at_ms)
    return given


def hold_again(db: Database, id: str, owner: str, job: str, payload: str, at_ms: int) -> str | None:
    """Hold what a charge needs that lost its hold; returns the code of why not."""
    micros = json.loads(payload)["amount_micros"]
    held = ledger.read_purse(db, purse=f"held:{job}")
    db.conn.execute("SAVEPOINT again")
    try:
        ledger.hold(
            db,
            id=f"hold:{id}:{at_ms}",
            owner=owner,
            job=job,
            amount_micros=micros - held,
            at_ms=at_ms,
        )
    except YuntuError as error:
        db.conn.execute("ROLLBACK TO again")
        return error.code
    finally:
        db.conn.execute("RELEASE again")
    return None
