"""Work in the background: what comes of it reaches the window, whatever that is."""

import gc
import sys
import threading
import weakref
from collections.abc import Iterator

import pytest
import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.collector import Collector

MS_MAX = 60_000
MANY = 200_000
ROUNDS = 300


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Let Python change from thread to thread as often as it can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def fail() -> int:
    """Raise what nobody foresaw."""
    raise ValueError("for the test")


def test_results_and_errors_come_back(qtbot: QtBot) -> None:
    """Exactly one of the two, in the thread that asked."""
    background = Background()
    told: list[object] = []
    background.start(lambda: 7, told.append, told.append)
    qtbot.waitUntil(lambda: told == [7], timeout=MS_MAX)
    background.start(fail, told.append, lambda error: told.append(str(error)))
    qtbot.waitUntil(lambda: told == [7, "for the test"], timeout=MS_MAX)


def test_errors_that_nobody_takes_are_reported(qtbot: QtBot) -> None:
    """They are raised where crash reports are written, and not lost in a thread."""
    background = Background()
    with qtbot.capture_exceptions() as raised:
        background.start(fail, lambda _: None)
        qtbot.waitUntil(lambda: bool(raised), timeout=MS_MAX)
    [(kind, error, _)] = raised
    assert kind is ValueError
    with pytest.raises(ValueError, match="for the test"):
        raise error


def test_work_keeps_whoever_waits_for_it(qtbot: QtBot) -> None:
    """A signal alone keeps no object: one that was let go of would be told after its end."""
    background, may_end, told = Background(), threading.Event(), list[bool]()
    background.start(lambda: may_end.wait(MS_MAX / 1_000), told.append)
    known = weakref.ref(background)
    del background
    kept = known()
    assert kept is not None
    may_end.set()
    qtbot.waitUntil(lambda: told == [True], timeout=MS_MAX)
    kept.pool.waitForDone()


@pytest.mark.usefixtures("hasty_threads")
def test_work_may_end_while_its_window_goes(qapp: QApplication) -> None:
    """Whoever waited for it has gone: nobody is told, and the program lives."""
    told: list[None] = []
    for _ in range(ROUNDS):
        window = QObject()
        for background in [Background(window) for _ in range(3)]:
            for _ in range(40):
                background.start(lambda: None, told.append)
        qapp.processEvents()
        shiboken6.delete(window)
        told.clear()
        qapp.processEvents()
        assert not told, "what they had to say is not said to whoever has gone"


def test_what_is_loaded_late_is_not_searched(collect_here: Collector) -> None:
    """A library that is loaded when the window is up would cost every search a frame."""
    late: list[object] = [[]]
    assert any(one is late for one in gc.get_objects())
    collect_here.spare()
    assert not any(one is late for one in gc.get_objects())


def test_very_many_rows_are_searched_once(collect_here: Collector) -> None:
    """A search through all of them would cost a frame again and again."""
    many: list[list[object]] = [[[]] for _ in range(MANY)]
    assert any(one is many for one in gc.get_objects())
    collect_here.collect()
    assert not any(one is many for one in gc.get_objects())
