"""The warm Blender host with every real Blender of this machine: pictures, times, settings."""

import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import OpenImageIO
import pytest

from render.hosts import Limits, Look, Progress, Shot
from render.renderers import Origin, Renderer
from tests.render.conftest import ONE_BLENDER, Opener

LIMITS = Limits(frame_seconds_max=120)
COLD = """
import bpy, os, sys
scene_path, folder, *frames = sys.argv[sys.argv.index("--") + 1 :]
bpy.ops.wm.open_mainfile(filepath=scene_path, use_scripts=False)
render = bpy.context.scene.render
render.use_persistent_data = False
for frame in frames:
    bpy.context.scene.frame_start = bpy.context.scene.frame_end = int(frame)
    render.filepath = os.path.join(folder, "cold_")
    bpy.ops.render.render(animation=True)
os._exit(0)
"""


def read_pixels(path: Path) -> npt.NDArray[np.float32]:
    pixels = OpenImageIO.ImageBuf(str(path)).get_pixels()
    assert pixels is not None, OpenImageIO.geterror()
    return np.asarray(pixels, dtype=np.float32)


def render_cold(blender: Renderer, scene: Path, folder: Path, frames: list[int]) -> None:
    """Render each frame in a Blender of its own, with nothing of ours in it."""
    script = folder / "cold.py"
    script.write_text(COLD)
    flags = ["-P"] if blender.origin is Origin.WHEEL else ["-b", "--factory-startup", "--python"]
    for frame in frames:
        command = [*blender.command, *flags, str(script), "--", str(scene), str(folder), str(frame)]
        subprocess.run(command, check=True, capture_output=True)


def test_warm_pictures_equal_cold_ones(
    blender: Renderer, scenes: Path, tmp_path: Path, opened: Opener
) -> None:
    host = opened(blender)
    host.open(scenes / "turning.blend")
    warm = [
        host.render(Shot(frame=frame, stem=tmp_path / f"warm_{frame}"), LIMITS).picture
        for frame in (1, 12, 5, 1)
    ]
    render_cold(blender, scenes / "turning.blend", tmp_path, [1, 5])
    first, last, middle, again = map(read_pixels, warm)
    assert np.array_equal(first, read_pixels(tmp_path / "cold_0001.png"))
    assert np.array_equal(middle, read_pixels(tmp_path / "cold_0005.png"))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, last), "the scene moves"


def test_scene_is_loaded_once_and_loading_is_measured_apart(
    blender: Renderer, scenes: Path, tmp_path: Path, opened: Opener
) -> None:
    host = opened(blender)
    load_ms = host.open(scenes / "turning.blend")
    assert load_ms > 0
    assert host.open(scenes / "turning.blend") == 0
    told: list[Progress] = []
    lines: list[str] = []
    first = host.render(
        Shot(frame=1, stem=tmp_path / "a", threads=1),
        LIMITS,
        on_progress=told.append,
        on_line=lines.append,
    )
    second = host.render(Shot(frame=2, stem=tmp_path / "b"), LIMITS)
    assert (first.load_ms, second.load_ms) == (load_ms, 0)
    assert 0 < second.render_ms < 60_000
    assert first.cores == 1
    assert first.peak_memory_bytes > 50_000_000
    assert first.picture == tmp_path / "a.png"
    assert told[-1].fraction == 1.0
    assert told[-1].samples == 4
    assert any("Saved" in line for line in lines)


def test_facts_are_the_scenes_own(blender: Renderer, scenes: Path, opened: Opener) -> None:
    host = opened(blender)
    host.open(scenes / "turning.blend")
    facts = host.inspect()
    assert (facts.frame_start, facts.frame_end, facts.frame_step) == (1, 12, 1)
    assert (facts.width, facts.height, facts.samples) == (48, 32, 4)
    assert (facts.engine, facts.camera, facts.extension) == ("CYCLES", "Camera", ".png")
    assert facts.saved_by.startswith(".".join(blender.version.split(".")[:2]))
    assert facts.findings == ()
    assert not facts.needs_opengl


