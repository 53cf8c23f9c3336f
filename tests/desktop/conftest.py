"""A real window on a real server, and a watch over the window's own thread."""

import faulthandler
import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt, QThreadPool
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop.application import make_stage
from desktop.collector import Collector
from desktop.main_window import MainWindow
from desktop.preferences import Preferences
from desktop.stage import Stage
from tests.desktop.artist import hold_window
from tests.desktop.stopwatch import Stopwatch
from tests.end_to_end.running_farm import RunningFarm, read_command

END_SECONDS_MAX = 60
MARK = "YUNTU_TESTED_BY"


@pytest.fixture(scope="session")
def qapp_cls() -> type[QApplication]:
    """The stopwatch is the application: it sees every event that is handled."""
    return Stopwatch


@pytest.fixture(autouse=True)
def mark_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every process that a test starts, and what that starts, say whose it is."""
    monkeypatch.setenv(MARK, str(os.getpid()))


@pytest.fixture(scope="session", autouse=True)
def let_nothing_run_on() -> Iterator[None]:
    """No process that one of these tests started may outlive them."""
    yield
    left = [one for one in psutil.process_iter() if read_mark(one) == str(os.getpid())]
    _, alive = psutil.wait_procs(left, timeout=END_SECONDS_MAX)
    told = [" ".join(read_command(one)) for one in alive]
    for one in alive:
        one.kill()
    assert not told


def read_mark(process: psutil.Process) -> str | None:
    """Return whose a process says it is, None where it says nothing."""
    try:
        return process.environ().get(MARK)
    except psutil.Error:
        return None


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFarm]:
    """A farm with money that runs for the whole session."""
    with RunningFarm(tmp_path_factory.mktemp("desktop") / "data") as running:
        running.top_up(100)
        yield running
        running.assert_clean()


@pytest.fixture(scope="session", autouse=True)
def collect_here(qapp: QApplication) -> Iterator[Collector]:
    """As in the program itself: Python searches no more by itself, to the process's end."""
    yield Collector(qapp)
    for window in qapp.topLevelWidgets():
        for pool in window.findChildren(QThreadPool):
            pool.waitForDone(END_SECONDS_MAX * 1_000)  # as in the program: Python may end next


@pytest.fixture(autouse=True)
def let_go_of_keys(qapp: QApplication) -> None:
    """No key is held that an earlier test pressed: Qt goes by what the last event said of them."""
    QTest.keyRelease(QWidget(), Qt.Key.Key_Control)
    assert qapp.keyboardModifiers() == Qt.KeyboardModifier.NoModifier


@pytest.fixture(autouse=True)
def tell_where_it_dies(request: pytest.FixtureRequest) -> Iterator[None]:
    """The window's crash reports take a dying process's last words; pytest gets them back."""
    yield
    faulthandler.enable(request.config.stash[fault_handler_stderr_fd_key])


@pytest.fixture(autouse=True)
def watch_over_the_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    """No event may keep the window's thread, in any test that has one."""
    if "qapp" not in request.fixturenames:
        yield
        return
    app: Stopwatch = request.getfixturevalue("qapp")
    app.begin()
    yield
    app.assert_never_blocked()


@pytest.fixture
def preferences(tmp_path: Path) -> Preferences:
    """Preferences of their own for every test: English, light."""
    made = Preferences(tmp_path / "desktop.ini")
    made.language, made.theme = "en", "light"
    return made


@pytest.fixture
def stage(qapp: QApplication, preferences: Preferences) -> Stage:
    """Words and colours."""
    return make_stage(qapp, preferences)


@pytest.fixture
def window(
    qtbot: QtBot, farm: RunningFarm, stage: Stage, preferences: Preferences
) -> Iterator[MainWindow]:
    """A window that has loaded all it shows."""
    with hold_window(qtbot, stage, preferences, farm.data) as made:
        yield made
