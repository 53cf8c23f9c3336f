"""A bundle, built as `make bundle` builds it, and run where nothing else of ours is in reach."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BUILD_SECONDS_MAX = 1_800
SECONDS_MAX = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """A bundle and the data directory that its commands use."""

    folder: Path
    data: Path

    @property
    def program(self) -> Path:
        """Return the one executable."""
        return self.folder / "yuntu"

    @property
    def environment(self) -> dict[str, str]:
        """Return an environment that knows no Python and no checkout."""
        path = os.pathsep.join(("/usr/local/bin", "/usr/bin", "/bin"))
        return {"PATH": path, "HOME": str(self.data.parent), "YUNTU_LANG": "en"}

    def run(self, *argv: str) -> "subprocess.CompletedProcess[str]":
        """Run a command line of the bundle's."""
        return subprocess.run(
            [str(self.program), *argv, "--data", str(self.data)],
            env=self.environment,
            cwd=self.data.parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS_MAX,
        )

    def json(self, *argv: str) -> Any:
        """Run a command that must go well and return its answer's last line."""
        ran = self.run(*argv, "--json")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return json.loads(ran.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built folder."""
    work = tmp_path_factory.mktemp("bundle")
    subprocess.run(
        [
            *(sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR"),
            *("--distpath", str(work / "dist"), "--workpath", str(work / "build")),
            "build.spec",
        ],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
        timeout=BUILD_SECONDS_MAX,
    )
    return work / "dist" / "yuntu"


@pytest.fixture(scope="session")
def bundle(bundle_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    """The bundle, moved to where it was not built; its server is ended after the session."""
    home = tmp_path_factory.mktemp("home with blanks")
    moved = Path(shutil.move(bundle_folder, home / "盛世云图"))
    opened = Bundle(folder=moved, data=home / "data")
    yield opened
    opened.run("stop")
