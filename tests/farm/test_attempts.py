"""Attempts: who may report what, what it costs, and what comes when money or patience runs out."""

import pytest

from local_server.farm import attempts, jobs, ledger, nodes
from local_server.farm.able_nodes import FAILURES_MAX
from local_server.farm.attempts import LOSSES_MAX, accept_result
from local_server.farm.db import write
from local_server.farm.errors import NoFunds
from local_server.farm.frames import HandedFrame, list_attempts, take_back
from tests.farm.workshop import LEASE_MS, Workshop, make_result


def test_a_job_from_end_to_end(shop: Workshop) -> None:
    shop.submit(count=3, hold=10_000)
    shop.render(ms=1_000)
    row = shop.job()
    assert (row["state"], row["reason"], row["cost_micros"]) == (
        "completed",
        "all_frames_done",
        3_000,
    )
    assert shop.held() == 0
    assert ledger.read_balance(shop.db, owner="me").spent_micros == 3_000
    assert ledger.read_balance(shop.db, owner="me").total_micros == 9_997_000
    assert not shop.broken_rules()


def test_frames_are_handed_out_once_by_priority_then_age(shop: Workshop) -> None:
    for job in ("job-1", "job-2", "job-3"):
        shop.submit(job, count=2)
    with write(shop.db):
        jobs.prioritise_job(shop.db, job="job-3", priority=90, at_ms=1)
    first, second = shop.hand(limit=3), shop.hand(limit=100)
    assert [(one.job, one.number) for one in first + second] == [
        ("job-3", 1),
        ("job-3", 2),
        ("job-1", 1),
        ("job-1", 2),
        ("job-2", 1),
        ("job-2", 2),
    ]
    assert shop.hand() == []


def test_a_second_start_and_a_second_done_are_refused(shop: Workshop) -> None:
    shop.submit(count=2)
    one = shop.hand()[0]
    assert shop.start(one)
    assert not shop.start(one, node="node-b")
    assert shop.finish(one)
    before = shop.dump()
    assert not shop.finish(one)
    assert not shop.finish(one, ms=9_000)
    assert not shop.fail(one)
    assert not shop.start(one)
    assert shop.dump() == before
    assert shop.job()["cost_micros"] == 1_000


def test_done_is_taken_although_started_got_lost(shop: Workshop) -> None:
    shop.submit(count=1)
    [one] = shop.hand()
    assert shop.finish(one)
    assert shop.job()["state"] == "completed"
    assert not shop.broken_rules()


def test_a_report_for_a_frame_that_is_not_handed_out_is_refused(shop: Workshop) -> None:
    shop.submit(count=1)
    ghost = HandedFrame(job="job-1", number=1, attempt=0, run=1, priority=50)
    nothing = HandedFrame(job="no-job", number=1, attempt=1, run=1, priority=50)
    before = shop.dump()
    for one in (ghost, nothing):
        assert not shop.start(one)
        assert not shop.finish(one)
        assert not shop.fail(one)
    assert shop.dump() == before


def test_a_late_report_is_refused_and_the_frame_is_paid_once(shop: Workshop) -> None:
    shop.submit(count=1)
    [late] = shop.hand()
    shop.start(late)
    assert shop.reap() == 1
    [again] = shop.hand()
    assert again.attempt == late.attempt + 1
    shop.start(again, node="node-b")
    assert not shop.finish(late, ms=5_000)
    assert shop.finish(again, ms=1_000)
    assert shop.job()["cost_micros"] == 1_000
    told = list_attempts(shop.db, job="job-1", number=1)
    assert [(one["outcome"], one["reason"]) for one in told] == [
        ("lost", "lease_ran_out"),
        ("done", None),
    ]
    assert not shop.broken_rules()


def test_a_message_that_was_lost_is_handed_out_anew(shop: Workshop) -> None:
    shop.submit(count=1)
    [lost] = shop.hand()
    with write(shop.db):
        take_back(shop.db, job="job-1", number=1)
    [again] = shop.hand()
    assert not shop.start(lost)
    assert shop.start(again)


