"""Any sequence of what artists, nodes and accidents do: every frame is paid once or not at all."""

from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from local_server.farm import frames, ledger
from local_server.farm.audit import FARM_RULES, LEDGER_RULES, run_rules
from local_server.farm.bills import make_bill
from local_server.farm.db import fetch_rows, open_database, write
from local_server.farm.errors import YuntuError
from local_server.farm.frames import HandedFrame
from tests.farm.workshop import Workshop

RULES = LEDGER_RULES | FARM_RULES
JOBS = ("job-1", "job-2", "job-3")
jobs = st.sampled_from(JOBS)
picks = st.integers(0, 1_000)
amounts = st.sampled_from([0, 1, 400, 1_500, 10_000, 10**9])


class FarmMachine(RuleBasedStateMachine):
    """Drives a farm at random; reports may come late, twice, or about attempts long gone."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = Workshop(open_database(Path(":memory:")))
        self.handed: list[HandedFrame] = []
        self.paid: dict[tuple[str, int], int] = {}

    def teardown(self) -> None:
        self.shop.db.conn.close()

    @initialize()
    def begin(self) -> None:
        self.shop.open_account("me", money=40_000)

    def ask(self, verb: str, job: str, **arguments: int) -> None:
        """Ask for something that may be refused; a refusal must leave nothing behind."""
        before = self.shop.dump()
        try:
            getattr(self.shop, verb)(job, **arguments)
        except YuntuError:
            assert self.shop.dump() == before

    def pick(self, at: int) -> HandedFrame:
        """Return one of the frames ever handed out, the latest most often."""
        return self.handed[-1 - at % min(len(self.handed), 12)]

    @rule(job=jobs, count=st.integers(1, 4), hold=amounts)
    def submit(self, job: str, count: int, hold: int) -> None:
        if fetch_rows(self.shop.db, "SELECT id FROM job WHERE id = ?", (job,)):
            return
        self.shop.create(job)
        self.ask("fund", job, count=count, hold=hold)

    @rule(limit=st.integers(1, 6))
    def hand(self, limit: int) -> None:
        self.handed += self.shop.hand(limit)

    @precondition(lambda self: self.handed)
    @rule(at=picks, node=st.sampled_from(["node-a", "node-b"]))
    def start(self, at: int, node: str) -> None:
        self.shop.start(self.pick(at), node=node)

    @precondition(lambda self: self.handed)
    @rule(at=picks, ms=st.sampled_from([0, 10, 700, 3_000]), reused=st.booleans())
    def finish(self, at: int, ms: int, reused: bool) -> None:
        one = self.pick(at)
        before = self.shop.frame(one.number, job=one.job)["state"]
        if self.shop.finish(one, ms=ms, made_for="elsewhere" if reused else None):
            assert before in ("waiting", "rendering")
            frame = self.shop.frame(one.number, job=one.job)
            assert frame["reused"] == reused
            assert frame["amount_micros"] <= max(ms, 10)
            assert (one.job, one.number) not in self.paid
            self.paid[one.job, one.number] = frame["amount_micros"]

    @precondition(lambda self: self.handed)
    @rule(at=picks, counts=st.booleans())
    def fail(self, at: int, counts: bool) -> None:
        self.shop.fail(self.pick(at), counts=counts)

    @rule()
    def lose_everything_under_way(self) -> None:
        self.shop.reap()

    @precondition(lambda self: self.handed)
    @rule(at=picks)
    def lose_a_message(self, at: int) -> None:
        one = self.pick(at)
        with write(self.shop.db):
            frames.take_back(self.shop.db, job=one.job, number=one.number)

    @rule(job=jobs)
    def pause(self, job: str) -> None:
        self.ask("pause", job)

    @rule(job=jobs, add=amounts)
    def resume(self, job: str, add: int) -> None:
        self.ask("resume", job, add=add)

    @rule(job=jobs, hold=amounts)
    def retry(self, job: str, hold: int) -> None:
        self.ask("retry", job, hold=hold)

    @rule(job=jobs)
    def cancel(self, job: str) -> None:
        self.ask("cancel", job)

    @rule(job=jobs)
    def delete(self, job: str) -> None:
        self.ask("delete", job)

    @invariant()
    def every_rule_holds(self) -> None:
        broken = [check for check in run_rules(self.shop.db, RULES) if not check.ok]
        assert broken == []

    @invariant()
    def what_is_paid_stays_paid(self) -> None:
        rows = fetch_rows(self.shop.db, "SELECT * FROM frame WHERE state = 'done'")
        assert {(row["job"], row["number"]): row["amount_micros"] for row in rows} == self.paid

    @invariant()
    def bills_add_up_and_stay_within_the_hold(self) -> None:
        total = 0
        for row in fetch_rows(self.shop.db, "SELECT id FROM job"):
            bill = make_bill(self.shop.db, job=row["id"])
            total += bill["total_micros"]
            assert sum(line["amount_micros"] for line in bill["lines"]) == bill["total_micros"]
            assert len(bill["lines"]) == bill["frames_done"]
            kept = self.shop.held(row["id"])
            assert bill["held_micros"] == bill["total_micros"] + bill["released_micros"] + kept
        assert ledger.read_balance(self.shop.db, owner="me").spent_micros == total


TestFarm = FarmMachine.TestCase
TestFarm.settings = settings(max_examples=40, stateful_step_count=50, deadline=None)
