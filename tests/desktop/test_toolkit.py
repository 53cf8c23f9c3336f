"""The toolkit itself: what would end in a crash."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Signal

from desktop.words import read_words

CALLS = 500
SLACK = 50


class Sender(QObject):
    """Has something to say."""

    said = Signal(object)


def test_calls_keep_their_references() -> None:
    """PySide6 6.12.0 gave None away with every call and True with every signal, on Python 3.11."""
    sender = Sender()
    sender.said.connect(lambda _: None)
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        sender.setObjectName("name")
        sender.said.emit(1)
    assert before - sys.getrefcount(None) < SLACK, (
        "this PySide6 must not be used; see pyproject.toml"
    )


@pytest.mark.parametrize("line", [["desktop"], ["local_server", "--lang", "en"]])
def test_without_a_screen_it_says_what_to_do(tmp_path: Path, line: list[str]) -> None:
    """Qt would end in a crash; `yuntu` opens the window by whatever options it was given."""
    environment = os.environ | {"QT_QPA_PLATFORM": "xcb", "YUNTU_LANG": "en"}
    environment.pop("DISPLAY", None)
    command = [sys.executable, "-m", *line, "--data", str(tmp_path)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, read_words("en")["app.no_screen"]) == (1, ran.stderr.splitlines()[-1])
