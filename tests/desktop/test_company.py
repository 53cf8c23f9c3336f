"""The window's company: tray, word of what has ended, sleep, crash reports, its place and size."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop.company import Company
from desktop.crash_reports import CrashReports
from desktop.main_window import MainWindow
from desktop.preferences import Preferences
from desktop.stage import Stage
from desktop.wakefulness import Wakefulness, find_holder
from tests.desktop.artist import (
    CHECK_MS_MAX,
    LOAD_MS_MAX,
    RENDER_MS_MAX,
    SHOW_MS_MAX,
    hold_window,
    open_window,
    render_dropped,
    wait_for_plan,
    wait_for_state,
    write_scene,
)
from tests.desktop.test_models import make_job
from tests.end_to_end.running_farm import RunningFarm, wait_until

ROOT = Path(__file__).parents[2]
TABS_MAX = 60
HEIGHT = 641


def test_a_crash_is_told_the_next_time(
    qtbot: QtBot, stage: Stage, preferences: Preferences, farm: RunningFarm
) -> None:
    """A window that dies of a fault leaves its trace; the next one says so, and goes on saying."""
    alive = farm.data / "crashes" / "running.txt"
    command = [sys.executable, "-m", "desktop", "--data", str(farm.data)]
    window = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})
    wait_until(alive.exists, seconds=60, what="the window runs")
    window.send_signal(signal.SIGSEGV)
    assert window.wait(timeout=30) == -signal.SIGSEGV
    assert "Segmentation fault" in alive.read_text()
    again = open_window(qtbot, stage, preferences, farm.data)
    reports = CrashReports(farm.data, again)
    company = Company(again, reports)
    company.tell_last_crash(reports.begin())
    qtbot.waitUntil(lambda: again.jobs.is_filled, timeout=LOAD_MS_MAX)
    assert again.banner.isVisible()
    assert again.banner.title.text() == stage.words.say("crashes.last")
    reports.end()
    again.close()


def test_tray_shows_how_far_it_is(window: MainWindow) -> None:
    """A ring that grows, its menu in the language that is chosen, and word of what has ended."""
    company = Company(window, CrashReports(window.data))
    tray = company.tray
    if tray.icon is None:
        tray.make_icon(window)  # no tray here: the icon is made all the same, and not shown
    assert tray.icon is not None
    icons = [tray.icon.icon().cacheKey()]
    for done in (0.2, 0.6):
        window.jobs.put_job(make_job(1, fraction=done))
        icons.append(tray.icon.icon().cacheKey())
    assert len(set(icons)) == 3
    assert tray.shown == 60
    window.jobs.put_job(make_job(1, state="completed"))
    assert tray.shown == -1
    assert "shot 1" in tray.tell_end(make_job(1, state="completed"))
    menu = tray.icon.contextMenu()
    window.stage.words.choose("zh")
    assert [one.text() for one in menu.actions()] == [
        window.stage.words.say(key) for key in ("tray.show", "tray.quit")
    ]
    window.stage.words.choose("en")
    window.jobs.remove_job("job-1")


def test_word_of_what_has_ended(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    """Where there is no tray the window itself says so, unless nobody wants to know."""
    company = Company(window, CrashReports(window.data))
    company.tray.icon = None
    job = render_dropped(qtbot, window, write_scene(tmp_path, frames=2, ground="rgb 0.2"), frames=2)
    qtbot.waitUntil(window.toast.isVisible, timeout=CHECK_MS_MAX)
    told = window.jobs.get_job(job)
    assert told is not None
    assert window.toast.text.text() == company.tray.tell_end(told)
    window.toast.hide()
    window.preferences.notify = False
    company.tell_end(told)
    assert not window.toast.isVisible()


def test_filters_hide_no_work(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    """What is not listed keeps the computer awake too; it comes and goes as the filter says."""
    under_way, finished = window.jobs_panel.group.buttons()[1:3]
    with qtbot.waitSignal(window.loaded, timeout=SHOW_MS_MAX):
        finished.click()
    scene = write_scene(tmp_path, frames=2, ground="rgb 0.25")
    with qtbot.waitSignal(window.jobs_wire.job_ended, timeout=RENDER_MS_MAX):
        job = render_dropped(qtbot, window, scene, frames=2)
        assert window.has_work()
        assert job not in window.jobs.rows
    assert not window.has_work()
    qtbot.waitUntil(lambda: job in window.jobs.rows, timeout=SHOW_MS_MAX)
    with qtbot.waitSignal(window.loaded, timeout=SHOW_MS_MAX):
        under_way.click()
    window.jobs.put_job(make_job(73))
    window.jobs_wire.put_job(make_job(73, state="failed"))
    assert window.jobs.rows == {}


def test_cancelled_is_cancelled(
    qtbot: QtBot, window: MainWindow, farm: RunningFarm, tmp_path: Path
) -> None:
    """Taken back, what was paused before stays paused; a window that closes keeps nothing back."""
    scene = write_scene(tmp_path, frames=60, ground="rgb 0.26")
    job = render_dropped(qtbot, window, scene, frames=60)
    wait_for_plan(qtbot, window, job)
    wire = window.jobs_wire
    window.jobs.put_job(make_job(74, state="paused"))
    wire.order("cancel", [job, "job-74"])
    assert wire.halted == [job]
    assert not window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=SHOW_MS_MAX)
    assert farm.get(f"/jobs/{job}")["state"] == "cancelled"


def test_nothing_runs_on_that_is_cancelled(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    """What is not planned yet cannot be paused for an undo: it is cancelled at once."""
    scene = write_scene(tmp_path, frames=60, ground="rgb 0.27")
    job = render_dropped(qtbot, window, scene, frames=60)
    known, toast = window.jobs.get_job(job), window.toast
    assert known is not None
    window.jobs.put_job(known | {"state": "pending"})
    window.jobs_wire.order("cancel", [job])
    assert toast.text.text() == "Job cancelled"
    assert toast.button.isHidden()
    wait_for_state(qtbot, window, job, "cancelled")


def test_word_of_what_waits(qtbot: QtBot, window: MainWindow) -> None:
    """Once, when a job comes to wait; not whenever one that has long waited is looked at."""
    waits = {"code": "funds", "title": "out of money", "detail": ""}
    wire, known = window.jobs_wire, make_job(71)
    with qtbot.assertNotEmitted(wire.job_waiting):
        wire.put_job(make_job(70, state="paused", reason=waits))
    window.jobs.put_job(known)
    with qtbot.waitSignal(wire.job_waiting, timeout=SHOW_MS_MAX):
        wire.put_job(known | {"state": "paused", "reason": waits})
    with qtbot.assertNotEmitted(wire.job_waiting):
        wire.put_job(known | {"state": "paused", "reason": waits})
    window.jobs.remove_job("job-71")
    with qtbot.waitSignal(wire.job_waiting, timeout=SHOW_MS_MAX):
        wire.put_job(make_job(72, state="paused", reason=waits), is_new=True)
    window.jobs.remove_job("job-72")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have means of their own")
def test_sleep_is_kept_off(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While something renders, and no longer; a program in the place of the system's own notes it.

    Machines that only test have no login manager whose sleep could be held off.
    """
    program, *arguments = find_holder()
    note = tmp_path / "held"
    stand_in = tmp_path / program
    stand_in.write_text(f'#!/bin/sh\necho "$@" > {note}\ncat\nrm {note}\n')
    stand_in.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    held = Wakefulness()
    for _ in range(2):
        held.set_held(True)
        qtbot.waitUntil(lambda: note.exists() and bool(note.read_text()), timeout=SHOW_MS_MAX)
        assert note.read_text().split() == arguments
        held.set_held(False)
        qtbot.waitUntil(lambda: not note.exists(), timeout=SHOW_MS_MAX)
    held.set_held(True)
    qtbot.waitUntil(note.exists, timeout=SHOW_MS_MAX)
    held.end()
    assert not note.exists()
    shiboken6.delete(held)  # not by the collector, which may run in a thread of another window


