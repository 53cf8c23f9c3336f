"""The ledger: immutable double-entry transfers, each made by one operation with an id of its own.

Money enters from the `world` and lives in four kinds of purse of its owner:

    world -- mint --> pool -- lease --> available -- hold --> held -- settle --> spent
    world <- withdraw - pool <- unlease - available <- release -
                        pool <- refund ------------------------------------- spent

A purse is never negative: the database refuses (`world` is the mirror: never positive). An
operation is what a machine decided (id, kind, payload) and what an entry of the log carries; the
transfer beside it is what it did to the purses. Doing the same operation twice does it once.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlite_utils import Database

from local_server.farm.db import Row, assert_writing, fetch_row, fetch_value
from local_server.farm.errors import BadInput, Conflict, NoFunds, NotFound
from local_server.farm.events import add_event

AMOUNT_MICROS_MAX = 10**15  # a thousand million yuan: far above any bill, far below 2**63
MICROS = 1_000_000
WORLD = "world"


class Kind(StrEnum):
    """What an operation does."""

    MINT = "mint"
    WITHDRAW = "withdraw"
    LEASE = "lease"
    UNLEASE = "unlease"
    HOLD = "hold"
    SETTLE = "settle"
    RELEASE = "release"
    REFUND = "refund"
    CLOSE = "close"
    RECLAIM = "reclaim"


@dataclass(frozen=True, slots=True)
class Route:
    """Where an operation's money goes, and the log that will carry it."""

    log: str
    debit: str
    credit: str


ROUTES = {
    Kind.MINT: Route("treasury", WORLD, "pool:{owner}"),
    Kind.WITHDRAW: Route("treasury", "pool:{owner}", WORLD),
    Kind.LEASE: Route("treasury", "pool:{owner}", "available:{owner}"),
    Kind.UNLEASE: Route("treasury", "available:{owner}", "pool:{owner}"),
    Kind.HOLD: Route("device", "available:{owner}", "held:{job}"),
    Kind.SETTLE: Route("device", "held:{job}", "spent:{owner}"),
    Kind.RELEASE: Route("device", "held:{job}", "available:{owner}"),
    Kind.REFUND: Route("treasury", "spent:{owner}", "pool:{owner}"),
    Kind.CLOSE: Route("treasury", "available:{owner}", "pool:{owner}"),
    Kind.RECLAIM: Route("treasury", "held:{job}", "pool:{owner}"),
}
MAY_BE_ZERO = frozenset({Kind.HOLD, Kind.SETTLE})  # a reused frame is free, and its job holds 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """What an account has, in micro-yuan. `away` is what other machines have leased of it."""

    pool_micros: int
    available_micros: int
    held_micros: int
    spent_micros: int
    away_micros: int = 0

    @property
    def free_micros(self) -> int:
        """Return what a new hold can take."""
        return self.pool_micros + self.available_micros

    @property
    def total_micros(self) -> int:
        """Return everything that is not spent."""
        return self.free_micros + self.held_micros + self.away_micros


def open_purses(db: Database, *, owner: str) -> None:
    """Make an owner's pool, available and spent purses; harmless when they exist."""
    open_purse(db, purse=WORLD, kind="world", owner=None)
    for kind in ("pool", "available", "spent"):
        open_purse(db, purse=f"{kind}:{owner}", kind=kind, owner=owner)


def mint(db: Database, *, id: str, owner: str, amount_micros: int, at_ms: int) -> bool:
    """Bring money in from the world to an owner's pool. Returns False when it was done before."""
    return post(db, Kind.MINT, id=id, owner=owner, amount_micros=amount_micros, at_ms=at_ms)


