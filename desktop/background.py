"""Background: work that would make the window stutter, done in threads of its own."""

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QThreadPool, Signal

Result = TypeVar("Result")


class Background(QObject):
    """Does work in other threads and brings what comes of it to the window's own."""

    done = Signal(object, object)

    def __init__(self, parent: QObject | None = None, *, threads: int = 0) -> None:
        super().__init__(parent)
        self.pool = QThreadPool(self)
        if threads:
            self.pool.setMaxThreadCount(threads)
        self.done.connect(self.tell)

    def start(self, work: Callable[[], Result], then: Callable[[Result], None]) -> None:
        """Do a piece of work, and then something with its result in the window's thread."""
        done = self.done

        def run() -> None:
            result = work()
            with contextlib.suppress(RuntimeError):  # the window has gone in the meantime
                done.emit(then, result)

        self.pool.start(run)

    def tell(self, then: Callable[[Any], None], result: Any) -> None:
        """Give a result to whoever wants it."""
        then(result)
