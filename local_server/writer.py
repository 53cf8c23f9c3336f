"""The writer: the one thread that changes the database, so that no two writers ever wait."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from gevent.threadpool import ThreadPool
from sqlite_utils import Database

from local_server.farm.db import open_database, write
from local_server.repeats import claimed, note_claimed

P = ParamSpec("P")
T = TypeVar("T")


class Writer:
    """Runs functions of the database on a thread of their own; callers wait without blocking.

    A transaction never yields: what runs here is plain code on a plain thread.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pool = ThreadPool(1)
        self.db: Database | None = None
        self.witness: Callable[[Callable[..., Any]], Callable[..., Any]] = lambda told: told

    def open(self) -> None:
        """Open the database on the writer's thread. Raises as `open_database` does."""
        self.db = self.call(open_database, self.path)

    def close(self) -> None:
        """Close the database and end the thread."""
        if self.db is not None:
            self.call(self.db.conn.close)
        self.pool.kill()

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function on the writer's thread and return what it returns."""
        outcome: T = self.pool.apply(function, args, kwargs)
        return outcome

    def run(
        self, function: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a function of the database on the writer's thread; it opens its own transactions."""
        assert self.db is not None, "the writer is not open"
        return self.call(function, self.db, *args, **kwargs)

    def write(
        self, function: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a domain function as one transaction on the writer's thread.

        The witness may put another in its place that also writes down who asked for it, and a
        request that may come twice is claimed with it: none of it stands without the others.
        """
        witnessed: Callable[Concatenate[Database, P], T] = self.witness(function)
        outcome = self.run(run_in_transaction, claimed(witnessed), *args, **kwargs)
        note_claimed()
        return outcome


def run_in_transaction(
    db: Database,
    function: Callable[Concatenate[Database, P], T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Call a domain function between BEGIN IMMEDIATE and COMMIT."""
    with write(db):
        return function(db, *args, **kwargs)
