"""Retries: what a failed frame's next try costs, whose it may be, and what it never pays again."""

import pytest

from local_server.farm.able_nodes import FAILURES_MAX
from local_server.farm.db import fetch_value
from local_server.farm.errors import Conflict, NotFound
from local_server.farm.states import FrameState
from tests.farm.workshop import Workshop


def test_a_retry_never_charges_done_frames_again(shop: Workshop) -> None:
    shop.submit(count=3)
    while shop.frame(1)["state"] != FrameState.FAILED:
        for one in shop.hand():
            shop.start(one)
            shop.fail(one) if one.number == 1 else shop.finish(one)
    assert (shop.job()["state"], shop.job()["cost_micros"]) == ("partial", 2_000)
    assert shop.held() == 0
    done = [shop.frame(2), shop.frame(3)]
    shop.retry("job-1", hold=5_000)
    assert shop.states() == ["waiting", "done", "done"]
    assert shop.frame(1)["failures"] == 0
    shop.render()
    row = shop.job()
    assert (row["state"], row["cost_micros"], row["held_micros"]) == ("completed", 3_000, 15_000)
    assert [shop.frame(2), shop.frame(3)] == done
    assert fetch_value(shop.db, "SELECT count(*) FROM operation WHERE kind = 'settle'") == 3
    assert not shop.broken_rules()


def fail_for_good(shop: Workshop, *numbers: int) -> None:
    """Fail frames until they have failed for good; no other is rendered."""
    while any(shop.frame(number)["state"] != FrameState.FAILED for number in numbers):
        for one in shop.hand():
            shop.start(one)
            shop.fail(one, counts=one.number in numbers)


def test_one_frame_is_retried_and_only_it_is_held(shop: Workshop) -> None:
    shop.submit(count=3)
    fail_for_good(shop, 1, 2, 3)
    assert shop.job()["state"] == "failed"
    shop.retry("job-1", hold=1_500, frame=2)
    assert shop.states() == ["failed", "waiting", "failed"]
    assert (shop.job()["state"], shop.held()) == ("queued", 1_500)
    [one] = shop.hand()
    shop.start(one)
    shop.finish(one)
    row = shop.job()
    assert (row["state"], row["frames_failed"], shop.held()) == ("partial", 2, 0)
    assert not shop.broken_rules()


def test_one_frame_is_retried_while_the_others_go_on(shop: Workshop) -> None:
    shop.submit(count=3)
    held = shop.held()
    fail_for_good(shop, 2)
    assert (shop.job()["state"], shop.states()[1]) == ("running", "failed")
    run = shop.job()["run"]
    shop.retry("job-1", hold=9_000, frame=2)
    assert (shop.states()[1], shop.held(), shop.job()["run"]) == ("waiting", held, run)
    shop.pause("job-1")
    shop.resume("job-1")
    shop.render()
    assert shop.job()["state"] == "completed"
    assert not shop.broken_rules()


def test_only_a_frame_that_failed_is_retried(shop: Workshop) -> None:
    shop.submit(count=2)
    with pytest.raises(Conflict, match="frame_not_failed"):
        shop.retry("job-1", frame=1)
    with pytest.raises(NotFound, match="no_frame"):
        shop.retry("job-1", frame=9)
    fail_for_good(shop, 1)
    shop.cancel("job-1")
    with pytest.raises(Conflict, match="nothing_to_retry"):
        shop.retry("job-1", frame=1)


def test_a_job_that_is_deleted_cannot_be_retried(shop: Workshop) -> None:
    shop.submit(count=1)
    for _ in range(FAILURES_MAX):
        [one] = shop.hand()
        shop.fail(one)
    shop.delete("job-1")
    with pytest.raises(Conflict, match="nothing_to_retry"):
        shop.retry("job-1")
