"""Cameras, view layers, sizes and formats chosen for a job, whatever the scene says."""

from pathlib import Path

import OpenImageIO
import pytest

from tests.cli.yuntu import Yuntu
from tests.end_to_end.running_farm import RunningFarm
from tests.end_to_end.scenes import SceneSpec, make_scenes


@pytest.fixture(scope="module")
def choices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene with two cameras and two view layers."""
    path = tmp_path_factory.mktemp("choices") / "choices.blend"
    make_scenes([SceneSpec(path=str(path), frames=2, size=64, samples=2, choices=True)])
    return path


def find_blockers(farm: RunningFarm, scene: Path, **asked: object) -> list[str]:
    """Return the codes of what stops a scene."""
    check = farm.post("/checks", {"scene": str(scene), "renderer": "blender-4.5"} | asked)
    return [one["code"] for one in check["findings"] if one["severity"] == "blocker"]


def test_a_job_renders_as_it_was_chosen(farm: RunningFarm, choices: Path) -> None:
    asked = {"camera": "Above", "view_layers": ["Second"], "percentage": 50, "format": "exr_layers"}
    check = farm.post("/checks", {"scene": str(choices), "renderer": "blender-4.5"} | asked)
    facts = check["facts"]
    assert (facts["camera"], facts["cameras"]) == ("Above", ["Above", "Camera"])
    assert (facts["view_layers"], facts["view_layers_off"]) == (["Second"], ["ViewLayer"])
    assert (facts["width"], facts["height"], facts["extension"]) == (32, 32, ".exr")
    job = farm.render("chosen", choices, frames="1", **asked)
    assert job["state"] == "completed", job["reason"]
    assert farm.wait_for_delivery("chosen") == ["choices_0001.exr"]
    spec = OpenImageIO.ImageBuf(str(farm.out("chosen") / "choices_0001.exr")).spec()
    assert (spec.width, spec.height) == (32, 32)
    assert {name.split(".")[0] for name in spec.channelnames} == {"Second"}


def test_each_choice_is_another_picture(farm: RunningFarm, choices: Path) -> None:
    looks: dict[str, dict[str, object]] = {
        "plain": {},
        "seen-from-above": {"camera": "Above"},
        "by-another-layer": {"view_layers": ["Second"]},
        "half-as-large": {"percentage": 50},
        "as-jpeg": {"format": "jpeg"},
    }
    for name, look in looks.items():
        job = farm.render(name, choices, frames="1", **look)
        assert (job["state"], job["frames"]["reused"]) == ("completed", 0), name
    again = farm.render("above-again", choices, frames="1", camera="Above")
    assert again["frames"]["reused"] == 1
    assert farm.wait_for_delivery("as-jpeg") == ["choices_0001.jpg"]


def test_what_the_scene_has_not_is_told_before_money_moves(
    farm: RunningFarm, choices: Path
) -> None:
    assert find_blockers(farm, choices, camera="Nobody") == ["camera_unknown"]
    assert find_blockers(farm, choices, view_layers=["Nothing"]) == ["view_layer_unknown"]


def test_the_command_line_chooses_too(farm: RunningFarm, choices: Path) -> None:
    yuntu = Yuntu(farm.data)
    ran = yuntu(
        *("check", str(choices), "--renderer", "blender-4.5", "--json", "--percentage", "25"),
        *("--camera", "Above", "--view-layer", "Second", "--format", "tiff"),
    )
    facts = ran.json["facts"]
    assert (facts["camera"], facts["view_layers"]) == ("Above", ["Second"])
    assert (facts["width"], facts["extension"]) == (16, ".tif")
