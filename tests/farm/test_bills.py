"""Bills: they add up to the micro, and list what was free as well."""

import pytest

from local_server.farm.bills import list_bills, make_bill, write_bills_csv
from local_server.farm.errors import NotFound
from tests.farm.workshop import Workshop


def test_a_bill_names_the_machines(shop: Workshop) -> None:
    shop.submit(count=2)
    shop.greet("node-a")
    shop.db.conn.execute("UPDATE node SET name = 'tower' WHERE id = 'node-a'")
    one, other = shop.hand()
    for handed, node in ((one, "node-a"), (other, "node-b")):
        shop.start(handed, node=node)
        shop.finish(handed, node=node)
    lines = make_bill(shop.db, job="job-1")["lines"]
    named = [(line["node"], line["node_name"]) for line in lines]
    assert named == [("node-a", "tower"), ("node-b", None)]


def test_a_bill_adds_up_to_the_micro(shop: Workshop) -> None:
    shop.submit(count=4, hold=10_000, level="gold")
    handed = shop.hand()
    for one, ms in zip(handed[:3], (1_111, 3, 2_222), strict=True):
        shop.start(one)
        shop.finish(one, ms=ms)
    shop.finish(handed[3], made_for="another-job")
    bill = make_bill(shop.db, job="job-1")
    assert {name: value for name, value in bill.items() if name != "lines"} == {
        "job": "job-1",
        "name": "job-1",
        "owner": "me",
        "created_at_ms": shop.job()["created_at_ms"],
        "finished_at_ms": shop.job()["finished_at_ms"],
        "price_book": "test-book",
        "level": "gold",
        "rate_micros": 3_600_000,
        "discount_basis_points": 1_000,
        "held_micros": 10_000,
        "released_micros": 10_000 - 1_000 - 9 - 2_000,
        "total_micros": 1_000 + 9 + 2_000,
        "refunded_micros": 0,
        "frames_done": 4,
        "frames_reused": 1,
        "frames_failed": 0,
        "estimate": None,
        "refunds": [],
    }
    assert [line["frame"] for line in bill["lines"]] == [1, 2, 3, 4]
    assert sum(line["amount_micros"] for line in bill["lines"]) == bill["total_micros"]
    assert bill["lines"][1] == {
        "frame": 2,
        "render_ms": 3,
        "cores": 1,
        "rate_micros": 3_600_000,
        "discount_basis_points": 1_000,
        "full_micros": 9,
        "amount_micros": 9,
        "at_minimum": True,
        "node": "node-a",
        "node_name": None,
        "attempt": 1,
        "price_book": "test-book",
        "reused": False,
    }
    assert bill["lines"][3]["reused"]
    assert bill["lines"][3]["amount_micros"] == 0
    assert set(bill["lines"][3]) == set(bill["lines"][1])
    assert bill["total_micros"] == shop.job()["cost_micros"]


def test_a_frame_that_was_cut_to_the_hold_shows_its_full_price(shop: Workshop) -> None:
    shop.submit(count=2, hold=1_500)
    shop.render(ms=1_000)
    lines = make_bill(shop.db, job="job-1")["lines"]
    assert [(line["full_micros"], line["amount_micros"]) for line in lines] == [
        (1_000, 1_000),
        (1_000, 500),
    ]


def test_a_bill_over_several_runs_adds_its_holds_up(shop: Workshop) -> None:
    shop.submit(count=3, hold=1_000)
    shop.render(ms=1_000)
    shop.resume("job-1", add=5_000)
    shop.render(ms=1_000)
    bill = make_bill(shop.db, job="job-1")
    assert (bill["held_micros"], bill["total_micros"], bill["released_micros"]) == (
        6_000,
        3_000,
        3_000,
    )


def test_a_job_without_a_plan_has_an_empty_bill(shop: Workshop) -> None:
    shop.create("job-1")
    bill = make_bill(shop.db, job="job-1")
    assert (bill["price_book"], bill["rate_micros"], bill["lines"]) == (None, None, [])
    assert (bill["held_micros"], bill["total_micros"], bill["released_micros"]) == (0, 0, 0)


def test_a_bill_reads_its_own_jobs_rows_only(shop: Workshop) -> None:
    shop.submit("job-1", count=1)
    statements: list[str] = []
    shop.db.conn.set_trace_callback(statements.append)
    make_bill(shop.db, job="job-1")
    shop.db.conn.set_trace_callback(None)
    assert statements
    for sql in statements:
        plan = [row[3] for row in shop.db.conn.execute(f"EXPLAIN QUERY PLAN {sql}")]
        assert not [step for step in plan if step.startswith("SCAN")], sql


def test_there_is_no_bill_without_a_job(shop: Workshop) -> None:
    with pytest.raises(NotFound, match="no_job"):
        make_bill(shop.db, job="nothing")


def test_a_list_of_bills_says_what_each_bill_says(shop: Workshop) -> None:
    shop.open_account("other", money=10_000)
    for job, level in (("paid", "gold"), ("free", "standard"), ("failed", "gold")):
        shop.submit(job, count=1, hold=10_000, level=level)
        [one] = shop.hand()
        shop.tick()
        if job == "failed":
            shop.cancel(job)
        else:
            shop.start(one)
            shop.finish(one, made_for="another" if job == "free" else None)
    shop.delete("paid")
    told = list_bills(shop.db, owner="me")
    assert [one["job"] for one in told] == ["free", "paid"], "what was deleted was paid for"
    for row in told:
        bill = make_bill(shop.db, job=row["job"])
        assert {name: bill.get(name, row["serial"]) for name in row} == row
    assert list_bills(shop.db, owner="other") == []
    last, first = told
    assert list_bills(shop.db, owner="me", from_ms=last["finished_at_ms"]) == [last]
    assert list_bills(shop.db, owner="me", until_ms=last["finished_at_ms"]) == [first]
    after = (last["finished_at_ms"], last["serial"])
    assert list_bills(shop.db, owner="me", after=after, limit=5) == [first]
    assert len(list(write_bills_csv(told))) == 3


def test_a_page_of_bills_reads_no_others(shop: Workshop) -> None:
    for limits in ({}, {"from_ms": 1, "until_ms": 9}, {"after": (5, 5), "until_ms": 9}):
        statements: list[str] = []
        shop.db.conn.set_trace_callback(statements.append)
        list_bills(shop.db, owner="me", limit=5, **limits)
        shop.db.conn.set_trace_callback(None)
        plan = [row[3] for row in shop.db.conn.execute(f"EXPLAIN QUERY PLAN {statements[0]}")]
        assert "job_billed (owner=?" in plan[0], plan
        assert not [step for step in plan if "TEMP B-TREE" in step or "SCAN" in step], plan
