"""A real window on a real server, and a watch over the window's own thread."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.application import make_stage
from desktop.main_window import MainWindow
from desktop.preferences import Preferences
from desktop.stage import Stage
from tests.desktop.artist import hold_window
from tests.desktop.stopwatch import Stopwatch
from tests.end_to_end.running_farm import RunningFarm, read_command

END_SECONDS_MAX = 30


@pytest.fixture(scope="session")
def qapp_cls() -> type[QApplication]:
    """The stopwatch is the application: it sees every event that is handled."""
    return Stopwatch


def read_line(process: psutil.Process) -> set[int]:
    """Return the ids of a process and those it comes from, up to this one; none if it is gone."""
    try:
        line = [process, *process.parents()]
    except psutil.Error:
        return set()
    own = [one.pid for one in line]
    return set(own[: own.index(os.getpid())] if os.getpid() in own else own) - {1}


@pytest.fixture(scope="session", autouse=True)
def let_nothing_run_on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No process may outlive these tests: neither a child nor one that works in their folders.

    What ran before, and what that has started, belongs to other tests of the session.
    """
    folder = str(tmp_path_factory.getbasetemp())
    before = set(psutil.pids()) - {os.getpid()}
    yield
    children = psutil.Process().children()
    left = [
        one
        for one in psutil.process_iter()
        if one.pid != os.getpid()
        and (one in children or folder in " ".join(read_command(one)))
        and before.isdisjoint(read_line(one))
    ]
    _, alive = psutil.wait_procs(left, timeout=END_SECONDS_MAX)
    told = [" ".join(read_command(one)) for one in alive]
    for one in alive:
        one.kill()
    assert not told


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFarm]:
    """A farm with money that runs for the whole session."""
    with RunningFarm(tmp_path_factory.mktemp("desktop") / "data") as running:
        running.top_up(100)
        yield running
        running.assert_clean()


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
