"""Wires: WebSockets that send whole frames, and give up on who does not take them."""

import logging
import socket
import time
from typing import Any

import gevent
from engineio.async_drivers.gevent import WebSocketWSGI
from gevent.lock import BoundedSemaphore
from simple_websocket import Server

log = logging.getLogger(__name__)
SEND_SECONDS_MAX = 15.0
GOODBYE_SECONDS_MAX = 2.0


class WholeSocket:
    """A TCP socket whose `send` sends everything, one frame after the other.

    A plain `send` may take half a frame where the other side is slow, and what came after it
    would be read as the other half.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.lock = BoundedSemaphore(1)
        self.taken_at = time.monotonic()

    def send(self, data: bytes) -> None:
        """Send a whole frame. Raises OSError when the other side does not take it in time."""
        with self.lock, gevent.Timeout(SEND_SECONDS_MAX, TimeoutError("a reader is too slow")):
            self.sock.sendall(data)
            self.taken_at = time.monotonic()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)


class WholeServer(Server):  # type: ignore[misc]
    """The server's side of a WebSocket, over a socket that sends whole frames."""

    @property
    def sock(self) -> WholeSocket:
        """Return the socket."""
        return self.whole

    @sock.setter
    def sock(self, sock: socket.socket) -> None:
        self.whole = WholeSocket(sock)


class Wire(WebSocketWSGI):  # type: ignore[misc]
    """Engine.IO's WebSocket, which can be cut off however full it is."""

    def __call__(self, environ: dict[str, Any], _: Any) -> Any:
        """Serve one WebSocket until its end; its Engine.IO socket knows its wire."""
        self.app.__self__.wire = self
        self.ws = WholeServer(environ, **self.server_args)
        return self.app(self)

    def close(self) -> None:
        """Say goodbye, and hang up on who does not say it too: nobody may listen any more."""
        try:
            super().close()
        except OSError:
            self.cut()
        else:
            gevent.spawn_later(GOODBYE_SECONDS_MAX, self.cut)

    def cut(self) -> None:
        """Hang up at once: whoever waits for this socket, to send or to hear, stops waiting."""
        try:
            self.ws.sock.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            log.debug("the socket is gone already: %s", error)


def measure_idle(socket: Any) -> float:
    """Return how many seconds ago an Engine.IO socket's other side last took something.

    One without a wire takes what there is whenever it asks.
    """
    wire: Wire | None = getattr(socket, "wire", None)
    return 0.0 if wire is None else time.monotonic() - wire.ws.sock.taken_at