def withdraw(db: Database, *, id: str, owner: str, amount_micros: int, at_ms: int) -> bool:
    """Give an owner's money back to the world, taking out of this machine what the pool lacks.

    Returns False when it was done before. Raises NoFunds `no_funds`: what is held stays.
    """
    check_amount(Kind.WITHDRAW, amount_micros)
    if find_operation(db, id=id) is None:
        balance = read_balance(db, owner=owner)
        if amount_micros > balance.free_micros:
            raise NoFunds("no_funds", needed_micros=amount_micros)
        lacking = amount_micros - balance.pool_micros
        if lacking > 0:
            back = f"unlease:{id}"
            post(db, Kind.UNLEASE, id=back, owner=owner, amount_micros=lacking, at_ms=at_ms)
    return post(db, Kind.WITHDRAW, id=id, owner=owner, amount_micros=amount_micros, at_ms=at_ms)


def lease(db: Database, *, id: str, owner: str, amount_micros: int, at_ms: int) -> bool:
    """Move money from the pool to what this machine may spend. Raises NoFunds `purse_too_small`."""
    return post(db, Kind.LEASE, id=id, owner=owner, amount_micros=amount_micros, at_ms=at_ms)


def hold(db: Database, *, id: str, owner: str, job: str, amount_micros: int, at_ms: int) -> bool:
    """Set money aside for a job, leasing from the pool what this machine lacks.

    Where other machines lease from the same pool, only the treasury log can say who was first: then
    what this machine has must do. Raises NoFunds `no_funds` when pool and available together are
    too small, `lease_needed` when a lease is what lacks, and `device_out` on a machine that was
    taken out of its studio: no lease of its own will ever be sealed. None tells what there is,
    since who steers a job need not be whose money it is.
    """
    check_amount(Kind.HOLD, amount_micros)
    open_purse(db, purse=f"held:{job}", kind="held", owner=owner)
    if find_operation(db, id=id) is None:
        balance = read_balance(db, owner=owner)
        if amount_micros > balance.free_micros:
            raise NoFunds("no_funds", needed_micros=amount_micros)
        lacking = amount_micros - balance.available_micros
        if lacking > 0 and (device := find_taken_out(db)):
            raise NoFunds("device_out", device=device)
        if lacking > 0 and has_rivals(db):
            raise NoFunds("lease_needed", needed_micros=amount_micros)
        if lacking > 0:
            lease(db, id=f"lease:{id}", owner=owner, amount_micros=lacking, at_ms=at_ms)
    return post(
        db, Kind.HOLD, id=id, owner=owner, job=job, amount_micros=amount_micros, at_ms=at_ms
    )


def settle(
    db: Database, *, id: str, owner: str, job: str, amount_micros: int, at_ms: int, **line: Any
) -> bool:
    """Pay out of a job's hold; `line` is what the bill will say of it.

    Raises NoFunds `purse_too_small`: a settled sum never passes its hold.
    """
    return post(
        db,
        Kind.SETTLE,
        id=id,
        owner=owner,
        job=job,
        amount_micros=amount_micros,
        at_ms=at_ms,
        **line,
    )


def release(db: Database, *, id: str, owner: str, job: str, at_ms: int) -> int:
    """Give back what is left of a job's hold; returns how much, in micros."""
    left = read_purse(db, purse=f"held:{job}")
    if left:
        post(db, Kind.RELEASE, id=id, owner=owner, job=job, amount_micros=left, at_ms=at_ms)
    return left


def post(
    db: Database,
    kind: Kind,
    *,
    id: str,
    owner: str,
    amount_micros: int,
    at_ms: int,
    job: str | None = None,
    **line: Any,
) -> bool:
    """Write an operation, its transfer and its event. Returns False when it stands already.

    Raises Conflict `operation_differs` when the id stands with other content, BadInput
    `amount_out_of_range`, and as `check_purses` does.
    """
    assert_writing(db)
    check_amount(kind, amount_micros)
    payload = json.dumps({"amount_micros": amount_micros, **line}, sort_keys=True)
    content = {"kind": str(kind), "owner": owner, "job": job, "payload": payload}
    standing = find_operation(db, id=id)
    if standing is not None:
        if content != {name: standing[name] for name in content}:
            raise Conflict("operation_differs", id=id)
        return False
    route = ROUTES[kind]
    debit, credit = (name.format(owner=owner, job=job) for name in (route.debit, route.credit))
    check_purses(db, debit=debit, credit=credit, owner=owner, amount_micros=amount_micros)
    db.conn.execute(
        "INSERT INTO operation (id, log, kind, owner, job, payload, at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (id, route.log, *content.values(), at_ms),
    )
    db.conn.execute(
        "INSERT INTO transfer (id, debit, credit, amount_micros, code, at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (id, debit, credit, amount_micros, kind, at_ms),
    )
    add_event(
        db, kind=f"ledger.{kind}", owner=owner, at_ms=at_ms, job=job, amount_micros=amount_micros
    )
    return True


