"""Builds lanterns.blend, the bundled example: paper lanterns rising over a sea of clouds at dusk.

Run it inside Blender, from 3.4 on, or under the bpy wheel. The file that ships was saved by 3.4.1,
the oldest Blender that Yuntu supports, because 3.4 crashes on what 4.5 saves:

    blender --background --factory-startup --python build_scene.py -- [OUTPUT.blend]
    python build_scene.py -- [OUTPUT.blend]
"""

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # Blender does not put a script's own folder on the path.

import landscape  # noqa: E402
import paints  # noqa: E402
import papers  # noqa: E402
import shapes  # noqa: E402
from paints import FIRST, LAST, mix_pigment  # noqa: E402
from stage import Stage, key  # noqa: E402

# Of each lantern: x, y, height at the first frame, size, how far it rises
FLIGHT = (
    (2.4, -8.2, 1.68, 0.62, 0.8),
    (-0.15, -6.0, 3.35, 0.50, 0.80),
    (1.25, -3.6, 1.05, 0.60, 0.95),
    (3.9, -2.0, 3.1, 0.66, 0.95),
    (0.55, 0.6, 4.7, 0.60, 0.95),
    (-1.0, 2.5, 1.7, 0.60, 1.05),
    (2.6, 4.0, 2.6, 0.62, 1.15),
    (5.6, 5.5, 5.6, 0.62, 1.2),
    (-2.6, 7.0, 6.3, 0.66, 1.2),
    (0.9, 9.5, 7.3, 0.62, 1.3),
    (3.6, 12.0, 6.2, 0.7, 1.3),
    (-4.6, 11.0, 4.4, 0.68, 1.3),
    (1.6, 15.0, 3.3, 0.72, 1.4),
    (-1.6, 18.0, 4.6, 0.8, 1.5),
    (3.2, 22.0, 9.0, 0.85, 1.6),
    (-6.0, 22.0, 8.6, 0.85, 1.6),
    (0.3, 26.0, 10.4, 0.9, 1.8),
    (-2.5, 30.0, 8.0, 0.9, 1.8),
)
# The lanterns, by number, that fly just above the clouds.
LOW_LANTERNS = (0, 2, 5, 12)


def release_lanterns(stage: Stage, paper: Any) -> list[Any]:
    """Release the lanterns: each rises, sways, turns, and burns brighter as it gets dark.

    Returned are those that fly low enough to light the clouds.
    """
    low = []
    skin = paints.paint_lantern("Lantern paper", paper)
    wide = paints.paint_halo("Halo", mix_pigment("ff9a4d"), strength=0.50, sharpness=2.6)
    body = shapes.turn_profile(
        [
            (0.24, 0.0),
            (0.30, 0.12),
            (0.36, 0.34),
            (0.385, 0.56),
            (0.36, 0.74),
            (0.25, 0.86),
            (0.0, 0.90),
        ],
        16,
    )
    ring = paints.paint_light("Flame", mix_pigment("fff0c0"), 1.0)
    flame = shapes.turn_profile([(0.0, -0.02), (0.06, 0.02), (0.05, 0.09), (0.0, 0.17)], 8)
    card = shapes.lay_card(2.6, 2.6)
    for number, (x, y, z, size, rise) in enumerate(FLIGHT):
        sway = stage.chance.uniform(-0.25, 0.25)
        turn = stage.chance.choice((0.0, math.pi)) + stage.chance.uniform(-0.4, 0.15)
        lantern = stage.place(
            "Lantern", body, skin, at=(x, y, z), scale=size, smooth=True, casts_shadow=False
        )
        key(lantern, "location", (x, y, z), (x + sway, y, z + rise))
        tilt = stage.chance.uniform(-0.10, 0.10)
        key(lantern, "rotation_euler", (0.04, tilt, turn), (-0.04, -tilt, turn + 0.3))
        dim, bright = stage.chance.uniform(0.78, 0.88), stage.chance.uniform(0.94, 1.0)
        key(lantern, "color", (dim, 0, 0, 1), (bright, 0, 0, 1))
        fire = stage.place("Flame", flame, ring, smooth=True, casts_shadow=False)
        fire.parent = lantern
        halo = stage.place("Halo", card, wide, casts_shadow=False)
        centre = 0.42 * size
        key(halo, "location", (x, y + 0.3, z + centre), (x + sway, y + 0.3, z + centre + rise))
        halo.scale = (size, size, size)
        key(halo, "color", (dim * 0.8, 0, 0, 1), (bright, 0, 0, 1))
        if number in LOW_LANTERNS:
            low.append(lantern)
    return low


