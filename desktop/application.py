"""The application: Qt, fonts, words and colours put together, and the window opened."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

import platformdirs
from PySide6.QtCore import QCoreApplication, Qt, QThreadPool, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QImageReader
from PySide6.QtWidgets import QApplication

from desktop.collector import Collector
from desktop.company import Company
from desktop.crash_reports import CrashReports
from desktop.icons import Icons
from desktop.main_window import MainWindow
from desktop.preferences import Preferences
from desktop.signals import SystemSignals
from desktop.stage import Stage
from desktop.theme import Theme
from desktop.words import Words, find_system_language, read_words

LOG_BYTES_MAX = 1_000_000
END_MS_MAX = 5_000


def find_data(given: str | None) -> Path:
    """Return the data directory: the one given, `YUNTU_DATA`, or the user's own."""
    chosen = given or os.environ.get("YUNTU_DATA")
    data = Path(chosen).expanduser() if chosen else platformdirs.user_data_path("yuntu", False)
    data.mkdir(parents=True, exist_ok=True)
    return data.resolve()


def log_to_file(folder: Path) -> None:
    """Keep what the window has to say in a file that never grows large."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(
        folder / "desktop.log", maxBytes=LOG_BYTES_MAX, backupCount=2, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def make_stage(app: QApplication, preferences: Preferences) -> Stage:
    """Return words, colours and icons as the user wants them."""
    theme = Theme(app, preferences.theme)
    return Stage(words=Words(preferences.language), theme=theme, icons=Icons(theme))


def make_app() -> QApplication:
    """Return Qt's application."""
    QCoreApplication.setApplicationName("yuntu")
    # Pictures of several hundred megabytes are what this program is for.
    QImageReader.setAllocationLimit(0)
    app = QApplication.instance()
    if isinstance(app, QApplication):
        return app
    qInstallMessageHandler(take_message)
    app = QApplication(sys.argv[:1])
    qInstallMessageHandler(None)
    return app


def take_message(kind: QtMsgType, _: object, text: str) -> None:
    """Pass on what Qt says while it starts; where it finds no screen it would abort: say more."""
    sys.stderr.write(f"{text}\n")
    if kind == QtMsgType.QtFatalMsg:
        sys.stderr.write(read_words(find_system_language())["app.no_screen"] + "\n")
        sys.stderr.flush()
        os._exit(1)


def make_collector(window: MainWindow) -> Collector:
    """Return what searches for garbage in a window's pauses; it spares all that is loaded late."""
    collector = Collector(window)
    window.loaded_ahead.connect(collector.spare, Qt.ConnectionType.SingleShotConnection)
    return collector


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window and stay until it is closed."""
    parser = argparse.ArgumentParser("yuntu desktop")
    parser.add_argument("--data")
    parser.add_argument("scenes", nargs="*")
    options = parser.parse_args(argv)
    data = find_data(options.data)
    log_to_file(data / "logs")
    app = make_app()
    preferences = Preferences(data / "desktop.ini")
    stage = make_stage(app, preferences)
    window = MainWindow(stage, preferences, data)
    app.setWindowIcon(stage.icons.icon("yuntu"))
    window.show()
    window.jobs_panel.table.setFocus()
    SystemSignals(window.close, window)
    reports = CrashReports(data, window)
    company = Company(window, reports)
    company.tell_last_crash(reports.begin())
    window.watch.start()
    if options.scenes:
        window.add_scenes([str(Path(scene).resolve()) for scene in options.scenes])
    make_collector(window)
    code = app.exec()
    company.wakefulness.end()
    reports.end()
    for pool in window.findChildren(QThreadPool):
        pool.waitForDone(END_MS_MAX)  # Python does not end well under a thread that runs it
    return code
