"""Sealing: what of the ledger stands in the studio's logs, and what may still be taken back.

The ledger in the database is what the logs say plus what this machine has done since. An operation
of our own begins unsealed; once its log carries it, it is sealed and never changes. An unsealed one
that the logs leave no room for is taken back as a whole: it leaves the ledger, its row in
`taken_back` stays, and there it waits to be given again or to be dropped with its owner's consent.
"""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from pydantic_core import to_json
from sqlite_utils import Database

from local_server.farm.db import Row, assert_writing, fetch_row, fetch_rows, fetch_value
from local_server.farm.errors import NotFound, YuntuError
from local_server.farm.ledger import ROUTES, Kind, check_purses, find_operation, open_purse

COLUMNS = "id, log, kind, owner, job, payload, at_ms, device"
SEQ_MAX: Final = (1 << 63) - 1
AWAY = frozenset({"available", "held"})
_PAYLOAD: Final = json.JSONEncoder(sort_keys=True)  # as `ledger.post` writes it


class Sealed(NamedTuple):
    """An operation as a log carries it. `device` is None for this machine's and the treasury's.

    Not a dataclass because there are millions: making a frozen one takes three times as long.
    """

    id: str
    kind: Kind
    owner: str
    job: str | None
    amount_micros: int
    line: dict[str, Any]
    at_ms: int
    device: str | None
    place: str

    @property
    def payload(self) -> str:
        """Return what the ledger keeps of it beside its columns."""
        told = {**self.line, "amount_micros": self.amount_micros}
        # What another machine did is never compared with what is done here, so its spelling is
        # free; what this machine may do again is spelled as `ledger.post` spells it.
        return _PAYLOAD.encode(told) if self.device is None else to_json(told).decode()


def list_unsealed(db: Database) -> list[Row]:
    """Return this machine's operations that no log carries yet, oldest first."""
    # In the order of rows by itself, SQLite would look through all that was ever sealed.
    return fetch_rows(
        db,
        f"SELECT seq, {COLUMNS} FROM operation INDEXED BY operation_unsealed"
        " WHERE sealed_in IS NULL ORDER BY seq",
    )


def is_all_sealed(db: Database) -> bool:
    """Tell whether logs carry all that this machine did."""
    return fetch_value(db, "SELECT 1 FROM operation WHERE sealed_in IS NULL") is None


def list_unsealed_of(
    db: Database,
    log: str,
    *,
    kinds: Collection[str] = tuple(Kind),
    before: int | None = None,
    limit: int = -1,
) -> list[Row]:
    """Return what one log does not carry yet, oldest first: of some kinds, before a `seq`."""
    return fetch_rows(
        db,
        f"SELECT seq, {COLUMNS} FROM operation INDEXED BY operation_unsealed"
        " WHERE sealed_in IS NULL AND log = ? AND seq < ?"
        f" AND kind IN ({', '.join('?' * len(kinds))}) ORDER BY seq LIMIT ?",
        (log, SEQ_MAX if before is None else before, *sorted(kinds), limit),
    )


def has_unsealed_moves(db: Database, *, owner: str) -> bool:
    """Tell whether money of somebody came in or went out here that no log carries yet."""
    found = fetch_value(
        db,
        "SELECT 1 FROM operation WHERE sealed_in IS NULL AND owner = ?"
        " AND kind IN ('mint', 'withdraw') LIMIT 1",
        (owner,),
    )
    return found is not None


def record_sealed(db: Database, one: Sealed) -> None:
    """Write an operation that a log carries and this ledger does not have.

    The database refuses (IntegrityError) what the purses do not allow: then something unsealed of
    our own is in its way.
    """
    route = ROUTES[one.kind]
    debit, credit = (
        name_purse(db, name, owner=one.owner, job=one.job, device=one.device)
        for name in (route.debit, route.credit)
    )
    values = (one.id, route.log, one.kind, one.owner, one.job, one.payload, one.at_ms, one.device)
    db.conn.execute(
        f"INSERT INTO operation ({COLUMNS}, sealed_in) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*values, one.place),
    )
    db.conn.execute(
        "INSERT INTO transfer (id, debit, credit, amount_micros, code, at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (one.id, debit, credit, one.amount_micros, one.kind, one.at_ms),
    )


def name_purse(
    db: Database, template: str, *, owner: str, job: str | None, device: str | None
) -> str:
    """Return the purse on one side of an operation, opened where it was not."""
    kind = template.partition(":")[0]
    purse = template.format(owner=owner, job=job)
    if device is not None and kind in AWAY:
        purse = f"{purse}@{device}"
        open_purse(db, purse=purse, kind=kind, owner=owner, device=device)
    elif kind == "held":
        open_purse(db, purse=purse, kind=kind, owner=owner)
    return purse


