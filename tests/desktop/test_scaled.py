"""Screens of one and a half and two pixels to a point: nothing is cut off, nothing is blurred."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN_SECONDS_MAX = 120


@pytest.mark.parametrize("factor", ["1.5", "2"])
def test_every_page_at_a_factor(factor: str, tmp_path: Path) -> None:
    """Qt reads the factor when it begins: each has a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.desktop.scaled", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": factor},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["ratio"] == float(factor)
    assert told["wrong"] == {}
