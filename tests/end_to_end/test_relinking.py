"""Missing textures: found in a folder that the artist names, and rendered as if never missed."""

from pathlib import Path
from typing import Any

import numpy
import OpenImageIO
import pytest

from tests.cli.yuntu import Yuntu
from tests.end_to_end.running_farm import RunningFarm
from tests.end_to_end.scenes import SceneSpec, make_scenes


def write_picture(path: Path) -> Path:
    """Write a small picture of many colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rising = numpy.arange(8 * 8 * 3, dtype=numpy.uint8).reshape(8, 8, 3)
    output = OpenImageIO.ImageOutput.create(str(path))
    assert output.open(str(path), OpenImageIO.ImageSpec(8, 8, 3, "uint8"))
    assert output.write_image(rising)
    output.close()
    return path


def read_pixels(folder: Path) -> Any:
    """Return the pixels of a folder's only picture."""
    (picture,) = folder.iterdir()
    return OpenImageIO.ImageBuf(str(picture)).get_pixels()


@pytest.fixture(scope="module")
def textured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene whose cube wears a picture from another disk."""
    folder = tmp_path_factory.mktemp("textured")
    picture = write_picture(folder / "disk" / "textures" / "wall.png")
    make_scenes(
        [SceneSpec(path=str(folder / "wall.blend"), frames=2, samples=4, textured=str(picture))]
    )
    return folder / "wall.blend"


def test_a_found_texture_renders_as_if_it_had_never_been_missed(
    farm: RunningFarm, textured: Path
) -> None:
    disk, archive = textured.parent / "disk", textured.parent / "archive"
    assert farm.render("whole", textured, frames="1")["state"] == "completed"
    farm.wait_for_delivery("whole")
    scene = textured.read_bytes()
    disk.rename(archive)
    asked = {"scene": str(textured), "renderer": "blender-4.5"}
    check = farm.post("/checks", asked)
    assert (check["ok"], check["relinked"]) == (False, [])
    assert "missing_not_found" in [one["code"] for one in check["findings"]]
    assert farm.render("lacking", textured, frames="1")["reason"]["code"] == "preflight"
    check = farm.post("/checks", asked | {"find_in": [str(archive)]})
    assert check["ok"], check["findings"]
    assert check["relinked"] == [
        {
            "path": str(disk / "textures" / "wall.png"),
            "used_by": "wall.png",
            "found": str(archive / "textures" / "wall.png"),
        }
    ]
    job = farm.render("found", textured, frames="1", find_in=[str(archive)], fresh=True)
    assert (job["state"], job["frames"]["reused"]) == ("completed", 0)
    farm.wait_for_delivery("found")
    assert numpy.array_equal(read_pixels(farm.out("found")), read_pixels(farm.out("whole")))
    # It is the very package of the whole scene, so its frames are known already.
    again = farm.render("again", textured, frames="1", find_in=[str(archive)])
    assert again["frames"]["reused"] == 1
    assert textured.read_bytes() == scene


def test_two_of_a_name_stop_the_job_and_are_named(farm: RunningFarm, textured: Path) -> None:
    for name in ("one", "two"):
        other = write_picture(textured.parent / "many" / name / "wall.png")
        other.write_bytes(other.read_bytes() + name.encode())
    many = str(textured.parent / "many")
    check = farm.post(
        "/checks", {"scene": str(textured), "renderer": "blender-4.5", "find_in": [many]}
    )
    found = {one["code"]: one for one in check["findings"] if one["severity"] == "blocker"}
    assert "missing_ambiguous" in found
    assert str(Path(many, "two", "wall.png")) in found["missing_ambiguous"]["detail"]


def test_the_command_line_looks_for_textures_too(farm: RunningFarm, textured: Path) -> None:
    yuntu = Yuntu(farm.data)
    assert yuntu("check", str(textured), "--renderer", "blender-4.5").code == 5
    ran = yuntu(
        *("check", str(textured), "--renderer", "blender-4.5"),
        *("--find-in", str(textured.parent / "archive")),
    )
    assert ran.code == 0, ran.out + ran.err
    wrong = yuntu("check", str(textured), "--find-in", str(textured.parent / "nowhere"))
    assert (wrong.code, "nowhere" in wrong.err) == (2, True)
