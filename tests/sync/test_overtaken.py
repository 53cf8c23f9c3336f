"""Disks that were put back or copied: what the log knows more of than they do."""

import pytest
from sqlite_utils import Database

from local_server import consent
from local_server.farm import jobs, ledger
from local_server.farm.audit import audit_ledger
from local_server.farm.bills import make_away_bill, sum_away_costs
from local_server.farm.db import Row, fetch_value, write
from local_server.farm.errors import Conflict
from local_server.farm.frames import HandedFrame
from local_server.farm.overtaken import SILENT_MS, is_overtaken
from local_server.farm.refunds import list_refunds, refund
from sync.work import end_silent, list_away_jobs
from tests.farm.workshop import Workshop
from tests.simulation.machine import Machine, copy_database
from tests.sync.test_people import pair, sync

__all__ = ["pair"]


def assert_sound(machine: Machine) -> None:
    assert [one for one in audit_ledger(machine.db) if not one.ok] == []


def lend(boss: Machine, one: Machine) -> None:
    """Bring money in, and lease some of it for somebody who works here."""
    boss.do(ledger.mint, id="m:1", owner="ann", amount=100_000)
    boss.submit("first", "ann")
    sync(boss, one)


def finish(shop: Workshop, handed: HandedFrame) -> None:
    shop.start(handed)
    shop.finish(handed)


def put_back(machine: Machine, disk: Database) -> None:
    machine.db = disk
    machine.start()


def find_told(machine: Machine, job: str) -> Row:
    """Return what a machine knows of a job elsewhere."""
    [row] = [one for one in list_away_jobs(machine.db, owner=None) if one["job"] == job]
    return row


def give_back(machine: Machine, job: str) -> None:
    with write(machine.db):
        refund(
            machine.db,
            id=f"refund:{job}",
            job=job,
            frame=None,
            amount_micros=None,
            reason="",
            by="ann",
            at_ms=1,
        )


def test_what_others_give_back_overtakes_nothing(pair: tuple[Machine, Machine]) -> None:
    boss, one = pair
    lend(boss, one)
    shop = Workshop(boss.db)
    shop.submit("tea", count=3, hold=9_000, owner="ann")
    shop.render(ms=1_000)
    give_back(boss, "tea")
    sync(boss, one)
    assert fetch_value(one.db, "SELECT count(*) FROM operation WHERE kind = 'refund'") == 1
    assert not is_overtaken(one.db, job="tea")


def test_what_others_give_back_is_for_their_job(pair: tuple[Machine, Machine]) -> None:
    """Two machines may each have a job of one id, and each gives back what its own has cost."""
    boss, one = pair
    lend(boss, one)
    boss.do(ledger.mint, id="m:2", owner="bo", amount=100_000)
    one.submit("second", "bo")
    sync(boss, one, boss)
    for machine, owner in ((boss, "ann"), (one, "bo")):
        shop = Workshop(machine.db)
        shop.submit("tea", count=3, hold=9_000, owner=owner)
        shop.render(ms=1_000)
    sync(boss, one)
    give_back(boss, "tea")
    sync(boss, one)
    assert list_refunds(one.db, job="tea") == []
    assert [row["amount_micros"] for row in list_refunds(one.db, job="tea", device=boss.name)] == [
        3_000
    ]
    assert jobs.get_job(one.db, job="tea")["refunded_micros"] == 0
    assert_sound(one)
    assert_sound(boss)


def test_a_disk_put_back_hears_of_what_was_given_back(pair: tuple[Machine, Machine]) -> None:
    boss, one = pair
    lend(boss, one)
    shop = Workshop(boss.db)
    shop.submit("tea", count=3, hold=9_000, owner="ann")
    shop.render(ms=1_000)
    sync(boss, one)
    backup = copy_database(boss.db)
    give_back(boss, "tea")
    sync(boss, one)
    put_back(boss, backup)
    sync(boss, one)
    assert jobs.get_job(boss.db, job="tea")["refunded_micros"] == 3_000
    assert not is_overtaken(boss.db, job="tea")
    assert_sound(boss)


