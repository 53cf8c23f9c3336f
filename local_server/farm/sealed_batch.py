"""Many sealed operations at once: as when a machine joins, or was away for long.

Row by row, SQLite spends most of its time in triggers that add the same two purses up and guard
against what a plain INSERT cannot do. A batch adds up by itself and writes each purse once; the
floors of the purses are the database's to check all the same.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from local_server.farm.db import assert_writing, fetch_value
from local_server.farm.ledger import ROUTES, Kind
from local_server.farm.sealing import COLUMNS, Sealed, name_purse
from local_server.farm.sync_tables import ADD_USAGE, CORES_MAX, MS_MAX

TRIGGERS = (
    "operation_never_replaced",
    "transfer_moves_money",
    "transfer_never_replaced",
    "usage_counts_operations",
)
QUARTER_MS = 900_000  # as `usage_counts_operations` has it


@dataclass(slots=True)
class SealedBatch:
    """Operations that are about to be written together, with what they come to."""

    db: Database
    operations: list[tuple[Any, ...]] = field(default_factory=list)
    transfers: list[tuple[Any, ...]] = field(default_factory=list)
    moved: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    usage: defaultdict[tuple[str, int], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0] * 5)
    )
    routes: dict[tuple[str, str, str | None, str | None], tuple[str, str, str]] = field(
        default_factory=dict
    )
    owners: set[str] = field(default_factory=set)

    def add(self, one: Sealed) -> None:
        """Add an operation that the ledger does not have."""
        id, kind, owner, job, micros, line, at_ms, device, place = one
        found = self.routes.get((kind.value, owner, job, device))
        log, debit, credit = found or self.find_route(kind, owner, job, device)
        self.operations.append((id, log, kind, owner, job, one.payload, at_ms, device, place))
        self.transfers.append((id, debit, credit, micros, kind, at_ms))
        self.moved[debit] -= micros
        self.moved[credit] += micros
        if kind is Kind.SETTLE or kind is Kind.REFUND:
            self.count_usage(kind, owner, micros, at_ms, line)

    def find_route(
        self, kind: Kind, owner: str, job: str | None, device: str | None
    ) -> tuple[str, str, str]:
        """Return log and purses of an operation, opened where they were not, and keep them."""
        route = ROUTES[kind]
        debit, credit = (
            name_purse(self.db, name, owner=owner, job=job, device=device)
            for name in (route.debit, route.credit)
        )
        found = self.routes[kind.value, owner, job, device] = (route.log, debit, credit)
        return found

    def count_usage(
        self, kind: Kind, owner: str, micros: int, at_ms: int, line: dict[str, Any]
    ) -> None:
        """Count what an operation used, as the trigger does row by row."""
        ms, cores = read_number(line, "render_ms", MS_MAX), read_number(line, "cores", CORES_MAX)
        used = self.usage[owner, at_ms // QUARTER_MS]
        used[1] += ms
        used[2] += ms * cores
        if kind is Kind.SETTLE:
            used[0] += 1
            used[3] += micros
        else:
            used[4] += micros

    def flush(self) -> None:
        """Write what was added. Raises IntegrityError for what the purses do not allow."""
        conn = self.db.conn
        # Their checks ask whether the payload is JSON, which takes longer than the rest of a row.
        conn.execute("PRAGMA ignore_check_constraints = ON")
        try:
            conn.executemany(
                f"INSERT INTO operation ({COLUMNS}, sealed_in) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                self.operations,
            )
        finally:
            conn.execute("PRAGMA ignore_check_constraints = OFF")
        conn.executemany("INSERT INTO transfer VALUES (?, ?, ?, ?, ?, ?)", self.transfers)
        conn.executemany(
            "UPDATE purse SET balance_micros = balance_micros + ? WHERE id = ?",
            [(micros, purse) for purse, micros in self.moved.items()],
        )
        conn.executemany(
            f"INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET {ADD_USAGE}",
            [(*key, *used) for key, used in self.usage.items()],
        )
        for table in (self.operations, self.transfers, self.moved, self.usage):
            table.clear()


def read_number(line: dict[str, Any], name: str, most: int) -> int:
    """Return a number out of an operation's line, 0 for one that cannot be meant."""
    value = line.get(name)
    return value if type(value) is int and 0 <= value <= most else 0


@contextmanager
def gather_sealed(db: Database) -> Iterator[SealedBatch]:
    """Gather sealed operations and write them at the end, with the triggers out of the way."""
    assert_writing(db)
    texts = [
        fetch_value(db, "SELECT sql FROM sqlite_master WHERE name = ?", (name,))
        for name in TRIGGERS
    ]
    for name in TRIGGERS:
        db.conn.execute(f"DROP TRIGGER {name}")
    batch = SealedBatch(db)
    yield batch
    batch.flush()
    for text in texts:
        db.conn.execute(text)