def check_amount(kind: Kind, amount_micros: int) -> None:
    """Raise BadInput `amount_out_of_range` for an amount that cannot be meant."""
    least = 0 if kind in MAY_BE_ZERO else 1
    if not least <= amount_micros <= AMOUNT_MICROS_MAX:
        raise BadInput("amount_out_of_range", least_micros=least, most_micros=AMOUNT_MICROS_MAX)


def check_purses(db: Database, *, debit: str, credit: str, owner: str, amount_micros: int) -> None:
    """Refuse a transfer that the purses do not allow, before the database would.

    Raises NotFound `no_purse`, Conflict `purse_of_another` when money would change its owner, and
    NoFunds `purse_too_small` when the debited purse would fall below zero.
    """
    has = {}
    for purse in (debit, credit):
        row = find_purse(db, purse=purse)
        if row is None:
            raise NotFound("no_purse", purse=purse)
        if row["owner"] not in (owner, None):
            raise Conflict("purse_of_another", purse=purse)
        has[purse] = row["balance_micros"]
    if debit != WORLD and has[debit] < amount_micros:
        raise NoFunds("purse_too_small", needed_micros=amount_micros, has_micros=has[debit])


def has_rivals(db: Database) -> bool:
    """Tell whether other machines lease from the same pools."""
    return bool(fetch_value(db, "SELECT 1 FROM setting WHERE key = 'ledger.rivals'"))


def find_taken_out(db: Database) -> str | None:
    """Return this machine's id if it was taken out of its studio."""
    device: str | None = fetch_value(db, "SELECT value FROM setting WHERE key = 'ledger.out'")
    return device


def open_purse(
    db: Database, *, purse: str, kind: str, owner: str | None, device: str | None = None
) -> None:
    """Make an empty purse, of another machine where `device` is given; harmless when it exists."""
    assert_writing(db)
    db.conn.execute(
        "INSERT INTO purse (id, kind, owner, device) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (purse, kind, owner, device),
    )


def find_purse(db: Database, *, purse: str) -> Row | None:
    """Return a purse's row, or None."""
    return fetch_row(db, "SELECT * FROM purse WHERE id = ?", (purse,))


def find_operation(db: Database, *, id: str) -> Row | None:
    """Return an operation's row, or None."""
    return fetch_row(db, "SELECT * FROM operation WHERE id = ?", (id,))


def read_purse(db: Database, *, purse: str) -> int:
    """Return what a purse has, in micros; a purse that was never opened has 0."""
    return fetch_value(db, "SELECT balance_micros FROM purse WHERE id = ?", (purse,)) or 0


def read_balance(db: Database, *, owner: str) -> Balance:
    """Return what an owner has, summed by kind of purse."""
    rows = db.conn.execute(
        "SELECT CASE WHEN kind = 'available' AND device IS NOT NULL THEN 'away' ELSE kind END,"
        " sum(balance_micros) FROM purse WHERE owner = ? AND balance_micros <> 0 GROUP BY 1",
        (owner,),
    )
    micros = {kind: int(total) for kind, total in rows}
    kinds = ("pool", "available", "held", "spent", "away")
    return Balance(**{f"{kind}_micros": micros.get(kind, 0) for kind in kinds})


def format_cny(micros: int) -> str:
    """Return an amount as yuan with every one of its six decimals, for machines to read."""
    sign = "-" if micros < 0 else ""
    return f"{sign}{abs(micros) // MICROS}.{abs(micros) % MICROS:06d}"