def test_a_lease_is_prolonged_by_its_holder_only(shop: Workshop) -> None:
    shop.submit(count=1)
    [one] = shop.hand()
    shop.start(one, node="node-a")

    def renew(node: str, attempt: int) -> bool:
        with write(shop.db):
            return attempts.renew_lease(
                shop.db,
                job="job-1",
                number=1,
                attempt=attempt,
                node=node,
                lease_ms=LEASE_MS,
                at_ms=shop.now + 500,
            )

    assert renew("node-a", one.attempt)
    assert shop.frame(1)["lease_until_ms"] == shop.now + 500 + LEASE_MS
    assert not renew("node-b", one.attempt)
    assert not renew("node-a", one.attempt + 1)


def test_a_dead_nodes_leases_end_at_once(shop: Workshop) -> None:
    shop.submit(count=2)
    first, second = shop.hand()
    shop.start(first, node="node-a")
    shop.start(second, node="node-b")
    with write(shop.db):
        nodes.dismiss_node(shop.db, id="node-a", at_ms=shop.tick())
    assert [row["number"] for row in attempts.list_expired(shop.db, at_ms=shop.now)] == [1]


def test_three_failures_fail_a_frame_and_cost_nothing(shop: Workshop) -> None:
    shop.submit(count=2)
    for _ in range(FAILURES_MAX):
        assert shop.frame(1)["state"] == "waiting"
        [one] = [one for one in shop.hand() if one.number == 1]
        shop.start(one)
        assert shop.fail(one)
    frame = shop.frame(1)
    assert (frame["state"], frame["failures"], frame["words"]) == (
        "failed",
        3,
        "Segmentation fault",
    )
    with write(shop.db):
        take_back(shop.db, job="job-1", number=2)
    shop.render()
    row = shop.job()
    assert (row["state"], row["reason"], row["reason_params"]) == (
        "partial",
        "some_frames_failed",
        {"failed": 1},
    )
    assert row["cost_micros"] == 1_000
    assert not shop.broken_rules()


def test_being_stopped_is_no_failure(shop: Workshop) -> None:
    shop.submit(count=1)
    for _ in range(FAILURES_MAX + 1):
        [one] = shop.hand()
        shop.start(one)
        assert shop.fail(one, counts=False)
    assert shop.frame(1)["failures"] == 0
    assert {one["outcome"] for one in list_attempts(shop.db, job="job-1", number=1)} == {"stopped"}


def test_a_failure_before_the_start_counts_too(shop: Workshop) -> None:
    shop.submit(count=1)
    for _ in range(FAILURES_MAX):
        [one] = shop.hand()
        assert shop.fail(one)
        assert not shop.fail(one)
    assert shop.states() == ["failed"]
    assert shop.job()["state"] == "failed"


def test_a_frame_that_is_lost_again_and_again_fails(shop: Workshop) -> None:
    shop.submit(count=1)
    for _ in range(LOSSES_MAX):
        assert shop.states() == ["waiting"]
        [one] = shop.hand()
        shop.start(one)
        shop.reap()
    assert shop.states() == ["failed"]
    assert shop.job()["reason"] == "all_frames_failed"
    shop.retry("job-1")
    [one] = shop.hand()
    shop.start(one)
    shop.reap()
    assert shop.states() == ["waiting"], "a retry begins with a clean record"
    assert not shop.broken_rules()


def test_the_sum_never_passes_the_hold_and_the_job_pauses(shop: Workshop) -> None:
    shop.submit(count=5, hold=2_500)
    handed = shop.hand()
    for one in handed:
        shop.start(one)
    taken = [shop.finish(one, ms=1_000) for one in handed]
    assert taken == [True, True, True, False, False]
    row = shop.job()
    assert (row["state"], row["reason"], row["cost_micros"]) == ("paused", "budget", 2_500)
    assert shop.states() == ["done", "done", "done", "waiting", "waiting"]
    assert [shop.frame(number)["amount_micros"] for number in (1, 2, 3)] == [1_000, 1_000, 500]
    assert shop.hand() == []
    assert not shop.broken_rules()
    shop.resume("job-1", add=10_000)
    shop.render(ms=1_000)
    assert (shop.job()["state"], shop.job()["cost_micros"]) == ("completed", 4_500)
    assert ledger.read_balance(shop.db, owner="me").spent_micros == 4_500
    assert not shop.broken_rules()


def test_a_hold_that_is_used_up_by_the_last_frame_completes(shop: Workshop) -> None:
    shop.submit(count=2, hold=2_000)
    shop.render(ms=1_000)
    assert (shop.job()["state"], shop.held()) == ("completed", 0)


