"""A simulated machine: the real database, ledger and engine; it may crash, be copied or lost."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import pysqlite3 as sqlite3
from sqlite_utils import Database

from local_server.farm import accounts, jobs, ledger, sealing
from local_server.farm.audit import audit_ledger
from local_server.farm.db import fetch_rows, fetch_value, open_database, write
from local_server.farm.errors import YuntuError
from sync.drafts import Desk
from sync.engine import Cycle, Engine
from sync.fold import Fold
from sync.keys import Keys, make_signer
from sync.log import load_fold
from tests.simulation.weather import Crash, View, Weather

P = ParamSpec("P")
T = TypeVar("T")
STUDIO = "studio"
OWNERS = ("ann", "bo")
SECRET = sha256(b"people").hexdigest()
PROFILE = ("name", "phone", "avatar", "level", "removed_at_ms")


def make_keys(name: str, *, minter: bool) -> Keys:
    """Return the same keys for the same name."""
    own = make_signer(sha256(f"device {name}".encode()).hexdigest())
    boss = make_signer(sha256(b"minter").hexdigest())
    return Keys(own, boss if minter else None)


def copy_database(source: Database) -> Database:
    """Return a copy of a database in memory."""
    target = sqlite3.connect(":memory:", isolation_level=None)
    source.conn.backup(target)
    target.execute("PRAGMA foreign_keys = ON")
    return Database(target)


def make_template() -> Database:
    """Return a new machine's database, to be copied."""
    db = open_database(Path(":memory:"))
    with write(db):
        for owner in OWNERS:
            accounts.ensure_account(db, account=owner, name=owner, at_ms=0)
    return db


