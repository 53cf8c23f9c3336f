"""Refolding: the studio's logs once more from nothing, to prove what this machine has and mend it.

What a machine has was folded bit by bit, as entries came in. Folding the same entries from nothing,
read anew from the store, has to come to the same: every object, every sum, every operation. What
differs is damage, of this machine's disk or of a share that let an entry be overwritten, and is put
right from the store.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from local_server.farm import accounts, sealing
from local_server.farm.db import Row, fetch_rows, fetch_value, open_database, write
from local_server.farm.errors import NotFound, Refused, Unavailable
from local_server.farm.overtaken import list_jobs_in_ledger
from local_server.farm.sealing import COLUMNS
from local_server.farm.sync_tables import RECOUNT_USAGE
from sync.drafts import Desk
from sync.engine import Cycle, Engine, Objects
from sync.entry import TREASURY, entry_key
from sync.fold import GENESIS, Fold
from sync.keys import Keys, make_signer
from sync.ledgers import DirectLedger
from sync.log import fetch_object, load_fold
from sync.projection import give_all_again, mend_jobs
from sync.snapshots import NOBODY, SNAPSHOT_BYTES_MAX, write_snapshot
from sync.store import Store

EXAMPLES_MAX = 5
_LOG_KEY = re.compile(r"v1/[^/]+/(t|d/[^/]+/[0-9]{4})/([0-9]{10})")
_DIFFERENCES = {
    "state": "SELECT {side}.name, {side}.state FROM {side}.fold_state {side}",
    "id": "SELECT book || '/' || id, epoch || '/' || seq FROM {side}.log_id",
    "operation": (
        f"SELECT {COLUMNS.replace('payload, ', '')}, sealed_in, payload ->> 'amount_micros'"
        " FROM {side}.operation WHERE sealed_in IS NOT NULL AND studio IS NULL"
    ),
    "transfer": (
        "SELECT t.* FROM {side}.transfer t JOIN {side}.operation o USING (id)"
        " WHERE o.sealed_in IS NOT NULL AND o.studio IS NULL"
    ),
}
# Of objects only what both have: one reads what was cut off before it knew, another one never.
_OBJECTS = """
SELECT log || '/' || seq FROM main.log_object here JOIN proof.log_object there USING (log, seq)
WHERE here.bytes <> there.bytes
"""
_PURSES = """
SELECT id FROM (
  SELECT id, balance_micros AS micros FROM main.purse
  UNION ALL SELECT debit, amount_micros FROM main.transfer
  UNION ALL SELECT credit, -amount_micros FROM main.transfer
) GROUP BY id HAVING sum(micros) <> 0
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refolded:
    """What a refold came to; `differences` are kind and name of what was not as it had to be."""

    digest: str
    objects: int
    operations: int
    differences: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """The store as far as a machine has folded it: what came later is not there."""

    store: Objects
    fold: Fold
    kept: dict[str, int]

    def get(self, key: str, *, most: int) -> bytes:
        """Read an object, or its first `most` bytes, or raise NotFound."""
        found = _LOG_KEY.fullmatch(key)
        if found is None and not key.endswith("/genesis"):
            raise NotFound("object_missing", key=key)  # no snapshot: nothing is believed here
        if found is not None and int(found[2]) > self.find_end(found[1]):
            raise NotFound("object_missing", key=key)
        return self.store.get(key, most=most)

    def find_end(self, log: str) -> int:
        """Return the last sequence of a log; a closed epoch ends by itself."""
        if log == TREASURY:
            return max(self.fold.treasury.seq, self.kept.get(log, 0))
        _, device, epoch = log.split("/")
        member = self.fold.treasury.devices.get(device)
        if member is not None and (member.over or int(epoch) < member.epoch):
            return 10**10
        own = self.fold.logs.get(device)
        folded = own.seq if own is not None and own.epoch == int(epoch) else 0
        return max(folded, self.kept.get(log, 0))

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write nothing: who folds from nothing only reads."""
        raise NotImplementedError

    def put_alone(self, key: str, data: bytes) -> bool:
        """Write nothing: who folds from nothing only reads."""
        raise NotImplementedError


def know_store(store: Objects, db: Database, studio: str) -> Known:
    """Return the store as far as a database has folded it."""
    rows = db.conn.execute("SELECT log, max(seq) FROM log_object GROUP BY log")
    return Known(store, load_fold(db, studio), dict(rows.fetchall()))


def put_back(store: Store, db: Database, studio: str, *, refill: bool) -> int:
    """Put entries that were in the store once and are there no more; return how many.

    They are the same bytes in the same places, so all that leans on them counts again. Raises
    Unavailable `store_emptied` where not even the studio's beginning is left, which is how the
    folder looks that a share is mounted on, unless `refill`.
    """
    there: set[str] = set()
    for part in ("genesis", "t/", "d/"):
        last = ""
        while page := store.list(f"v1/{studio}/{part}", after=last):
            there.update(page)
            last = page[-1]
    lost = 0
    known = db.conn.execute("SELECT log, seq FROM log_object ORDER BY log, seq").fetchall()
    if known and f"v1/{studio}/genesis" not in there and not refill:
        raise Unavailable("store_emptied", studio=studio)
    for log, seq in known:
        key = f"v1/{studio}/genesis" if log == GENESIS else entry_key(studio, log, seq)
        if key not in there and (data := fetch_object(db, log, seq)) is not None:
            lost += store.put_alone(key, data)
    return lost


@contextmanager
def fold_from_nothing(store: Known, folder: Path, *, device: str) -> Iterator[Database]:
    """Give a new database with all that is in the store, as a machine of that name has it."""
    db = open_database(folder / "refold.db")
    try:
        db.conn.execute("PRAGMA synchronous = OFF")  # it lives no longer than this process
        desk = Desk(store.fold.treasury.studio, device, Keys(make_signer()))
        engine = Engine(store=store, ledger=DirectLedger(db), desk=desk, clock=lambda: 0)
        engine.pull(Cycle())
        yield db
    finally:
        db.conn.close()


def refold(store: Known, db: Database, folder: Path, *, device: str) -> Refolded:
    """Fold from nothing in a folder and compare with a database, changing nothing there.

    `folder` has the database that came of it afterwards, for `heal`. Raises as the store does.
    """
    with fold_from_nothing(store, folder, device=device) as fresh:
        digest = load_fold(fresh, store.fold.treasury.studio).make_digest()
    with attached(db, folder):
        return Refolded(
            digest=digest,
            objects=fetch_value(db, "SELECT count(*) FROM proof.log_object"),
            operations=fetch_value(db, "SELECT count(*) FROM proof.operation"),
            differences=tuple(find_differences(db)),
        )


def take_snapshot(store: Known, folder: Path) -> Path:
    """Write a snapshot of all that is known of a store into a folder; return its file.

    Raises Refused `snapshot_too_big` for one that nobody would read.
    """
    path = folder / "snapshot"
    with fold_from_nothing(store, folder, device=NOBODY) as db, path.open("wb") as opened:
        write_snapshot(db, load_fold(db, store.fold.treasury.studio), opened)
        size = opened.tell()
    if size > SNAPSHOT_BYTES_MAX:
        raise Refused("snapshot_too_big", size_mb=size >> 20, max_mb=SNAPSHOT_BYTES_MAX >> 20)
    return path


@contextmanager
def attached(db: Database, folder: Path) -> Iterator[None]:
    """Have the database that came of a refold beside another."""
    db.conn.execute("ATTACH ? AS proof", (str(folder / "refold.db"),))
    try:
        yield
    finally:
        db.conn.execute("DETACH proof")


def find_differences(db: Database) -> Iterator[tuple[str, str]]:
    """Give the first of what is not as it has to be, by kind."""
    for kind, sql in _DIFFERENCES.items():
        here, there = sql.format(side="main"), sql.format(side="proof")
        both = (f"{here} EXCEPT {there}", f"{there} EXCEPT {here}")
        yield from (
            (kind, name) for name in sorted({*list_few(db, both[0]), *list_few(db, both[1])})
        )
    for kind, sql in (("object", _OBJECTS), ("purse", _PURSES)):
        yield from ((kind, name) for name in list_few(db, sql))


def list_few(db: Database, sql: str) -> list[str]:
    """Return the first names that a query gives."""
    rows = db.conn.execute(f"SELECT * FROM ({sql}) LIMIT {EXAMPLES_MAX}")
    return [str(row[0]) for row in rows]


def heal(db: Database, folder: Path, *, mints: bool, at_ms: int) -> None:
    """Put everything that the logs say in place of what was there, as one transaction.

    What no log carries, or none any more, is given again behind it, as far as it fits; `mints` is
    whether this machine may put into the treasury what others can as well.

    Every other write waits for it, about a second for 100,000 operations: in the midst of it no sum
    holds, so it is not split. It runs only where `refold` has found damage.
    """
    with attached(db, folder), write(db):
        with sealing.floors_lifted(db):
            for row in [*list_lost(db, mints=mints), *reversed(sealing.list_unsealed(db))]:
                sealing.take_back(db, row, reason="room", at_ms=at_ms, outcome=None)
            with without_triggers(db):
                replace_ledger(db, at_ms=at_ms)
        for table in ("log_id", "fold_state"):
            db.conn.execute(f"DELETE FROM main.{table}")
            db.conn.execute(f"INSERT INTO main.{table} SELECT * FROM proof.{table}")
        db.conn.execute("INSERT OR REPLACE INTO main.log_object SELECT * FROM proof.log_object")
        db.conn.execute(
            "UPDATE outbox SET sealed_in = NULL"
            " WHERE (sealed_in GLOB 't/*' OR sealed_in GLOB 'd/*')"
            " AND id NOT IN (SELECT id FROM proof.log_id)"
        )
        touched = {str(row["id"]) for row in fetch_rows(db, "SELECT id FROM job")}
        touched |= list_jobs_in_ledger(db)
        give_all_again(db, touched, reasons=("room",))
        mend_jobs(db, touched, at_ms=at_ms)


def list_lost(db: Database, *, mints: bool) -> list[Row]:
    """Return what this machine could put again of what was sealed and is in no log, newest first.

    An entry may have been overwritten where nothing tells who was first. An id counts once, so it
    is no harm if others put the same.
    """
    kinds = ("hold", "settle", "release", *(("mint", "withdraw", "refund") if mints else ()))
    return fetch_rows(
        db,
        "SELECT * FROM main.operation WHERE sealed_in IS NOT NULL AND studio IS NULL"
        f" AND device IS NULL AND kind IN {kinds}"
        " AND id NOT IN (SELECT id FROM proof.operation) ORDER BY seq DESC",
    )


def replace_ledger(db: Database, *, at_ms: int) -> None:
    """Replace every operation of this studio by what the logs say; purses and usage follow."""
    execute = db.conn.execute
    for (owner,) in execute("SELECT DISTINCT owner FROM proof.operation").fetchall():
        accounts.ensure_account(db, account=owner, name=owner, at_ms=at_ms)
    columns = f"{COLUMNS}, sealed_in"
    execute(
        "DELETE FROM main.transfer WHERE id NOT IN"
        " (SELECT id FROM main.operation WHERE studio IS NOT NULL)"
    )
    execute("DELETE FROM main.operation WHERE studio IS NULL")
    execute(
        f"INSERT INTO main.operation ({columns}) SELECT {columns} FROM proof.operation ORDER BY seq"
    )
    execute("INSERT OR IGNORE INTO main.purse SELECT id, kind, owner, device, 0 FROM proof.purse")
    execute("INSERT INTO main.transfer SELECT * FROM proof.transfer")
    execute("UPDATE main.purse SET balance_micros = 0")
    execute(
        "UPDATE main.purse SET balance_micros = moved.micros FROM (SELECT id, sum(micros) AS micros"
        " FROM (SELECT debit AS id, -amount_micros AS micros FROM main.transfer UNION ALL SELECT"
        " credit, amount_micros FROM main.transfer) GROUP BY id) moved WHERE moved.id = purse.id"
    )
    execute("DELETE FROM main.usage")
    execute(RECOUNT_USAGE)


@contextmanager
def without_triggers(db: Database) -> Iterator[None]:
    """Run a block without the triggers of the ledger, which refuse to change what stands."""
    triggers: list[dict[str, Any]] = fetch_rows(
        db,
        "SELECT name, sql FROM main.sqlite_master"
        " WHERE type = 'trigger' AND tbl_name IN ('operation', 'transfer')",
    )
    for one in triggers:
        db.conn.execute(f"DROP TRIGGER main.{one['name']}")
    yield
    for one in triggers:
        db.conn.execute(one["sql"])