def mark_sealed(db: Database, *, id: str, place: str) -> None:
    """Note where an operation stands in the logs; it never changes again."""
    assert_writing(db)
    db.conn.execute("UPDATE operation SET sealed_in = ? WHERE id = ?", (place, id))


@contextmanager
def floors_lifted(db: Database) -> Iterator[None]:
    """Let purses fall below zero while several operations are taken back; none is at the end.

    What came between them may stand on one that goes first; without all of them it stands again.
    """
    assert_writing(db)
    db.conn.execute("PRAGMA ignore_check_constraints = ON")
    try:
        yield
    finally:
        db.conn.execute("PRAGMA ignore_check_constraints = OFF")
    below = "SELECT id FROM purse WHERE kind NOT IN ('world', 'spent') AND balance_micros < 0"
    assert fetch_value(db, below) is None, "what is sealed stands by itself"


def take_back(db: Database, row: Row, *, reason: str, at_ms: int, outcome: str | None) -> None:
    """Take an operation out of the ledger; `outcome` None lets it wait."""
    assert_writing(db)
    values = tuple(row[name] for name in COLUMNS.split(", "))
    # What was done once more since an earlier try was taken back stands for both.
    end_waiting(db, id=row["id"], outcome="void")
    number = db.conn.execute(
        f"INSERT INTO taken_back ({COLUMNS}, reason, taken_at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*values, reason, at_ms),
    ).lastrowid
    db.conn.execute("DELETE FROM transfer WHERE id = ?", (row["id"],))
    db.conn.execute("DELETE FROM operation WHERE id = ?", (row["id"],))
    if outcome is not None:
        db.conn.execute("UPDATE taken_back SET outcome = ? WHERE number = ?", (outcome, number))


def give_again(db: Database, row: Row) -> str | None:
    """Put an operation that was taken back into the ledger again, unsealed and with its id.

    Returns None when it fits, else the code of why not; then it goes on waiting.
    """
    assert_writing(db)
    if find_operation(db, id=row["id"]) is not None:  # it was done once more meanwhile
        end_waiting(db, id=row["id"], outcome="void")
        return None
    kind, micros = Kind(row["kind"]), json.loads(row["payload"])["amount_micros"]
    route = ROUTES[kind]
    debit, credit = (
        name.format(owner=row["owner"], job=row["job"]) for name in (route.debit, route.credit)
    )
    if kind in (Kind.HOLD, Kind.SETTLE, Kind.RELEASE):
        open_purse(db, purse=f"held:{row['job']}", kind="held", owner=row["owner"])
    try:
        check_purses(db, debit=debit, credit=credit, owner=row["owner"], amount_micros=micros)
    except YuntuError as error:
        return error.code
    end_waiting(db, id=row["id"], outcome="again")
    values = tuple(row[name] for name in COLUMNS.split(", "))
    db.conn.execute(f"INSERT INTO operation ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
    db.conn.execute(
        "INSERT INTO transfer (id, debit, credit, amount_micros, code, at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (row["id"], debit, credit, micros, kind, row["at_ms"]),
    )
    return None


def list_waiting(db: Database) -> list[Row]:
    """Return what was taken back and has neither been given again nor dropped, oldest first."""
    return fetch_rows(db, "SELECT * FROM taken_back WHERE outcome IS NULL ORDER BY number")


def explain_waiting(db: Database, *, id: str, reason: str) -> None:
    """Note why an operation goes on waiting."""
    db.conn.execute(
        "UPDATE taken_back SET reason = ? WHERE id = ? AND outcome IS NULL", (reason, id)
    )


def end_waiting(db: Database, *, id: str, outcome: str) -> None:
    """Note what became of an operation that was taken back."""
    assert_writing(db)
    db.conn.execute(
        "UPDATE taken_back SET outcome = ? WHERE id = ? AND outcome IS NULL", (outcome, id)
    )


def drop_waiting(db: Database, *, id: str) -> None:
    """Let go of an operation that was taken back, as its owner wants. Raises NotFound."""
    waiting = fetch_row(db, "SELECT 1 FROM taken_back WHERE id = ? AND outcome IS NULL", (id,))
    if waiting is None:
        raise NotFound("nothing_waiting", id=id)
    end_waiting(db, id=id, outcome="dropped")


def post_letter(db: Database, *, log: str, operation: dict[str, Any]) -> None:
    """Put an operation that moves no money into the outbox; the same id is put there once."""
    assert_writing(db)
    db.conn.execute(
        "INSERT INTO outbox (id, log, operation) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
        (operation["id"], log, json.dumps(operation, ensure_ascii=False)),
    )
