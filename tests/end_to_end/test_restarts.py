"""A server that is killed goes on where it was; a parent that ends takes everybody with it."""

import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from tests.end_to_end.conftest import Scenes
from tests.end_to_end.running_farm import RunningFarm, wait_until
from tests.end_to_end.test_stopping import STOP_SECONDS_MAX


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
    wait_until(lambda: not running.list_orphans(), seconds=60, what="no orphans")


def test_a_job_goes_on_after_each_kill_of_its_server(mortal: RunningFarm, scenes: Scenes) -> None:
    mortal.submit("laden", scenes.laden)
    for step in ("inspecting", "packing"):
        wait_until(
            lambda: mortal.get("/jobs/laden")["reason"]["code"] == step,  # noqa: B023
            seconds=60,
            what=f"the job is at {step}",
        )
        mortal.kill_server()
        mortal.start()
    mortal.wait_for_done("laden", 1)
    node = mortal.node()
    mortal.kill_server()
    assert node is not None
    node.wait(timeout=10)
    mortal.start()
    before = {n: one for n, one in mortal.frames("laden").items() if one["state"] == "done"}
    tries = {number: mortal.attempts("laden", number) for number in before}
    assert before, "a frame was done before the last kill"
    job = mortal.wait_for_rest("laden")
    assert (job["state"], job["frames"]["done"]) == ("completed", 4)
    after = mortal.frames("laden")
    for number, frame in before.items():
        assert after[number]["amount_micros"] == frame["amount_micros"]
        assert mortal.attempts("laden", number) == tries[number], "done is not done again"
    steps = [event["data"].get("step") for event in mortal.events(job="laden")]
    assert steps.count("inspecting") >= 2 and steps.count("packing") >= 2
    mortal.assert_paid_once("laden")
    assert mortal.get("/balance")["held_micros"] == 0
    assert len(mortal.wait_for_delivery("laden")) == 4


@pytest.mark.parametrize("victim", ["host", "node", "node that is asked"])
def test_an_inspection_outlives_who_did_it(
    mortal: RunningFarm, scenes: Scenes, victim: str
) -> None:
    for host in mortal.list_blenders():
        host.kill()  # so that another one has to start, which takes a moment
        host.wait(timeout=10)
    job = f"inspected-twice-{victim.replace(' ', '-')}"
    mortal.submit(job, scenes.slow, frames="1")
    wait_until(lambda: bool(mortal.list_blenders()), seconds=60, what="a renderer starts")
    hosts, node = mortal.list_blenders(), mortal.node()  # two, while one forks its guard
    assert node is not None
    if victim == "host":
        for host in hosts:
            host.kill()
    elif victim == "node":
        node.kill()
    else:
        node.terminate()
    shown = mortal.wait_for_rest(job)
    assert (shown["state"], shown["findings"]) == ("completed", [])


def test_cancel_ends_an_inspection(mortal: RunningFarm, scenes: Scenes) -> None:
    mortal.render("warm-up", scenes.turning, frames="1", fresh=True)
    mortal.submit("not-wanted", scenes.heavy, frames="2")
    host = mortal.find_busy_host()
    assert mortal.get("/jobs/not-wanted")["reason"]["code"] == "inspecting"
    mortal.post("/jobs/not-wanted/cancel")
    host.wait(timeout=STOP_SECONDS_MAX)
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
