"""Wires of moving house: the server ends, this machine joins or founds a studio, it starts."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from desktop.client import Problem
from desktop.commands import Commands, Line
from desktop.panels.settings import SettingsPanel
from desktop.panels.studio_forms import FoundForm, JoinForm, KeyForm, StudioForm
from desktop.panels.sync import SyncPanel
from desktop.server_watch import ServerState, ServerWatch
from desktop.stage import Stage

log = logging.getLogger(__name__)


class StudioWire(QObject):
    """Connects the pages of the studio with the command line, which moves while no server runs."""

    told = Signal(str)
    """This machine is in another studio now, or opens its bucket with another key."""

    key_changed = Signal()
    let_go = Signal()
    """A move that somebody had to wait for has ended."""

    def __init__(self, stage: Stage, watch: ServerWatch, panel: SyncPanel, data: Path) -> None:
        super().__init__(panel)
        self.stage, self.watch, self.panel, self.data = stage, watch, panel, data
        self.form: StudioForm | None = None
        self.is_moving = self.is_awaited = False
        panel.join_wanted.connect(lambda: self.show_form(JoinForm(stage, panel), self.move))
        panel.found_wanted.connect(lambda: self.show_form(FoundForm(stage, panel), self.move))

    def connect_settings(self, settings: SettingsPanel) -> None:
        """Let the key of the studio's bucket be changed in the settings."""
        settings.store.key_wanted.connect(
            lambda address: self.show_form(KeyForm(self.stage, settings, address), self.change_key)
        )

    def show_form(self, form: StudioForm, send: Callable[[StudioForm], None]) -> None:
        """Ask for what is needed."""
        self.form = form
        form.sent.connect(lambda: send(form))
        form.finished.connect(self.forget_form)
        form.open()

    def forget_form(self) -> None:
        """Let go of a form that was closed; what it began goes on."""
        self.form = None

    def make_commands(self) -> Commands:
        """Return what runs command lines, once."""
        commands = Commands(self.data, self.stage.words.language, self)
        commands.done.connect(commands.deleteLater)
        commands.failed.connect(commands.deleteLater)
        return commands

    # --- moving ---

    def move(self, form: StudioForm) -> None:
        """Move, once there is a server to end or none.

        The command line finds only a server that has told where it is. One that is starting would
        come up beside the next one, and nobody would end it.
        """
        self.set_moving(True)
        self.move_when_settled(form, form.lines)

    def move_when_settled(self, form: StudioForm, lines: Sequence[Line]) -> None:
        """Move if no server is on its way; else look again when that changes."""
        if self.watch.is_starting:
            once = Qt.ConnectionType.SingleShotConnection
            self.watch.changed.connect(lambda _: self.move_when_settled(form, lines), once)
        else:
            self.run_move(form, lines)

    def run_move(self, form: StudioForm, lines: Sequence[Line]) -> None:
        """Have the command line end the server, wait until it is gone, and move."""
        self.watch.step_aside()
        commands = self.make_commands()
        commands.done.connect(lambda told: self.finish(form, told))
        commands.failed.connect(lambda problem: self.fail(form, problem))
        commands.run(lines)

    def finish(self, form: StudioForm, told: dict[str, Any]) -> None:
        """Show the studio that this machine is in now."""
        self.start_again()
        self.close_form(form)
        self.told.emit(self.stage.words.say("studio.moved", studio=told["studio"]))

    def fail(self, form: StudioForm, problem: Problem) -> None:
        """Say why this machine did not move: it is where it was."""
        log.warning("moving: %s %s %s", problem.code, problem.title, problem.detail)
        self.start_again()
        self.show_problem(form, problem)

    def close_form(self, form: StudioForm) -> None:
        """Close a form whose work is done, if it is still there; another may be by now."""
        if self.form is form:
            form.accept()

    def show_problem(self, form: StudioForm, problem: Problem) -> None:
        """Say what went wrong, in the form if that is still there."""
        if self.form is form:
            form.show_problem(self.stage.words.explain(problem.title, problem.detail))
        else:
            self.told.emit(problem.title)

    def set_moving(self, is_moving: bool) -> None:
        """Let nobody begin another move before one has ended, though its form was closed."""
        self.is_moving = is_moving
        self.panel.join.setDisabled(is_moving)
        self.panel.found.setDisabled(is_moving)

    def hold(self) -> bool:
        """Tell whether a move is under way; if so, `let_go` tells its end."""
        self.is_awaited = self.is_moving
        return self.is_moving

    def start_again(self) -> None:
        """Watch over a server again, unless the end of the move is all that was waited for."""
        self.set_moving(False)
        if self.is_awaited:
            self.let_go.emit()
        elif self.watch.state == ServerState.STOPPED:
            self.watch.start()

    # --- the key of the bucket ---

    def change_key(self, form: StudioForm) -> None:
        """Open the bucket with another key; the server goes on meanwhile."""
        commands = self.make_commands()
        commands.done.connect(lambda told: self.finish_key(form, told))
        commands.failed.connect(lambda problem: self.show_problem(form, problem))
        commands.run(form.lines)

    def finish_key(self, form: StudioForm, told: dict[str, Any]) -> None:
        """Say where the key is kept."""
        self.close_form(form)
        self.told.emit(self.stage.words.say("studio.key_kept", where=told["kept_in"]))
        self.key_changed.emit()
