"""Crash reports: what went wrong inside the window, kept on this machine and shown the next time.

Nothing is ever sent anywhere.
"""

import faulthandler
import logging
import sys
import threading
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import TextIO

from PySide6.QtCore import QObject, Signal

from desktop.handover import hand_over

log = logging.getLogger(__name__)
KEPT_MAX = 20
ALIVE = "running.txt"


class CrashReports(QObject):
    """Writes a report of every error that nobody handles; `written` says where."""

    written = Signal(str)

    def __init__(self, data: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = data / "crashes"
        self.alive = self.folder / ALIVE
        self.file: TextIO | None = None

    def begin(self) -> str:
        """Watch from now on; return what is known of how the last run died, or nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        last = self.read_last()
        self.file = self.alive.open("w", encoding="utf-8")
        faulthandler.enable(self.file)
        sys.excepthook = self.take
        threading.excepthook = self.take_thread
        return last

    def read_last(self) -> str:
        """Return the trace that a run left which did not end by itself; it is kept as a report."""
        try:
            trace = self.alive.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return str(self.write(trace)) if trace.strip() else ""

    def end(self) -> None:
        """Note that this run ends as it should."""
        if self.file is not None:
            faulthandler.disable()
            self.file.close()
            self.alive.unlink(missing_ok=True)
            sys.excepthook = sys.__excepthook__
            threading.excepthook = threading.__excepthook__

    def take(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Report an error of the window's own thread."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        log.critical("unforeseen", exc_info=(kind, error, trace))
        path = self.write("".join(traceback.format_exception(kind, error, trace)))
        hand_over(self, lambda: self.written.emit(str(path)))

    def take_thread(self, told: threading.ExceptHookArgs) -> None:
        """Report an error of another thread."""
        if told.exc_value is not None:
            self.take(told.exc_type, told.exc_value, told.exc_traceback)

    def write(self, text: str) -> Path:
        """Write a report, and let go of the oldest."""
        path = self.folder / f"{time.strftime('%Y-%m-%d-%H%M%S')}-{time.time_ns() % 1000:03}.txt"
        path.write_text(text, encoding="utf-8")
        for old in sorted(self.folder.glob("2*.txt"))[:-KEPT_MAX]:
            old.unlink(missing_ok=True)
        return path
