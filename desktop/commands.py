"""Commands: this program's own command line, run beside the window, one line after the other."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal

from desktop.client import Problem
from desktop.server_watch import find_program, make_environment


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A command line; `told` is what it is given to read, for secrets do not stand in lines."""

    argv: Sequence[str]
    told: str = ""


class Commands(QObject):
    """Runs lines until one fails: then it says why, else what the last one answered."""

    done = Signal(object)
    failed = Signal(object)

    def __init__(self, data: Path, language: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.data, self.language = data, language
        self.lines: list[Line] = []
        self.process = QProcess(self)
        environment = QProcessEnvironment()
        for name, value in make_environment(language).items():
            environment.insert(name, value)
        self.process.setProcessEnvironment(environment)
        self.process.finished.connect(lambda code, _: self.finish(code))
        self.process.errorOccurred.connect(self.fail_to_start)

    def run(self, lines: Sequence[Line]) -> None:
        """Run lines; what comes of it comes as a signal."""
        self.lines = list(lines)
        self.run_next()

    def run_next(self) -> None:
        """Run the next line."""
        line = self.lines.pop(0)
        program, *rest = find_program()
        options = ["--data", str(self.data), "--lang", self.language, "--json"]
        self.process.start(program, [*rest, *line.argv, *options])
        if line.told:
            self.process.write(line.told.encode())
        self.process.closeWriteChannel()

    def finish(self, code: int) -> None:
        """Go on with the next line, or tell what came of it."""
        if code != 0:
            self.failed.emit(read_failure(bytes(self.process.readAllStandardError().data())))
        elif self.lines:
            self.process.readAllStandardOutput()
            self.run_next()
        else:
            self.done.emit(read_last(bytes(self.process.readAllStandardOutput().data())))

    def fail_to_start(self, error: QProcess.ProcessError) -> None:
        """Tell that a line could not even be run."""
        if error == QProcess.ProcessError.FailedToStart:
            words = self.process.errorString()
            self.failed.emit(Problem(code="not_started", status=0, title=words, detail=""))


def read_last(data: bytes) -> Any:
    """Return the last line of JSON that a command printed, None where there is none."""
    for line in reversed(data.decode("utf-8", "replace").splitlines()):
        try:
            return json.loads(line)
        except ValueError:
            continue
    return None


def read_failure(data: bytes) -> Problem:
    """Return what a command complained of."""
    told = read_last(data)
    try:
        error = told["error"]
        return Problem(
            code=str(error["code"]),
            status=0,
            title=str(error["title"]),
            detail=str(error["detail"]),
        )
    except (KeyError, TypeError):
        words = data.decode("utf-8", "replace").strip()[-400:]
        return Problem(code="not_understood", status=0, title=words, detail="")