def test_window_is_where_it_was(
    qtbot: QtBot, stage: Stage, preferences: Preferences, tmp_path: Path
) -> None:
    """Its size is kept, and no window is smaller than what it shows."""
    (tmp_path / "data").mkdir()
    with hold_window(qtbot, stage, preferences, tmp_path / "data") as first:
        first.resize(first.minimumWidth(), HEIGHT)
    with hold_window(qtbot, stage, preferences, tmp_path / "data") as second:
        assert second.height() == HEIGHT
        second.resize(100, 100)
        assert second.width() >= second.minimumWidth() > 900


def go_to(qtbot: QtBot, window: MainWindow, wanted: QWidget) -> None:
    """Press Tab until a control has the focus."""
    for _ in range(TABS_MAX):
        if wanted.hasFocus():
            return
        qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)  # type: ignore[no-untyped-call]
    raise AssertionError(f"{wanted} cannot be reached by keyboard")


def test_keyboard_is_enough(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    """From a new render by its shortcut, through the file dialog, to the job and back."""
    scene = write_scene(tmp_path, frames=2, ground="rgb 0.1")
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=SHOW_MS_MAX)
    press = qtbot.keyClick
    press(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)  # type: ignore[no-untyped-call]
    qtbot.waitUntil(lambda: bool(window.findChildren(QFileDialog)), timeout=SHOW_MS_MAX)
    [dialog] = window.findChildren(QFileDialog)
    name = dialog.findChild(QLineEdit, "fileNameEdit")
    assert name is not None
    name.setText(str(scene))  # typed, the dialog's own proposals come in between by chance
    press(name, Qt.Key.Key_Return)  # type: ignore[no-untyped-call]
    qtbot.waitUntil(lambda: bool(window.new_panel.cards), timeout=SHOW_MS_MAX)
    [card] = window.new_panel.cards
    qtbot.waitUntil(card.button.isEnabled, timeout=CHECK_MS_MAX)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=SHOW_MS_MAX)
    go_to(qtbot, window, card.button)
    with qtbot.waitSignal(window.submission_wire.submitted, timeout=CHECK_MS_MAX) as sent:
        press(card.button, Qt.Key.Key_Space)  # type: ignore[no-untyped-call]
    job = str(sent.args[0]["id"])
    wait_for_state(qtbot, window, job, "completed")
    press(window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)  # type: ignore[no-untyped-call]
    qtbot.waitUntil(lambda: window.pages.currentWidget() is window.jobs_panel, timeout=SHOW_MS_MAX)
    table = window.jobs_panel.table
    go_to(qtbot, window, table)
    press(table, Qt.Key.Key_Return)  # type: ignore[no-untyped-call]
    assert window.pages.currentWidget() is window.job_panel
