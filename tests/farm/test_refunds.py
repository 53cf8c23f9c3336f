"""Refunds, withdrawals and usage: what goes back adds up, whatever is asked for."""

from datetime import UTC, date
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from local_server.farm import ledger
from local_server.farm.bills import make_bill, write_bill_csv
from local_server.farm.db import open_database, write
from local_server.farm.errors import YuntuError
from local_server.farm.refunds import refund
from local_server.farm.usage import begin_of, find_zone, list_usage
from tests.farm.workshop import Workshop

HELD, PRICES = 20_000, (1_000, 700, 0, 301)


class Refunds(RuleBasedStateMachine):
    """Any refunds, of any amount, twice or once, against what was paid."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = Workshop(open_database(Path(":memory:")))
        self.shop.open_account("me", money=100_000)
        self.shop.submit(count=len(PRICES), hold=HELD)
        for one, price in zip(self.shop.hand(), PRICES, strict=True):
            self.shop.start(one)
            self.shop.finish(one, ms=price, made_for=None if price else "another")
        self.given: dict[str, tuple[int | None, int]] = {}
        self.total = ledger.read_balance(self.shop.db, owner="me").total_micros

    def teardown(self) -> None:
        self.shop.db.conn.close()

    @rule(
        id=st.sampled_from("abcdefgh"),
        frame=st.one_of(st.none(), st.integers(1, len(PRICES))),
        amount=st.one_of(st.none(), st.integers(1, 2_500)),
    )
    def give_back(self, id: str, frame: int | None, amount: int | None) -> None:
        before = self.shop.job()["refunded_micros"]
        told = {"job": "job-1", "frame": frame, "amount_micros": amount, "reason": "x", "by": "me"}
        outcome = ""
        try:
            with write(self.shop.db):
                done = refund(self.shop.db, id=id, at_ms=self.shop.tick(), **told)  # type: ignore[arg-type]
        except YuntuError as error:
            outcome = error.code
        after = self.shop.job()["refunded_micros"]
        if outcome or not done:
            assert outcome in {"", "nothing_to_refund", "refund_too_large", "operation_differs"}
            assert after == before
        else:
            assert id not in self.given
            assert after > before
            self.given[id] = (frame, after - before)

    @invariant()
    def nothing_goes_back_that_was_not_paid(self) -> None:
        row = self.shop.job()
        given = sum(micros for _, micros in self.given.values())
        assert row["refunded_micros"] == given <= row["cost_micros"] == sum(PRICES)
        for frame, price in enumerate(PRICES, start=1):
            assert sum(micros for one, micros in self.given.values() if one == frame) <= price
        balance = ledger.read_balance(self.shop.db, owner="me")
        assert balance.total_micros == self.total + given
        assert balance.spent_micros == sum(PRICES) - given

    @invariant()
    def the_books_are_clean(self) -> None:
        assert self.shop.broken_rules() == {}


TestRefunds = Refunds.TestCase
TestRefunds.settings = settings(max_examples=20, stateful_step_count=15, deadline=None)


def test_a_bill_as_csv_has_refunds_below_zero(shop: Workshop) -> None:
    shop.submit(count=1, hold=5_000)
    shop.render(ms=1_000)
    with write(shop.db):
        told = {"job": "job-1", "frame": 1, "amount_micros": 400, "reason": "=noise", "by": "me"}
        refund(shop.db, id="r", at_ms=shop.tick(), **told)  # type: ignore[arg-type]
    lines = list(write_bill_csv(make_bill(shop.db, job="job-1")))
    assert lines[1] == "job-1,frame,1,1000,1,3.600000,0,0.001000,0.001000,test-book,node-a,1,,0\r\n"
    assert lines[2] == "job-1,refund,1,,,,,,-0.000400,,,,'=noise,\r\n"


def test_a_withdrawal_takes_back_what_this_machine_leased(shop: Workshop) -> None:
    shop.submit(count=1, hold=4_000_000)
    shop.cancel("job-1")
    assert ledger.read_balance(shop.db, owner="me").available_micros == 4_000_000
    with write(shop.db):
        ledger.withdraw(shop.db, id="w", owner="me", amount_micros=9_000_000, at_ms=shop.tick())
    balance = ledger.read_balance(shop.db, owner="me")
    assert (balance.pool_micros, balance.available_micros) == (0, 1_000_000)
    with pytest.raises(YuntuError, match="no_funds"), write(shop.db):
        ledger.withdraw(shop.db, id="w2", owner="me", amount_micros=1_000_001, at_ms=shop.tick())
    assert shop.broken_rules() == {}


def test_a_day_begins_where_its_zone_says(shop: Workshop) -> None:
    """At 16:30 UTC it is half past midnight of the next day in China."""
    shop.submit(count=2, hold=5_000)
    first, second = shop.hand()
    for one, hour in ((first, 15), (second, 16)):
        shop.start(one)
        shop.now = begin_of(date(2026, 11, 5), UTC) + hour * 3_600_000 + 1_800_000
        shop.finish(one, ms=1_000)

    def read(offset: int) -> list[tuple[str, int, int]]:
        zone = find_zone(offset)
        days = list_usage(
            shop.db,
            owner="me",
            from_ms=begin_of(date(2026, 11, 5), zone),
            until_ms=begin_of(date(2026, 11, 7), zone),
            zone=zone,
        )
        return [(one.day, one.frames, one.spent_micros) for one in days]

    assert read(0) == [("2026-11-05", 2, 2_000)]
    assert read(480) == [("2026-11-05", 1, 1_000), ("2026-11-06", 1, 1_000)]
    assert read(465) == [("2026-11-05", 1, 1_000), ("2026-11-06", 1, 1_000)]
    assert read(435) == [("2026-11-05", 2, 2_000)]
