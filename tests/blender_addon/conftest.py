"""Real Blenders for the add-on: an installed one where there is one, and the `bpy` wheel."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.end_to_end.running_farm import RunningFarm
from tests.other_blenders import list_other_pythons

ROOT = Path(__file__).parents[2]
SETUP = ROOT / "resources" / "blender_setup.py"
ADDON = ROOT / "resources" / "blender_addon"
SECONDS_MAX = 300.0
MONEY_YUAN = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class RealBlender:
    """A Blender and a home folder of its own, so that nobody's settings are touched."""

    command: tuple[str, ...]
    home: Path

    def run(self, script: Path, *arguments: str, data: Path) -> str:
        """Run a script in it and return what it printed."""
        hidden = ("XDG_", "BLENDER_", "PYTHON", "YUNTU_")
        env = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        done = subprocess.run(
            [*self.command, str(script), "--", *arguments],
            env=env | {"HOME": str(self.home), "YUNTU_DATA": str(data)},
            check=False,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(params=["installed", "wheel", *list_other_pythons()])
def blender(request: pytest.FixtureRequest, tmp_path: Path) -> RealBlender:
    """Every Blender that this machine has."""
    if request.param not in ("installed", "wheel"):
        command: tuple[str, ...] = (request.param, "-P")
    elif request.param == "wheel":
        if find_spec("bpy") is None:
            pytest.skip("the bpy wheel is not installed")
        command = (sys.executable, "-P")
    else:
        program = shutil.which("blender")
        if program is None:
            pytest.skip("no Blender is installed")
        command = (program, "-b", "--python-exit-code", "1", "--python")
    home = tmp_path / "home"
    home.mkdir()
    return RealBlender(command=command, home=home)


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFarm]:
    """A server with money that the add-on talks to."""
    running = RunningFarm(tmp_path_factory.mktemp("addon") / "data")
    with running:
        running.top_up(MONEY_YUAN)
        yield running
        running.assert_clean()
