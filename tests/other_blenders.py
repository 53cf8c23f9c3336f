"""Blenders beside those of this Python: other Pythons that have the `bpy` wheel, if any.

`YUNTU_TEST_BPY_PYTHONS` names them, separated as paths are. Newer wheels want newer Pythons.
"""

import os
import subprocess

from render.renderers import Origin, Renderer, RendererSpec

VARIABLE = "YUNTU_TEST_BPY_PYTHONS"
ASK = "from importlib.metadata import version; print(version('bpy'))"


def list_other_pythons() -> list[str]:
    """Return the Pythons that were named."""
    return [one for one in os.environ.get(VARIABLE, "").split(os.pathsep) if one]


def find_other_wheels(spec: RendererSpec) -> list[Renderer]:
    """Return the wheels of other Pythons as renderers."""
    found = []
    for python in list_other_pythons():
        told = subprocess.run([python, "-c", ASK], check=True, capture_output=True, text=True)
        version = told.stdout.strip()
        found.append(Renderer(spec=spec, version=version, command=(python,), origin=Origin.WHEEL))
    return found
