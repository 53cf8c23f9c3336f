"""Any sequence of operations, valid or not, against a model of the ledger that fits on a page."""

from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlite_utils import Database

from local_server.farm import accounts, ledger
from local_server.farm.audit import audit_ledger
from local_server.farm.db import fetch_rows, open_database, write
from local_server.farm.errors import YuntuError
from local_server.farm.ledger import AMOUNT_MICROS_MAX

OWNERS = ("me", "王小明")
owners = st.sampled_from([*OWNERS, "nobody"])
jobs = st.sampled_from(["job-1", "job-2"])
ids = st.sampled_from([f"id-{number}" for number in range(8)])
fresh_ids = st.uuids().map(str)
any_id = st.one_of(ids, fresh_ids)
amounts = st.one_of(
    st.integers(1, 40),
    st.sampled_from([-5, 0, 1_000, AMOUNT_MICROS_MAX, AMOUNT_MICROS_MAX + 1]),
)
TABLES = ("operation", "transfer", "purse", "event", "sqlite_sequence")


class Model:
    """What the ledger is meant to do, in plain dictionaries."""

    def __init__(self) -> None:
        self.purses: Counter[str] = Counter()
        self.owners: dict[str, str | None] = {"world": None}
        for owner in OWNERS:
            self.owners |= {f"{kind}:{owner}": owner for kind in ("pool", "available", "spent")}
        self.done: dict[str, tuple[Any, ...]] = {}

    def expect(
        self, kind: str, id: str, owner: str, job: str | None, amount: int, line: Any = None
    ) -> str:
        """Return what an operation must come to: a code of refusal, `again` or `done`."""
        if not (0 if kind in ("hold", "settle") else 1) <= amount <= AMOUNT_MICROS_MAX:
            return "amount_out_of_range"
        content = (kind, owner, job, amount, line)
        if id in self.done:
            return "again" if self.done[id] == content else "operation_differs"
        debit, credit = self.route(kind, owner, job)
        for purse in (debit, credit):
            if purse not in self.owners:
                return "no_purse"
            if self.owners[purse] not in (owner, None):
                return "purse_of_another"
        if debit != "world" and self.purses[debit] < amount:
            return "purse_too_small"
        self.purses[debit] -= amount
        self.purses[credit] += amount
        self.done[id] = content
        return "done"

    def expect_hold(self, id: str, owner: str, job: str, amount: int) -> str:
        """Return what a hold must come to, with the lease that it may need."""
        sound = 0 <= amount <= AMOUNT_MICROS_MAX and id not in self.done
        pool, available = self.purses[f"pool:{owner}"], self.purses[f"available:{owner}"]
        if sound and amount > pool + available:
            return "no_funds"
        if sound and self.owners.setdefault(f"held:{job}", owner) != owner:
            return "purse_of_another"
        if sound and amount > available:
            assert self.expect("lease", f"lease:{id}", owner, None, amount - available) == "done"
        return self.expect("hold", id, owner, job, amount)

    def expect_withdrawal(self, id: str, owner: str, amount: int) -> str:
        """Return what a withdrawal must come to, with what it takes back from the machine."""
        sound = 1 <= amount <= AMOUNT_MICROS_MAX and id not in self.done
        pool, available = self.purses[f"pool:{owner}"], self.purses[f"available:{owner}"]
        if sound and amount > pool + available:
            return "no_funds"
        if sound and amount > pool:
            assert self.expect("unlease", f"unlease:{id}", owner, None, amount - pool) == "done"
        return self.expect("withdraw", id, owner, None, amount)

    def route(self, kind: str, owner: str, job: str | None) -> tuple[str, str]:
        """Return where money comes from and goes to."""
        world, pool, available, held, spent = (
            "world",
            f"pool:{owner}",
            f"available:{owner}",
            f"held:{job}",
            f"spent:{owner}",
        )
        return {
            "mint": (world, pool),
            "withdraw": (pool, world),
            "lease": (pool, available),
            "unlease": (available, pool),
            "hold": (available, held),
            "settle": (held, spent),
            "release": (held, available),
            "refund": (spent, pool),
        }[kind]


