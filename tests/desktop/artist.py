"""What an artist does with the window: drops a scene, presses a button, waits for what comes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import shiboken6
from PySide6.QtCore import QCoreApplication, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QComboBox, QPushButton
from pytestqt.qtbot import QtBot

from desktop.main_window import MainWindow
from desktop.preferences import Preferences
from desktop.stage import Stage

LOAD_MS_MAX = 60_000
CHECK_MS_MAX = 60_000
RENDER_MS_MAX = 120_000
SHOW_MS_MAX = 60_000
SCENE = """#version 3.7;
global_settings { assumed_gamma 1.0 }
camera { location <0, 1, -4> look_at 0 }
light_source { <3, 5, -4> rgb 1 }
sphere { 0, 1 pigment { rgb <0.2, 0.4 + 0.4 * clock, 0.9> } }
plane { y, -1 pigment { rgb 0.6 } }
"""


def open_window(qtbot: QtBot, stage: Stage, preferences: Preferences, data: Path) -> MainWindow:
    """Open a window on a data folder, whether a server runs there or not."""
    window = MainWindow(stage, preferences, data)
    qtbot.addWidget(window)
    window.show()
    window.watch.start()
    return window


@contextmanager
def hold_window(
    qtbot: QtBot, stage: Stage, preferences: Preferences, data: Path
) -> Iterator[MainWindow]:
    """Open a window and wait until it has loaded all it shows; it is gone at once afterwards."""
    made = MainWindow(stage, preferences, data)
    made.show()
    try:
        with qtbot.waitSignal(made.loaded, timeout=LOAD_MS_MAX):
            made.watch.start()
        yield made
    finally:
        made.close()
        shiboken6.delete(made)


def write_scene(folder: Path, *, frames: int = 4, ground: str = "rgb 0.6", width: int = 64) -> Path:
    """Write a scene for POV-Ray, which starts quickest; a `ground` of its own is a new scene."""
    path = folder / "sphere.pov"
    path.write_text(SCENE.replace("pigment { rgb 0.6 }", f"pigment {{ {ground} }}"))
    size = f"Width={width}\nHeight={width * 9 // 16}\n"
    settings = f"Input_File_Name=sphere.pov\n{size}Initial_Frame=1\nFinal_Frame={frames}\n"
    path.with_suffix(".ini").write_text(settings)
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


def choose(qtbot: QtBot, box: QComboBox, value: str) -> None:
    """Choose a value from a list by the keyboard."""
    assert box.isVisible()
    way = box.findData(value) - box.currentIndex()
    for _ in range(abs(way)):
        qtbot.keyClick(box, Qt.Key.Key_Down if way > 0 else Qt.Key.Key_Up)  # type: ignore[no-untyped-call]
    assert box.currentData() == value


def render_dropped(qtbot: QtBot, window: MainWindow, scene: Path, *, frames: int = 4) -> str:
    """Drop a scene, wait for its price, press the button; returns the job's id."""
    drop(window, scene)
    [card] = window.new_panel.cards
    assert window.pages.currentWidget() is window.new_panel
    qtbot.waitUntil(card.button.isEnabled, timeout=CHECK_MS_MAX)
    assert card.check is not None
    assert card.price.text().startswith("≈ ¥")
    assert card.button.text() == f"Render {frames} frames"
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


def wait_for_plan(qtbot: QtBot, window: MainWindow, job: str) -> None:
    """Wait until the window shows that a job has its frames: from then on it can be paused."""

    def is_planned() -> bool:
        shown = window.jobs.get_job(job)
        return shown is not None and shown["state"] != "pending"

    qtbot.waitUntil(is_planned, timeout=CHECK_MS_MAX)


def wait_for_frames(qtbot: QtBot, window: MainWindow, job: str, *, done: int) -> None:
    """Wait until the window shows so many frames of a job as done."""

    def are_there() -> bool:
        shown = window.jobs.get_job(job)
        return shown is not None and shown["frames"]["done"] >= done

    qtbot.waitUntil(are_there, timeout=RENDER_MS_MAX)
