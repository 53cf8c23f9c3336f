"""Every screen, dialog and menu: all that is written is translated, all that acts has a name."""

import platform
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QDialog,
    QGroupBox,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QTabBar,
    QTableView,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.main_window import SIZE_MIN, MainWindow
from tests.desktop.artist import render_dropped, wait_for_state, write_scene
from tests.desktop.cuts import list_cut
from tests.desktop.screens import list_kinds, settle, show_every_screen, wait
from tests.desktop.stopwatch import Stopwatch
from tests.end_to_end.running_farm import RunningFarm

MARKED = re.compile(r"⟦[^⟦⟧]*⟧")
LATIN = re.compile(r"[A-Za-z]{2,}")
ROWS_MAX = 50
SETTLE_MS, FIT_MS_MAX = 60, 2_000
PLAIN = re.compile(r"<[^>]*>|&\w+;|(?:/[\w.+-]+)+|\S*\d\S*")
"""What no translator would touch: marks of rich text, paths, and whatever has figures in it."""
DATA = {
    *("blend", "lanterns", "missing", "sphere", "pov", "Camera", "Cycles", "Eevee"),
    *(
        "lacking",
        "gone",
        "me",
        "oss",
        "bucket",
        "studio",
        "region",
        "cn",
        "hangzhou",
        "mnt",
        "Mbit",
    ),
    *("standard", "silver", "gold", "platinum", "AccessKey", "ID", "Secret", "OSS"),
    *("KB", "MB", "GB", "EV", "PNG", "Ctrl", "Alt", "Left", "Right", "Esc", "Space", "English"),
}
"""What is the same in every language: names of files, of programs, of keys, of units."""
RENDERERS = Path(__file__).parents[2] / "resources" / "renderers"


def read_programs() -> set[str]:
    """Return the names of renderers, and of their programs."""
    told = [tomllib.loads(path.read_text(encoding="utf-8")) for path in RENDERERS.glob("*.toml")]
    names = [name for one in told for name in (one["name"], one["title"], *one["executables"])]
    return {word for name in names for word in LATIN.findall(name)}


class Inspector:
    """Looks at every screen and notes what is not as it should be."""

    def __init__(self, window: MainWindow, app: Stopwatch) -> None:
        self.window, self.app = window, app
        self.untranslated: dict[str, str] = {}
        self.nameless: dict[str, str] = {}
        self.cut: dict[str, str] = {}
        self.dialogs: set[type] = set()
        self.screens: list[str] = []
        self.data = DATA | read_programs() | set(LATIN.findall(platform.node()))

    def look(self, name: str, widget: QWidget | None) -> None:
        """Look at a screen."""
        settle(self.app, SETTLE_MS)
        shown = widget or self.window
        self.screens.append(name)
        wait(self.app, lambda: not any(list_cut(shown)), FIT_MS_MAX)
        self.cut |= dict.fromkeys(list_cut(shown), name)
        if isinstance(shown, QDialog):
            self.dialogs.add(type(shown))
        for one in (shown, *shown.findChildren(QWidget)):
            if not one.isVisibleTo(shown) and one is not shown:
                continue
            for text in list_texts(one):
                if self.find_foreign(text):
                    self.untranslated[text] = f"{name}: {type(one).__name__}"
            if not is_named(one):
                self.nameless[f"{name}: {type(one).__name__} in {type(one.parent()).__name__}"] = ""

    def find_foreign(self, text: str) -> list[str]:
        """Return the words of a text that come neither from our words nor from data."""
        before = None
        while text != before:
            before, text = text, MARKED.sub("", text)
        return [word for word in LATIN.findall(PLAIN.sub(" ", text)) if word not in self.data]


def list_texts(widget: QWidget) -> Iterator[str]:
    """Give every text that a widget shows or says; what was typed or rendered is data."""
    if widget.objectName().startswith("qt_") or isinstance(widget.parent(), QTabBar):
        return
    yield from (widget.toolTip(), widget.accessibleName(), widget.accessibleDescription())
    yield from (widget.windowTitle(), widget.statusTip(), widget.whatsThis())
    if isinstance(widget, QLabel | QAbstractButton):
        yield widget.text()
    elif isinstance(widget, QLineEdit):
        yield widget.placeholderText()
    elif isinstance(widget, QAbstractSpinBox):
        yield widget.text()
    elif isinstance(widget, QComboBox):
        yield from (widget.itemText(place) for place in range(widget.count()))
    elif isinstance(widget, QTabBar):
        yield from (widget.tabText(place) for place in range(widget.count()))
    elif isinstance(widget, QGroupBox):
        yield widget.title()
    elif isinstance(widget, QAbstractItemView) and widget.model() is not None:
        yield from list_cells(widget)
    for action in widget.actions():
        yield from (action.text(), action.toolTip())


def list_cells(view: QAbstractItemView) -> Iterator[str]:
    """Give the titles and the first rows of a table, and what is said of each cell."""
    model = view.model()
    for column in range(1 if isinstance(view, QListView) else model.columnCount()):
        if isinstance(view, QTableView):
            yield str(model.headerData(column, Qt.Orientation.Horizontal) or "")
        for row in range(min(ROWS_MAX, model.rowCount())):
            for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
                yield str(model.index(row, column).data(role) or "")


def is_named(widget: QWidget) -> bool:
    """Tell whether a button that shows nothing but a drawing has a tooltip and a name."""
    if not isinstance(widget, QAbstractButton) or widget.text():
        return True
    is_ours = type(widget).__name__ in ("QToolButton", "QPushButton", "QCheckBox")
    inside = isinstance(widget.parent(), QLineEdit | QTabBar)
    return inside or not is_ours or bool(widget.toolTip() and widget.accessibleName())


def mark_words(window: MainWindow) -> None:
    """Put marks around all that the window says of itself, and ask the server to speak Chinese."""
    window.choose_language("zh")
    words = window.stage.words
    words.table = {key: f"⟦{text}⟧" for key, text in words.table.items()}
    for _, apply in tuple(words.bound):
        apply()
    words.changed.emit()


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFarm]:
    """A farm where nobody has typed anything yet: what people type is in no language of ours."""
    with RunningFarm(tmp_path_factory.mktemp("every-screen") / "data") as running:
        running.top_up(100)
        yield running


@pytest.fixture
def inspector(
    qtbot: QtBot, window: MainWindow, qapp: Stopwatch, tmp_path: Path
) -> Iterator[Inspector]:
    """Somebody who has seen everything."""
    job = render_dropped(qtbot, window, write_scene(tmp_path, frames=2), frames=2)
    wait_for_state(qtbot, window, job, "completed")
    with qtbot.waitSignal(window.loaded):
        mark_words(window)
    window.resize(*SIZE_MIN)
    made = Inspector(window, qapp)
    show_every_screen(qapp, window, job, made.look)
    yield made
    window.stage.words.language = ""
    window.stage.words.choose("en")


def test_every_screen(inspector: Inspector) -> None:
    """What is seen or heard comes from our words, or from the server in the same language."""
    assert inspector.untranslated == {}
    assert inspector.nameless == {}
    assert inspector.cut == {}
    assert inspector.dialogs >= list_kinds(QDialog), "tests/desktop/screens.py shows them all"
    unreachable = [
        action.text()
        for action in inspector.window.findChildren(QAction)
        if action.text() and action.shortcut().isEmpty()
        if not any(isinstance(one, QMenu) for one in action.associatedObjects())
        if not action.objectName().startswith("_q_")
        if not type(action.parent()).__module__.startswith("pyqtgraph")  # its menus never open
    ]
    assert unreachable == []
