"""Letters: what an address that opens one leaves behind where it cannot be reached."""

import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from local_server.farm.errors import Unavailable
from local_server.letters import read_address


class Endless(BaseHTTPRequestHandler):
    """Answers with more than any letter has."""

    def do_GET(self) -> None:
        """Answer until whoever asks has had enough."""
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(bytes(1 << 20))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Busy(BaseHTTPRequestHandler):
    """Is busy when it is asked for the first time, and sends a letter from then on."""

    asked = 0

    def do_GET(self) -> None:
        """Answer by how often it was asked."""
        type(self).asked += 1
        letter = b"" if self.asked == 1 else b"sealed"
        self.send_response(200 if letter else 503)
        self.send_header("Content-Length", str(len(letter)))
        self.send_header("Retry-After", "3600")  # whoever has the address says so, not the store
        self.end_headers()
        self.wfile.write(letter)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_busy_bucket_is_asked_again() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            assert read_address(f"http://127.0.0.1:{server.server_port}/letter") == b"sealed"
        finally:
            server.shutdown()
    assert Busy.asked == 2


def test_a_letter_has_an_end() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            with pytest.raises(Unavailable, match="sealed_for_others"):
                read_address(f"http://127.0.0.1:{server.server_port}/letter")
        finally:
            server.shutdown()


def test_an_address_that_fails_is_told_without_its_signature() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable) as caught:
        read_address(f"http://127.0.0.1:{port}/letter?OSSAccessKeyId=one&Signature=two")
    assert caught.value.code == "invite_unreachable"
    assert caught.value.params == {"words": "127.0.0.1, ConnectionError"}
