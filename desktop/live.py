"""The live line: what the server pushes, taken in a thread of its own, given on as signals."""

import logging
import threading
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop.client import PROGRAM, ServerAddress
from desktop.handover import hand_over

log = logging.getLogger(__name__)
CONNECT_SECONDS_MAX = 5
PAUSE_SECONDS = 1.0
EVENTS = ("state", "notice")


class Live(QObject):
    """Listens to one server at a time."""

    connected = Signal()
    lost = Signal()
    happened = Signal(dict)
    progress = Signal(dict)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.wanted = 0
        self.socket: Any = None

    def listen(self, address: ServerAddress, credential: str, after: int, language: str) -> None:
        """Listen to a server from an event on, and to no other any more."""
        self.stop()
        kind = "key" if credential == address.key else "token"
        hello = {kind: credential, "after": after, "language": language}
        target, arguments = self.run, (address.url, hello, self.wanted)
        threading.Thread(target=target, args=arguments, name="live", daemon=True).start()

    def stop(self) -> None:
        """Listen to nobody. The library waits seconds for a goodbye: nobody here has to."""
        self.wanted += 1
        socket, self.socket = self.socket, None
        if socket is not None:
            threading.Thread(target=socket.disconnect, name="live-end", daemon=True).start()

    def run(self, url: str, hello: dict[str, Any], number: int) -> None:
        """Connect and pass on what comes, until it is over: a thread's whole life."""
        # It takes a third of a second to load, which a window that opens has no time for.
        import requests
        from socketio.exceptions import ConnectionError as RefusedError

        from desktop.line import Line

        session = requests.Session()
        session.trust_env = False  # a proxy must never see the loopback
        socket = Line(reconnection=False, http_session=session, handle_sigint=False)
        for name in EVENTS:
            socket.on(name, lambda data: self.tell(number, "happened", data))
        socket.on("progress", lambda data: self.tell(number, "progress", data))
        try:
            socket.connect(
                url,
                headers={"User-Agent": PROGRAM},
                auth=hello,
                transports=["websocket"],
                wait_timeout=CONNECT_SECONDS_MAX,
            )
        except RefusedError as error:
            log.info("the live line could not be opened: %s", error)
            threading.Event().wait(PAUSE_SECONDS)
            self.tell(number, "lost")
            return
        finally:
            session.close()
        if number != self.wanted:
            socket.disconnect()
            return
        self.socket = socket
        self.tell(number, "connected")
        socket.wait()
        self.tell(number, "lost")

    def tell(self, number: int, what: str, *values: Any) -> None:
        """Let a signal be sent in the window's thread."""
        hand_over(self, partial(self.give_on, number, what, *values))

    def give_on(self, number: int, what: str, *values: Any) -> None:
        """Send a signal, unless it is of a server that is no longer listened to."""
        if number == self.wanted:
            getattr(self, what).emit(*values)
