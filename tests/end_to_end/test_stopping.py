"""Cancel, pause and resume: at once, in the middle of a frame, and nothing is done twice."""

import time

from tests.end_to_end.conftest import Scenes
from tests.end_to_end.running_farm import RunningFarm, wait_until

STOP_SECONDS_MAX = 2.0


def stop_in_mid_frame(farm: RunningFarm, job: str, verb: str) -> None:
    """Pause or cancel a job in the middle of a frame; its renderer must go within two seconds."""
    farm.wait_for_frame(job)
    host = farm.find_busy_host()
    asked = time.monotonic()
    farm.post(f"/jobs/{job}/{verb}")
    host.wait(timeout=max(0.0, asked + STOP_SECONDS_MAX - time.monotonic()))


def test_cancel_ends_a_frame_under_way_and_gives_the_money_back(
    farm: RunningFarm, scenes: Scenes
) -> None:
    before = farm.get("/balance")
    farm.submit("cancelled", scenes.heavy)
    stop_in_mid_frame(farm, "cancelled", "cancel")
    job = farm.get("/jobs/cancelled")
    assert (job["state"], job["reason"]["code"], job["cost_micros"]) == ("cancelled", "by_user", 0)
    assert job["frames"]["cancelled"] == job["frames"]["total"] == 6
    assert job["live"] == []
    balance = farm.get("/balance")
    assert balance["held_micros"] == before["held_micros"]
    assert balance["free_micros"] == before["free_micros"]
    assert farm.attempts("cancelled", 1)[0]["outcome"] == "stopped"
    again = farm.session.post(f"{farm.address}/jobs/cancelled/resume", json={}, timeout=30)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "job_cannot_move")


def test_a_paused_job_goes_on_with_what_is_not_done(farm: RunningFarm, scenes: Scenes) -> None:
    farm.submit("paused", scenes.slow)
    farm.wait_for_done("paused", 1)
    farm.post("/jobs/paused/pause")
    job = farm.get("/jobs/paused")
    assert (job["state"], job["frames"]["rendering"]) == ("paused", 0)
    done = {number: one for number, one in farm.frames("paused").items() if one["state"] == "done"}
    assert 1 <= len(done) < 4
    assert farm.get("/balance")["held_micros"] >= job["held_micros"] - job["cost_micros"] > 0
    farm.post("/jobs/paused/resume")
    assert farm.wait_for_rest("paused")["state"] == "completed"
    frames = farm.frames("paused")
    for number, frame in done.items():
        assert frames[number] == frame | {"path": frames[number]["path"]}, "done stays as it was"
        assert len(farm.attempts("paused", number)) == 1
    told = [
        (event["frame"], event["data"]["state"])
        for event in farm.events(job="paused")
        if event["kind"] == "frame.state" and event["data"]["state"] == "done"
    ]
    assert sorted(told) == [(number, "done") for number in frames], "each frame is done once"
    farm.assert_paid_once("paused")
    assert farm.get("/balance")["held_micros"] == 0


def test_pause_ends_a_frame_under_way(farm: RunningFarm, scenes: Scenes) -> None:
    farm.submit("halted", scenes.heavy, frames="1-2")
    stop_in_mid_frame(farm, "halted", "pause")
    assert farm.get("/jobs/halted")["state"] == "paused"
    farm.post("/jobs/halted/resume")
    farm.wait_for_frame("halted")
    first, second = farm.attempts("halted", 1)
    assert (first["outcome"], second["outcome"]) == ("stopped", None)
    farm.post("/jobs/halted/cancel")
    wait_until(lambda: not farm.list_busy_hosts(), seconds=10, what="nothing renders any more")
    assert farm.get("/balance")["held_micros"] == 0
