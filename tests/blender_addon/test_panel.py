"""The panels, drawn in a real Blender with a window: on a screen that nobody sees."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.blender_addon.conftest import ADDON, SECONDS_MAX, SETUP

DRAW = Path(__file__).with_name("draw_panel.py")
NEEDED = ("blender", "xvfb-run")


@pytest.mark.skipif(not all(map(shutil.which, NEEDED)), reason="needs Blender and a screen")
def test_everything_that_the_panels_can_show_is_drawn(tmp_path: Path) -> None:
    """In the render properties and in the sidebar, with nothing that Blender complains about."""
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LIBGL_ALWAYS_SOFTWARE": "1"}
    install = ["blender", "-b", "--python", str(SETUP), "--", "install", str(ADDON)]
    subprocess.run(install, env=env, check=True, capture_output=True, timeout=SECONDS_MAX)
    picture = tmp_path / "panels.png"
    ran = subprocess.run(
        [
            *("xvfb-run", "-a", "-s", "-screen 0 1600x1200x24"),
            *("blender", "--window-geometry", "0", "0", "1600", "1200"),
            *("--python", str(DRAW), "--", str(picture)),
        ],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    told = ran.stdout + ran.stderr
    assert picture.is_file(), told
    assert "Traceback" not in told and "Error" not in told, told
    drawn = {line.split()[1] for line in ran.stdout.splitlines() if line.startswith("DRAWN")}
    assert drawn == {"YuntuRenderPanel", "YuntuSidebarPanel"}
