"""What is committed: no path of one machine, no registry's name, a whole lock, lean scenes."""

import os
import re
import tomllib
from pathlib import Path

import pytest
import zstandard
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.tidiness.house import ROOT, list_files, refuse

REGISTRIES = re.compile(
    r"\b(?:(?:pypi|pythonhosted|npmjs|yarnpkg|crates|maven|golang|debian|ubuntu)"
    r"|mirrors?\.[a-z0-9-]+)\.(?:org|com|io|cn|net)\b"
)
HOMES = re.compile(r"(?<![\w.*/-])/(?:home|Users|root)/[a-z]")
COMMANDS = (".ci/run", "scripts/bootstrap.sh", "scripts/lock.sh")
SCENE = ROOT / "resources" / "scenes" / "lanterns" / "lanterns.blend"
SCENE_BYTES_MAX = 1_500_000
OLDEST_BLENDER = b"BLENDER-v304"


def read_text(path: str) -> str | None:
    """Return a file's text, or None where it is not text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def list_own_paths() -> list[str]:
    """List paths that only this machine has: this checkout, and the home of whoever runs this."""
    own = [ROOT, Path(os.path.expanduser("~"))]  # noqa: PTH111  Path.home() raises without a home.
    return [str(path) + os.sep for path in own if len(path.parts) > 2]


def test_files_name_no_registry_and_no_machine() -> None:
    """The project installs from wherever its user's own settings point, on any machine."""
    problems = []
    own = list_own_paths()
    for path in list_files():
        for number, line in enumerate((read_text(path) or "").splitlines(), start=1):
            if found := REGISTRIES.search(line):
                problems.append(f"{path}:{number} names the registry {found[0]}.")
            if (found := HOMES.search(line)) or any(each in line for each in own):
                problems.append(f"{path}:{number} has a path of one machine: {line.strip()[:80]}")
    refuse(problems)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such bit")
def test_commands_can_be_run() -> None:
    """A script that lost its bit fails with words that help nobody."""
    problems = [
        f"{path} cannot be run: chmod +x {path}"
        for path in COMMANDS
        if not os.access(ROOT / path, os.X_OK)
    ]
    refuse(problems)


def test_lock_has_all_that_the_project_asks_for() -> None:
    """What pyproject.toml asks for is in the lock, at a version that it allows, with hashes."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {}
    for entry in re.split(r"\n(?=[a-z0-9])", lock, flags=re.IGNORECASE):
        if found := re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", entry):
            locked[canonicalize_name(found[1])] = found[2]
            assert "--hash=sha256:" in entry, f"requirements.lock has no hash for {found[1]}"
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    asked = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    for extra in project["project"]["optional-dependencies"].values():
        asked += extra
    problems = []
    for requirement in map(Requirement, asked):
        version = locked.get(canonicalize_name(requirement.name))
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            problems.append(f"pyproject.toml asks for {requirement}, the lock has {version}.")
    refuse([f"{problem} Run `make lock`." for problem in problems])


def test_lock_names_no_place() -> None:
    """Where packages come from is the business of whoever installs them."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"://|^\s*--(?!hash)", lock, flags=re.MULTILINE)


def test_bundled_scene_is_lean_and_opens_in_the_oldest_blender() -> None:
    """Newer Blenders open what 3.4 saved, but 3.4 crashes on what 4.5 saved."""
    assert SCENE.stat().st_size <= SCENE_BYTES_MAX
    with SCENE.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as plain:
        assert plain.read(len(OLDEST_BLENDER)) == OLDEST_BLENDER
    pictures = {path.name for path in (SCENE.parent / "textures").glob("*.png")}
    assert pictures == {"ink_strokes.png", "lantern_paper.png"}
