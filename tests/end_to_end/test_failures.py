"""What goes wrong in a frame costs that attempt: it is told, tried again, and never charged."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Scenes
from tests.end_to_end.running_farm import RunningFarm

CROOKED = """
#version 3.7;
global_settings { assumed_gamma 1 }
camera { location <0, 0, -3> look_at 0 }
light_source { <5, 5, -5> rgb 1 }
sphere { 0, 1 pigment { rgb <1, 0.5, 0> } }
#if (frame_number = 2 & image_width > 40) #error "the lantern fell over" #end
"""


@pytest.mark.parametrize(
    ("number", "codes"),
    [(signal.SIGSEGV, {"crashed"}), (signal.SIGKILL, {"killed", "out_of_memory"})],
)
def test_a_renderer_that_dies_costs_one_attempt(
    farm: RunningFarm, scenes: Scenes, number: signal.Signals, codes: set[str]
) -> None:
    job = f"died-of-{number.name.lower()}"
    farm.submit(job, scenes.lasting, frames="2", fresh=True)
    farm.wait_for_frame(job)
    host = farm.find_busy_host()
    os.kill(host.pid, number)
    host.wait(timeout=10)
    assert farm.wait_for_rest(job)["state"] == "completed"
    assert farm.frames(job)[2]["failures"] == 1
    failed, done = farm.attempts(job, 2)
    assert (failed["outcome"], done["outcome"]) == ("failed", "done")
    assert failed["reason"]["code"] in codes
    assert number.name in failed["words"], "the attempt says what it died of"
    assert failed["reason"]["title"] and failed["reason"]["detail"]
    bill = farm.assert_paid_once(job)
    assert bill["frames_failed"] == 0


def test_a_frame_that_always_fails_says_why_in_the_renderers_words(
    farm: RunningFarm, tmp_path: Path
) -> None:
    scene = tmp_path / "crooked.pov"
    scene.write_text(CROOKED)
    scene.with_suffix(".ini").write_text("Width=64\nHeight=64\nInitial_Frame=1\nFinal_Frame=2\n")
    job = farm.render("crooked", scene)
    assert (job["state"], job["reason"]["code"]) == ("partial", "some_frames_failed")
    assert (job["frames"]["done"], job["frames"]["failed"]) == (1, 1)
    frame = farm.frames("crooked")[2]
    assert (frame["state"], frame["failures"], frame["attempt"]) == ("failed", 3, 3)
    assert frame["reason"]["code"] == "scene_error"
    assert "the lantern fell over" in frame["words"]
    assert [one["outcome"] for one in farm.attempts("crooked", 2)] == ["failed"] * 3
    assert "Parse halted by #error" in farm.get("/jobs/crooked/frames/2/log")
    assert frame["amount_micros"] is None
    assert farm.assert_paid_once("crooked")["frames_failed"] == 1
    assert len(farm.wait_for_delivery("crooked")) == 1


def test_frames_that_fade_from_black_are_accepted_with_a_warning(
    farm: RunningFarm, scenes: Scenes
) -> None:
    job = farm.render("fading", scenes.dark)
    assert (job["state"], job["frames"]["done"]) == ("completed", 4)
    warned = {n: codes(one["warnings"]) for n, one in farm.frames("fading").items()}
    assert warned == {1: ["black"], 2: ["black"], 3: [], 4: []}
    assert len(farm.assert_paid_once("fading")["lines"]) == 4
    assert farm.wait_for_delivery("fading") == [f"dark_{n:04}.png" for n in range(1, 5)]


def test_a_picture_that_is_not_of_numbers_fails(farm: RunningFarm, scenes: Scenes) -> None:
    job = farm.render("broken", scenes.broken)
    assert (job["state"], job["reason"]["code"]) == ("failed", "all_frames_failed")
    for frame in farm.frames("broken").values():
        assert (frame["state"], frame["failures"]) == ("failed", 3)
        assert frame["reason"]["code"] == "not_a_number"
    assert job["cost_micros"] == farm.get("/balance")["held_micros"] == 0
    assert not list(farm.out("broken").iterdir())


def codes(reasons: list[dict[str, Any]]) -> list[str]:
    """Return the codes of reasons."""
    return [one["code"] for one in reasons]