def fly_cranes(stage: Stage) -> None:
    """Fly three cranes across the upper sky."""
    white = paints.paint_light("Crane", mix_pigment("fff4e6"), 0.9)
    for number, (x, y, z, size) in enumerate(
        ((-7.4, 14, 8.9, 1.15), (-6.0, 15, 9.9, 1.05), (-9.2, 15, 9.7, 1.0))
    ):
        crane = stage.place(
            f"Crane {number}",
            shapes.spread_crane(1.0),
            white,
            at=(x, y, z),
            scale=size,
            turn=-0.5,
            casts_shadow=False,
        )
        crane.rotation_euler = (0.5, -0.12, -0.6)
        key(crane, "location", (x, y, z), (x + 1.5, y - 0.7, z + 0.4))
        crane.shape_key_add(name="Wings up")
        down = crane.shape_key_add(name="Wings down")
        for point, place in zip(down.data, shapes.spread_crane(-0.7).points, strict=True):
            point.co = place
        for frame in range(FIRST - number * 2, LAST + 7, 6):
            down.value = ((frame + number * 2 - FIRST) // 6) % 2
            down.keyframe_insert("value", frame=frame)


def set_sun(stage: Stage) -> None:
    """Set the lamp that stands for the low sun, and later for the moon."""
    lamp = bpy.data.lights.new("Sun", "SUN")
    lamp.angle = math.radians(0.5)
    for frame, colour, energy in zip((FIRST, LAST), paints.SUNSHINE, (3.1, 2.2), strict=True):
        lamp.color, lamp.energy = colour[:3], energy
        lamp.keyframe_insert("color", frame=frame)
        lamp.keyframe_insert("energy", frame=frame)
    thing = bpy.data.objects.new("Sun", lamp)
    thing.rotation_euler = (math.radians(52), 0, math.radians(58))
    stage.scene.collection.objects.link(thing)


def set_camera(stage: Stage) -> None:
    """Set the camera, which drifts to the right and a little forward."""
    lens = bpy.data.cameras.new("Camera")
    lens.lens, lens.clip_end = 46.0, 400.0
    camera = bpy.data.objects.new("Camera", lens)
    stage.scene.collection.objects.link(camera)
    stage.scene.camera = camera
    key(camera, "location", (-0.2, -16.4, 3.0), (0.25, -15.9, 3.1))
    key(camera, "rotation_euler", (math.radians(93.7), 0, 0.012), (math.radians(94.0), 0, 0.0))


def set_render(scene: Any, samples: int) -> None:
    """Set what the example renders: 24 frames of 640x360 with Cycles on the processor, as PNG."""
    scene.frame_start, scene.frame_end = FIRST, LAST
    scene.frame_set(FIRST)
    scene.render.engine = "CYCLES"
    scene.render.fps = 12
    scene.render.resolution_x, scene.render.resolution_y = 640, 360
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGB"
    scene.render.filepath = "//render/lanterns-####"
    scene.view_settings.view_transform = "Standard"
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.samples = samples
    cycles.use_adaptive_sampling = False
    cycles.use_denoising = False
    cycles.max_bounces, cycles.diffuse_bounces, cycles.transparent_max_bounces = 0, 0, 16
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.pixel_filter_type = "BLACKMAN_HARRIS"


def make_evenly_paced() -> None:
    """Make every key linear: what drifts must not start and stop within two seconds."""
    for action in bpy.data.actions:
        for curve in action.fcurves:
            for point in curve.keyframe_points:
                point.interpolation = "LINEAR"


def build(target: Path, samples: int = 8) -> None:
    """Build the whole scene and save it at `target`, its pictures in `textures/` beside it."""
    folder = target.parent / "textures"
    folder.mkdir(parents=True, exist_ok=True)
    papers.draw_lantern_paper(folder / "lantern_paper.png")
    papers.draw_ink_strokes(folder / "ink_strokes.png")
    stage = Stage()
    paper = bpy.data.images.load(str(folder / "lantern_paper.png"))
    strokes = bpy.data.images.load(str(folder / "ink_strokes.png"))
    stage.scene.world = bpy.data.worlds.new("Sky")
    paints.paint_sky(stage.scene.world)
    landscape.raise_mountains(stage, strokes)
    landscape.spread_clouds(stage, release_lanterns(stage, paper))
    landscape.float_wisps(stage)
    landscape.raise_cliff(stage, strokes)
    fly_cranes(stage)
    set_sun(stage)
    set_camera(stage)
    make_evenly_paced()
    set_render(stage.scene, samples)
    bpy.ops.wm.save_as_mainfile(filepath=str(target), compress=True)
    bpy.ops.file.make_paths_relative()
    bpy.ops.wm.save_as_mainfile(filepath=str(target), compress=True)


def read_target(arguments: Sequence[str]) -> Path:
    """Read where to save from what follows `--`; beside this script if nothing does."""
    own = list(arguments[arguments.index("--") + 1 :]) if "--" in arguments else []
    return Path(own[0]).resolve() if own else HERE / "lanterns.blend"


if __name__ == "__main__":
    build(read_target(sys.argv))
