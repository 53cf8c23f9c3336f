"""The events of the server, each once and in order, whatever was missed in between."""

from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop.client import Client
from desktop.live import Live


class Events(QObject):
    """Follows the server's events from a moment on; a line that was cut is mended where it was."""

    happened = Signal(dict)
    begun = Signal()

    def __init__(self, client: Client, live: Live, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.client, self.live = client, live
        self.last = -1
        live.happened.connect(self.take)
        live.lost.connect(self.listen)

    def begin(self) -> None:
        """Find out what the newest event is: what is loaded from now on has all up to it."""
        self.last = -1
        self.client.get("/events", slot="events", limit=1).done.connect(self.note_last)

    def note_last(self, page: dict[str, Any]) -> None:
        """Listen to all that comes after what is loaded now."""
        self.last = page["last"]
        self.listen()
        self.begun.emit()

    def listen(self) -> None:
        """Listen; the server sends first what came after the last event that is known."""
        client = self.client
        if client.address is not None and self.last >= 0:
            self.live.listen(client.address, client.credential, self.last, client.language)

    def take(self, event: dict[str, Any]) -> None:
        """Tell of an event that is newer than all before; passing notices have no number."""
        number = event["id"]
        if number is not None and number <= self.last:
            return
        if number is not None:
            self.last = number
        self.happened.emit(event)
