"""Manners: every control has a name, every icon says what it does, every text is translated."""

from collections.abc import Iterator

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QScrollBar,
    QTabBar,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.application import make_stage
from desktop.company import Company
from desktop.crash_reports import CrashReports
from desktop.main_window import MainWindow
from desktop.panels.money import TopUpDialog
from desktop.panels.tour import STEPS, TourDialog
from desktop.preferences import Preferences
from desktop.stage import Stage
from desktop.words import read_words

FIELDS = (QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit)


@pytest.fixture
def quiet_window(
    stage: Stage,
    preferences: Preferences,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[MainWindow]:
    """A window without a server: only its face matters here."""
    made = MainWindow(stage, preferences, tmp_path_factory.mktemp("quiet"))
    made.show()
    yield made
    made.close()
    shiboken6.delete(made)


def list_fields(window: QWidget) -> Iterator[QWidget]:
    """Give every control that somebody can do something with."""
    for kind in FIELDS:
        for field in window.findChildren(kind):
            parents = isinstance(field.parent(), QComboBox | QAbstractSpinBox)
            inner = field.window() is not window or parents
            if not isinstance(field, QScrollBar | QHeaderView) and not inner:
                yield field


def test_every_control_has_a_name(quiet_window: MainWindow) -> None:
    """For those who hear the window."""
    nameless = [
        f"{type(one).__name__} in {type(one.parent()).__name__}"
        for one in list_fields(quiet_window)
        if not one.accessibleName()
        and "Popup" not in type(one.parent()).__name__
        and "Container" not in type(one.parent()).__name__
    ]
    assert nameless == []


def test_every_button_says_what_it_does(quiet_window: MainWindow) -> None:
    """In words on it, or as a tooltip where there is only a drawing."""
    for button in quiet_window.findChildren(QAbstractButton):
        if button.objectName().startswith("qt_") or type(button.parent()).__name__ == "QLineEdit":
            continue
        if type(button).__name__ == "QTableCornerButton" or isinstance(button.parent(), QTabBar):
            continue
        if isinstance(button, QToolButton) and not button.text():
            assert button.toolTip(), button.parent()
            assert button.accessibleName(), button.parent()


def test_every_action_can_be_reached_without_a_mouse(quiet_window: MainWindow) -> None:
    """By a shortcut, or by its place in a menu that has one."""
    table = quiet_window.jobs_panel.table
    actions = [one for one in table.actions() if isinstance(one, QAction)]
    assert len(actions) == 6
    shortcuts = [one.shortcut().toString() for one in actions]
    assert all(shortcuts)
    assert len(set(shortcuts)) == len(shortcuts)
    for button in quiet_window.side.buttons.values():
        assert button.shortcut() != QKeySequence()
        assert button.shortcut().toString() in button.toolTip()


def test_pages_are_reached_by_keyboard(qtbot: QtBot, quiet_window: MainWindow) -> None:
    """Ctrl+1 and so on."""
    quiet_window.activateWindow()
    qtbot.waitUntil(quiet_window.isActiveWindow, timeout=60_000)
    qtbot.keyClick(quiet_window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)  # type: ignore[no-untyped-call]
    money = quiet_window.money_panel
    qtbot.waitUntil(lambda: quiet_window.pages.currentWidget() is money, timeout=60_000)


def list_texts(window: QWidget) -> Iterator[str]:
    """Give every text that a window shows, whether its page is seen or not."""
    for label in window.findChildren(QLabel):
        yield label.text()
    for button in window.findChildren(QAbstractButton):
        yield button.text()
        yield button.toolTip()
    for field in window.findChildren(QLineEdit):
        yield field.placeholderText()
    for box in window.findChildren(QComboBox):
        yield from (box.itemText(place) for place in range(box.count()))
    for widget in window.findChildren(QWidget):
        yield widget.accessibleName()


def test_everything_is_translated(quiet_window: MainWindow, stage: Stage) -> None:
    """After a switch nothing that is seen is still in the other language."""
    english = set(read_words("en").values()) - set(read_words("zh").values())
    assert english & set(list_texts(quiet_window))
    stage.words.choose("zh")
    dialogs = [TopUpDialog(stage, quiet_window), TourDialog(stage, quiet_window)]
    left = {text for text in list_texts(quiet_window) if text in english}
    assert left == set()
    for dialog in dialogs:
        assert not english & set(list_texts(dialog))
        shiboken6.delete(dialog)
    stage.words.choose("en")
    chinese = set(read_words("zh").values()) - set(read_words("en").values())
    assert not chinese & set(list_texts(quiet_window))


def test_tour_ends_with_the_example(quiet_window: MainWindow) -> None:
    """Who follows it sees a scene that is ready to be rendered."""
    company = Company(quiet_window, CrashReports(quiet_window.data))
    company.show_tour()
    [tour] = quiet_window.findChildren(TourDialog)
    for _ in STEPS:
        tour.next.click()
    [card] = quiet_window.new_panel.cards
    assert card.scene.endswith("lanterns.blend")
    assert quiet_window.pages.currentWidget() is quiet_window.new_panel


def test_crashes_are_kept_and_told(quiet_window: MainWindow) -> None:
    """What nobody foresaw is written down here and shown; a run that died is told of."""
    reports = CrashReports(quiet_window.data)
    company = Company(quiet_window, reports)
    assert reports.begin() == ""
    try:
        raise ValueError("for the test")
    except ValueError as error:
        reports.take(type(error), error, error.__traceback__)
    assert quiet_window.toast.isVisible()
    [report] = reports.folder.glob("2*.txt")
    assert "for the test" in report.read_text()
    reports.end()
    assert reports.read_last() == ""
    reports.alive.write_text("Fatal Python error: Segmentation fault")
    path = CrashReports(quiet_window.data).read_last()
    company.tell_last_crash(path)
    banner, words = quiet_window.banner, quiet_window.stage.words
    assert banner.isVisible()
    for language in ("zh", "en"):
        words.choose(language)
        told = (banner.title.text(), banner.first.text())
        assert told == (words.say("crashes.last"), words.say("settings.show"))
    assert banner.second.isHidden()


def test_choices_are_kept(qapp: QApplication, preferences: Preferences) -> None:
    """Between launches: language, colours, and how each scene was rendered."""
    preferences.language, preferences.theme = "zh", "dark"
    preferences.notify = False
    preferences.keep_scene("/a.blend", {"scene": "/a.blend", "frames": "1-5"})
    preferences.store.sync()
    again = Preferences(preferences.path)
    assert (again.language, again.theme, again.notify) == ("zh", "dark", False)
    assert again.recall_scene("/a.blend") == {"frames": "1-5"}
    assert again.recall_scene("/b.blend") == {}
    stage = make_stage(qapp, again)
    assert stage.theme.is_dark
