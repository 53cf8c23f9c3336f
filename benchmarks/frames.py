"""(a) Twenty short frames, submit to bill, against the same Blender by itself.

Two scenes are made on the spot: a small one, and a medium one with textures and many faces. The
same frames are rendered by one Blender in one go, by one Blender start per frame, and by Yuntu
from an empty data folder with its server up. The pictures must be the same to the bit.
"""

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import numpy
import OpenImageIO

from benchmarks.results import Measurement
from benchmarks.startup import is_up
from tests.end_to_end.running_farm import COST_MICROS_MAX, RunningFarm, wait_until

FRAMES = 20
LOOK_SECONDS = 0.2  # every look takes the renderer some of its processor
SCENES = {"small": "0.95 or less", "medium": "0.80 or less"}
MAKE = Path(__file__).with_name("make_scene.py")
RENDER = """
import sys
import bpy

scene_path, out, first, last = sys.argv[-4], sys.argv[-3], int(sys.argv[-2]), int(sys.argv[-1])
bpy.ops.wm.open_mainfile(filepath=scene_path)
scene = bpy.context.scene
scene.frame_start, scene.frame_end = first, last
scene.render.filepath = out + "/####"
bpy.ops.render.render(animation=True)
import os

os._exit(0)
"""


def measure_frames(folder: Path) -> list[Measurement]:
    """Measure both scenes."""
    return [one for name in SCENES for one in measure_scene(folder / name, name)]


def measure_scene(folder: Path, name: str) -> list[Measurement]:
    """Measure one scene: plain Blender in one go, one start per frame, Yuntu."""
    folder.mkdir(parents=True)
    scene = folder / f"{name}.blend"
    subprocess.run(
        [sys.executable, MAKE, str(scene), name, str(FRAMES)], check=True, capture_output=True
    )
    plain = render_plain(scene, folder / "plain", first=1, last=FRAMES)
    began = time.perf_counter()
    for frame in range(1, FRAMES + 1):
        render_plain(scene, folder / "single", first=frame, last=frame)
    single = time.perf_counter() - began
    ours = render_ours(scene, folder)
    equal = compare(folder / "plain", folder / "out")
    return [
        Measurement(name=f"{name}: one Blender, {FRAMES} frames", value=plain, unit="s"),
        Measurement(name=f"{name}: one Blender start per frame", value=single, unit="s"),
        Measurement(name=f"{name}: Yuntu, submit to bill", value=ours, unit="s"),
        Measurement(
            name=f"{name}: Yuntu / one Blender", value=ours / plain, unit="", aim=SCENES[name]
        ),
        Measurement(name=f"{name}: Yuntu / one start per frame", value=ours / single, unit=""),
        Measurement(
            name=f"{name}: pictures equal to the cold render", value=equal, unit=f"of {FRAMES}"
        ),
    ]


def render_plain(scene: Path, out: Path, *, first: int, last: int) -> float:
    """Render frames with the `bpy` wheel in a process of its own; returns seconds."""
    out.mkdir(exist_ok=True)
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", RENDER, str(scene), str(out), str(first), str(last)],
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - began


def render_ours(scene: Path, folder: Path) -> float:
    """Render the same frames as a job; returns seconds from the submit to the bill."""
    farm = RunningFarm(folder / "data").start()
    try:
        farm.top_up(1_000)
        wait_until(lambda: is_up(farm), seconds=60, what="the node is up")
        wheel = [
            one for one in farm.get("/renderers")["items"] if one["executable"] == sys.executable
        ]
        renderer = f"{wheel[0]['name']}-{wheel[0]['version']}"
        began = time.perf_counter()
        request = {"id": "bench", "scene": str(scene), "out": str(folder / "out")}
        farm.post("/jobs", request | {"renderer": renderer, "max_cost_micros": COST_MICROS_MAX})
        wait_until(
            lambda: bool(farm.get("/jobs/bench")["state"] == "completed"),
            seconds=600,
            what="all frames are done",
            every_seconds=LOOK_SECONDS,
        )
        bill = farm.get("/jobs/bench/bill")
        took = time.perf_counter() - began
        assert len(bill["lines"]) == FRAMES
        wait_until(
            lambda: farm.get("/jobs/bench")["delivery"]["waiting"] == 0,
            seconds=60,
            what="all frames are delivered",
        )
    finally:
        farm.stop()
    return took


def compare(plain: Path, ours: Path) -> int:
    """Count the frames whose pixels are the same to the bit."""
    expected = sorted(plain.glob("*.png"))
    found = sorted(ours.glob("*.png"))
    assert len(expected) == len(found) == FRAMES
    return sum(hash_pixels(a) == hash_pixels(b) for a, b in zip(expected, found, strict=True))


def hash_pixels(path: Path) -> str:
    """Return a hash of a picture's pixels."""
    image = OpenImageIO.ImageInput.open(str(path))
    pixels = numpy.ascontiguousarray(image.read_image())
    image.close()
    return hashlib.sha256(pixels.tobytes()).hexdigest()
