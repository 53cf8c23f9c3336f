"""Wires of saving: a file of the server's is kept wherever somebody wants it."""

import logging
from codecs import BOM_UTF8
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop.background import Background
from desktop.client import Client
from desktop.panels.choosing import choose_place
from desktop.stage import Stage

log = logging.getLogger(__name__)


class Saving(QObject):
    """Asks where, gets the file, writes it off the window's thread, and says what came of it."""

    told = Signal(str)

    def __init__(self, stage: Stage, client: Client, parent: QObject) -> None:
        super().__init__(parent)
        self.stage, self.client = stage, client
        self.background = Background(self)

    def ask(self, panel: QWidget, title: str, name: str, path: str, form: str) -> None:
        """Ask where a file is to be kept, and keep it there; the server makes it in a `form`."""
        choose_place(panel, title, name, lambda place: self.keep(Path(place), path, form))

    def keep(self, place: Path, path: str, form: str) -> None:
        """Get a file and keep it."""
        reply = self.client.get(path, raw=True, format=form)
        mark = BOM_UTF8 if form == "csv" else b""  # else Excel takes Chinese for something else
        reply.done.connect(lambda data: self.write(place, mark + data))

    def write(self, place: Path, data: bytes) -> None:
        """Write a file."""
        say = self.stage.words.say
        self.background.start(
            lambda: place.write_bytes(data),
            lambda _: self.told.emit(say("files.kept", path=place)),
            lambda error: self.give_up(place, error),
        )

    def give_up(self, place: Path, error: Exception) -> None:
        """Say why a file could not be written: the disk is full, or the folder not ours."""
        log.warning("%s cannot be written: %s", place, error)
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        self.told.emit(self.stage.words.say("files.not_kept", path=place, why=why))
