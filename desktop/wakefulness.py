"""Wakefulness: keeps the computer from going to sleep while it renders."""

import shutil
import sys

from PySide6.QtCore import QObject, QProcess

END_MS_MAX = 1_000
ES_CONTINUOUS, ES_SYSTEM_REQUIRED = 0x80000000, 0x00000001


class Wakefulness(QObject):
    """Holds the computer awake or lets it sleep, by the means of its system.

    The screen may go dark all the same. What holds it ends with this process, however that ends.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.process: QProcess | None = None
        self.holds = False

    def set_held(self, held: bool) -> None:
        """Hold the computer awake, or let it sleep."""
        if held == self.holds:
            return
        self.holds = held
        if sys.platform == "win32":
            hold_windows(held)
        elif held:
            self.start()
        else:
            self.stop()

    def start(self) -> None:
        """Start what holds the computer awake, where there is such a program."""
        program, *arguments = find_holder()
        if shutil.which(program):
            process = self.process = QProcess(self)
            process.finished.connect(process.deleteLater)
            process.finished.connect(lambda *_: self.let_go(process))
            process.start(program, arguments)

    def let_go(self, process: QProcess) -> None:
        """Keep nothing of a program that has ended, also where it could hold nothing."""
        if process is self.process:
            self.process = None

    def stop(self) -> None:
        """Let what holds the computer awake end: it lives as long as its input is open."""
        if self.process is not None:
            self.process.closeWriteChannel()
            self.process = None

    def end(self) -> None:
        """Let the computer sleep, and wait until that is so: this program ends."""
        process = self.process
        self.set_held(False)
        if process is not None:
            process.waitForFinished(END_MS_MAX)


def find_holder() -> list[str]:
    """Return the command that holds the computer awake until nothing more can come to it."""
    if sys.platform == "darwin":
        return ["caffeinate", "-i", "cat"]
    who = ["--who=Yuntu", "--why=Rendering", "--mode=block"]
    return ["systemd-inhibit", "--what=idle:sleep", *who, "cat"]


def hold_windows(held: bool) -> None:
    """Tell Windows that the system is in use, or no longer."""
    if sys.platform == "win32":
        import ctypes

        state = ES_CONTINUOUS | (ES_SYSTEM_REQUIRED if held else 0)
        ctypes.windll.kernel32.SetThreadExecutionState(state)
