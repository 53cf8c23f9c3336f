"""Wakefulness: keeps the computer from going to sleep while it renders."""

import os
import shutil
import sys

from PySide6.QtCore import QObject, QProcess

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
            self.process = QProcess(self)
            self.process.start(program, arguments)

    def stop(self) -> None:
        """End what holds the computer awake."""
        if self.process is not None:
            self.process.kill()
            self.process.waitForFinished(1_000)
            self.process.deleteLater()
            self.process = None


def find_holder() -> list[str]:
    """Return the command that holds the computer awake as long as this process is there."""
    if sys.platform == "darwin":
        return ["caffeinate", "-i", "-w", str(os.getpid())]
    who = ["--who=Yuntu", "--why=Rendering", "--mode=block"]
    return [
        "systemd-inhibit",
        "--what=idle:sleep",
        *who,
        "tail",
        f"--pid={os.getpid()}",
        "-f",
        "/dev/null",
    ]


def hold_windows(held: bool) -> None:
    """Tell Windows that the system is in use, or no longer."""
    if sys.platform == "win32":
        import ctypes

        state = ES_CONTINUOUS | (ES_SYSTEM_REQUIRED if held else 0)
        ctypes.windll.kernel32.SetThreadExecutionState(state)
