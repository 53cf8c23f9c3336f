"""The add-on in real Blenders, without a window, against a real server."""

import json
from pathlib import Path
from typing import Any

from tests.blender_addon.conftest import ADDON, SETUP, RealBlender
from tests.end_to_end.running_farm import RunningFarm

DRIVE = Path(__file__).with_name("drive_addon.py")


def read_answer(printed: str, mark: str) -> dict[str, Any]:
    """Return the JSON object behind a mark."""
    line = next(line for line in printed.splitlines() if line.startswith(mark))
    answer: dict[str, Any] = json.loads(line.removeprefix(mark))
    return answer


def test_an_artist_goes_the_whole_way(
    blender: RealBlender, farm: RunningFarm, tmp_path: Path
) -> None:
    """Installed, checked, mended, priced, rendered, watched to its end, switched off, removed."""
    data = farm.data
    put = read_answer(blender.run(SETUP, "install", str(ADDON), data=data), "@yuntu ")
    assert put["done"]
    assert Path(put["place"], "blender_manifest.toml").is_file()

    scene = tmp_path / "scene" / "room.blend"
    scene.parent.mkdir()
    told = read_answer(blender.run(DRIVE, str(scene), data=data), "ANSWER ")
    assert told["enabled"]
    assert "Save the scene first" in told["unsaved"]
    judge_check(told, scene)
    judge_render(told, farm)
    assert told["chinese"] == ("检查并估价" if told["languages"] else None)
    assert told["left_over"] == []

    gone = read_answer(blender.run(SETUP, "remove", data=data), "@yuntu ")
    assert gone["done"]
    assert not Path(gone["place"]).exists()


def judge_check(told: dict[str, Any], scene: Path) -> None:
    """A missing picture stops the job and leads to the object that shows it; mended, it is fine."""
    broken = told["broken"]
    assert (broken["trouble_title"], broken["ok"]) == ("", False)
    lost = next(one for one in broken["findings"] if one["severity"] == "blocker")
    assert lost["path"] == str(scene.with_name("bricks.png"))
    assert broken["findings"][0] == lost
    assert not told["broken_may_render"]
    assert told["selected"] == ["Cube"]

    checked = told["checked"]
    assert (checked["ok"], checked["trouble_title"]) == (True, "")
    assert not [one for one in checked["findings"] if one["severity"] == "blocker"]
    assert (checked["frames"], checked["frames_total"]) == ("1-3", 3)
    assert checked["renderer"] == f"blender {told['version']}"
    assert checked["price"].startswith("¥")
    assert told["most"].startswith("¥")
    assert told["wrong_amount"] == [["CANCELLED"], "This is not an amount"]


def judge_render(told: dict[str, Any], farm: RunningFarm) -> None:
    """The job is the server's own, never above what was agreed, and followed to its end."""
    assert told["submitted"]["job"]
    rendered = told["rendered"]
    assert (rendered["job_state"], rendered["done"], rendered["total"]) == ("completed", 3, 3)
    assert rendered["fraction"] == 1.0
    assert len(list(Path(rendered["out"]).glob("*.png"))) == 3
    job = farm.get(f"/jobs/{rendered['job']}")
    assert 0 < job["cost_micros"] <= 2_000_000
    farm.assert_paid_once(job["id"])
