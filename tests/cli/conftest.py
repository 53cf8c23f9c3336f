"""A tiny scene, and one server that the tests of a session share."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from tests.cli.yuntu import Yuntu

MAKE_SCENE = """
import os, sys
import bpy

scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples = 1
scene.cycles.use_denoising = False
scene.render.resolution_x, scene.render.resolution_y = 64, 36
scene.render.resolution_percentage = 100
scene.frame_start, scene.frame_end = 1, 3
if "--no-camera" in sys.argv:
    scene.camera = None
if "--lost-image" in sys.argv:
    tree = bpy.data.objects["Cube"].active_material.node_tree
    image = tree.nodes.new("ShaderNodeTexImage").image = bpy.data.images.new("lost", 4, 4)
    image.source, image.filepath = "FILE", "//lost.png"
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
os._exit(0)
"""


def make_scene(path: Path, *flags: str) -> Path:
    """Save a cube in three tiny frames."""
    command = [sys.executable, "-c", MAKE_SCENE, *flags, str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


@pytest.fixture(scope="session", autouse=True)
def no_keyring() -> Iterator[None]:
    """Let no test touch the keyring of whoever runs it."""
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


@pytest.fixture(scope="session", autouse=True)
def speaking_english() -> Iterator[None]:
    """Let nothing of this machine's settings decide the language or the data directory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("YUNTU_LANG", "en")
        patch.delenv("YUNTU_DATA", raising=False)
        yield


@pytest.fixture(autouse=True)
def every_code_has_words(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test in which a code was shown that has no words."""
    yield
    missing = [one.getMessage() for one in caplog.records if one.name == "local_server.wording"]
    assert not missing


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene of three tiny frames."""
    return make_scene(tmp_path_factory.mktemp("scene") / "cube.blend")


@pytest.fixture(scope="session")
def blind_scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene without a camera."""
    return make_scene(tmp_path_factory.mktemp("blind") / "blind.blend", "--no-camera")


@pytest.fixture(scope="session")
def yuntu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yuntu]:
    """The command line on a data directory with ¥100; its server is ended after the session."""
    yuntu = Yuntu(tmp_path_factory.mktemp("data"))
    assert yuntu("topup", "100").code == 0
    yield yuntu
    yuntu("stop")
