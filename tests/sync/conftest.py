"""Stores of every kind, and real .blend files made by Blender itself."""

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from sync.blobs import Blobs
from sync.folder_store import FolderStore
from sync.memory_store import MemoryStore
from sync.store import Store

STUDIO = "studio"
_SCRIPTS = Path(__file__).parent


def make_folder_store(folder: Path) -> Store:
    """Return a store in a new folder."""
    root = folder / "store"
    root.mkdir(exist_ok=True)
    return FolderStore(root)


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Every implementation, one after the other."""
    kinds: dict[str, Callable[[], Store]] = {
        "folder": lambda: make_folder_store(tmp_path),
        "memory": MemoryStore,
    }
    return kinds[request.param]()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """Blobs in a folder."""
    return Blobs(make_folder_store(tmp_path), STUDIO)


def run_blender_script(name: str, *arguments: str) -> list[str]:
    """Run a script of this folder in a process that has Blender in it; return what it answers."""
    if find_spec("bpy") is None:
        pytest.skip("the bpy wheel is not installed")
    done = subprocess.run(
        [sys.executable, str(_SCRIPTS / name), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [line[7:] for line in done.stdout.splitlines() if line.startswith("ANSWER ")]


@pytest.fixture(scope="session")
def blender_scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scenes that `blender_scenes.py` describes. Copy it, do not change it."""
    folder = tmp_path_factory.mktemp("scenes")
    run_blender_script("blender_scenes.py", str(folder))
    return folder


@pytest.fixture(scope="session")
def real_scenes() -> Path:
    """The scenes by other people, where they are."""
    folder = Path(__file__).parents[3] / "shared" / "scenes"
    if not folder.is_dir():
        pytest.skip("no real scenes here")
    return folder
