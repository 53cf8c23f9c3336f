"""Statements: the ledger's entries in order, chosen by what they are, and as CSV."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from sqlite_utils import Database

from local_server.farm.db import Row, fetch_rows, snapshot
from local_server.farm.ledger import Kind, format_cny

COLUMNS = (
    "sequence",
    "time",
    "operation",
    "kind",
    "owner",
    "job",
    "frame",
    "debit",
    "credit",
    "amount_cny",
    "amount_micros",
)
# A spreadsheet takes text that begins so for a formula, in full width too where input is Chinese.
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation with the transfer it made."""

    seq: int
    at_ms: int
    id: str
    kind: str
    owner: str
    job: str | None
    frame: int | None
    debit: str
    credit: str
    amount_micros: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which entries a statement is about; None does not choose. `until_ms` is the end, left out."""

    owner: str | None = None
    kinds: tuple[Kind, ...] = ()
    job: str | None = None
    from_ms: int | None = None
    until_ms: int | None = None

    def choose(self) -> tuple[list[str], dict[str, str | int]]:
        """Return the clauses of SQL over an operation `o`, and their values."""
        clauses: list[str] = []
        values: dict[str, str | int] = {}
        for column, sign, value in (
            ("owner", "=", self.owner),
            ("job", "=", self.job),
            ("at_ms", ">=", self.from_ms),
            ("at_ms", "<", self.until_ms),
        ):
            if value is not None:
                name = f"wanted_{len(values)}"
                clauses.append(f"o.{column} {sign} :{name}")
                values[name] = value
        if self.kinds:
            marks = {f"kind_{place}": str(kind) for place, kind in enumerate(self.kinds)}
            clauses.append(f"o.kind IN ({', '.join(f':{name}' for name in marks)})")
            values |= marks
        return clauses, values


EVERYTHING = Wanted()


def list_statement(
    db: Database,
    wanted: Wanted,
    *,
    after: tuple[int, int] | None = None,
    newest_first: bool = False,
    limit: int = 1_000,
) -> list[Row]:
    """Return the entries that are wanted by time, those past `after` (moment and sequence)."""
    clauses, values = wanted.choose()
    if after is not None:
        clauses.append(f"(o.at_ms, o.seq) {'<' if newest_first else '>'} (:at_ms, :seq)")
        values |= {"at_ms": after[0], "seq": after[1]}
    order = "DESC" if newest_first else "ASC"
    return fetch_rows(
        db,
        "SELECT o.seq, o.id, o.kind, o.job, o.at_ms, o.payload ->> 'frame' AS frame,"
        " o.payload ->> 'reason' AS reason, t.amount_micros, t.debit, t.credit"
        " FROM operation o JOIN transfer t ON t.id = o.id"
        f" WHERE {' AND '.join(clauses) or 'true'}"
        f" ORDER BY o.at_ms {order}, o.seq {order} LIMIT :limit",
        values | {"limit": limit},
    )


CANONICAL_ID = """iif(o.log = 'device' AND o.device IS NULL, coalesce((SELECT value || '/'
  FROM setting WHERE key = 'sync.device'), ''), '') || o.id"""


def read_entries(
    db: Database, wanted: Wanted = EVERYTHING, *, canonical: bool = False
) -> Iterator[Entry]:
    """Read the entries that are wanted in the order they were written, one at a time.

    `canonical` names and orders them as every machine of the studio does.
    """
    clauses, values = wanted.choose()
    if canonical:
        clauses.append("o.studio IS NULL")
    id, order = (CANONICAL_ID, "o.at_ms, 3, o.id") if canonical else ("o.id", "o.seq")
    rows = db.conn.execute(
        f"SELECT o.seq, o.at_ms, {id}, o.kind, o.owner, o.job, o.payload ->> 'frame',"
        " t.debit, t.credit, t.amount_micros"
        " FROM operation o JOIN transfer t ON t.id = o.id"
        f" WHERE {' AND '.join(clauses) or 'true'} ORDER BY {order}",
        values,
    )
    for row in rows:
        yield Entry(*row)


def export_csv(db: Database, wanted: Wanted = EVERYTHING) -> Iterator[str]:
    """Write the entries that are wanted as CSV (RFC 4180, UTC times), on one state of the ledger.

    The connection cannot write until the last line is taken: give it one of its own.
    """
    with snapshot(db):
        yield format_line(COLUMNS)
        for entry in read_entries(db, wanted):
            yield format_line(
                (
                    entry.seq,
                    format_time(entry.at_ms),
                    entry.id,
                    entry.kind,
                    entry.owner,
                    entry.job,
                    entry.frame,
                    entry.debit,
                    entry.credit,
                    format_cny(entry.amount_micros),
                    entry.amount_micros,
                )
            )


def format_line(cells: tuple[str | int | Decimal | None, ...]) -> str:
    """Return one line of CSV in which no text can run as a formula."""
    line = io.StringIO()
    csv.writer(line).writerow([defuse(cell) for cell in cells])
    return line.getvalue()


def defuse(cell: str | int | Decimal | None) -> str | int | Decimal | None:
    """Return a cell that a spreadsheet shows as text even where it begins like a formula."""
    dangerous = isinstance(cell, str) and cell.startswith(FORMULA_STARTS)
    return f"'{cell}" if dangerous else cell


def format_time(at_ms: int) -> str:
    """Return a moment as ISO 8601 in UTC."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
