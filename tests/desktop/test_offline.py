"""Away from the studio and back: a quiet sign, work that goes on, and a meeting afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.main_window import MainWindow
from desktop.preferences import Preferences
from desktop.stage import Stage
from local_server.moving import create_studio
from tests.desktop.artist import hold_window, render_dropped, wait_for_state, write_scene
from tests.end_to_end.running_farm import RunningFarm

MS_MAX = 60_000


@pytest.fixture
def away_window(
    qtbot: QtBot, stage: Stage, preferences: Preferences, tmp_path: Path
) -> Iterator[MainWindow]:
    """A window on a machine of a studio whose store can be taken away; it has met it once."""
    for name in ("data", "store"):
        (tmp_path / name).mkdir()
    create_studio(tmp_path / "data", store=str(tmp_path / "store"), name="atelier", host="here")
    with (
        RunningFarm(tmp_path / "data") as farm,
        hold_window(qtbot, stage, preferences, farm.data) as made,
    ):
        made.show_page("sync")
        made.sync_wire.sync()
        qtbot.waitUntil(lambda: made.sync_panel.devices.rowCount() == 1, timeout=MS_MAX)
        yield made


def test_away_and_back(qtbot: QtBot, away_window: MainWindow, tmp_path: Path) -> None:
    """Money is topped up and a job rendered meanwhile; what will happen on return is said."""
    window, store = away_window, tmp_path / "store"
    gone = store.rename(tmp_path / "gone")
    window.sync_panel.now.click()
    qtbot.waitUntil(lambda: window.side.server.text() == "Offline", timeout=MS_MAX)
    assert "go on working" in window.sync_panel.detail.text()
    window.money_panel.topped_up.emit(3_000_000)
    qtbot.waitUntil(lambda: window.side.balance.text() == "¥3.00", timeout=MS_MAX)
    job = render_dropped(qtbot, window, write_scene(tmp_path, frames=2), frames=2)
    wait_for_state(qtbot, window, job, "completed")
    assert window.side.server.text() == "Offline"
    window.show_page("sync")
    gone.rename(store)
    window.sync_panel.now.setEnabled(True)
    window.sync_panel.now.click()
    qtbot.waitUntil(lambda: window.side.server.text() == "Ready", timeout=MS_MAX)
    assert window.sync_panel.state.text() == "All together"
