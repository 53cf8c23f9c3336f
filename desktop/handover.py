"""Handing over: what other threads have to say is said in the window's own thread.

A signal that is sent in one thread while its object goes in another ends the program. Other threads
send none but the one of an object here that never goes.
"""

from collections.abc import Callable

import shiboken6
from PySide6.QtCore import QObject, Signal


class Handover(QObject):
    """Takes calls from any thread and makes them in its own."""

    came = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self.came.connect(self.make)

    def make(self, whose: QObject, call: Callable[[], object]) -> None:
        """Make a call, unless the object that it is for has gone by now."""
        if shiboken6.isValid(whose):
            call()


handover = Handover()


def hand_over(whose: QObject, call: Callable[[], object]) -> None:
    """Let a call be made in the window's thread soon, if the object that it is for is still there.

    Any thread may. Of the object nothing but its name is used here.
    """
    handover.came.emit(whose, call)
