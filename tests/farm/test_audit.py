"""The audit: a farm that works is clean, and every kind of meddling is found by the rule for it."""

import pytest

from local_server.farm import ledger
from local_server.farm.audit import FARM_RULES, LEDGER_RULES, audit_farm, audit_ledger
from local_server.farm.db import write
from tests.farm.workshop import Workshop

UNLOCKED = [
    f"DROP TRIGGER {table}_never_{what}"
    for table in ("transfer", "operation")
    for what in ("changes", "goes")
] + ["DROP TRIGGER transfer_moves_back", "DROP TRIGGER usage_takes_back"]


@pytest.fixture
def busy(shop: Workshop) -> Workshop:
    """A farm in the middle of everything: jobs in many states, several owners."""
    shop.open_account("王小明", money=5_000_000)
    shop.submit("done", count=3)
    shop.render()
    shop.submit("reused", count=1)
    shop.finish(shop.hand()[0], made_for="done")
    shop.submit("broke", count=3, hold=1_500, owner="王小明")
    shop.render()
    shop.submit("partial", count=2)
    while shop.job("partial")["state"] != "partial":
        for one in shop.hand():
            shop.start(one)
            shop.fail(one) if one.number == 1 else shop.finish(one)
    shop.submit("cancelled", count=2)
    shop.cancel("cancelled")
    shop.create("pending")
    shop.submit("running", count=3)
    one, other, _ = shop.hand()
    shop.start(one)
    shop.finish(one)
    shop.start(other)
    return shop


def test_a_busy_farm_is_clean(busy: Workshop) -> None:
    before = busy.dump()
    checks = audit_farm(busy.db)
    assert [check.code for check in checks if not check.ok] == []
    assert [check.code for check in checks] == ["audit_file", *LEDGER_RULES, *FARM_RULES]
    assert busy.dump() == before
    assert all(check.ok for check in audit_ledger(busy.db))


