"""Clearing: what nothing names any more is removed from this machine's store and the studio's."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from gevent.threadpool import ThreadPool

from local_server.farm.db import open_database
from local_server.farm.errors import Refused
from local_server.farm.mentions import find_mentions
from local_server.reconciler import Reconciler
from local_server.settings import STUDIO
from local_server.stores import Stores
from sync.blobs import Digest
from sync.garbage import ClearingPlan, clear_blobs, plan_clearing
from sync.store import Store

T = TypeVar("T")


class Where(StrEnum):
    """Which store is cleared: this machine's own, or the one that it shares with its studio."""

    HERE = "here"
    STUDIO = "studio"


@dataclass(frozen=True, kw_only=True, slots=True)
class Clearing:
    """What may be removed from a store, and how many blobs were."""

    where: Where
    plan: ClearingPlan
    removed: int = 0


class Clearer:
    """Clears stores on a thread of its own: reading all that is named takes long."""

    def __init__(self, database: Path, stores: Stores, reconciler: Reconciler) -> None:
        self.database = database
        self.stores = stores
        self.reconciler = reconciler
        self.pool = ThreadPool(1)

    def plan(self, where: Where) -> Clearing:
        """Find what may be removed; remove nothing.

        The studio's store is looked at by a machine that may mint and has just read all logs:
        what other machines have is named there. Raises Refused `no_minting_key` and `device_out`,
        and Unavailable as the stores do.
        """
        self.check(where)
        store, studio = self.find(where)
        return Clearing(
            where=where,
            plan=self.aside(lambda: plan_clearing(store, studio, self.read_roots())),
        )

    def clear(self, where: Where) -> Clearing:
        """Find what may be removed, look at it again and remove it. Raises as `plan` does."""
        found = self.plan(where)
        if not found.plan.keys:
            return found
        # What other machines told meanwhile counts.
        self.check(where)
        store, studio = self.find(where)
        gone = self.aside(lambda: clear_blobs(store, studio, found.plan, self.read_roots()))
        return Clearing(where=where, plan=found.plan, removed=gone)

    def find(self, where: Where) -> tuple[Store, str]:
        """Return a store and whose part of it is cleared."""
        if where is Where.STUDIO:
            return self.stores.far.store, self.stores.far.studio
        return self.stores.near, STUDIO

    def check(self, where: Where) -> None:
        """See that this machine may clear a store, and knows all that is named in it."""
        reconciler = self.reconciler
        if where is Where.HERE:
            return
        reconciler.check_mints()
        standing = reconciler.sync()
        if standing.trouble is not None:
            raise standing.trouble
        if standing.out:
            raise Refused("device_out", device=reconciler.desk.device)

    def read_roots(self) -> list[Digest]:
        """Return every digest that this machine knows."""
        db = open_database(self.database, migrate=False)
        try:
            return [Digest(one) for one in find_mentions(db)]
        finally:
            db.conn.close()

    def aside(self, act: Callable[[], T]) -> T:
        """Do something on the thread for it; the caller waits, nobody else does."""
        done: T = self.pool.apply(act)
        return done
