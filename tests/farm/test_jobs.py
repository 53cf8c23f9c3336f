"""Jobs: submitting twice, steps, lists, priorities, deletion."""

import pytest

from local_server.farm import accounts, jobs
from local_server.farm.db import write
from local_server.farm.errors import BadInput, Conflict, NotFound
from local_server.farm.events import find_last_event, list_events
from local_server.farm.frames import list_frames
from local_server.farm.job_lists import JobOrder, JobsWanted, find_place, list_jobs
from local_server.farm.states import JobState
from tests.farm.workshop import Workshop


def test_submitting_twice_makes_one_job(shop: Workshop) -> None:
    first = shop.create("job-1")
    before = shop.dump()
    assert shop.create("job-1") == first
    assert shop.dump() == before


def test_another_request_under_the_same_id_is_refused(shop: Workshop) -> None:
    shop.open_account("you")
    shop.create("job-1")
    with pytest.raises(Conflict, match="job_differs"):
        shop.create("job-1", owner="you")


@pytest.mark.parametrize("priority", [-1, 101])
def test_priorities_have_bounds(shop: Workshop, priority: int) -> None:
    shop.create("job-1")
    with pytest.raises(BadInput, match="priority_out_of_range"), write(shop.db):
        jobs.prioritise_job(shop.db, job="job-1", priority=priority, at_ms=1)
    with pytest.raises(BadInput, match="priority_out_of_range"), write(shop.db):
        jobs.create_job(
            shop.db, id="job-2", owner="me", name="x", request={}, priority=priority, at_ms=1
        )


def test_a_pending_job_tells_its_steps_once(shop: Workshop) -> None:
    shop.create("job-1")
    last = find_last_event(shop.db)
    for step in ("inspecting", "inspecting", "packing"):
        with write(shop.db):
            jobs.note_step(shop.db, job="job-1", step=step, at_ms=1)
    assert [event.data["step"] for event in list_events(shop.db, after=last)] == [
        "inspecting",
        "packing",
    ]


def test_a_job_without_a_plan_cannot_be_paused(shop: Workshop) -> None:
    shop.create("job-1")
    with pytest.raises(Conflict, match="job_cannot_move"):
        shop.pause("job-1")
    shop.cancel("job-1")
    assert not shop.broken_rules()


def test_a_job_that_waits_for_funds_goes_on_when_there_are_some(shop: Workshop) -> None:
    shop.create("job-1")
    with write(shop.db):
        shop.plan("job-1", count=2)
        jobs.move_job(shop.db, job="job-1", to=JobState.PAUSED, reason="funds", at_ms=1)
    assert not shop.broken_rules()
    shop.resume("job-1", add=5_000)
    shop.render()
    assert shop.job()["state"] == "completed"
    assert not shop.broken_rules()


def test_only_a_job_that_is_over_is_deleted_and_it_leaves_the_list(shop: Workshop) -> None:
    shop.submit("job-1", count=1)
    shop.submit("job-2", count=1)
    with pytest.raises(Conflict, match="job_not_over"):
        shop.delete("job-1")
    shop.cancel("job-1")
    shop.delete("job-1")
    assert [row["id"] for row in list_jobs(shop.db, JobsWanted(owner="me"))] == ["job-2"]
    assert jobs.get_job(shop.db, job="job-1")["state"] == "cancelled"
    assert not shop.broken_rules()


def test_lists_are_paged_and_belong_to_their_owner(shop: Workshop) -> None:
    shop.open_account("you")
    for number in range(5):
        shop.create(f"job-{number}")
    shop.create("yours", owner="you")
    page = list_jobs(shop.db, JobsWanted(owner="me"), limit=3)
    rest = list_jobs(
        shop.db,
        JobsWanted(owner="me"),
        after=find_place(page[-1], JobOrder.CREATED),
        limit=3,
    )
    assert [row["id"] for row in page + rest] == ["job-4", "job-3", "job-2", "job-1", "job-0"]
    assert list_jobs(shop.db, JobsWanted(owner="me", states=(JobState.QUEUED,))) == []
    assert len(jobs.list_pending_jobs(shop.db)) == 6


def test_only_what_was_begun_was_tried(shop: Workshop) -> None:
    shop.submit(count=3)
    begun, _, other = shop.hand()
    shop.start(begun)
    shop.finish(other, made_for="another-job")
    told = [(row["number"], row["tries"]) for row in list_frames(shop.db, job="job-1")]
    assert told == [(1, 1), (2, 0), (3, 0)]


def test_frames_are_paged_by_number(shop: Workshop) -> None:
    shop.submit(count=5)
    page = list_frames(shop.db, job="job-1", limit=3)
    rest = list_frames(shop.db, job="job-1", after=page[-1]["number"], state="waiting")
    assert [row["number"] for row in page + rest] == [1, 2, 3, 4, 5]


def test_events_are_paged_and_can_be_of_one_job(shop: Workshop) -> None:
    shop.submit("job-1", count=1)
    shop.submit("job-2", count=1)
    everything = list_events(shop.db, after=0)
    assert [event.id for event in everything] == list(range(1, len(everything) + 1))
    assert list_events(shop.db, after=2, limit=2) == everything[2:4]
    mine = list_events(shop.db, after=0, job="job-2")
    assert mine == [event for event in everything if event.job == "job-2"]


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel", "retry", "delete"])
def test_no_verb_finds_a_job_that_is_not_there(shop: Workshop, verb: str) -> None:
    with pytest.raises(NotFound, match="no_job"):
        getattr(shop, verb)("nothing")
    with pytest.raises(NotFound, match="no_account"):
        accounts.get_account(shop.db, account="nobody")


def test_an_account_is_made_once(shop: Workshop) -> None:
    before = shop.dump()
    with write(shop.db):
        accounts.ensure_account(shop.db, account="me", name="other", at_ms=1)
    assert shop.dump() == before
    assert accounts.get_account(shop.db, account="me").level == "standard"
