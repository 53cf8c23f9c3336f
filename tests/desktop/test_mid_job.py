"""What happens while a job renders: its server is killed, the language and the colours change."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.main_window import MainWindow
from desktop.preferences import Preferences
from desktop.server_watch import ServerState
from desktop.stage import Stage
from tests.desktop.artist import (
    LOAD_MS_MAX,
    SHOW_MS_MAX,
    choose,
    click,
    hold_window,
    render_dropped,
    wait_for_frames,
    wait_for_state,
    write_scene,
)
from tests.end_to_end.running_farm import RunningFarm

FRAMES = 6


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A scene whose frames take so long that something can happen meanwhile."""
    return write_scene(tmp_path, frames=FRAMES, ground="granite turbulence 0.7", width=320)


@pytest.fixture
def own_window(
    qtbot: QtBot, stage: Stage, preferences: Preferences, tmp_path: Path
) -> Iterator[MainWindow]:
    """A window that has started its server itself, as on an artist's own machine."""
    (tmp_path / "data").mkdir()
    with hold_window(qtbot, stage, preferences, tmp_path / "data") as made:
        yield made


def test_killed_server_loses_nothing(qtbot: QtBot, own_window: MainWindow, scene: Path) -> None:
    """The window starts it again, the job goes on where it was, each frame is paid once."""
    window = own_window
    window.money_panel.topped_up.emit(50_000_000)
    qtbot.waitUntil(lambda: window.side.balance.text() == "¥50.00", timeout=SHOW_MS_MAX)
    job = render_dropped(qtbot, window, scene, frames=FRAMES)
    wait_for_frames(qtbot, window, job, done=2)
    first = window.watch.address
    assert first is not None
    before = [one["frame"] for one in window.frames.frames if one["state"] == "done"]
    with qtbot.waitSignal(window.watch.ready, timeout=LOAD_MS_MAX):
        os.kill(first.pid, signal.SIGKILL)
        qtbot.waitUntil(lambda: window.watch.state == ServerState.RESTARTING, timeout=LOAD_MS_MAX)
        assert window.side.server.text() == "Restarting …"
    second = window.watch.address
    assert second is not None
    assert second.pid != first.pid
    assert window.pages.currentWidget() is window.job_panel
    wait_for_state(qtbot, window, job, "completed")
    qtbot.waitUntil(lambda: len(window.frames.list_pictured()) == FRAMES, timeout=SHOW_MS_MAX)
    kept = [window.frames.get_frame(number) for number in before]
    assert all(one is not None and one["attempt"] == 1 for one in kept)
    window.job_panel.tabs.setCurrentIndex(2)
    bill = window.job_panel.bill
    qtbot.waitUntil(lambda: bill.model.rowCount() == FRAMES, timeout=SHOW_MS_MAX)
    told = window.jobs.get_job(job)
    assert told is not None
    assert sum(one["amount_micros"] for one in bill.model.items) == told["cost_micros"]
    window.show_page("money")
    money = window.money_panel
    qtbot.waitUntil(lambda: money.balance is not None, timeout=SHOW_MS_MAX)
    click(qtbot, money.verify)
    qtbot.waitUntil(lambda: money.audit is not None, timeout=SHOW_MS_MAX)
    assert money.audit is not None
    assert money.audit["clean"]


def test_language_and_colours_while_it_renders(
    qtbot: QtBot, window: MainWindow, farm: RunningFarm, scene: Path
) -> None:
    """What is shown of a job under way, and of what renders it, goes on in the other language."""
    job = render_dropped(qtbot, window, scene, frames=FRAMES)
    window.show_page("machines")
    machines = window.machines_panel
    qtbot.waitUntil(
        lambda: any(one["rendering"] for one in machines.nodes.items), timeout=SHOW_MS_MAX
    )
    wait_for_frames(qtbot, window, job, done=1)
    window.show_page("settings")
    settings = window.settings_panel
    choose(qtbot, settings.language, "zh")
    choose(qtbot, settings.theme, "dark")
    assert window.stage.theme.is_dark
    click(qtbot, window.side.buttons["jobs"])
    qtbot.waitUntil(lambda: window.pages.currentWidget() is window.jobs_panel, timeout=SHOW_MS_MAX)
    row = window.jobs.rows[job]
    assert window.jobs.index(row, 1).data() == window.stage.words.say("states.running")
    assert window.stage.words.language == "zh"
    window.show_page("machines")
    wait_for_state(qtbot, window, job, "completed")
    assert not machines.jobs
    qtbot.waitUntil(
        lambda: not any(one["rendering"] for one in machines.nodes.items), timeout=SHOW_MS_MAX
    )
    told = window.jobs.get_job(job)
    assert told is not None
    assert told["reason"]["title"] == "所有帧均已完成"
    farm.assert_paid_once(job)
    window.choose_theme("light")
    window.choose_language("en")
