"""How the server speaks HTTP on one connection."""

import socket
from http import HTTPStatus
from typing import Any

import gevent
from gevent.pywsgi import WSGIHandler

from local_server.answers import make_error
from local_server.shapes.errors import ErrorAnswer
from local_server.wording import Wording

UNREAD = {HTTPStatus.BAD_REQUEST: "bad_request", HTTPStatus.REQUEST_URI_TOO_LONG: "address_long"}


class Handler(WSGIHandler):
    """gevent's handler with TCP_NODELAY: without it a kept connection answers 23 times a second."""

    def __init__(self, sock: socket.socket, address: Any, server: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(sock, address, server)

    def handle_one_request(self) -> Any:
        """Serve one request; what cannot be read, headers and all, is refused in the one shape."""
        told = super().handle_one_request()
        if isinstance(told, tuple):
            status = HTTPStatus(int(told[0]))
            return told[0], write_refusal(status, UNREAD[status])
        return told

    def handle_one_response(self) -> None:
        """Answer one request, then let others have their turn.

        A connection that became a WebSocket is over with it: what is left in it is not HTTP.
        """
        super().handle_one_response()
        if (self.environ or {}).get("HTTP_UPGRADE", "").lower() == "websocket":
            self.close_connection = True
        gevent.sleep(0)

    def log_request(self) -> None:
        """Leave requests out of the log: a desktop asks all day."""


def write_refusal(status: HTTPStatus, code: str) -> bytes:
    """Return the answer to what no app has seen: its reader's language is not known."""
    body = ErrorAnswer(error=make_error(code, Wording("en"))).model_dump_json().encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*head, "", "")).encode() + body
