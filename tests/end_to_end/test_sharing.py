"""Several frames and jobs on one node: side by side, the urgent first, and big jobs in windows."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.end_to_end.conftest import Scenes
from tests.end_to_end.running_farm import RunningFarm, wait_until

WINDOW = 256
PARALLEL = 64  # frames at once, by the standard membership
BIG = 100_000


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFarm]:
    """A farm whose node renders two frames side by side."""
    running = RunningFarm(tmp_path_factory.mktemp("wide") / "data", "--slots", "2")
    with running:
        running.top_up(1000)
        yield running
        running.assert_clean()
    wait_until(lambda: not running.list_orphans(), seconds=60, what="no orphans")


def count_queued(farm: RunningFarm) -> int:
    """Count the messages that wait in the farm's queue."""
    with closing(sqlite3.connect(farm.data / "queue.db")) as db:
        return int(db.execute("SELECT count(*) FROM task").fetchone()[0])


def list_starts(farm: RunningFarm, after: int) -> list[tuple[int, str]]:
    """Return (event id, job) of each frame that began to render after an event."""
    return [
        (event["id"], event["job"])
        for event in farm.events(after=after)
        if event["kind"] == "frame.state" and event["data"]["state"] == "rendering"
    ]


def test_two_slots_render_two_frames_side_by_side(wide: RunningFarm, scenes: Scenes) -> None:
    wide.submit("side-by-side", scenes.slow)
    wait_until(
        lambda: wide.get("/jobs/side-by-side")["frames"]["rendering"] == 2,
        seconds=60,
        what="two frames are under way",
    )
    assert wide.wait_for_rest("side-by-side")["state"] == "completed"
    bill = wide.assert_paid_once("side-by-side")
    assert {line["cores"] for line in bill["lines"]} <= {1, 2}
    assert len(wide.wait_for_delivery("side-by-side")) == 4


def test_an_urgent_job_does_not_wait_for_a_window_of_others(
    wide: RunningFarm, scenes: Scenes
) -> None:
    wide.submit("patient", scenes.slow, frames="1-900", fresh=True, priority=10)
    wide.wait_for_done("patient", 2)
    assert count_queued(wide) > PARALLEL // 2
    wide.submit("urgent", scenes.turning, frames="1-5", fresh=True, priority=90)
    assert wide.wait_for_rest("urgent")["state"] == "completed"
    held = next(
        event["id"] for event in wide.events(job="urgent") if event["data"].get("reason") == "held"
    )
    order = [job for _, job in list_starts(wide, held)]
    first = order.index("urgent")
    assert first <= 12, "only what was taken already comes first"
    # Both jobs are one owner's: each frame that ends makes room for an urgent one.
    assert order[first : first + 12].count("urgent") == 5
    assert wide.get("/jobs/patient")["frames"]["waiting"] > 0, "the other one is not over"
    wide.post("/jobs/patient/cancel")


def test_a_job_that_is_moved_up_overtakes_what_is_queued(wide: RunningFarm, scenes: Scenes) -> None:
    wide.submit("in-front", scenes.slow, frames="1-200", fresh=True)
    wide.submit("behind", scenes.turning, frames="1-5", fresh=True)
    wide.wait_for_state("behind", "queued", "running", seconds=60)
    last = wide.get("/events", limit=1)["last"]
    assert wide.post("/jobs/behind/priority", {"priority": 80})["priority"] == 80
    wide.wait_for_rest("behind")
    order = [job for _, job in list_starts(wide, last)]
    assert order.index("behind") <= 12
    assert wide.get("/jobs/in-front")["frames"]["waiting"] > 0
    wide.post("/jobs/in-front/cancel")


def test_a_big_job_is_as_quick_to_handle_as_a_small_one(wide: RunningFarm, scenes: Scenes) -> None:
    wide.submit("huge-job", scenes.turning, frames=f"1-{BIG}", fresh=True, priority=40)
    wide.wait_for_done("huge-job", 1)
    assert wide.get("/jobs/huge-job")["frames"]["total"] == BIG
    assert count_queued(wide) <= 2 * WINDOW
    page = wide.get("/jobs/huge-job/frames", limit=1000, cursor=str(BIG // 2))
    assert [one["frame"] for one in page["items"]] == list(range(BIG // 2 + 1, BIG // 2 + 1001))
    assert wide.get("/jobs", limit=5)["items"][0]["id"] == "huge-job"
    wide.get("/jobs/huge-job/bill")
    assert wide.post("/jobs/huge-job/pause")["state"] == "paused"
    wait_until(lambda: count_queued(wide) == 0, seconds=60, what="stopped frames are dropped")
    assert wide.post("/jobs/huge-job/resume")["state"] == "queued"
    wide.wait_for_state("huge-job", "running", seconds=60)
    done = wide.post("/jobs/huge-job/cancel")["frames"]
    assert done["done"] + done["cancelled"] == BIG
    assert wide.get("/jobs", state="cancelled")["items"][0]["id"] == "huge-job"
    wide.assert_paid_once("huge-job")
    assert wide.get("/balance")["held_micros"] == 0
