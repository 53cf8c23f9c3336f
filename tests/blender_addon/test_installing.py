"""`yuntu blender-addon`: into every Blender that is here, and out again."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.yuntu import Yuntu

needs_blender = pytest.mark.skipif(shutil.which("blender") is None, reason="no Blender is here")


@needs_blender
def test_installed_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The add-on lies where that Blender looks, and knows how this program is started."""
    yuntu = Yuntu(tmp_path / "data")
    for name in [name for name in os.environ if name.startswith(("XDG_", "BLENDER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    program = shutil.which("blender")
    assert program
    done = yuntu.json("blender-addon", "install", "--blender", program)["items"]
    assert [one["done"] for one in done] == [True]
    place = Path(done[0]["place"])
    assert place.is_relative_to(tmp_path)
    told = json.loads((place / "installed.json").read_text())
    assert told["data"] == str(tmp_path / "data")
    env = {"PATH": os.environ["PATH"], **told["environment"]}
    ran = subprocess.run(
        [*told["command"], "version", "--json"], env=env, cwd="/", capture_output=True, check=True
    )
    assert json.loads(ran.stdout)["version"]
    yuntu.json("blender-addon", "remove", "--blender", program)
    assert not place.exists()


def test_what_is_no_blender_is_named(tmp_path: Path) -> None:
    """A program that is none is said to be none; nothing is done."""
    ran = Yuntu(tmp_path)("blender-addon", "install", "--blender", sys.executable, "--json")
    assert (ran.code, ran.error["code"]) == (2, "no_blender_here")
    assert ran.error["params"] == {"path": sys.executable}
