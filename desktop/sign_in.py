"""Signing in: silent at one's own workstation, by name and password at a shared one."""

import logging
import platform
import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.background import Background
from desktop.client import UNAUTHORIZED, Client, Problem
from desktop.keeping import forget_token, keep_token, read_token

log = logging.getLogger(__name__)
RENEW_EARLIER_MS = 60_000
RENEW_AGAIN_MS = 5_000
RENEWAL = "tokens"
SIGN_IN_CODES = (
    "key_wrong",
    "session_copied",
    "session_ended",
    "sign_in_needed",
    "token_expired",
    "token_wrong",
)


class SignIn(QObject):
    """Finds out who uses the window, and renews what shows it."""

    ready = Signal()
    """Requests can be made: somebody is known. Again where some were refused in the meantime."""
    needed = Signal(bool)
    """Somebody has to sign in; whether they may make an account themselves."""
    failed = Signal(object)
    person_known = Signal(object)
    code_sent = Signal(object)
    kept = Signal(bool)
    not_kept = Signal(str)
    """The sign-in holds for this launch only; why."""

    def __init__(self, client: Client, data: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.client, self.data = client, data
        self.refresh_token = ""
        self.session = ""
        self.is_asking = False
        self.was_refused = False
        # One thread: what is kept and forgotten is so in the order it was asked for.
        self.background = Background(self, threads=1)
        self.renewing = QTimer(self, singleShot=True)
        self.renewing.timeout.connect(self.renew)
        client.refused.connect(self.take_refusal)

    def begin(self) -> None:
        """Find out who uses the window at a server that is ready."""
        self.client.token, self.session = "", ""
        self.is_asking = False  # what the server before was asked is never answered
        data = self.data
        self.background.start(lambda: read_token(data), self.begin_with, self.begin_without)

    def begin_without(self, error: Exception) -> None:
        """Ask who it is where what was kept cannot be read."""
        log.warning("the sign-in that was kept cannot be read: %s", error)
        self.begin_with("")

    def begin_with(self, token: str) -> None:
        """Go on with what was kept, or see whether the workstation needs no sign-in."""
        self.refresh_token = token
        if token:
            self.renew()
        else:
            self.ask_rules()

    def ask_rules(self) -> None:
        """See whether everybody has to sign in here."""
        self.client.get("/rules", slot="rules").done.connect(self.take_rules)

    def take_rules(self, rules: dict[str, Any]) -> None:
        """Go on silently at one's own workstation, or ask who it is."""
        if rules["shared"]:
            self.needed.emit(rules["sign_up"])
        else:
            self.client.get("/me", slot="me").done.connect(self.person_known)
            self.ready.emit()

    def take_refusal(self, problem: Problem, shown: str) -> None:
        """Renew what has run out, or ask who it is; what is no longer shown says nothing of that.

        An answer to what was asked before the last renewal may come after it.
        """
        if problem.code not in SIGN_IN_CODES or shown != self.client.credential:
            return
        if problem.code == "token_expired" and self.refresh_token:
            self.was_refused = True  # also while new ones are under way: a machine may have slept
            self.renew()
        elif not self.is_asking:
            self.forget()
            self.ask_rules()

    def renew(self) -> None:
        """Exchange the refresh token for new ones, once: shown twice, it would end the session.

        Meanwhile requests go on with the access token there is, which is good a little longer.
        """
        if self.is_asking:
            return
        self.is_asking = True
        reply = self.client.post("/tokens", {"refresh_token": self.refresh_token}, slot=RENEWAL)
        reply.done.connect(self.take_tokens)
        reply.failed.connect(self.lose)

    def lose(self, problem: Problem) -> None:
        """Ask who it is if what was kept is worth nothing any more; anything else may pass."""
        self.is_asking = False
        if problem.status == UNAUTHORIZED:
            self.end()
        elif not problem.is_lost:
            self.client.unheard.emit(problem)
            self.renewing.start(RENEW_AGAIN_MS)

    def sign_in(self, login: str, password: str) -> None:
        """Sign in by name and password."""
        self.is_asking = True
        body = {"login": login, "password": password, "device": platform.node()[:100]}
        reply = self.client.post("/sessions", body)
        reply.done.connect(self.take_tokens)
        reply.failed.connect(self.fail)

    def sign_up(self, name: str, password: str, email: str) -> None:
        """Make an account and sign in with it."""
        self.is_asking = True
        body = {"name": name, "password": password} | ({"email": email} if email else {})
        reply = self.client.post("/people", body)
        reply.done.connect(lambda _: self.sign_in(name, password))
        reply.failed.connect(self.fail)

    def ask_code(self, login: str) -> None:
        """Ask for a code in place of a forgotten password."""
        reply = self.client.post("/passwords/forgotten", {"login": login})
        reply.done.connect(self.code_sent)
        reply.failed.connect(self.fail)

    def reset(self, login: str, code: str, password: str) -> None:
        """Set a new password by a code, and sign in with it."""
        self.is_asking = True
        body = {"login": login, "code": code, "password": password}
        reply = self.client.post("/passwords/reset", body)
        reply.done.connect(lambda _: self.sign_in(login, password))
        reply.failed.connect(self.fail)

    def fail(self, problem: Problem) -> None:
        """Say why somebody could not sign in."""
        self.is_asking = False
        self.failed.emit(problem)

    def take_tokens(self, told: dict[str, Any]) -> None:
        """Show who it is from now on, and keep what will renew that."""
        must_load = not self.session or self.was_refused
        self.is_asking = self.was_refused = False
        self.client.token, self.session = told["access_token"], told["session"]
        self.refresh_token = told["refresh_token"]
        left_ms = told["expires_at_ms"] - read_clock_ms()
        self.renewing.start(max(1_000, left_ms - RENEW_EARLIER_MS))
        data, token = self.data, self.refresh_token
        self.background.start(
            lambda: keep_token(data, token),
            self.kept.emit,
            lambda error: self.not_kept.emit(str(error)),
        )
        self.person_known.emit(told["person"])
        if must_load:
            self.ready.emit()

    def sign_out(self) -> None:
        """End the session here and at the server."""
        if self.session:
            reply = self.client.delete(f"/sessions/{self.session}")
            reply.done.connect(lambda _: self.end())
            reply.failed.connect(lambda _: self.end())

    def end(self) -> None:
        """Be nobody, and ask who it is."""
        self.forget()
        self.ask_rules()

    def forget(self) -> None:
        """Keep nothing of a sign-in that is over."""
        self.renewing.stop()
        self.client.drop(RENEWAL)
        self.is_asking = self.was_refused = False
        self.client.token = self.session = self.refresh_token = ""
        data = self.data
        self.background.start(lambda: forget_token(data), lambda _: None)


def read_clock_ms() -> int:
    """Return the time, in milliseconds since 1970."""
    return int(time.time() * 1000)
