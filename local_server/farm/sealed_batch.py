"""Many sealed operations at once: as when a machine joins, or was away for long.

Row by row, SQLite spends most of its time in triggers that add the same two purses up and guard
against what a plain INSERT cannot do. A batch adds up by itself and writes each purse once; the
floors of the purses are the database's to check all the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from local_server.farm.db import assert_writing, fetch_value
from local_server.farm.ledger import ROUTES, Kind
from local_server.farm.sealing import COLUMNS, Sealed, name_purse

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
    moved: dict[str, int] = field(default_factory=dict)
    usage: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    purses: dict[tuple[str, str, str | None, str | None], str] = field(default_factory=dict)

    def add(self, one: Sealed) -> None:
        """Add an operation that the ledger does not have."""
        route = ROUTES[one.kind]
        debit, credit = self.find_purse(route.debit, one), self.find_purse(route.credit, one)
        self.operations.append(
            (
                one.id,
                route.log,
                one.kind,
                one.owner,
                one.job,
                one.payload,
                one.at_ms,
                one.device,
                one.place,
            )
        )
        micros = one.amount_micros
        self.transfers.append((one.id, debit, credit, micros, one.kind, one.at_ms))
        self.moved[debit] = self.moved.get(debit, 0) - micros
        self.moved[credit] = self.moved.get(credit, 0) + micros
        if one.kind in (Kind.SETTLE, Kind.REFUND):
            self.count_usage(one)

    def find_purse(self, template: str, one: Sealed) -> str:
        """Return the purse on one side of an operation, opened once where it was not."""
        key = (template, one.owner, one.job, one.device)
        found = self.purses.get(key)
        if found is None:
            found = self.purses[key] = name_purse(self.db, template, one)
        return found

    def count_usage(self, one: Sealed) -> None:
        """Count what an operation used, as the trigger does row by row."""
        settled = one.kind == Kind.SETTLE
        ms, cores = int(one.line.get("render_ms") or 0), int(one.line.get("cores") or 0)
        paid = (one.amount_micros, 0) if settled else (0, one.amount_micros)
        used = self.usage.setdefault((one.owner, one.at_ms // QUARTER_MS), [0] * 5)
        for place, more in enumerate((int(settled), ms, ms * cores, *paid)):
            used[place] += more

    def flush(self) -> None:
        """Write what was added. Raises IntegrityError for what the purses do not allow."""
        conn = self.db.conn
        conn.executemany(
            f"INSERT INTO operation ({COLUMNS}, sealed_in) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self.operations,
        )
        conn.executemany("INSERT INTO transfer VALUES (?, ?, ?, ?, ?, ?)", self.transfers)
        conn.executemany(
            "UPDATE purse SET balance_micros = balance_micros + ? WHERE id = ?",
            [(micros, purse) for purse, micros in self.moved.items()],
        )
        conn.executemany(
            "INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " frames = frames + excluded.frames, render_ms = render_ms + excluded.render_ms,"
            " core_ms = core_ms + excluded.core_ms,"
            " spent_micros = spent_micros + excluded.spent_micros,"
            " refunded_micros = refunded_micros + excluded.refunded_micros",
            [(*key, *used) for key, used in self.usage.items()],
        )
        for table in (self.operations, self.transfers, self.moved, self.usage):
            table.clear()


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
