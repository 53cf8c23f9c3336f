"""Wires of moving house: the server ends, this machine joins or founds a studio, it starts."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop.client import Problem
from desktop.commands import Commands, Line
from desktop.panels.studio_forms import FoundForm, JoinForm
from desktop.panels.sync import SyncPanel
from desktop.server_watch import ServerState, ServerWatch
from desktop.stage import Stage

log = logging.getLogger(__name__)


class StudioWire(QObject):
    """Connects the page of the studio with the command line, which moves while no server runs."""

    moved = Signal(str)
    """This machine is in another studio now."""

    def __init__(self, stage: Stage, watch: ServerWatch, panel: SyncPanel, data: Path) -> None:
        super().__init__(panel)
        self.stage, self.watch, self.panel, self.data = stage, watch, panel, data
        self.form: JoinForm | FoundForm | None = None
        panel.join_wanted.connect(lambda: self.show_form(JoinForm(stage, panel)))
        panel.found_wanted.connect(lambda: self.show_form(FoundForm(stage, panel)))

    def show_form(self, form: JoinForm | FoundForm) -> None:
        """Ask how this machine is to move."""
        self.form = form
        form.sent.connect(lambda: self.move(form.lines))
        form.finished.connect(self.forget_form)
        form.open()

    def forget_form(self) -> None:
        """Let go of a form that was closed; what it began goes on."""
        self.form = None

    def move(self, lines: Sequence[Line]) -> None:
        """Move; the command line ends the server, and waits until it is gone."""
        self.set_moving(True)
        self.watch.step_aside()
        commands = Commands(self.data, self.stage.words.language, self)
        commands.done.connect(self.finish)
        commands.failed.connect(self.fail)
        commands.done.connect(commands.deleteLater)
        commands.failed.connect(commands.deleteLater)
        commands.run(lines)

    def finish(self, told: dict[str, Any]) -> None:
        """Show the studio that this machine is in now."""
        self.start_again()
        if self.form is not None:
            self.form.accept()
        self.moved.emit(self.stage.words.say("studio.moved", studio=told["studio"]))

    def fail(self, problem: Problem) -> None:
        """Say why this machine did not move: it is where it was."""
        log.warning("moving: %s %s %s", problem.code, problem.title, problem.detail)
        self.start_again()
        if self.form is not None:
            self.form.show_problem(f"{problem.title}. {problem.detail}")
        else:
            self.moved.emit(problem.title)

    def set_moving(self, is_moving: bool) -> None:
        """Let nobody begin another move before one has ended, though its form was closed."""
        self.panel.join.setDisabled(is_moving)
        self.panel.found.setDisabled(is_moving)

    def start_again(self) -> None:
        """Watch over a server again."""
        self.set_moving(False)
        if self.watch.state == ServerState.STOPPED:
            self.watch.start()
