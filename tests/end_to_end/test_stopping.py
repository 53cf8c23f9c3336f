"""Cancel, pause and resume: at once, in the middle of a frame, and nothing is done twice."""

from tests.end_to_end.conftest import Scenes
from tests.end_to_end.running_farm import RunningFarm

STOP_SECONDS_MAX = 20.0


def stop_in_mid_frame(farm: RunningFarm, job: str, verb: str) -> None:
    """Pause or cancel a job in the middle of a frame; its renderer must go long before its end."""
    farm.wait_for_frame(job)
    host = farm.find_busy_host()
    farm.post(f"/jobs/{job}/{verb}")
    host.wait(timeout=STOP_SECONDS_MAX)


def test_pause_and_cancel_end_a_frame_under_way(farm: RunningFarm, scenes: Scenes) -> None:
    before = farm.get("/balance")
    farm.submit("halted", scenes.heavy)
    stop_in_mid_frame(farm, "halted", "pause")
    job = farm.get("/jobs/halted")
    assert (job["state"], job["frames"]["waiting"], job["live"]) == ("paused", 6, [])
    left = job["held_micros"] - job["cost_micros"]
    assert farm.get("/balance")["held_micros"] == before["held_micros"] + left
    farm.post("/jobs/halted/resume")
    stop_in_mid_frame(farm, "halted", "cancel")
    job = farm.get("/jobs/halted")
    assert (job["state"], job["reason"]["code"]) == ("cancelled", "by_user")
    assert (job["frames"]["done"], job["frames"]["cancelled"]) == (1, 6)
    assert [one["outcome"] for one in farm.attempts("halted", 1)] == ["done"]
    assert [one["outcome"] for one in farm.attempts("halted", 2)] == ["stopped", "stopped"]
    farm.assert_paid_once("halted")
    balance = farm.get("/balance")
    assert balance["held_micros"] == before["held_micros"], "the hold is given back at once"
    assert balance["free_micros"] == before["free_micros"] - job["cost_micros"]
    again = farm.session.post(f"{farm.address}/jobs/halted/resume", json={}, timeout=30)
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
