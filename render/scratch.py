"""Scratch folders: where a node's hosts write, one for each process, cleared once that is gone."""

import os
import shutil
from pathlib import Path

import psutil

PREFIX = "run-"


def make_scratch(workdir: Path) -> Path:
    """Return this process's own folder in a node's work folder, empty.

    What processes left there that were killed goes: half-written pictures can be large.
    """
    for folder in workdir.glob(f"{PREFIX}*"):
        if not belongs_to_another(folder):
            shutil.rmtree(folder, ignore_errors=True)
    scratch = workdir / f"{PREFIX}{os.getpid()}"
    scratch.mkdir(parents=True, exist_ok=True)
    return scratch


def belongs_to_another(folder: Path) -> bool:
    """Tell whether a process that is still there may use a scratch folder: a second node, say."""
    number = folder.name.removeprefix(PREFIX)
    return number.isdigit() and int(number) != os.getpid() and psutil.pid_exists(int(number))
