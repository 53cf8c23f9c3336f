"""The whole way, as an artist goes it: a scene is dropped, priced, rendered, seen and billed."""

import threading
from codecs import BOM_UTF8
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from desktop.figures import MICROS
from desktop.main_window import MainWindow
from desktop.panels.consent import ConsentDialog
from tests.desktop.artist import (
    CHECK_MS_MAX,
    click,
    drop,
    render_dropped,
    wait_for_plan,
    wait_for_state,
    write_scene,
)
from tests.end_to_end.running_farm import RunningFarm

MUCH_MICROS = 5_000 * MICROS
"""More than 32 bits hold."""


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A scene of four small frames."""
    return write_scene(tmp_path)


def test_from_drop_to_bill(
    qtbot: QtBot, window: MainWindow, farm: RunningFarm, scene: Path
) -> None:
    """Nobody reads a manual for this."""
    tellers: set[str] = set()
    window.live.happened.connect(
        lambda _: tellers.add(threading.current_thread().name), Qt.ConnectionType.DirectConnection
    )
    job = render_dropped(qtbot, window, scene)
    wait_for_state(qtbot, window, job, "completed")
    qtbot.waitUntil(lambda: len(window.frames.list_pictured()) == 4, timeout=60_000)
    index = window.frames.index(0)
    assert window.frames.get_at(index)["state"] == "done"
    [_] = tellers  # of two threads, one could overtake the other
    qtbot.waitUntil(lambda: window.thumbnails.find(job, 1) is not None, timeout=60_000)
    panel = window.job_panel
    panel.tabs.setCurrentIndex(1)
    click(qtbot, panel.measures.buttons()[1])  # type: ignore[arg-type]
    paid = [round(height * MICROS) for _, height, _ in panel.chart.bars]
    assert paid == [one["amount_micros"] for one in farm.frames(job).values()]
    assert [panel.show_tick(one, 4) for one in (0.0005, 0.001)] == ["¥0.0005", "¥0.0010"]
    panel.tabs.setCurrentIndex(2)
    bill = panel.bill
    qtbot.waitUntil(lambda: bill.model.rowCount() == 4, timeout=60_000)
    told = farm.get(f"/jobs/{job}/bill")
    assert bill.bill is not None
    assert bill.bill["total_micros"] == told["total_micros"]
    saved = scene.with_suffix(".pdf")
    save_bill(qtbot, window, saved)
    qtbot.waitUntil(lambda: saved.exists() and saved.read_bytes()[:4] == b"%PDF", timeout=60_000)
    toast = window.toast.text
    qtbot.waitUntil(lambda: toast.text() == f"Saved as {saved}", timeout=60_000)
    table = scene.with_suffix(".csv")
    window.saving.keep(table, f"/jobs/{job}/bill", "csv")
    start = BOM_UTF8 + b"job,"
    qtbot.waitUntil(lambda: table.exists() and table.read_bytes()[:7] == start, timeout=60_000)
    window.saving.keep(saved / "nowhere.pdf", f"/jobs/{job}/bill", "pdf")
    qtbot.waitUntil(lambda: "could not be written" in toast.text(), timeout=60_000)


def save_bill(qtbot: QtBot, window: MainWindow, place: Path) -> None:
    """Say in the dialog where the bill is to be kept; the window goes on behind it."""
    click(qtbot, window.job_panel.bill.pdf)
    [dialog] = window.findChildren(QFileDialog)
    assert dialog.isVisible()
    name = dialog.findChild(QLineEdit, "fileNameEdit")
    assert name is not None
    assert name.text().startswith("bill-")
    name.setText(str(place))
    qtbot.keyClick(name, Qt.Key.Key_Return)  # type: ignore[no-untyped-call]


def test_scene_that_cannot_be_rendered(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    """It says why, and there is nothing to press."""
    broken = tmp_path / "broken.blend"
    broken.write_bytes(b"not a scene")
    drop(window, broken)
    [card] = window.new_panel.cards
    qtbot.waitUntil(lambda: bool(card.problem or card.check), timeout=CHECK_MS_MAX)
    assert not card.button.isEnabled()
    assert card.findings.list.count() > 0


def test_cancel_is_taken_back(qtbot: QtBot, window: MainWindow, scene: Path) -> None:
    """For some seconds; nothing is spent meanwhile."""
    scene = write_scene(scene.parent, frames=20, ground="granite")
    job = render_dropped(qtbot, window, scene, frames=20)
    wait_for_plan(qtbot, window, job)
    window.jobs_wire.order("cancel", [job])
    assert window.toast.isVisible()
    wait_for_state(qtbot, window, job, "paused")
    click(qtbot, window.toast.button)
    wait_for_state(qtbot, window, job, "completed")
    window.jobs_wire.order("delete", [job])
    qtbot.waitUntil(lambda: window.jobs.get_job(job) is None, timeout=60_000)
    click(qtbot, window.toast.button)
    qtbot.waitUntil(lambda: window.jobs.get_job(job) is not None, timeout=60_000)


def test_language_and_colours_switch(qtbot: QtBot, window: MainWindow) -> None:
    """While it is open, and what the server says with them."""
    with qtbot.waitSignal(window.loaded, timeout=60_000):
        window.choose_language("zh")
    assert window.jobs_panel.new.text() == "新建渲染"
    assert window.windowTitle() == "盛世云图"
    light = window.palette().window().color()
    settings = window.settings_panel.theme
    settings.setCurrentIndex(settings.findData("dark"))
    QTimer.singleShot(0, window, lambda: settings.activated.emit(settings.currentIndex()))
    qtbot.waitUntil(lambda: window.stage.theme.is_dark, timeout=60_000)
    assert window.palette().window().color().lightness() < light.lightness()
    window.choose_theme("light")
    window.choose_language("en")


def test_money(qtbot: QtBot, window: MainWindow, farm: RunningFarm) -> None:
    """A top-up is seen, and the books are in order."""
    window.show_page("money")
    money = window.money_panel
    qtbot.waitUntil(lambda: money.balance is not None, timeout=60_000)
    before = farm.get("/balance")["free_micros"]
    money.topped_up.emit(MUCH_MICROS)
    new = window.new_panel
    qtbot.waitUntil(lambda: new.free_micros == before + MUCH_MICROS, timeout=60_000)
    money.withdrawn.emit(MUCH_MICROS)
    qtbot.waitUntil(lambda: new.free_micros == before, timeout=60_000)
    qtbot.waitUntil(lambda: money.model.rowCount() > 0, timeout=60_000)
    click(qtbot, money.verify)
    qtbot.waitUntil(lambda: money.audit is not None and money.audit["clean"], timeout=60_000)


def test_more_money_needs_a_yes(
    qtbot: QtBot, window: MainWindow, farm: RunningFarm, scene: Path
) -> None:
    """A job stops at what was agreed, and goes on when its owner agrees to more."""
    scene = write_scene(scene.parent, ground="rgb 0.5")
    farm.submit("small-purse", scene, max_cost_micros=1)
    window.jobs_wire.note_stale("small-purse", is_new=True)
    wait_for_state(qtbot, window, "small-purse", "paused")
    window.jobs_wire.order("resume", ["small-purse"])
    qtbot.waitUntil(lambda: bool(window.findChildren(ConsentDialog)), timeout=60_000)
    [dialog] = window.findChildren(ConsentDialog)
    assert dialog.amount.micros > 1
    dialog.amount.setValue(1.0)
    dialog.accept()
    wait_for_state(qtbot, window, "small-purse", "completed")


def test_frames_are_looked_at_and_played(
    qtbot: QtBot, window: MainWindow, farm: RunningFarm, scene: Path
) -> None:
    """At full size, one after the other, two side by side."""
    farm.submit("looked-at", scene)
    window.jobs_wire.note_stale("looked-at", is_new=True)
    wait_for_state(qtbot, window, "looked-at", "completed")
    window.open_job("looked-at")
    qtbot.waitUntil(lambda: len(window.frames.list_pictured()) == 4, timeout=60_000)
    window.open_frame(1)
    viewer = window.viewer
    qtbot.waitUntil(lambda: viewer.view.image.width() == 64, timeout=60_000)
    viewer.compare.setChecked(True)
    viewer.step(1)
    assert viewer.view.compares
    assert "1" in viewer.title.text()
    assert "2" in viewer.title.text()
    plain = viewer.view.image.pixelColor(32, 30).lightness()
    viewer.exposure.setValue(20)
    qtbot.waitUntil(
        lambda: viewer.view.image.pixelColor(32, 30).lightness() > plain, timeout=60_000
    )
    viewer.play.setChecked(True)
    qtbot.waitUntil(lambda: viewer.number == 4, timeout=60_000)
    click(qtbot, window.side.buttons["jobs"])
    assert not viewer.playing.isActive()
    assert not viewer.view.compares
    window.open_job("looked-at")
    qtbot.waitUntil(lambda: len(window.frames.list_pictured()) == 4, timeout=60_000)
    window.open_frame(2)
    viewer.back.emit()
    assert window.pages.currentWidget() is window.job_panel
