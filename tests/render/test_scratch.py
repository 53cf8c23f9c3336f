"""Scratch folders: what the dead left goes, what the living use stays."""

import os
import subprocess
import sys
from pathlib import Path

from render.scratch import make_scratch


def find_dead_pid() -> int:
    """Return the number of a process that has just ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def leave_file(workdir: Path, name: str) -> Path:
    """Write a file as a killed process would have left it."""
    path = workdir / name / "hosts" / "host-0001" / "half.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    return path


def test_only_what_a_living_process_uses_stays(tmp_path: Path) -> None:
    dead = leave_file(tmp_path, f"run-{find_dead_pid()}")
    own = leave_file(tmp_path, f"run-{os.getpid()}")
    living = leave_file(tmp_path, f"run-{os.getppid()}")
    odd = leave_file(tmp_path, "run-of-the-mill")
    package = leave_file(tmp_path, "packages")
    scratch = make_scratch(tmp_path)
    assert scratch == tmp_path / f"run-{os.getpid()}" and not list(scratch.iterdir())
    assert not dead.exists() and not own.exists() and not odd.exists()
    assert living.exists() and package.exists()
