"""One folder, one executable: it serves, and renders with what is installed."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.bundle.conftest import ROOT, Bundle
from tests.end_to_end.running_farm import wait_until

pytestmark = [pytest.mark.bundle, pytest.mark.torture]
TEA = ROOT / "resources" / "scenes" / "povray-tea"
BYTES_MAX = 700 * 1024**2
needs_blender = pytest.mark.skipif(shutil.which("blender") is None, reason="no Blender is here")
needs_povray = pytest.mark.skipif(shutil.which("povray") is None, reason="no POV-Ray is here")
MAKE_CUBE = """
import bpy, sys
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples, scene.cycles.use_denoising = 1, False
scene.render.resolution_x = scene.render.resolution_y = 32
scene.frame_end = 2
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
"""


def render(bundle: Bundle, scene: Path, *options: str) -> list[str]:
    """Render a scene through the bundle; returns the names of its frames."""
    out = bundle.data.parent / f"{scene.stem}-out"
    bundle.json("topup", "20")
    job = bundle.json("render", str(scene), "--out", str(out), *options)["job"]
    assert job["state"] == "completed", job
    return sorted(path.name for path in out.iterdir())


def count_bytes(paths: Iterable[Path]) -> int:
    """Return how large files are together."""
    return sum(path.stat().st_size for path in paths if path.is_file() and not path.is_symlink())


def test_it_knows_itself(bundle: Bundle) -> None:
    """Its version is the project's, and it has its own Python."""
    assert bundle.json("version")["version"] == version("yuntu")
    assert "渲染" in bundle.run("render", "--help", "--lang", "zh").stdout


def test_it_is_one_folder_without_blender(bundle: Bundle) -> None:
    """Blender's own wheel would be larger than all else, and an installed Blender renders."""
    files = list(bundle.folder.rglob("*"))
    assert count_bytes(files) < BYTES_MAX
    assert not [path for path in files if path.name.startswith(("bpy", "pytest", "hypothesis"))]
    programs = [path for path in bundle.folder.iterdir() if path.is_file()]
    assert [path.name for path in programs] == ["yuntu"]


def test_server_and_pages(bundle: Bundle) -> None:
    """The server comes up with its node, and what it shows in a browser is there, offline."""
    renderers = {one["name"] for one in bundle.json("renderers")["items"]}
    assert renderers == {one for one in ("blender", "povray") if shutil.which(one)}
    told = json.loads((bundle.data / "server.json").read_text())
    for page in ("openapi/openapi.json", "openapi/swagger", "openapi/redoc"):
        address = f"http://127.0.0.1:{told['port']}/{page}"
        ran = subprocess.run(["curl", "-sfL", "-o", "/dev/null", address], check=False, timeout=60)
        assert ran.returncode == 0, page


@needs_povray
def test_povray_renders_through_it(bundle: Bundle) -> None:
    """A program that is leashed finds its own libraries, not the bundle's."""
    names = render(bundle, TEA / "tea.pov", "--size", "64x48", "--frames", "1-2")
    assert names == ["tea_0001.png", "tea_0002.png"]


@needs_blender
def test_blender_renders_through_it(bundle: Bundle, tmp_path: Path) -> None:
    """An installed Blender is found and kept warm."""
    script, scene = tmp_path / "make.py", tmp_path / "cube.blend"
    script.write_text(MAKE_CUBE)
    command = ["blender", "-b", "--factory-startup", "--python", str(script), "--", str(scene)]
    subprocess.run(command, check=True, capture_output=True)
    installed = ("--renderer", "blender")
    assert render(bundle, scene, *installed) == ["cube_0001.png", "cube_0002.png"]


@needs_blender
def test_addon_goes_into_blender(bundle: Bundle) -> None:
    """The add-on starts this very bundle."""
    program = shutil.which("blender") or ""
    [done] = bundle.json("blender-addon", "install", "--blender", program)["items"]
    told = json.loads(Path(done["place"], "installed.json").read_text())
    assert told["command"] == [str(bundle.program)]


@pytest.mark.skipif(find_spec("desktop") is None, reason="there is no window yet")
@pytest.mark.skipif(shutil.which("xvfb-run") is None, reason="no display can be made")
def test_window_opens(bundle: Bundle) -> None:
    """It is up, and has started the server of its data directory."""
    of_window = replace(bundle, data=bundle.data.with_name("window-data"))
    data = of_window.data
    command = ["xvfb-run", "-a", str(bundle.program), "desktop", "--data", str(data)]
    window = subprocess.Popen(
        command, env=bundle.environment, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        wait_until(
            lambda: window.poll() is None and (data / "server.json").exists(),
            seconds=60,
            what="the window has started a server",
        )
    finally:
        os.killpg(window.pid, signal.SIGTERM)
        _, words = window.communicate(timeout=30)
        of_window.run("stop")  # one that has jobs goes on without a window
    assert b"Traceback" not in words, words.decode()
