"""A server that is killed goes on where it was; a parent that ends takes everybody with it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.conftest import Scenes
from tests.end_to_end.running_farm import RunningFarm, wait_until

HEAVY_ASSET_BYTES = 48 * 1024**2
LADEN = """
#version 3.7;
camera { location <0, 0, -3> look_at 0 }
light_source { <5, 5, -5> rgb 1 }
sphere { 0, 1 pigment { rgb <1, 0.5, 0> } }
#if (frame_number < 0) box { 0, 1 pigment { density_file df3 "smoke.df3" } } #end
"""


@pytest.fixture(scope="module")
def parent() -> "Iterator[subprocess.Popen[bytes]]":
    """A process that the farm's server belongs to."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


@pytest.fixture(scope="module")
def mortal(
    parent: "subprocess.Popen[bytes]", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningFarm]:
    """A farm whose server, node and hosts these tests kill."""
    running = RunningFarm(tmp_path_factory.mktemp("mortal") / "data", "--parent", str(parent.pid))
    with running:
        running.top_up(100)
        yield running
    wait_until(lambda: not running.list_orphans(), seconds=10, what="no orphans")


@pytest.fixture(scope="module")
def laden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene that takes long to pack and no time to render."""
    scene = tmp_path_factory.mktemp("laden") / "laden.pov"
    scene.write_text(LADEN)
    scene.with_suffix(".ini").write_text("Width=32\nHeight=32\nInitial_Frame=1\nFinal_Frame=2\n")
    with scene.with_name("smoke.df3").open("wb") as file:
        file.truncate(HEAVY_ASSET_BYTES)
    return scene


def test_a_job_goes_on_after_the_server_was_killed(mortal: RunningFarm, scenes: Scenes) -> None:
    mortal.submit("interrupted", scenes.slow)
    mortal.wait_for_done("interrupted", 1)
    node = mortal.node()
    mortal.kill_server()
    assert node is not None
    node.wait(timeout=10)
    mortal.start()
    before = {n: one for n, one in mortal.frames("interrupted").items() if one["state"] == "done"}
    tries = {number: mortal.attempts("interrupted", number) for number in before}
    job = mortal.wait_for_rest("interrupted")
    assert (job["state"], job["frames"]["done"]) == ("completed", 4)
    after = mortal.frames("interrupted")
    assert before, "a frame was done before the kill"
    for number, frame in before.items():
        assert after[number]["amount_micros"] == frame["amount_micros"]
        assert mortal.attempts("interrupted", number) == tries[number], "done is not done again"
    mortal.assert_paid_once("interrupted")
    assert mortal.get("/balance")["held_micros"] == 0
    assert len(mortal.wait_for_delivery("interrupted")) == 4


def test_a_submission_begins_again_after_the_server_was_killed(
    mortal: RunningFarm, laden: Path
) -> None:
    mortal.submit("laden", laden)
    for step in ("inspecting", "packing"):
        wait_until(
            lambda: mortal.get("/jobs/laden")["reason"]["code"] == step,  # noqa: B023
            seconds=60,
            what=f"the job is at {step}",
        )
        mortal.kill_server()
        mortal.start()
    assert mortal.wait_for_rest("laden")["state"] == "completed"
    steps = [event["data"].get("step") for event in mortal.events(job="laden")]
    assert steps.count("inspecting") >= 2 and steps.count("packing") >= 2
    mortal.assert_paid_once("laden")


def wait_for_inspection(farm: RunningFarm, job: str) -> psutil.Process:
    """Wait until a renderer works at a job's inspection; returns its process."""
    farm.wait_for_state(job, "pending", seconds=10)
    host = farm.find_busy_host()
    assert farm.get(f"/jobs/{job}")["reason"]["code"] == "inspecting"
    return host


@pytest.mark.parametrize("victim", ["host", "node", "node that is asked"])
def test_an_inspection_outlives_who_did_it(
    mortal: RunningFarm, scenes: Scenes, victim: str
) -> None:
    job = f"inspected-twice-{victim.replace(' ', '-')}"
    mortal.submit(job, scenes.slow, frames="1")
    host = wait_for_inspection(mortal, job)
    node = mortal.node()
    assert node is not None
    if victim == "host":
        host.kill()
    elif victim == "node":
        node.kill()
    else:
        node.terminate()
    shown = mortal.wait_for_rest(job)
    assert (shown["state"], shown["findings"]) == ("completed", [])


def test_cancel_ends_an_inspection(mortal: RunningFarm, scenes: Scenes) -> None:
    mortal.submit("not-wanted", scenes.heavy)
    host = wait_for_inspection(mortal, "not-wanted")
    mortal.post("/jobs/not-wanted/cancel")
    host.wait(timeout=2)
    assert mortal.get("/jobs/not-wanted")["state"] == "cancelled"
    job = mortal.render("wanted", scenes.turning, frames="1", fresh=True)
    assert job["state"] == "completed"


def test_everybody_ends_with_the_parent(
    mortal: RunningFarm, parent: "subprocess.Popen[bytes]", scenes: Scenes
) -> None:
    mortal.assert_clean()
    mortal.submit("orphaned", scenes.heavy)
    mortal.wait_for_frame("orphaned")
    node = mortal.node()
    family = [psutil.Process(mortal.pid), *([node] if node else []), *mortal.hosts()]
    assert len(family) >= 3
    parent.kill()
    parent.wait()
    _, left = psutil.wait_procs(family, timeout=10)
    assert not left, f"left behind: {left}"
    assert not (mortal.data / "server.json").exists(), "it ended as it should"
    assert mortal.list_orphans() == []
