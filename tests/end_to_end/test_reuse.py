"""Frames that were rendered before are used again, free of charge, until fresh ones are asked."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from tests.end_to_end.conftest import Scenes
from tests.end_to_end.running_farm import RunningFarm

FRAMES = "1-5"


def read_pictures(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_same_frames_again_are_free_and_start_no_renderer(
    farm: RunningFarm, scenes: Scenes
) -> None:
    first = farm.render("first-time", scenes.turning, frames=FRAMES, fresh=False)
    assert first["frames"]["done"] == 5
    spent = farm.get("/balance")["spent_micros"]
    again = farm.render("second-time", scenes.turning, frames=FRAMES)
    assert (again["state"], again["cost_micros"], again["render_ms"]) == ("completed", 0, 0)
    assert again["frames"]["reused"] == again["frames"]["done"] == 5
    for number, frame in farm.frames("second-time").items():
        assert (frame["reused"], frame["amount_micros"]) == (True, 0)
        assert farm.attempts("second-time", number) == [], "nobody rendered it again"
    bill = farm.assert_paid_once("second-time")
    assert (bill["total_micros"], bill["frames_reused"]) == (0, 5)
    balance = farm.get("/balance")
    assert (balance["spent_micros"], balance["held_micros"]) == (spent, 0)
    farm.wait_for_delivery("first-time")
    farm.wait_for_delivery("second-time")
    assert read_pictures(farm.out("second-time")) == read_pictures(farm.out("first-time"))


def test_more_frames_of_the_same_scene_cost_only_what_is_new(
    farm: RunningFarm, scenes: Scenes
) -> None:
    farm.render("a-part", scenes.turning, frames="6-7")
    job = farm.render("the-rest", scenes.turning, frames="6-9")
    assert job["frames"]["reused"] == 2
    assert [n for n, one in farm.frames("the-rest").items() if not one["reused"]] == [8, 9]
    assert len(farm.assert_paid_once("the-rest")["lines"]) == 4


def test_fresh_frames_are_rendered_and_paid(farm: RunningFarm, scenes: Scenes) -> None:
    farm.render("before-fresh", scenes.turning, frames="10-11")
    job = farm.render("fresh", scenes.turning, frames="10-11", fresh=True)
    assert (job["frames"]["done"], job["frames"]["reused"]) == (2, 0)
    assert job["cost_micros"] > 0
    assert all(len(farm.attempts("fresh", number)) == 1 for number in (10, 11))
    farm.assert_paid_once("fresh")


def test_another_look_is_another_picture(farm: RunningFarm, scenes: Scenes) -> None:
    farm.render("small", scenes.turning, frames="12")
    job = farm.render("large", scenes.turning, frames="12", width=48, height=40)
    assert job["frames"]["reused"] == 0
    picture = farm.session.get(f"{farm.address}/jobs/large/frames/12/picture", timeout=30)
    assert picture.headers["Content-Type"] == "image/png"
    size = picture.content[16:24]
    assert (int.from_bytes(size[:4]), int.from_bytes(size[4:])) == (48, 40)


def test_the_same_id_twice_is_one_job(farm: RunningFarm, scenes: Scenes) -> None:
    asked = {"id": "only-once", "scene": str(scenes.turning), "frames": "1-2", "fresh": True}
    asked |= {"out": str(farm.out("only-once")), "renderer": "blender-4.5"}

    def post(_: int) -> requests.Response:
        headers = {"Authorization": str(farm.session.headers["Authorization"])}
        return requests.post(f"{farm.address}/jobs", json=asked, headers=headers, timeout=60)

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(post, range(5)))
    assert [answer.status_code for answer in answers] == [201] * 5
    assert farm.wait_for_rest("only-once")["state"] == "completed"
    assert farm.post("/jobs", asked)["state"] == "completed", "later it is the same one still"
    listed = [job["id"] for job in farm.get("/jobs", limit=500)["items"]]
    assert listed.count("only-once") == 1
    assert len(farm.assert_paid_once("only-once")["lines"]) == 2
    steps = [event["data"].get("step") for event in farm.events(job="only-once")]
    assert steps.count("inspecting") == 1, "it was looked at once"
    for change in ({"frames": "1-3"}, {"fresh": False}, {"out": "/elsewhere"}):
        other = farm.session.post(f"{farm.address}/jobs", json=asked | change, timeout=30)
        assert (other.status_code, other.json()["error"]["code"]) == (409, "job_differs")
