"""The window starts its server, brings it back, and says why it cannot."""

import os
import signal
import sqlite3
from pathlib import Path

import psutil
from pytestqt.qtbot import QtBot

from desktop.main_window import MainWindow
from desktop.preferences import Preferences
from desktop.server_watch import ServerState
from desktop.stage import Stage
from tests.desktop.artist import open_window
from tests.end_to_end.running_farm import RunningFarm

MS_MAX = 60_000


def is_connected(window: MainWindow) -> bool:
    """Tell whether the window has what the server has, and hears what comes."""
    return window.jobs.is_filled and window.live.socket is not None


def test_server_is_started_brought_back_and_ended(
    qtbot: QtBot, stage: Stage, preferences: Preferences, tmp_path: Path
) -> None:
    """A killed server is started again; the window goes on where it was; closing it ends both."""
    window = open_window(qtbot, stage, preferences, tmp_path)
    assert window.side.server.text() == "Starting …"
    qtbot.waitUntil(lambda: is_connected(window), timeout=MS_MAX)
    assert window.watch.is_ours
    assert window.jobs_panel.views.currentWidget() is window.jobs_panel.empty
    first = window.watch.address
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: window.watch.state == ServerState.RESTARTING, timeout=MS_MAX)
    window.jobs.is_filled = False
    qtbot.waitUntil(lambda: is_connected(window), timeout=MS_MAX)
    second = window.watch.address
    assert second is not None
    assert second.pid != first.pid
    process = psutil.Process(second.pid)
    window.close()
    assert process.wait(timeout=30) is not None or not process.is_running()


def test_why_it_does_not_start(
    qtbot: QtBot, stage: Stage, preferences: Preferences, tmp_path: Path
) -> None:
    """The server's own words, with a way to go on."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "farm.db").write_bytes(b"this is no database" * 100)
    window = open_window(qtbot, stage, preferences, data)
    qtbot.waitUntil(lambda: window.watch.state == ServerState.FAILED, timeout=MS_MAX)
    assert window.banner.isVisible()
    assert "damaged" in window.banner.title.text().lower()
    assert window.banner.first.text() == "Try again"
    window.choose_language("zh")
    assert window.watch.is_starting, "what it says, it says anew"
    qtbot.waitUntil(lambda: window.watch.state == ServerState.FAILED, timeout=MS_MAX)
    assert "损坏" in window.banner.title.text()
    assert window.banner.first.text() == stage.words.say("server.try_again")
    (data / "farm.db").unlink()
    sqlite3.connect(data / "farm.db").close()
    window.banner.first.click()
    qtbot.waitUntil(lambda: is_connected(window), timeout=MS_MAX)
    assert not window.banner.isVisible()
    window.close()
    assert window.watch.state == ServerState.STOPPED


def test_a_closed_window_starts_nothing(
    qtbot: QtBot, stage: Stage, preferences: Preferences, tmp_path: Path
) -> None:
    """Somebody else's server is left alone when the window is closed, and its end is no matter."""
    with RunningFarm(tmp_path / "data", "--no-node") as farm:
        window = open_window(qtbot, stage, preferences, farm.data)
        qtbot.waitUntil(lambda: is_connected(window), timeout=MS_MAX)
        window.close()
        assert psutil.pid_exists(farm.pid)
        with qtbot.waitSignal(window.watch.ended, timeout=MS_MAX):
            farm.stop()
    assert window.watch.state == ServerState.STOPPED
    assert not window.watch.processes
