"""The whole way, as an artist goes it: a scene is dropped, priced, rendered, seen and billed."""

from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop.main_window import MainWindow
from desktop.panels.consent import ConsentDialog
from tests.end_to_end.running_farm import RunningFarm

CHECK_MS_MAX = 60_000
RENDER_MS_MAX = 60_000
SCENE = """#version 3.7;
global_settings { assumed_gamma 1.0 }
camera { location <0, 1, -4> look_at 0 }
light_source { <3, 5, -4> rgb 1 }
sphere { 0, 1 pigment { rgb <0.2, 0.4 + 0.4 * clock, 0.9> } }
plane { y, -1 pigment { rgb 0.6 } }
"""


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A scene of four small frames for POV-Ray, which starts quickest."""
    path = tmp_path / "sphere.pov"
    path.write_text(SCENE)
    settings = "Width=64\nHeight=36\nInitial_Frame=1\nFinal_Frame=4\n"
    path.with_suffix(".ini").write_text(f"Input_File_Name=sphere.pov\n{settings}")
    return path


def drop(window: MainWindow, path: Path) -> None:
    """Drag a file over the window and drop it, as a file manager does."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    left, plain = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    copy, handle = Qt.DropAction.CopyAction, window.windowHandle()
    QCoreApplication.sendEvent(handle, QDragEnterEvent(QPoint(300, 300), copy, data, left, plain))
    assert window.drop_sign.isVisible()
    QCoreApplication.sendEvent(handle, QDropEvent(QPointF(300, 300), copy, data, left, plain))
    assert not window.drop_sign.isVisible()


def click(qtbot: QtBot, button: QPushButton) -> None:
    """Press a button that can be pressed."""
    assert button.isVisible()
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)  # type: ignore[no-untyped-call]


def render_dropped(qtbot: QtBot, window: MainWindow, scene: Path) -> str:
    """Drop a scene, wait for its price, press the button; returns the job's id."""
    drop(window, scene)
    [card] = window.new_panel.cards
    assert window.pages.currentWidget() is window.new_panel
    qtbot.waitUntil(card.button.isEnabled, timeout=CHECK_MS_MAX)
    assert card.check is not None
    assert card.price.text().startswith("≈ ¥")
    assert card.button.text() == "Render 4 frames"
    with qtbot.waitSignal(window.submission_wire.submitted, timeout=CHECK_MS_MAX) as sent:
        click(qtbot, card.button)
    assert window.pages.currentWidget() is window.job_panel
    return str(sent.args[0]["id"])


def wait_for_state(qtbot: QtBot, window: MainWindow, job: str, state: str) -> None:
    """Wait until the window shows a job in a state."""

    def is_there() -> bool:
        shown = window.jobs.get_job(job)
        return shown is not None and shown["state"] == state

    qtbot.waitUntil(is_there, timeout=RENDER_MS_MAX)


def test_from_drop_to_bill(
    qtbot: QtBot, window: MainWindow, farm: RunningFarm, scene: Path
) -> None:
    """Nobody reads a manual for this."""
    job = render_dropped(qtbot, window, scene)
    wait_for_state(qtbot, window, job, "completed")
    qtbot.waitUntil(lambda: len(window.frames.list_pictured()) == 4, timeout=10_000)
    index = window.frames.index(0)
    assert window.frames.get_at(index)["state"] == "done"
    qtbot.waitUntil(lambda: window.thumbnails.find(job, 1) is not None, timeout=10_000)
    window.job_panel.tabs.setCurrentIndex(2)
    bill = window.job_panel.bill
    qtbot.waitUntil(lambda: bill.model.rowCount() == 4, timeout=10_000)
    told = farm.get(f"/jobs/{job}/bill")
    assert bill.bill is not None
    assert bill.bill["total_micros"] == told["total_micros"]
    saved = scene.with_suffix(".pdf")
    window.job_wire.write_bill("pdf", saved)
    qtbot.waitUntil(lambda: saved.exists() and saved.read_bytes()[:4] == b"%PDF", timeout=20_000)


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
    scene.write_text(SCENE.replace("pigment { rgb 0.6 }", "pigment { granite }"))
    job = render_dropped(qtbot, window, scene)
    window.jobs_wire.order("cancel", [job])
    assert window.toast.isVisible()
    click(qtbot, window.toast.button)
    wait_for_state(qtbot, window, job, "completed")
    window.jobs_wire.order("delete", [job])
    qtbot.waitUntil(lambda: window.jobs.get_job(job) is None, timeout=10_000)
    click(qtbot, window.toast.button)
    qtbot.waitUntil(lambda: window.jobs.get_job(job) is not None, timeout=10_000)


