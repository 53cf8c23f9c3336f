"""The stopwatch: measures how long the window's thread works at one event."""

import time

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

BLOCKED_SECONDS = 0.1


class Stopwatch(QApplication):
    """An application that times every event.

    What counts is the thread's own time at the processor: on a machine that is busy with renders
    it waits for its turn, and that is no fault of the window's. What is nested counts once.
    """

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self.depth = 0
        self.slow: list[str] = []

    def begin(self) -> None:
        """Forget what was measured before."""
        self.slow.clear()

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        """Pass an event on, and note it if that took long."""
        if self.depth:
            return bool(super().notify(receiver, event))
        self.depth += 1
        began, kind, name = time.thread_time(), event.type(), type(receiver).__name__
        try:
            return bool(super().notify(receiver, event))
        finally:
            self.depth -= 1
            took = time.thread_time() - began
            if took > BLOCKED_SECONDS:
                self.slow.append(f"{name} took {took * 1000:.0f} ms at {kind}")

    def assert_never_blocked(self) -> None:
        """Fail with all that took too long."""
        assert not self.slow, self.slow
