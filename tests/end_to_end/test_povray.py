"""A scene in text goes the whole way: what it includes travels with it, wherever it lies."""

from pathlib import Path

import numpy
import OpenImageIO

from tests.end_to_end.running_farm import RunningFarm

SCENE = """
#version 3.7;
#include "colors.inc"
#include "parts/wall.inc"
global_settings { assumed_gamma 1 }
camera { orthographic location <0.5, 0.5, -3> look_at <0.5, 0.5, 0> right x up y }
object { Wall }
"""
WALL = """
#declare Wall = polygon { 5, <0,0>, <1,0>, <1,1>, <0,1>, <0,0>
  texture { pigment { image_map { png "maps/paint.png" once } }
            finish { ambient 0 diffuse 0 emission 1 } } }
"""
COLOUR = (0, 204, 51)


def make_project(folder: Path) -> Path:
    """Write a scene with an include in a folder, which shows a picture in another."""
    (folder / "parts").mkdir(parents=True)
    (folder / "maps").mkdir()
    (folder / "parts" / "wall.inc").write_text(WALL)
    pixels = numpy.full((8, 8, 3), COLOUR, dtype=numpy.uint8)
    output = OpenImageIO.ImageOutput.create("paint.png")
    path = str(folder / "maps" / "paint.png")
    assert output.open(path, OpenImageIO.ImageSpec(8, 8, 3, "uint8"))
    assert output.write_image(pixels)
    output.close()
    (folder / "wall.ini").write_text("Width=40\nHeight=30\nInitial_Frame=1\nFinal_Frame=2\n")
    scene = folder / "wall.pov"
    scene.write_text(SCENE)
    return scene


def test_a_scene_with_parts_and_pictures(farm: RunningFarm, tmp_path: Path) -> None:
    scene = make_project(tmp_path / "project")
    farm.submit("wall", scene)
    farm.wait_for_state("wall", "queued", "running", "completed", seconds=60)
    (scene.parent / "maps" / "paint.png").unlink()  # the package has it, whatever happens here
    job = farm.wait_for_rest("wall")
    assert (job["state"], job["frames"]["done"]) == ("completed", 2)
    assert job["renderer"]["name"] == "povray"
    assert farm.wait_for_delivery("wall") == [f"wall_{number:04}.png" for number in (1, 2)]
    picture = OpenImageIO.ImageBuf(str(farm.out("wall") / "wall_0002.png"))
    assert (picture.spec().width, picture.spec().height) == (40, 30)
    pixels = picture.get_pixels("uint8")
    assert pixels is not None
    middle = pixels[15, 20, :3]
    assert numpy.abs(middle.astype(int) - COLOUR).max() <= 2, middle
    farm.assert_paid_once("wall")
    assert farm.get("/jobs/wall/frames/1")["has_thumbnail"]
    thumbnail = farm.session.get(f"{farm.address}/jobs/wall/frames/1/thumbnail", timeout=30)
    assert thumbnail.headers["Content-Type"] == "image/png"
    assert thumbnail.content == (farm.out("wall") / "wall_0001.png").read_bytes(), "it is small"


def test_what_is_missing_stops_it_before_money_moves(farm: RunningFarm, tmp_path: Path) -> None:
    scene = make_project(tmp_path / "project")
    (scene.parent / "maps" / "paint.png").unlink()
    job = farm.render("no-paint", scene)
    assert (job["state"], job["reason"]["code"], job["held_micros"]) == ("failed", "preflight", 0)
    told = {one["code"]: one["detail"] for one in job["findings"] if one["severity"] == "blocker"}
    checked = farm.post("/checks", {"scene": str(scene), "out": str(tmp_path / "checked")})
    assert (checked["ok"], checked["frames"], checked["package"]["files"]) == (False, "1-2", 3)
    assert {one["code"] for one in checked["findings"]} == {one["code"] for one in job["findings"]}
    assert "paint.png" in told["missing_not_found"]
