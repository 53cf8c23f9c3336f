"""Background: work that would make the window stutter, done in threads of its own."""

import contextlib
from collections.abc import Callable
from functools import partial
from typing import NoReturn, TypeVar

from PySide6.QtCore import QObject, QThreadPool, Signal

Result = TypeVar("Result")


class Background(QObject):
    """Does work in other threads and brings what comes of it to the window's own."""

    done = Signal(object)

    def __init__(self, parent: QObject | None = None, *, threads: int = 0) -> None:
        super().__init__(parent)
        self.pool = QThreadPool(self)
        if threads:
            self.pool.setMaxThreadCount(threads)
        self.done.connect(self.tell)

    def start(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], object],
        otherwise: Callable[[Exception], object] | None = None,
    ) -> None:
        """Do a piece of work, and then something with its result in the window's thread.

        What the work raises goes to `otherwise`; without that it is raised in the window's thread,
        where it is reported like everything that nobody foresaw.
        """

        def run() -> None:
            told: Callable[[], object]
            try:
                told = partial(then, work())
            except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an end
                told = partial(otherwise or give_up, error)
            with contextlib.suppress(RuntimeError):  # the window has gone in the meantime
                self.done.emit(told)  # not a signal taken before: that keeps nobody alive

        self.pool.start(run)

    def tell(self, told: Callable[[], object]) -> None:
        """Let whoever waits have what came of it."""
        told()


def give_up(error: Exception) -> NoReturn:
    """Raise what went wrong, in the thread whose errors are seen."""
    raise error
