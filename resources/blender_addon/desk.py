"""The desk: errands go out on threads of their own, their answers come back on Blender's."""

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from .errands import Pass
from .server import Trouble

TICK_SECONDS = 0.25
LOOK_SECONDS = 1.0


class Desk:
    """What one Blender has under way with the server. Only `send`'s threads are not Blender's."""

    def __init__(self, *, on_trouble: "Callable[[Trouble], None]") -> None:
        self.on_trouble = on_trouble
        self.answers: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.open = 0
        self.ticket = Pass()
        self.job = ""
        self.after = 0
        self.looking = False
        self.next_look = 0.0

    def send(self, errand: "Callable[[], Any]", then: "Callable[[Any], None]") -> None:
        """Run an errand away from here; `then` gets what it brought, `on_trouble` what kept it."""

        def run() -> None:
            try:
                brought = errand()
            except Trouble as trouble:
                told = trouble
            except Exception as error:  # noqa: BLE001 - it must reach a person, whatever it is
                told = Trouble("Something went wrong that nobody foresaw", repr(error))
            else:
                self.answers.put(lambda: then(brought))
                return
            self.answers.put(lambda: self.on_trouble(told))

        self.open += 1
        # A daemon: a check that takes minutes must not keep Blender from quitting.
        threading.Thread(target=run, name="yuntu", daemon=True).start()

    def tick(self) -> bool:
        """Take in what has come back; True when there was anything."""
        heard = False
        while True:
            try:
                answer = self.answers.get_nowait()
            except Empty:
                return heard
            heard = True
            self.open -= 1
            answer()

    def is_time_to_look(self) -> bool:
        """Tell whether a job is followed and was not looked at for a while."""
        return bool(self.job) and not self.looking and time.monotonic() >= self.next_look

    def begin_look(self) -> None:
        """Note that somebody is out looking at the job."""
        self.looking = True

    def end_look(self, after: int) -> None:
        """Note what the newest event was, and when to look again."""
        self.looking, self.after = False, after
        self.next_look = time.monotonic() + LOOK_SECONDS

    def follow(self, job: str, after: int) -> None:
        """Follow a job from an event on."""
        self.job, self.after, self.next_look, self.looking = job, after, 0.0, False

    def leave(self) -> None:
        """Follow nothing any more."""
        self.job, self.looking = "", False
