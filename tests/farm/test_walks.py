"""Random walks through what artists, nodes and accidents do: a frame is paid once or not at all."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from local_server.farm import frames, ledger
from local_server.farm.audit import FARM_RULES, LEDGER_RULES, run_rules
from local_server.farm.bills import make_bill
from local_server.farm.db import fetch_rows, open_database, write
from local_server.farm.errors import YuntuError
from local_server.farm.frames import HandedFrame
from tests.farm.workshop import Workshop

RULES = LEDGER_RULES | FARM_RULES
AMOUNTS = (10_000, 1_500, 400, 1, 0, 10**9)
OUTCOMES = ("done", "fail", "done", "fail", "reused", "fail", "done", "stopped", "silence")
NEAR = 4
WEIGHTS = {
    "submit": 2,
    "work": 8,
    "start_again": 2,
    "report_again": 3,
    "lose_what_is_under_way": 1,
    "lose_a_message": 1,
    "pause": 1,
    "resume": 3,
    "retry": 2,
    "retry_frame": 3,
    "cancel": 1,
    "delete": 1,
}
STEPS = 80


class Walk:
    """Drives a farm; each step takes two numbers that say which job, frame, amount or outcome."""

    def __init__(self) -> None:
        self.shop = Workshop(open_database(Path(":memory:")))
        self.shop.open_account("me", money=100_000)
        self.jobs: list[str] = []
        self.handed: list[HandedFrame] = []
        self.paid: dict[tuple[str, int], int] = {}

    def submit(self, count: int, amount: int) -> None:
        job = f"job-{len(self.jobs) + 1}"
        self.jobs.append(job)
        self.shop.create(job)
        hold = AMOUNTS[amount % len(AMOUNTS)]
        self.ask(lambda: self.shop.fund(job, count=1 + count % 4, hold=hold))

    def work(self, limit: int, outcome: int) -> None:
        """Let a node work off what it is handed; what it is silent about stays under way."""
        handed = self.shop.hand(1 + limit % 6)
        self.handed += handed
        for number, one in enumerate(handed):
            self.shop.start(one)
            self.tell(one, outcome + number * (1 + limit))

    def start_again(self, which: int, node: int) -> None:
        if self.handed:
            self.shop.start(self.pick_frame(which), node=f"node-{node % 2}")

    def report_again(self, which: int, outcome: int) -> None:
        """Report any frame ever handed out: late, twice, or after its job is over."""
        if self.handed:
            self.tell(self.pick_frame(which), outcome)

    def lose_what_is_under_way(self, _: int, __: int) -> None:
        self.shop.reap()

    def lose_a_message(self, which: int, _: int) -> None:
        if self.handed:
            one = self.pick_frame(which)
            with write(self.shop.db):
                frames.take_back(self.shop.db, job=one.job, number=one.number)

    def pause(self, which: int, _: int) -> None:
        self.ask_of_a_job(which, self.shop.pause)

    def resume(self, which: int, amount: int) -> None:
        add = AMOUNTS[amount % len(AMOUNTS)]
        self.ask_of_a_job(which, lambda job: self.shop.resume(job, add=add))

    def retry(self, which: int, amount: int) -> None:
        hold = AMOUNTS[amount % len(AMOUNTS)]
        self.ask_of_a_job(which, lambda job: self.shop.retry(job, hold=hold))

    def retry_frame(self, which: int, amount: int) -> None:
        hold, frame = AMOUNTS[amount % len(AMOUNTS)], 1 + amount % 5
        self.ask_of_a_job(which, lambda job: self.shop.retry(job, hold=hold, frame=frame))

    def cancel(self, which: int, _: int) -> None:
        self.ask_of_a_job(which, self.shop.cancel)

    def delete(self, which: int, _: int) -> None:
        self.ask_of_a_job(which, self.shop.delete)

    def ask_of_a_job(self, which: int, ask: Callable[[str], None]) -> None:
        if self.jobs:
            job = self.jobs[-1 - which % min(len(self.jobs), NEAR)]
            self.ask(lambda: ask(job))

    def ask(self, ask: Callable[[], None]) -> None:
        """Ask for something that may be refused; a refusal must leave nothing behind."""
        before = self.shop.dump()
        try:
            ask()
        except YuntuError:
            assert self.shop.dump() == before

    def pick_frame(self, which: int) -> HandedFrame:
        return self.handed[which % len(self.handed)]

    def tell(self, one: HandedFrame, number: int) -> None:
        """Let a node report a frame."""
        outcome = OUTCOMES[number % len(OUTCOMES)]
        if outcome in ("fail", "stopped"):
            self.shop.fail(one, counts=outcome == "fail")
        if outcome not in ("done", "reused"):
            return
        made_for = "elsewhere" if outcome == "reused" else None
        before = self.shop.frame(one.number, job=one.job)["state"]
        if self.shop.finish(one, ms=number, made_for=made_for):
            assert before in ("waiting", "rendering")
            frame = self.shop.frame(one.number, job=one.job)
            assert frame["reused"] == (outcome == "reused")
            assert frame["amount_micros"] <= max(number, self.shop.book.minimum_micros)
            assert (one.job, one.number) not in self.paid
            self.paid[one.job, one.number] = frame["amount_micros"]

    def check(self) -> None:
        """Assert all that must hold after every step."""
        broken = [check for check in run_rules(self.shop.db, RULES) if not check.ok]
        assert broken == []
        rows = fetch_rows(self.shop.db, "SELECT * FROM frame WHERE state = 'done'")
        assert {(row["job"], row["number"]): row["amount_micros"] for row in rows} == self.paid
        spent = 0
        for job in self.jobs:
            bill = make_bill(self.shop.db, job=job)
            spent += bill["total_micros"]
            assert sum(line["amount_micros"] for line in bill["lines"]) == bill["total_micros"]
            assert len(bill["lines"]) == bill["frames_done"]
            kept = self.shop.held(job)
            assert bill["held_micros"] == bill["total_micros"] + bill["released_micros"] + kept
        assert ledger.read_balance(self.shop.db, owner="me").spent_micros == spent


@pytest.mark.parametrize("seed", range(12))
def test_every_frame_is_paid_once_or_not_at_all(seed: int) -> None:
    dice, walk = random.Random(seed), Walk()
    for name in dice.choices(list(WEIGHTS), list(WEIGHTS.values()), k=STEPS):
        getattr(walk, name)(dice.randrange(1_000), dice.randrange(1_000))
        walk.check()
    assert walk.shop.broken_rules() == {}
    walk.shop.db.conn.close()
