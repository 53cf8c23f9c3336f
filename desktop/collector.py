"""The collector: Python's search for what nobody refers to, in the window's own thread only.

By itself it runs in whatever thread makes the next object. A Qt object that it finds in another
thread than its own is torn down there, and the program with it. One that it finds while another is
being torn down may wait for ever for a lock that the other holds.
"""

import gc
import time

from PySide6.QtCore import QObject, QTimer

PAUSE_MS = 500
LONG_SECONDS = 0.01


class Collector(QObject):
    """Searches a little now and then, in the pauses of the window's thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.collect()
        gc.freeze()  # what is there by now stays, and is not looked through again
        gc.disable()
        self.timer = QTimer(self, interval=PAUSE_MS)
        self.timer.timeout.connect(self.collect)
        self.timer.start()

    def spare(self) -> None:
        """Look no more at what is there now: parts of the program that were loaded late, say.

        There is no search before it, which would take longer than a frame may.
        """
        gc.freeze()

    def collect(self) -> None:
        """Search the oldest generation whose turn it is; Python says when that is.

        What is left after a long search is very many rows that were read: they refer to nothing
        that refers to them, and the next search would take longer than a frame may.
        """
        for generation in (2, 1, 0):
            if gc.get_count()[generation] > gc.get_threshold()[generation]:
                began = time.thread_time()
                gc.collect(generation)
                if time.thread_time() - began > LONG_SECONDS:
                    gc.freeze()
                return
