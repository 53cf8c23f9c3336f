"""Many live connections in one process, as small as can be: they say when they hear of a change."""

import base64
import os
import resource
import sys
import time

import gevent
from gevent import socket
from gevent.event import Event
from gevent.pool import Pool

AT_ONCE = 50
LOOK_SECONDS = 0.5


class Hearer:
    """One WebSocket that speaks just enough Socket.IO."""

    def __init__(self, port: int) -> None:
        self.wire = socket.create_connection(("127.0.0.1", port))
        self.data = b""
        nonce = base64.b64encode(os.urandom(16)).decode()
        self.wire.sendall(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {nonce}\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self.data:
            self.data += self.wire.recv(4_096)
        self.data = self.data.partition(b"\r\n\r\n")[2]

    def say(self, text: str) -> None:
        """Send one text frame, masked with zeros."""
        data = text.encode()
        assert len(data) < 126, "a short message needs no longer head"
        head = bytes([0x81, 0x80 | len(data)])
        self.wire.sendall(head + bytes(4) + data)

    def hear(self) -> str:
        """Return the next text frame; the server's pings are answered."""
        while True:
            head = self.take(2)
            length = head[1] & 0x7F
            if length == 126:
                length = int.from_bytes(self.take(2))
            text = self.take(length).decode()
            if text != "2":
                return text
            self.say("3")

    def take(self, count: int) -> bytes:
        """Return so many bytes."""
        while len(self.data) < count:
            part = self.wire.recv(65_536)
            assert part, "the server hung up"
            self.data += part
        taken, self.data = self.data[:count], self.data[count:]
        return taken


def main(port: int, key: str, count: int) -> None:
    """Connect; then write a line for each change: when the first, the middle and the last heard."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    began = time.perf_counter()
    heard: list[float] = []
    all_heard = Event()

    def connect(_: int) -> Hearer:
        hearer = Hearer(port)
        hearer.hear()
        hearer.say(f'40{{"key":"{key}"}}')
        while not hearer.hear().startswith('42["ready"'):
            pass
        return hearer

    def listen(hearer: Hearer) -> None:
        while True:
            if hearer.hear().startswith('42["notice"'):
                heard.append(time.time())
                if len(heard) == count:
                    all_heard.set()

    hearers = Pool(AT_ONCE).map(connect, range(count))
    listening = [gevent.spawn(listen, one) for one in hearers]
    sys.stdout.write(f"{time.perf_counter() - began}\n")
    sys.stdout.flush()
    waiting = gevent.spawn(wait_for_end)
    while not waiting.ready():
        all_heard.wait(timeout=LOOK_SECONDS)
        if all_heard.is_set():
            all_heard.clear()
            sys.stdout.write(f"{heard[0]} {heard[count // 2]} {heard[-1]}\n")
            sys.stdout.flush()
            heard.clear()
    gevent.killall(listening)


def wait_for_end() -> None:
    """Wait until nobody wants to know any more."""
    gevent.get_hub().threadpool.apply(sys.stdin.read)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
