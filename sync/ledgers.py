"""Ledgers: how functions run on the farm's database, each as one transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlite_utils import Database

from local_server.farm.db import write

P = ParamSpec("P")
T = TypeVar("T")


class Ledger(Protocol):
    """Runs functions on the farm's database, each as one transaction."""

    def write(
        self, function: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a function between BEGIN IMMEDIATE and COMMIT and return what it returns."""


@dataclass(frozen=True, slots=True)
class DirectLedger:
    """Writes to a database of this thread's own."""

    db: Database

    def write(
        self, function: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a function between BEGIN IMMEDIATE and COMMIT and return what it returns."""
        with write(self.db):
            return function(self.db, *args, **kwargs)
