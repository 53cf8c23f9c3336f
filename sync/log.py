"""Logs as this machine has them: objects that were read, the fold of them, entries about to be put.

All of it lies in the farm's database, beside the ledger that it comes to, so that what was read,
folded and written to the ledger commits together or not at all.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from local_server.farm.db import fetch_rows, fetch_value
from sync.device_log import DeviceLog
from sync.entry import TREASURY, Operation, write_canonical
from sync.fold import GENESIS, CutOff, Effect, Fold, Folded
from sync.treasury import Treasury


@dataclass(frozen=True, slots=True)
class Stored:
    """One object of a log, as it lies in the store."""

    log: str
    seq: int
    data: bytes


@dataclass(slots=True)
class DatabaseIds:
    """Ids that have counted, in the database; those of the open transaction wait in memory."""

    db: Database
    fresh: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    expected: str = ""
    unknown: set[str] = field(default_factory=set)

    def expect(self, book: str, operations: tuple[Operation, ...]) -> None:
        """Look ids up together that will be asked for next."""
        ids = {id for one in operations if type(id := one.get("id")) is str}
        known = self.db.conn.execute(
            "SELECT id FROM log_id WHERE book = ? AND id IN (SELECT value FROM json_each(?))",
            (book, json.dumps(list(ids))),
        )
        self.expected, self.unknown = book, ids.difference(row[0] for row in known)

    def has(self, book: str, id: str) -> bool:
        """Tell whether an id has counted."""
        if (book, id) in self.fresh:
            return True
        if book == self.expected and id in self.unknown:
            return False
        found = self.db.conn.execute("SELECT 1 FROM log_id WHERE book = ? AND id = ?", (book, id))
        return found.fetchone() is not None

    def add(self, book: str, id: str, place: tuple[int, int]) -> None:
        """Note an id."""
        self.fresh[book, id] = place

    def forget_after(self, book: str, place: tuple[int, int]) -> None:
        """Forget the ids that counted after a place."""
        self.flush()
        self.db.conn.execute(
            "DELETE FROM log_id WHERE book = ? AND (epoch, seq) > (?, ?)", (book, *place)
        )

    def flush(self) -> None:
        """Write what waits in memory."""
        self.db.conn.executemany(
            "INSERT INTO log_id (book, id, epoch, seq) VALUES (?, ?, ?, ?)",
            ((book, id, *place) for (book, id), place in sorted(self.fresh.items())),
        )
        self.fresh.clear()
        self.unknown.clear()


def fetch_object(db: Database, log: str, seq: int) -> bytes | None:
    """Return an object that was read, or None."""
    data = fetch_value(db, "SELECT bytes FROM log_object WHERE log = ? AND seq = ?", (log, seq))
    return None if data is None else bytes(data)


def keep_objects(db: Database, objects: list[Stored]) -> None:
    """Keep objects that were read, and forget drafts whose place is taken by then.

    What is here already stays: objects never change.
    """
    db.conn.executemany(
        "INSERT INTO log_object (log, seq, bytes) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        ((one.log, one.seq, one.data) for one in objects),
    )
    db.conn.executemany(
        "DELETE FROM log_draft WHERE log = ? AND seq <= ?", ((one.log, one.seq) for one in objects)
    )


def find_wants(db: Database, fold: Fold) -> dict[str, int]:
    """Return the next sequence to read of every log that goes on."""
    wants = {}
    for log, seq in fold.wants().items():
        sql = "SELECT max(seq) FROM log_object WHERE log = ? AND seq >= ?"
        last = fetch_value(db, sql, (log, seq))
        wants[log] = seq if last is None else int(last) + 1
    if GENESIS in wants and wants[GENESIS] > 0:
        return {TREASURY: 1}
    return wants | fold.holes


def load_fold(db: Database, studio: str) -> Fold:
    """Return the fold as far as it has come in this database."""
    states = {
        row["name"]: json.loads(row["state"]) for row in fetch_rows(db, "SELECT * FROM fold_state")
    }
    told = states.pop(TREASURY, None)
    return Fold(
        treasury=Treasury.from_dict(told) if told else Treasury(studio),
        logs={name: DeviceLog.from_dict(state) for name, state in states.items()},
        ids=DatabaseIds(db),
    )


def save_fold(db: Database, fold: Fold, changed: set[str]) -> None:
    """Write the state of the logs that went on; `changed` names devices and the treasury."""
    assert isinstance(fold.ids, DatabaseIds)
    fold.ids.flush()
    for name in changed:
        state: dict[str, Any] | None = None
        if name == TREASURY:
            state = fold.treasury.to_dict()
        elif name in fold.logs:
            state = fold.logs[name].to_dict()
        if state is None:
            db.conn.execute("DELETE FROM fold_state WHERE name = ?", (name,))
        else:
            db.conn.execute(
                "INSERT INTO fold_state (name, state) VALUES (?, ?)"
                " ON CONFLICT DO UPDATE SET state = excluded.state",
                (name, write_canonical(state)),
            )


def find_draft(db: Database, log: str) -> Stored | None:
    """Return the entry of a log that was built and perhaps put, or None."""
    rows = fetch_rows(db, "SELECT seq, bytes FROM log_draft WHERE log = ?", (log,))
    return Stored(log, rows[0]["seq"], bytes(rows[0]["bytes"])) if rows else None


def keep_draft(db: Database, draft: Stored) -> None:
    """Keep the bytes of an entry before it is put: after a crash the same bytes are put again."""
    db.conn.execute("INSERT INTO log_draft VALUES (?, ?, ?)", (draft.log, draft.seq, draft.data))


def drop_draft(db: Database, log: str) -> None:
    """Forget an entry whose place is taken, by it or by another."""
    db.conn.execute("DELETE FROM log_draft WHERE log = ?", (log,))


def list_changed(effects: list[Effect]) -> set[str]:
    """Return the states that one object's effects tell of: the treasury, or devices by name."""
    last = effects[-1]
    if not isinstance(last, CutOff) and last.log not in (TREASURY, GENESIS):
        return {last.log.split("/")[1]}
    changed = {TREASURY}
    for effect in effects:
        if isinstance(effect, CutOff):
            changed.add(effect.device)
        elif isinstance(effect, Folded):
            touched: Any = effect.operation.get("device") or effect.operation.get("name")
            changed |= {touched} if isinstance(touched, str) else set()
    return changed


def is_out(db: Database, device: str) -> bool:
    """Tell whether a machine was taken out of its studio, as far as the treasury was read here."""
    over = fetch_value(
        db,
        "SELECT state -> 'devices' -> ? ->> 'over' FROM fold_state WHERE name = ?",
        (device, TREASURY),
    )
    return bool(over)


def note_studio(db: Database, fold: Fold, device: str) -> None:
    """Note who this machine is, the studio's nodes, and whether others lease from the same pools.

    Where others do only a lease that is sealed counts; where this machine is out, none at all.
    """
    nodes = {
        id: [key.name, key.public, key.void]
        for id, key in fold.treasury.keys.items()
        if key.role == "node"
    }
    noted = {"sync.device": device, "sync.nodes": json.dumps(nodes)}
    devices = fold.treasury.devices
    if sum(not one.over for one in devices.values()) > 1:
        noted["ledger.rivals"] = "1"
    if device in devices and devices[device].over:
        noted["ledger.out"] = device
    db.conn.execute("DELETE FROM setting WHERE key IN ('ledger.rivals', 'ledger.out')")
    db.conn.executemany(
        "INSERT INTO setting VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        noted.items(),
    )
