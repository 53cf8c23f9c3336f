"""Background: work that would make the window stutter, done in threads of its own."""

from collections.abc import Callable
from functools import partial
from typing import NoReturn, TypeVar

from PySide6.QtCore import QObject, QThreadPool

from desktop.handover import hand_over

Result = TypeVar("Result")


class Background(QObject):
    """Does work in other threads and brings what comes of it to the window's own."""

    def __init__(self, parent: QObject | None = None, *, threads: int = 0) -> None:
        super().__init__(parent)
        self.pool = QThreadPool(self)
        if threads:
            self.pool.setMaxThreadCount(threads)

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
            hand_over(self, told)

        self.pool.start(run)


def give_up(error: Exception) -> NoReturn:
    """Raise what went wrong, in the thread whose errors are seen."""
    raise error