def test_language_and_colours_switch(qtbot: QtBot, window: MainWindow) -> None:
    """While it is open, and what the server says with them."""
    window.choose_language("zh")
    assert window.jobs_panel.new.text() == "新建渲染"
    assert window.windowTitle() == "盛世云图"
    qtbot.waitSignal(window.loaded, timeout=10_000)
    light = window.palette().window().color()
    settings = window.settings_panel.theme
    settings.setCurrentIndex(settings.findData("dark"))
    QTimer.singleShot(0, window, lambda: settings.activated.emit(settings.currentIndex()))
    qtbot.waitUntil(lambda: window.stage.theme.is_dark, timeout=10_000)
    assert window.palette().window().color().lightness() < light.lightness()
    window.choose_theme("light")
    window.choose_language("en")


def test_money(qtbot: QtBot, window: MainWindow, farm: RunningFarm) -> None:
    """A top-up is seen, and the books are in order."""
    window.show_page("money")
    money = window.money_panel
    qtbot.waitUntil(lambda: money.balance is not None, timeout=10_000)
    before = farm.get("/balance")["free_micros"]
    money.topped_up.emit(5_000_000)
    qtbot.waitUntil(
        lambda: money.balance is not None and money.balance["free_micros"] == before + 5_000_000,
        timeout=10_000,
    )
    qtbot.waitUntil(lambda: money.model.rowCount() > 0, timeout=10_000)
    click(qtbot, money.verify)
    qtbot.waitUntil(lambda: money.audit is not None and money.audit["clean"], timeout=20_000)


def test_more_money_needs_a_yes(
    qtbot: QtBot, window: MainWindow, farm: RunningFarm, scene: Path
) -> None:
    """A job stops at what was agreed, and goes on when its owner agrees to more."""
    scene.write_text(SCENE.replace("rgb 0.6", "rgb 0.5"))
    farm.submit("small-purse", scene, max_cost_micros=1)
    window.jobs_wire.note_stale("small-purse", is_new=True)
    wait_for_state(qtbot, window, "small-purse", "paused")
    window.jobs_wire.order("resume", ["small-purse"])
    qtbot.waitUntil(lambda: bool(window.findChildren(ConsentDialog)), timeout=10_000)
    [dialog] = window.findChildren(ConsentDialog)
    assert dialog.amount_micros > 1
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
    qtbot.waitUntil(lambda: len(window.frames.list_pictured()) == 4, timeout=10_000)
    window.open_frame(1)
    viewer = window.viewer
    qtbot.waitUntil(lambda: viewer.view.image.width() == 64, timeout=20_000)
    viewer.compare.setChecked(True)
    viewer.step(1)
    assert viewer.view.compares
    assert "1" in viewer.title.text()
    assert "2" in viewer.title.text()
    plain = viewer.view.image.pixelColor(32, 30).lightness()
    viewer.exposure.setValue(20)
    qtbot.waitUntil(
        lambda: viewer.view.image.pixelColor(32, 30).lightness() > plain, timeout=10_000
    )
    viewer.play.setChecked(True)
    qtbot.waitUntil(lambda: viewer.number == 4, timeout=20_000)
    viewer.leave()
    assert not viewer.playing.isActive()
    assert window.pages.currentWidget() is window.job_panel
