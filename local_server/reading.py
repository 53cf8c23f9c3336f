"""Reading apart: what takes long is read on a connection and a thread of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Database

from local_server.farm.db import open_database
from local_server.services import Services

T = TypeVar("T")


def read_apart(services: Services, read: Callable[[Database], T]) -> T:
    """Read without delaying rounds or answers; the caller waits, nobody else does."""
    outcome: T = services.preparation.pool.apply(open_and_read, (services.settings.database, read))
    return outcome


def open_and_read(database: Path, read: Callable[[Database], T]) -> T:
    """Read on a new connection, and close it."""
    db = open_database(database, migrate=False)
    try:
        return read(db)
    finally:
        db.conn.close()
