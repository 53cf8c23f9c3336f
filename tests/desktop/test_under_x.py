"""The same tests once more on a real X server: another platform, with its own focus and drawing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCREEN = ["-screen", "0", "1600x1000x24"]
RUN_SECONDS_MAX = 1_800
BRIEFLY = ["test_manners.py", "test_whole_way.py::test_from_drop_to_bill"]
AT_LENGTH = [
    *("test_manners.py", "test_offline.py", "test_server.py"),
    *("test_sign_in.py", "test_whole_way.py"),
]
"""Those that show a window and work it."""


@pytest.fixture
def display() -> Iterator[str]:
    """An X server of our own, that nobody sees; it says by itself which number it took."""
    program = shutil.which("Xvfb")
    if program is None and sys.platform != "linux":
        pytest.skip("Xvfb is not for this system; where it is, scripts/bootstrap.sh installs it")
    assert program is not None, "scripts/bootstrap.sh all installs Xvfb"
    reader, writer = os.pipe()
    server = subprocess.Popen(
        [program, "-displayfd", str(writer), *SCREEN, "-nolisten", "tcp", "-noreset"],
        pass_fds=[writer],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    try:
        with os.fdopen(reader) as told:
            number = told.readline().strip()
        assert number, "Xvfb ended before it had begun"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(BRIEFLY, id="briefly"),
        pytest.param(AT_LENGTH, id="at length", marks=pytest.mark.torture),
    ],
)
def test_windows_under_x(display: str, again: list[str]) -> None:
    """What holds without a display holds with one."""
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    environment.pop("PYTEST_XDIST_WORKER", None)
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider"),
            *(f"tests/desktop/{name}" for name in again),
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