def test_a_job_that_is_not_here_has_its_bill(pair: tuple[Machine, Machine]) -> None:
    boss, one = pair
    lend(boss, one)
    backup = copy_database(boss.db)
    shop = Workshop(boss.db)
    shop.submit("tea", count=3, hold=9_000, owner="ann")
    shop.render(ms=1_000)
    sync(boss, one)
    put_back(boss, backup)
    sync(boss, one)
    assert sum_away_costs(boss.db, [(None, "tea")]) == {(None, "tea"): 3_000}
    told = find_told(boss, "tea")["line"]
    bill = make_away_bill(boss.db, device=None, job="tea", owner="ann", told=told)
    assert (bill["total_micros"], len(bill["lines"])) == (3_000, 3)


def test_whoever_is_overtaken_speaks_for_nobody(pair: tuple[Machine, Machine]) -> None:
    """The other copy is at the job still: others hear what becomes of it from that one."""
    boss, one = pair
    lend(boss, one)
    shop = Workshop(boss.db)
    shop.submit("tea", count=3, hold=9_000, owner="ann")
    first, second, third = shop.hand()
    finish(shop, first)
    sync(boss, one)
    original, copy = boss.db, copy_database(boss.db)
    finish(shop, second)
    boss.sync()
    put_back(boss, copy)
    sync(boss)
    assert jobs.get_job(boss.db, job="tea")["reason"] == "overtaken"
    put_back(boss, original)
    finish(shop, third)
    sync(boss, one)
    assert find_told(one, "tea")["line"]["state"] == "completed"


def test_others_hear_that_a_job_ended_which_nobody_is_at(pair: tuple[Machine, Machine]) -> None:
    """Whether the disk that was put back has the job or not."""
    boss, one = pair
    lend(boss, one)
    shop = Workshop(boss.db)
    shop.submit("tea", count=3, hold=9_000, owner="ann")
    sync(boss, one)
    backup = copy_database(boss.db)
    shop.submit("milk", count=3, hold=9_000, owner="ann")
    for handed in {one.job: one for one in shop.hand()}.values():
        finish(shop, handed)
    sync(boss, one)
    assert find_told(one, "milk")["line"]["state"] == "running"
    put_back(boss, backup)
    sync(boss)
    later = boss.clock() + SILENT_MS + 1
    with write(boss.db):
        assert end_silent(boss.db, device=boss.name, at_ms=later) == 2
    sync(boss, one)
    for job in ("tea", "milk"):
        assert find_told(one, job)["line"]["reason"] == "overtaken"
    assert find_told(boss, "milk")["line"]["state"] == "cancelled", "here as well"
    assert_sound(boss)


def test_nobody_tries_again_what_was_paid_elsewhere(pair: tuple[Machine, Machine]) -> None:
    boss, one = pair
    lend(boss, one)
    shop = Workshop(boss.db)
    shop.submit("tea", count=1, hold=9_000, owner="ann")
    for node in ("node-a", "node-b", "node-c"):
        [handed] = shop.hand()
        shop.start(handed, node=node)
        shop.fail(handed, node=node)
    sync(boss, one)
    backup = copy_database(boss.db)
    shop.retry("tea", hold=9_000)
    shop.render(ms=1_000)
    sync(boss, one)
    put_back(boss, backup)
    sync(boss, one)
    with write(boss.db), pytest.raises(Conflict, match="job_overtaken"):
        consent.retry(boss.db, job="tea", frame=None, at_ms=1)
    assert_sound(boss)


def test_copies_that_are_at_one_job_both_let_go_of_it(pair: tuple[Machine, Machine]) -> None:
    """What each was paid for stays paid, and is told."""
    boss, one = pair
    lend(boss, one)
    shop = Workshop(boss.db)
    shop.submit("tea", count=3, hold=9_000, owner="ann")
    first, second, third = shop.hand()
    finish(shop, first)
    sync(boss, one)
    disks = (boss.db, copy_database(boss.db))
    finish(shop, second)
    finish(Workshop(disks[1]), third)
    for _ in range(2):
        for disk in disks:
            put_back(boss, disk)
            sync(boss, one)
    for disk in disks:
        put_back(boss, disk)
        assert jobs.get_job(disk, job="tea")["reason"] == "overtaken"
        assert jobs.get_job(disk, job="tea")["cost_micros"] == 3_000
        assert_sound(boss)