@ONE_BLENDER
def test_a_look_holds_for_its_own_frame_only(
    blender: Renderer, scenes: Path, tmp_path: Path, opened: Opener
) -> None:
    host = opened(blender)
    host.open(scenes / "turning.blend")
    look = Look(width=40, height=20, samples=1, camera="Camera")
    small = host.render(Shot(frame=1, stem=tmp_path / "small", look=look), LIMITS)
    half = host.render(Shot(frame=1, stem=tmp_path / "half", scale=0.5), LIMITS)
    whole = host.render(Shot(frame=1, stem=tmp_path / "whole"), LIMITS)
    shapes = [read_pixels(shot.picture).shape[:2] for shot in (small, half, whole)]
    assert shapes == [(20, 40), (16, 24), (32, 48)]


def test_camera_layers_size_and_format_can_be_chosen(
    blender: Renderer, scenes: Path, tmp_path: Path, opened: Opener
) -> None:
    host = opened(blender)
    host.open(scenes / "choices.blend")
    facts = host.inspect()
    assert (facts.camera, facts.cameras) == ("Camera", ("Above", "Camera"))
    assert (facts.view_layers, facts.view_layers_off) == (("ViewLayer",), ("Bare",))
    own = host.render(Shot(frame=1, stem=tmp_path / "own"), LIMITS).picture
    look = Look(camera="Above", percentage=25, view_layers=("Bare",), format="exr_layers")
    seen = host.inspect(look)
    assert (seen.width, seen.height, seen.extension) == (24, 16, ".exr")
    assert (seen.camera, seen.view_layers) == ("Above", ("Bare",))
    chosen = host.render(Shot(frame=1, stem=tmp_path / "chosen", look=look), LIMITS).picture
    assert chosen.suffix == ".exr"
    spec = OpenImageIO.ImageBuf(str(chosen)).spec()
    assert {name.split(".")[0] for name in spec.channelnames} == {"Bare"}
    assert (spec.width, spec.height) == (24, 16)
    above = Look(camera="Above", format="jpeg")
    other = host.render(Shot(frame=1, stem=tmp_path / "other", look=above), LIMITS).picture
    assert other.suffix == ".jpg"
    assert not np.allclose(read_pixels(other)[..., :3], read_pixels(own)[..., :3], atol=0.2)
    again = host.render(Shot(frame=1, stem=tmp_path / "again"), LIMITS).picture
    assert again.suffix == ".png"
    assert np.array_equal(read_pixels(again), read_pixels(own))


@pytest.mark.parametrize("frame", [-3, 123456])
def test_frames_far_from_the_scenes_range(
    blender: Renderer,
    scenes: Path,
    tmp_path: Path,
    opened: Opener,
    frame: int,
) -> None:
    host = opened(blender)
    host.open(scenes / "turning.blend")
    # Blender reads `#` and, since 4.5, `{}` in paths as its own.
    stem = tmp_path / "a #{b}" / "frame_##"
    picture = host.render(Shot(frame=frame, stem=stem), LIMITS).picture
    assert picture == stem.with_name("frame_##.png")
    assert read_pixels(picture).shape[:2] == (32, 48)


def test_formats_are_kept_and_movies_become_pictures(
    blender: Renderer, scenes: Path, tmp_path: Path, opened: Opener
) -> None:
    host = opened(blender)
    host.open(scenes / "layers.blend")
    assert host.inspect().file_format == "OPEN_EXR_MULTILAYER"
    layers = host.render(Shot(frame=1, stem=tmp_path / "layers"), LIMITS).picture
    assert layers.suffix == ".exr"
    names = OpenImageIO.ImageBuf(str(layers)).spec().channelnames
    assert any(str(name).endswith("Combined.R") for name in names)
    host.open(scenes / "movie.blend")
    facts = host.inspect()
    assert (facts.file_format, facts.extension) == ("PNG", ".png")
    picture = host.render(Shot(frame=1, stem=tmp_path / "movie"), LIMITS).picture
    assert picture.suffix == ".png"
    assert read_pixels(picture).shape[:2] == (32, 48)
    found = {finding.code: finding.params for finding in facts.findings}
    assert found["movie_output"] == {"format": "FFMPEG"}
    assert found["file_output_nodes"] == {"nodes": "Passes"}
    assert found["missing_image"] == {"name": "lost", "path": "//lost.png"}
