"""Scenes made on the spot by the real Blender, as small as they can be."""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

MAKE_SCENES = Path(__file__).with_name("make_scenes.py")


@dataclass(frozen=True, kw_only=True, slots=True)
class SceneSpec:
    """A turning cube, `size` pixels square.

    `dark` frames at the start have no light at all. Of `steep` scenes only the second frame takes
    its samples; of seven frames it is none that an estimate tries. `pictured` scenes show an
    OpenEXR picture through the compositor, as it is, and are saved as OpenEXR themselves. An
    `asset` is a file that the scene names and shows nowhere; `textured` scenes show a
    picture on the cube; `choices` have a second camera and a second view layer.
    """

    path: str
    frames: int
    size: int = 32
    samples: int = 1
    dark: int = 0
    steep: bool = False
    asset: str = ""
    pictured: str = ""
    textured: str = ""
    choices: bool = False


def make_scenes(specs: Iterable[SceneSpec]) -> None:
    """Write scenes, all by one Blender: starting it takes longest."""
    told = json.dumps([asdict(spec) for spec in specs])
    command = [sys.executable, "-P", str(MAKE_SCENES), told]
    subprocess.run(command, check=True, capture_output=True)


def make_scene(path: Path, *, frames: int, size: int = 32, samples: int = 1) -> Path:
    """Write a .blend of a turning cube, `size` pixels square; returns its path."""
    make_scenes([SceneSpec(path=str(path), frames=frames, size=size, samples=samples)])
    return path