class LedgerMachine(RuleBasedStateMachine):
    """Does the same to the ledger and to the model and compares."""

    def __init__(self) -> None:
        super().__init__()
        self.db: Database = open_database(Path(":memory:"))
        self.model = Model()
        self.clock = 0
        with write(self.db):
            for owner in OWNERS:
                accounts.ensure_account(self.db, account=owner, name=owner, at_ms=0)

    def teardown(self) -> None:
        self.db.conn.close()

    def dump(self) -> list[Any]:
        return [fetch_rows(self.db, f"SELECT * FROM {table}") for table in TABLES]

    def attempt(self, expected: str, function: Any, **arguments: Any) -> None:
        """Do an operation in a transaction of its own; a refused one must leave nothing behind."""
        self.clock += 1
        before = self.dump()
        try:
            with write(self.db):
                outcome = "done" if function(self.db, at_ms=self.clock, **arguments) else "again"
        except YuntuError as error:
            outcome = error.code
        assert outcome == expected
        if outcome != "done":
            assert self.dump() == before

    @rule(id=any_id, owner=owners, amount=amounts)
    def mint(self, id: str, owner: str, amount: int) -> None:
        expected = self.model.expect("mint", id, owner, None, amount)
        self.attempt(expected, ledger.mint, id=id, owner=owner, amount_micros=amount)

    @rule(id=any_id, owner=owners, amount=amounts)
    def withdraw(self, id: str, owner: str, amount: int) -> None:
        expected = self.model.expect_withdrawal(id, owner, amount)
        self.attempt(expected, ledger.withdraw, id=id, owner=owner, amount_micros=amount)

    @rule(id=any_id, owner=owners, amount=amounts)
    def lease(self, id: str, owner: str, amount: int) -> None:
        expected = self.model.expect("lease", id, owner, None, amount)
        self.attempt(expected, ledger.lease, id=id, owner=owner, amount_micros=amount)

    @rule(id=any_id, owner=st.sampled_from(OWNERS), job=jobs, amount=amounts)
    def hold(self, id: str, owner: str, job: str, amount: int) -> None:
        expected = self.model.expect_hold(id, owner, job, amount)
        self.attempt(expected, ledger.hold, id=id, owner=owner, job=job, amount_micros=amount)

    @rule(id=any_id, owner=owners, job=jobs, amount=amounts, frame=st.integers(1, 3))
    def settle(self, id: str, owner: str, job: str, amount: int, frame: int) -> None:
        expected = self.model.expect("settle", id, owner, job, amount, frame)
        self.attempt(
            expected, ledger.settle, id=id, owner=owner, job=job, amount_micros=amount, frame=frame
        )

    @rule(id=any_id, owner=owners, job=jobs, amount=amounts, frame=st.integers(1, 3))
    def refund(self, id: str, owner: str, job: str, amount: int, frame: int) -> None:
        expected = self.model.expect("refund", id, owner, job, amount, frame)
        told = {"owner": owner, "job": job, "amount_micros": amount, "frame": frame}
        self.attempt(expected, ledger.post, kind=ledger.Kind.REFUND, id=id, **told)

    @rule(id=any_id, owner=owners, job=jobs)
    def release(self, id: str, owner: str, job: str) -> None:
        left = self.model.purses[f"held:{job}"]
        if left == 0:
            self.attempt("again", ledger.release, id=id, owner=owner, job=job)
            return
        expected = self.model.expect("release", id, owner, job, left)
        expected = "done" if expected == "again" else expected  # it answers with what was left
        before = self.dump()
        self.attempt(expected, ledger.release, id=id, owner=owner, job=job)
        if self.model.purses[f"held:{job}"] != 0:
            assert self.dump() == before

    @rule(at=st.integers(0, 50))
    def repeat(self, at: int) -> None:
        """Do an operation that stands already once more, to the letter."""
        if not self.model.done:
            return
        id = sorted(self.model.done)[at % len(self.model.done)]
        kind, owner, job, amount, frame = self.model.done[id]
        line = {} if frame is None else {"frame": frame}
        self.attempt(
            "again",
            ledger.post,
            kind=ledger.Kind(kind),
            id=id,
            owner=owner,
            job=job,
            amount_micros=amount,
            **line,
        )

    @invariant()
    def agrees_with_the_model(self) -> None:
        purses = {
            row["id"]: row["balance_micros"] for row in fetch_rows(self.db, "SELECT * FROM purse")
        }
        assert {id: micros for id, micros in purses.items() if micros} == {
            id: micros for id, micros in self.model.purses.items() if micros
        }
        assert sum(purses.values()) == 0
        assert all(micros >= 0 for id, micros in purses.items() if id != "world")

    @invariant()
    def is_clean(self) -> None:
        assert [check for check in audit_ledger(self.db) if not check.ok] == []


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