MEDDLING = {
    "a balance was changed": (
        ["UPDATE purse SET balance_micros = balance_micros + 1 WHERE id = 'pool:me'"],
        {"audit_money", "audit_purses"},
    ),
    "money was moved between purses": (
        [
            "UPDATE purse SET balance_micros = balance_micros - 1 WHERE id = 'held:running'",
            "UPDATE purse SET balance_micros = balance_micros + 1 WHERE id = 'available:me'",
        ],
        {"audit_purses", "audit_holds"},
    ),
    "a balance fell below zero": (
        ["UPDATE purse SET balance_micros = -1 WHERE id = 'pool:me'"],
        {"audit_below_zero", "audit_money", "audit_purses"},
    ),
    "a transfer has another amount": (
        ["UPDATE transfer SET amount_micros = 999 WHERE id = 'frame:done:1'"],
        {"audit_operations", "audit_purses", "audit_frames", "audit_costs", "audit_holds"},
    ),
    "a transfer takes another way": (
        ["UPDATE transfer SET credit = 'available:me' WHERE id = 'frame:done:1'"],
        {"audit_operations", "audit_purses"},
    ),
    "a transfer is gone": (
        ["DELETE FROM transfer WHERE id = 'topup:1'"],
        {"audit_operations", "audit_purses", "audit_money"},
    ),
    "an operation is gone": (
        ["DELETE FROM operation WHERE id = 'topup:1'"],
        {"audit_operations"},
    ),
    "an operation tells another amount": (
        ["UPDATE operation SET payload = '{\"amount_micros\": 1}' WHERE id = 'topup:1'"],
        {"audit_operations"},
    ),
    "a settle and its transfer are gone": (
        [
            "DELETE FROM operation WHERE id = 'frame:done:1'",
            "DELETE FROM transfer WHERE id = 'frame:done:1'",
        ],
        {"audit_purses", "audit_frames", "audit_costs", "audit_holds"},
    ),
    "a frame has another amount": (
        ["UPDATE frame SET amount_micros = 1 WHERE job = 'done' AND number = 2"],
        {"audit_frames"},
    ),
    "a reused frame has an amount": (
        ["UPDATE frame SET amount_micros = 1 WHERE job = 'reused'"],
        {"audit_frames"},
    ),
    "a paid frame is no longer done": (
        ["UPDATE frame SET state = 'failed', result = NULL WHERE job = 'done' AND number = 2"],
        {"audit_frames", "audit_counters"},
    ),
    "a frame is gone": (
        ["DELETE FROM frame WHERE job = 'done' AND number = 2"],
        {"audit_frames", "audit_counters"},
    ),
    "a cost was changed": (
        ["UPDATE job SET cost_micros = cost_micros + 1 WHERE id = 'done'"],
        {"audit_costs"},
    ),
    "a hold was changed": (
        ["UPDATE job SET held_micros = held_micros + 1 WHERE id = 'running'"],
        {"audit_costs"},
    ),
    "a job that is over kept its hold": (
        ["UPDATE job SET state = 'cancelled', finished_at_ms = 1 WHERE id = 'running'"],
        {"audit_holds", "audit_states"},
    ),
    "a counter was changed": (
        ["UPDATE job SET frames_total = frames_total + 1 WHERE id = 'running'"],
        {"audit_counters"},
    ),
    "a reuse was not counted": (
        ["UPDATE job SET frames_reused = 0 WHERE id = 'reused'"],
        {"audit_counters"},
    ),
    "a job completed too early": (
        ["UPDATE job SET state = 'completed', finished_at_ms = 1 WHERE id = 'partial'"],
        {"audit_states"},
    ),
    "a job runs without frames": (
        ["UPDATE job SET state = 'running', finished_at_ms = NULL WHERE id = 'done'"],
        {"audit_states"},
    ),
    "an open job was deleted": (
        ["UPDATE job SET deleted_at_ms = 1 WHERE id = 'running'"],
        {"audit_states"},
    ),
    "an attempt goes on without its frame": (
        ["UPDATE attempt SET ended_at_ms = NULL WHERE job = 'done' AND number = 1"],
        {"audit_attempts"},
    ),
    "a frame goes on without its attempt": (
        ["UPDATE attempt SET ended_at_ms = 1 WHERE job = 'running'"],
        {"audit_attempts"},
    ),
}


@pytest.mark.parametrize("what", MEDDLING)
def test_meddling_is_found(busy: Workshop, what: str) -> None:
    statements, codes = MEDDLING[what]
    conn = busy.db.conn
    for pragma in ("foreign_keys = OFF", "ignore_check_constraints = ON"):
        conn.execute(f"PRAGMA {pragma}")
    for sql in UNLOCKED + statements:
        conn.execute(sql)
    # The checks stay off: SQLite's own look at the file would know the floors too.
    broken = busy.broken_rules()
    assert set(broken) == codes, broken


def test_a_settle_without_a_frame_is_found(busy: Workshop) -> None:
    with write(busy.db):
        ledger.settle(
            busy.db,
            id="frame:running:99",
            owner="me",
            job="running",
            amount_micros=5,
            at_ms=1,
            frame=99,
        )
    assert busy.broken_rules() == {"audit_frames": "frame:running:99", "audit_costs": "running"}


def test_a_settle_under_another_name_is_found(busy: Workshop) -> None:
    with write(busy.db):
        ledger.settle(
            busy.db, id="again", owner="me", job="running", amount_micros=5, at_ms=1, frame=1
        )
    assert busy.broken_rules() == {"audit_frames": "again", "audit_costs": "running"}


def test_many_examples_are_cut_short(busy: Workshop) -> None:
    busy.submit("big", count=9)
    busy.db.conn.execute("UPDATE frame SET amount_micros = 1 WHERE job = 'big'")
    [check] = [check for check in audit_farm(busy.db) if not check.ok]
    assert (check.count, len(check.examples)) == (9, 5)
    assert check.detail == "big #1, big #2, big #3, big #4, big #5, …"
    assert check.params == {"count": 9, "examples": check.detail}
