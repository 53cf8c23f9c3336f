"""Wires of the server: the window follows it as it comes and goes, and whoever signs in to it."""

import logging
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop.client import Client, Problem, ServerAddress
from desktop.panels.frame import Banner, Side, Toast
from desktop.panels.settings import SettingsPanel
from desktop.panels.sign_in import SignInPanel
from desktop.server_watch import ServerState, ServerWatch
from desktop.sign_in import SIGN_IN_CODES, SignIn
from desktop.stage import Stage
from desktop.wires.job import open_folder

log = logging.getLogger(__name__)
PROBLEM_LETTERS_MAX = 160
FAILED = "banner-bad"


class ServerWire(QObject):
    """Connects the frame of the window with the server's coming and going."""

    another = Signal()
    """There is another server than before: what was known of the last one is worth nothing."""

    gone = Signal()

    def __init__(
        self, stage: Stage, client: Client, watch: ServerWatch, sign_in: SignIn, logs: Path
    ) -> None:
        super().__init__(watch)
        self.stage, self.client, self.watch, self.sign_in = stage, client, watch, sign_in
        self.logs = str(logs)
        watch.changed.connect(self.show_server)
        watch.ready.connect(self.use_server)

    def connect_frame(
        self, side: Side, banner: Banner, toast: Toast, settings: SettingsPanel
    ) -> None:
        """Say in the frame of the window how the server is, and let it be started again."""
        self.side, self.banner, self.toast, self.settings = side, banner, toast, settings
        self.client.unheard.connect(self.tell_problem)
        banner.second_clicked.connect(self.open_logs)
        settings.log_wanted.connect(self.open_logs)
        settings.restart_wanted.connect(self.restart)

    def connect_sign_in(self, panel: SignInPanel) -> None:
        """Let somebody sign in."""
        sign_in = self.sign_in
        panel.sign_in_wanted.connect(sign_in.sign_in)
        panel.sign_up_wanted.connect(sign_in.sign_up)
        panel.code_wanted.connect(sign_in.ask_code)
        panel.reset_wanted.connect(sign_in.reset)
        sign_in.code_sent.connect(panel.set_code_sent)
        sign_in.failed.connect(panel.show_problem)
        sign_in.person_known.connect(self.show_person)
        sign_in.kept.connect(self.tell_kept)
        sign_in.not_kept.connect(self.tell_not_kept)

    def use_server(self, address: ServerAddress) -> None:
        """Talk to a server that is ready."""
        self.client.set_address(address)
        self.another.emit()
        self.sign_in.begin()

    def show_server(self, state: str) -> None:
        """Show how the server is; while there is none, nothing is asked of it."""
        self.side.set_server(state)
        self.settings.set_server(state)
        if state != ServerState.READY:
            self.gone.emit()
            self.client.set_address(None)
        if state != ServerState.FAILED:
            self.banner.withdraw(FAILED)
        else:
            self.banner.show_words(FAILED, self.say_failure, action=self.watch.start)

    def say_failure(self) -> tuple[str, ...]:
        """Return why there is no server, in its own words if it had any, and what can be done."""
        say, error = self.stage.words.say, self.watch.error
        return (
            error.get("title") or say("server.failed"),
            error.get("detail") or say("server.failed_detail"),
            say("server.try_again"),
            say("settings.log"),
        )

    def show_met(self, how: str) -> None:
        """Show that the studio is out of reach, quietly for work goes on, or this machine is out.

        `how` is `ready`, `offline` or `out`.
        """
        if self.watch.state == ServerState.READY:
            self.side.set_server(how)

    def restart(self) -> None:
        """End the server; whoever watches over it starts it again."""
        self.client.post("/shutdown")

    def open_logs(self) -> None:
        """Show the folder of the logs."""
        open_folder(self.logs)

    def show_person(self, person: dict[str, Any]) -> None:
        """Show whose window this is."""
        self.side.set_person(person["name"] if self.sign_in.session else "")

    def tell_kept(self, in_keyring: bool) -> None:
        """Say where a sign-in is kept if that is not the keyring."""
        if not in_keyring:
            self.toast.show_text(self.stage.words.say("sign_in.in_file"))

    def tell_not_kept(self, why: str) -> None:
        """Say that one has to sign in again the next time."""
        self.toast.show_text(self.stage.words.say("sign_in.not_kept", why=why))

    def tell_problem(self, problem: Problem) -> None:
        """Say what went wrong, unless the window shows that already: no server, or nobody known."""
        log.info("%s %s %s", problem.code, problem.title, problem.params)
        if not problem.is_lost and problem.code not in SIGN_IN_CODES:
            self.toast.show_text(
                self.stage.words.explain(problem.title, problem.detail)[:PROBLEM_LETTERS_MAX]
            )
