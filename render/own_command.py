"""How this program starts itself, from a checkout, installed, or as a bundle.

A bundle has no Python beside it: its one executable is everything, by its first word.
"""

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

LEASH_WORD = "_leash"
LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def is_bundle() -> bool:
    """Tell whether this process runs from a bundle."""
    return bool(getattr(sys, "frozen", False))


def make_own_command(*words: str) -> list[str]:
    """Return the command that is this program with some words."""
    start = [sys.executable] if is_bundle() else [sys.executable, "-m", "local_server"]
    return [*start, *words]


def make_leash_command(script: Path) -> list[str]:
    """Return the command that runs the leash: quicker than starting the whole program."""
    if is_bundle():
        return [sys.executable, LEASH_WORD]
    return [sys.executable, "-I", "-S", str(script)]


def give_back_libraries(environ: MutableMapping[str, str]) -> None:
    """Put back where libraries are looked for: a bundle's own would break the renderers it starts.

    The bundle's start keeps what was there before under another name. What this process has still
    to load itself is found nonetheless: the system has read the setting already.
    """
    if not is_bundle():
        return
    for name in LIBRARIES:
        before = environ.pop(f"{name}_ORIG", None)
        environ.pop(name, None)
        if before:
            environ[name] = before


def find_import_path() -> dict[str, str]:
    """Return the environment in which `make_own_command` works from any working folder."""
    if is_bundle():
        return {}
    root = str(Path(__file__).parents[1])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {"PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}
