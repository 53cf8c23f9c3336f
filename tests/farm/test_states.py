"""The tables of legal moves: every pair of states, for jobs and for frames."""

import json
from dataclasses import asdict
from itertools import product
from typing import Any

import pytest

from local_server.farm.db import write
from local_server.farm.errors import Conflict
from local_server.farm.events import Event, find_last_event, list_events
from local_server.farm.frames import HandedFrame, get_frame, move_frame
from local_server.farm.jobs import cancel_job, move_job
from local_server.farm.states import (
    FRAME_MOVES,
    JOB_MOVES,
    OVER_JOB_STATES,
    FrameState,
    JobState,
)
from tests.farm.workshop import Workshop, make_result

RESULT = json.dumps(
    asdict(make_result(HandedFrame(job="job-1", number=1, attempt=1, run=1, priority=50), ms=1))
)
COLUMNS: dict[FrameState, dict[str, Any]] = {
    FrameState.RENDERING: {"lease_until_ms": 1, "node": "node-a"},
    FrameState.DONE: {"result": RESULT, "amount_micros": 5},
    FrameState.FAILED: {"reason": "crashed"},
}


def test_the_tables_name_every_state() -> None:
    assert set(JOB_MOVES) == set(JobState)
    assert set(FRAME_MOVES) == set(FrameState)


def test_what_is_over_is_not_cancelled(shop: Workshop) -> None:
    """A job that failed stays told as failed, and its failed frames can still be retried."""
    put_job(shop, JobState.FAILED)
    before = shop.dump()
    with pytest.raises(Conflict, match="job_cannot_move"), write(shop.db):
        cancel_job(shop.db, job="job-1", at_ms=9)
    assert shop.dump() == before
    assert all(JobState.CANCELLED not in JOB_MOVES[state] for state in OVER_JOB_STATES)


def put_job(shop: Workshop, state: JobState) -> None:
    """Put a job into a state, as if it had come there."""
    shop.submit(hold=7_000)
    with write(shop.db):
        over = 1 if state in OVER_JOB_STATES else None
        shop.db.conn.execute("UPDATE job SET state = ?, finished_at_ms = ?", (state, over))


def put_frame(shop: Workshop, state: FrameState) -> None:
    """Put the one frame of a job into a state, as if it had come there."""
    shop.submit(count=1)
    values = COLUMNS.get(state, {})
    assignments = "".join(f", {name} = :{name}" for name in values)
    with write(shop.db):
        shop.db.conn.execute(
            f"UPDATE frame SET state = :state{assignments}", {"state": state} | values
        )
        shop.db.conn.execute(f"UPDATE job SET frames_waiting = 0, frames_{state} = 1")


def new_events(shop: Workshop, *, after: int, kind: str) -> list[Event]:
    return [event for event in list_events(shop.db, after=after) if event.kind == kind]


@pytest.mark.parametrize(("state", "to"), list(product(JobState, JobState)))
def test_every_move_of_a_job(shop: Workshop, state: JobState, to: JobState) -> None:
    put_job(shop, state)
    before, last = shop.dump(), find_last_event(shop.db)

    def move() -> None:
        with write(shop.db):
            move_job(shop.db, job="job-1", to=to, reason="why", at_ms=9, failed=3)

    if to not in JOB_MOVES[state]:
        with pytest.raises(Conflict, match="job_cannot_move"):
            move()
        assert shop.dump() == before
        return
    move()
    row = shop.job()
    assert (row["state"], row["reason"], row["reason_params"]) == (to, "why", {"failed": 3})
    assert (row["finished_at_ms"] == 9) == (to in OVER_JOB_STATES)
    assert shop.held() == (0 if to in OVER_JOB_STATES else 7_000)
    [event] = new_events(shop, after=last, kind="job.state")
    assert event.data == {"state": to, "previous": state, "reason": "why", "failed": 3}


@pytest.mark.parametrize(("state", "to"), list(product(FrameState, FrameState)))
def test_every_move_of_a_frame(shop: Workshop, state: FrameState, to: FrameState) -> None:
    put_frame(shop, state)
    before, last = shop.dump(), find_last_event(shop.db)

    def move() -> None:
        frame = get_frame(shop.db, job="job-1", number=1)
        with write(shop.db):
            move_frame(shop.db, frame, to=to, owner="me", at_ms=9, **COLUMNS.get(to, {}))

    if to not in FRAME_MOVES[state]:
        with pytest.raises(Conflict, match="frame_cannot_move"):
            move()
        assert shop.dump() == before
        return
    move()
    frame = shop.frame(1)
    assert (frame["state"], frame["changed_at_ms"]) == (to, 9)
    assert (frame["lease_until_ms"] is not None) == (to == FrameState.RENDERING)
    counters = {name: shop.job()[f"frames_{name}"] for name in FrameState}
    assert counters == {name: int(name == to) for name in FrameState}
    [event] = new_events(shop, after=last, kind="frame.state")
    assert (event.job, event.frame) == ("job-1", 1)
    assert (event.data["state"], event.data["previous"]) == (to, state)


def test_a_row_that_is_out_of_date_moves_nothing(shop: Workshop) -> None:
    shop.submit(count=1)
    stale = shop.frame(1)
    [one] = shop.hand()
    shop.start(one)
    before = shop.dump()
    with pytest.raises(AssertionError), write(shop.db):
        move_frame(shop.db, stale, to=FrameState.CANCELLED, owner="me", at_ms=9)
    assert shop.dump() == before