def test_nothing_is_rendered_free_because_nothing_is_held(shop: Workshop) -> None:
    shop.submit(count=2, hold=0)
    one = shop.hand()[0]
    shop.start(one)
    assert not shop.finish(one)
    row = shop.job()
    assert (row["state"], row["reason"], row["frames_done"]) == ("paused", "budget", 0)
    assert not shop.broken_rules()


def test_reused_frames_are_free_even_without_a_hold(shop: Workshop) -> None:
    shop.submit(count=2, hold=0)
    for one in shop.hand():
        assert shop.finish(one, made_for="another-job")
    row = shop.job()
    assert (row["state"], row["cost_micros"], row["frames_reused"]) == ("completed", 0, 2)
    assert not ledger.find_operation(shop.db, id="frame:job-1:1")
    assert not shop.broken_rules()


def test_a_picture_that_is_found_later_ends_the_frame(shop: Workshop) -> None:
    shop.submit(count=1)
    [one] = shop.hand()
    shop.start(one)
    frame = shop.frame(1)
    with write(shop.db):
        result = make_result(one, ms=700)
        assert accept_result(shop.db, frame, result=result, book=shop.book, at_ms=shop.tick())
    assert (shop.job()["state"], shop.job()["cost_micros"]) == ("completed", 700)
    assert not shop.broken_rules()


def test_a_job_that_is_not_open_takes_no_results(shop: Workshop) -> None:
    shop.submit(count=1)
    [one] = shop.hand()
    shop.pause("job-1")
    with pytest.raises(AssertionError), write(shop.db):
        accept_result(
            shop.db, shop.frame(1), result=make_result(one, ms=1), book=shop.book, at_ms=1
        )


def test_cancel_gives_the_hold_back_at_once(shop: Workshop) -> None:
    shop.submit(count=4, hold=9_000)
    handed = shop.hand(limit=3)
    for one in handed[:2]:
        shop.start(one)
    shop.finish(handed[0])
    shop.cancel("job-1")
    assert shop.states() == ["done", "cancelled", "cancelled", "cancelled"]
    assert shop.held() == 0
    assert ledger.read_balance(shop.db, owner="me").free_micros == 9_999_000
    before = shop.dump()
    assert not shop.finish(handed[1])
    assert not shop.start(handed[2])
    shop.cancel("job-1")
    assert shop.dump() == before
    assert list_attempts(shop.db, job="job-1", number=2)[0]["outcome"] == "stopped"
    assert not shop.broken_rules()


def test_pause_takes_frames_back_and_keeps_the_hold(shop: Workshop) -> None:
    shop.submit("job-1", count=3, hold=9_000)
    shop.submit("job-2", count=2)
    handed = shop.hand()
    shop.start(handed[0])
    shop.start(handed[3])
    shop.pause("job-1")
    assert shop.states("job-1") == ["waiting"] * 3
    assert shop.states("job-2") == ["rendering", "waiting"], "another job's frames stay"
    assert shop.held() == 9_000
    assert not shop.finish(handed[0])
    assert not shop.start(handed[1])
    assert shop.finish(handed[3])
    assert not shop.broken_rules()
    shop.resume("job-1")
    again = shop.hand()
    assert [(one.number, one.attempt, one.run) for one in again] == [
        (1, 2, 2),
        (2, 2, 2),
        (3, 2, 2),
    ]
    shop.render()
    for one in again:
        shop.finish(one)
    assert shop.job()["state"] == "completed"
    assert not shop.broken_rules()


def test_a_resume_without_the_money_changes_nothing(shop: Workshop) -> None:
    shop.submit(count=1, hold=1_000)
    shop.pause("job-1")
    before = shop.dump()
    with pytest.raises(NoFunds, match="no_funds"):
        shop.resume("job-1", add=10_000_000)
    assert shop.dump() == before


def test_what_a_membership_takes_off_is_taken_off(shop: Workshop) -> None:
    shop.submit(count=1, level="gold")
    shop.render(ms=1_000)
    assert shop.job()["cost_micros"] == 900


def test_only_open_attempts_are_reported_as_expired(shop: Workshop) -> None:
    shop.submit(count=2)
    one, other = shop.hand()
    shop.start(one)
    shop.start(other)
    shop.finish(one)
    expired = attempts.list_expired(shop.db, at_ms=shop.now + LEASE_MS + 1)
    assert [(row["number"], row["recipe"]) for row in expired] == [(2, "recipe")]
