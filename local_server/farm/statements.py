"""Statements: the ledger's entries in order, and as a table for spreadsheets."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlite_utils import Database

from local_server.farm.db import snapshot
from local_server.farm.ledger import format_cny

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


def read_entries(db: Database) -> Iterator[Entry]:
    """Read the whole ledger in the order it was written, one entry at a time."""
    rows = db.conn.execute(
        "SELECT o.seq, o.at_ms, o.id, o.kind, o.owner, o.job, o.payload ->> 'frame',"
        " t.debit, t.credit, t.amount_micros"
        " FROM operation o JOIN transfer t ON t.id = o.id ORDER BY o.seq"
    )
    for row in rows:
        yield Entry(*row)


def export_csv(db: Database) -> Iterator[str]:
    """Write the whole ledger as CSV (RFC 4180, UTC times), a line at a time, on one state of it.

    The connection cannot write until the last line is taken: give it one of its own.
    """
    with snapshot(db):
        yield format_line(COLUMNS)
        for entry in read_entries(db):
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


def format_line(cells: tuple[str | int | None, ...]) -> str:
    """Return one line of CSV in which no text can run as a formula."""
    line = io.StringIO()
    csv.writer(line).writerow([defuse(cell) for cell in cells])
    return line.getvalue()


def defuse(cell: str | int | None) -> str | int | None:
    """Return a cell that a spreadsheet shows as text even where it begins like a formula."""
    dangerous = isinstance(cell, str) and cell.startswith(FORMULA_STARTS)
    return f"'{cell}" if dangerous else cell


def format_time(at_ms: int) -> str:
    """Return a moment as ISO 8601 in UTC."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
