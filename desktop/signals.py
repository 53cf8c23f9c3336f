"""Signals of the system: Ctrl-C and a polite kill close the window as its own button does."""

import contextlib
import signal
import socket
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier

NUMBERS = (signal.SIGINT, signal.SIGTERM)


class SystemSignals(QObject):
    """Wakes Qt's loop, which would not let Python see a signal before the next event."""

    def __init__(self, close: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self.close = close
        self.reader, self.writer = socket.socketpair()
        for end in (self.reader, self.writer):
            end.setblocking(False)
        self.notifier = QSocketNotifier(self.reader.fileno(), QSocketNotifier.Type.Read, self)
        self.notifier.activated.connect(self.take)
        for number in NUMBERS:
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(self.writer.fileno())

    def take(self) -> None:
        """Close the window."""
        with contextlib.suppress(OSError):
            self.reader.recv(16)
        self.close()