@dataclass
class Machine:
    """One machine. `charges` are the ids it has charged since its last backup was made."""

    name: str
    db: Database
    view: View
    weather: Weather
    clock: Callable[[], int]
    minter: bool = False
    alive: bool = True
    engine: Engine = field(init=False)
    charges: set[str] = field(default_factory=set)
    holds: dict[str, str] = field(default_factory=dict)
    mints: list[tuple[str, str, int]] = field(default_factory=list)
    made: int = 0
    checked: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        """Start."""
        self.start()

    def start(self) -> None:
        """Start the process anew: nothing lives on but the database."""
        self.checked = (0, 0)
        if self.db.conn.in_transaction:
            self.db.conn.execute("ROLLBACK")
        desk = Desk(STUDIO, self.name, make_keys(self.name, minter=self.minter), SECRET)
        self.engine = Engine(store=self.view, ledger=self, desk=desk, clock=self.clock)

    def write(
        self, function: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a function as a transaction, and perhaps crash before or after its commit."""
        with write(self.db):
            outcome = function(self.db, *args, **kwargs)
            if self.weather.strikes(self.weather.crash / 3):
                raise Crash
        if self.weather.strikes(self.weather.crash / 3):
            raise Crash
        return outcome

    def sync(self) -> Cycle | None:
        """Do a cycle; what the weather does to it is part of life."""
        try:
            return self.engine.run_cycle()
        except Crash:
            self.start()
        except YuntuError:
            if self.weather.calm:
                raise
        return None

    def work(self, chance: random.Random) -> None:
        """Do something a person or a node would cause here; what is refused is no harm."""
        self.made += 1
        id, owner = f"{self.name}-{self.made}-{chance.randint(0, 10**6)}", chance.choice(OWNERS)
        try:
            match chance.randint(0, 9):
                case 0 if self.minter:
                    told = (f"m:{id}", owner, chance.randint(1, 500))
                    if self.mints and chance.random() < 0.3:
                        told = chance.choice(self.mints)  # a button that is pressed twice
                    self.mints.append(told)
                    self.do(ledger.mint, id=told[0], owner=told[1], amount=told[2])
                case 1 if self.minter:
                    amount = chance.randint(1, 200)
                    self.do(ledger.withdraw, id=f"w:{id}", owner=owner, amount=amount)
                case 4:
                    self.edit_person(owner, chance)
                case 2 | 3:
                    job = f"job-{id}"
                    amount = chance.randint(0, 60)
                    self.submit(job, owner)
                    self.do(ledger.hold, id=f"hold:{job}", owner=owner, job=job, amount=amount)
                    self.holds[job] = owner
                case 5 if self.holds:
                    job = chance.choice(sorted(self.holds))
                    with write(self.db):
                        ledger.release(
                            self.db,
                            id=f"release:{id}",
                            owner=self.holds.pop(job),
                            job=job,
                            at_ms=self.clock(),
                        )
                case _ if self.holds:
                    job = chance.choice(sorted(self.holds))
                    charge = f"frame:{job}:{chance.randint(1, 9)}"
                    amount = chance.randint(0, 25)
                    self.do(ledger.settle, id=charge, owner=self.holds[job], job=job, amount=amount)
                    self.charges.add(charge)
        except YuntuError:
            pass

    def edit_person(self, owner: str, chance: random.Random) -> None:
        """Change a field of somebody's profile, or of their rank where that is ours to say."""
        field = chance.choice(["phone", "avatar", "level"] if self.minter else ["phone", "avatar"])
        value = chance.choice(["studio", "pro"] if field == "level" else ["1", "2", "3", None])
        with write(self.db):
            self.db.conn.execute(f"UPDATE account SET {field} = ? WHERE id = ?", (value, owner))

    def list_people(self) -> list[tuple[Any, ...]]:
        """Return what this machine has of the people of the simulation."""
        sql = f"SELECT id, {', '.join(PROFILE)} FROM account WHERE id IN ('ann', 'bo') ORDER BY id"
        return list(self.db.conn.execute(sql).fetchall())

    def submit(self, job: str, owner: str) -> None:
        """Write a job, so that the machine knows who works here."""
        with write(self.db):
            jobs.create_job(
                self.db, id=job, owner=owner, name=job, request={}, priority=50, at_ms=self.clock()
            )

    def do(self, function: Callable[..., Any], *, amount: int, **told: Any) -> None:
        """Do one operation as a transaction."""
        with write(self.db):
            function(self.db, amount_micros=amount, at_ms=self.clock(), **told)

    def read_fold(self) -> Fold:
        """Return the fold that the database has."""
        return load_fold(self.db, STUDIO)

    def check(self) -> None:
        """Check every invariant that holds at any time, if anything changed since the last time."""
        state = (id(self.db), self.db.conn.total_changes)
        if state == self.checked:
            return
        fold = self.read_fold()
        assert fold.check_sums() == [], self.name
        broken = [one for one in audit_ledger(self.db) if not one.ok]
        assert broken == [], (self.name, broken)
        self.checked = (id(self.db), self.db.conn.total_changes)

    def check_settled(self) -> None:
        """Check that the ledger is what the logs say, when nothing is left to be sealed."""
        fold = self.read_fold()
        state = fold.treasury
        for owner in OWNERS:
            balance = ledger.read_balance(self.db, owner=owner)
            assert balance.pool_micros == state.pools.get(owner, 0)
            spent = state.spent.get(owner, 0) - state.refunded.get(owner, 0)
            spent += sum(log.spent.get(owner, 0) for log in fold.logs.values())
            assert balance.spent_micros == spent
            held = sum(log.held().get(owner, 0) for log in fold.logs.values())
            assert balance.held_micros == held

    def list_ledger(self) -> set[tuple[Any, ...]]:
        """Return every sealed operation as all machines must have it."""
        rows = fetch_rows(
            self.db,
            "SELECT o.*, t.amount_micros FROM operation o JOIN transfer t ON t.id = o.id"
            " WHERE sealed_in IS NOT NULL",
        )
        return {
            (
                row["id"].removeprefix(f"{row['device']}/"),
                row["sealed_in"],
                row["kind"],
                row["owner"],
                row["job"],
                row["amount_micros"],
            )
            for row in rows
        }

    def is_sealed(self) -> bool:
        """Tell whether the logs have everything that this machine did."""
        return sealing.is_all_sealed(self.db)

    def find_fate(self, charge: str) -> str:
        """Return what became of a charge of this machine."""
        sealed = fetch_value(self.db, "SELECT sealed_in FROM operation WHERE id = ?", (charge,))
        if sealed is not None:
            return "settled"
        if fetch_value(self.db, "SELECT 1 FROM operation WHERE id = ?", (charge,)):
            return "unsealed"
        waiting = [row["id"] for row in sealing.list_waiting(self.db)]
        return "unfunded" if charge in waiting else "lost"
