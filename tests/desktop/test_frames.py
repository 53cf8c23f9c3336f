"""Frames one by one: a failed one is tried again, money of one is given back."""

from pathlib import Path

from PySide6.QtWidgets import QLineEdit, QMenu, QWidget
from pytestqt.qtbot import QtBot

from desktop.company import Company
from desktop.crash_reports import CrashReports
from desktop.main_window import MainWindow
from desktop.panels.form import Form
from desktop.panels.log import LogDialog
from desktop.stage import Stage
from tests.desktop.artist import click
from tests.end_to_end.running_farm import RunningFarm

MS_MAX = 60_000
SCENE = """#version 3.7;
#if (frame_number = 2) #error "no second frame" #end
camera { location <0, 0, -3> look_at 0 }
light_source { <3, 5, -4> rgb 1 }
sphere { 0, 1 pigment { rgb <0.2, 0.4 + 0.4 * clock, 0.9> } }
"""
FRAMES = 7  # of seven, the second is none that an estimate tries


def choose_in_menu(window: MainWindow, number: int, words: str) -> None:
    """Choose something in a frame's menu."""
    panel = window.job_panel
    index = window.frames.index(window.frames.rows[number])
    panel.show_frame_menu(panel.grid.visualRect(index).center())
    [menu] = [one for one in panel.findChildren(QMenu) if one.isVisible()]
    [action] = [one for one in menu.actions() if one.text() == words]
    action.trigger()
    menu.close()
    menu.setParent(None)


def list_forms(window: MainWindow) -> list[Form]:
    """Return the forms that are open."""
    return [one for one in window.findChildren(Form) if one.isVisible()]


def test_one_frame_is_tried_again_and_one_is_refunded(
    qtbot: QtBot, window: MainWindow, farm: RunningFarm, tmp_path: Path
) -> None:
    """From the menu of a frame; the bill tells of the refund."""
    scene = tmp_path / "second.pov"
    scene.write_text(SCENE)
    scene.with_suffix(".ini").write_text(
        f"Width=32\nHeight=24\nInitial_Frame=1\nFinal_Frame={FRAMES}\n"
    )
    job = farm.render("one-fails", scene)
    assert job["state"] == "partial", job["reason"]
    tried = len(farm.attempts("one-fails", 2))
    window.open_job("one-fails")
    qtbot.waitUntil(lambda: len(window.frames.frames) == FRAMES, timeout=MS_MAX)
    qtbot.waitUntil(lambda: window.job_panel.job is not None, timeout=MS_MAX)
    window.job_wire.note_stale({1, 5_000})
    window.job_wire.ask_stale()
    assert window.job_wire.stale == {5_000}, "more than a page on: asked for next"
    choose_in_menu(window, 2, "Try again")
    qtbot.waitUntil(lambda: len(farm.attempts("one-fails", 2)) > tried, timeout=MS_MAX)
    farm.wait_for_rest("one-fails")
    assert [one["frame"] for one in farm.frames("one-fails").values() if one["state"] == "failed"]
    qtbot.waitUntil(lambda: window.job_panel.is_admin, timeout=MS_MAX)
    choose_in_menu(window, 1, "Give money back")
    [form] = list_forms(window)
    [reason] = form.findChildren(QLineEdit)
    reason.setText("It flickers")
    form.accept_button.click()
    # The money is back before the window hears of it.
    qtbot.waitUntil(lambda: not list_forms(window), timeout=MS_MAX)
    assert farm.get("/jobs/one-fails")["refunded_micros"] > 0
    window.job_panel.tabs.setCurrentIndex(2)
    bill = window.job_panel.bill
    qtbot.waitUntil(lambda: bool(bill.bill and bill.bill["refunded_micros"]), timeout=MS_MAX)
    assert bill.bill is not None
    first, paid = bill.bill["refunded_micros"], bill.bill["total_micros"]
    click(qtbot, bill.refund)
    [form] = list_forms(window)
    [reason] = form.findChildren(QLineEdit)
    reason.setText("All of it flickers")
    form.accept_button.click()
    qtbot.waitUntil(lambda: bill.bill["refunded_micros"] > first, timeout=MS_MAX)  # type: ignore[index]
    assert farm.get("/jobs/one-fails/bill")["refunded_micros"] == paid


def test_word_is_given_of_a_job_that_waits(
    qtbot: QtBot, window: MainWindow, farm: RunningFarm, tmp_path: Path
) -> None:
    """Whoever wants none, or sees it anyway, gets none."""
    company = Company(window, CrashReports(tmp_path))
    scene = tmp_path / "waits.pov"
    scene.write_text(SCENE.replace("frame_number = 2", "frame_number = 0"))
    scene.with_suffix(".ini").write_text("Width=64\nHeight=48\nFinal_Frame=3\n")
    with qtbot.waitSignal(window.jobs_wire.job_waiting, timeout=MS_MAX):
        farm.render("waits", scene, max_cost_micros=1)
    assert "waits" in window.toast.text.text()
    window.toast.hide()
    window.preferences.notify_waiting = False
    [job] = [one for one in window.jobs.items if one["id"] == "waits"]
    company.tell_waiting(job)
    assert not window.toast.isVisible()
    company.deleteLater()


def test_errors_of_a_log_are_found(qtbot: QtBot, stage: Stage) -> None:
    """One after the other and round again; where there are none nothing is looked for."""
    holder = QWidget()
    qtbot.addWidget(holder)
    dialog = LogDialog(stage, 7, holder)
    told = []
    dialog.set_log("Error: no camera\nFra:7 Mem:1M\ncould not write\nbye")
    for _ in range(3):
        told.append(dialog.log.textCursor().blockNumber())
        dialog.next_error.click()
    assert told == [0, 2, 0]
    dialog.set_log("all is well")
    assert not dialog.next_error.isEnabled()
