"""The database file: how it is opened, and the one way to write to it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pysqlite3 as sqlite3
from sqlite_utils import Database

from local_server.farm.errors import Conflict, Unavailable
from local_server.farm.migrations import MIGRATIONS

BUSY_SECONDS_MAX = 10
TROUBLES = {
    sqlite3.SQLITE_BUSY: "database_busy",
    sqlite3.SQLITE_LOCKED: "database_busy",
    sqlite3.SQLITE_CORRUPT: "database_damaged",
    sqlite3.SQLITE_NOTADB: "database_damaged",
    sqlite3.SQLITE_FULL: "database_disk_full",
    sqlite3.SQLITE_IOERR: "database_disk_failed",
    sqlite3.SQLITE_CANTOPEN: "database_not_allowed",
    sqlite3.SQLITE_PERM: "database_not_allowed",
    sqlite3.SQLITE_READONLY: "database_not_allowed",
}
Row = dict[str, Any]


def open_database(path: Path, *, migrate: bool = True) -> Database:
    """Open the farm's database and bring it to this program's version.

    The connection belongs to the thread that opens it. WAL with `synchronous=FULL`: a commit that
    returned survives a power cut.

    Raises Conflict `database_newer` when a later program wrote it, and Unavailable when SQLite
    cannot use it: `database_damaged`, `database_not_allowed` and the others of `TROUBLES`.
    """
    try:
        connection = sqlite3.connect(str(path), timeout=BUSY_SECONDS_MAX, isolation_level=None)
    except sqlite3.Error as error:
        raise_explained(error, path=str(path))
    try:
        prepare_connection(Database(connection), path, migrate=migrate)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise_explained(error, path=str(path))
        raise
    return Database(connection)


def prepare_connection(db: Database, path: Path, *, migrate: bool) -> None:
    """Set a connection up, and its database unless a later program owns it."""
    if migrate:
        refuse_newer(db, path)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        db.conn.execute(f"PRAGMA {pragma}")
    if migrate:
        migrate_database(db)


def explain_error(error: sqlite3.Error, *, path: str) -> Unavailable | None:
    """Return what an error of SQLite's means to a person; None when it is a mistake of ours."""
    code = TROUBLES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    return None if code is None else Unavailable(code, path=path, words=str(error))


def raise_explained(error: sqlite3.Error, *, path: str) -> NoReturn:
    """Raise an error of SQLite's as what it means to a person, or as it is."""
    told = explain_error(error, path=path)
    if told is None:
        raise error
    raise told from error


def find_path(db: Database) -> str:
    """Return where a database lies; empty for one in memory."""
    return str(fetch_rows(db, "PRAGMA database_list")[0]["file"])


def migrate_database(db: Database) -> None:
    """Apply every migration that is missing, each together with the record of it."""
    if not MIGRATIONS.pending(db):
        return
    with write(db):
        MIGRATIONS.apply(db)


def refuse_newer(db: Database, path: Path) -> None:
    """Raise Conflict `database_newer` when the file knows a migration that we do not."""
    known = {migration.name for migration in MIGRATIONS.known()}
    unknown = [one.name for one in MIGRATIONS.applied(db) if one.name not in known]
    if unknown:
        raise Conflict("database_newer", path=str(path), migration=unknown[-1])


def find_damage(db: Database) -> list[str]:
    """Ask SQLite for what is broken in the file; an empty list is a whole file."""
    try:
        rows = [str(row[0]) for row in db.conn.execute("PRAGMA integrity_check(20)")]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [] if rows == ["ok"] else rows


@contextmanager
def write(db: Database) -> Iterator[None]:
    """Run a block as one transaction that holds the write lock from its first line.

    What does not reach its commit is rolled back. Raises Unavailable as `open_database` does:
    `database_busy` when another writer keeps the lock too long, `database_disk_full`, ...
    """
    assert not db.conn.in_transaction, "a transaction is open already"
    try:
        db.conn.execute("BEGIN IMMEDIATE")
        yield
        db.conn.execute("COMMIT")
    except sqlite3.Error as error:
        raise_explained(error, path=find_path(db))
    finally:
        if db.conn.in_transaction:
            db.conn.execute("ROLLBACK")


@contextmanager
def snapshot(db: Database) -> Iterator[None]:
    """Run a block that only reads, on one state of the database, whatever others commit."""
    assert not db.conn.in_transaction, "a transaction is open already"
    try:
        db.conn.execute("BEGIN")
        yield
    except sqlite3.Error as error:
        raise_explained(error, path=find_path(db))
    finally:
        if db.conn.in_transaction:
            db.conn.execute("ROLLBACK")


def assert_writing(db: Database) -> None:
    """Stop with an assertion when the caller forgot `write(db)`: a bug of ours."""
    assert db.conn.in_transaction, "a domain function that writes needs write(db) around it"


def fetch_rows(db: Database, sql: str, values: tuple[Any, ...] | dict[str, Any] = ()) -> list[Row]:
    """Return every row of a query as a dictionary from column to value."""
    cursor = db.conn.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def fetch_row(db: Database, sql: str, values: tuple[Any, ...] | dict[str, Any] = ()) -> Row | None:
    """Return the first row of a query as a dictionary, or None."""
    rows = fetch_rows(db, sql, values)
    return rows[0] if rows else None


def fetch_value(db: Database, sql: str, values: tuple[Any, ...] | dict[str, Any] = ()) -> Any:
    """Return the first column of the first row, or None."""
    row = db.conn.execute(sql, values).fetchone()
    return row[0] if row else None


def read_clock_ms() -> int:
    """Return the wall clock in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
