"""One kind of call made over and over by many connections, in a process of its own."""

import json
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import gevent
from gevent import socket


def main() -> None:
    """Read what to do from standard input; write p50, p99, rate and count as JSON."""
    asked = json.loads(sys.stdin.read())
    request, port = make_request(asked)
    times: list[float] = []
    ends_at = time.perf_counter() + asked["seconds"]
    began = time.perf_counter()
    callers = [
        gevent.spawn(call, port, request, times, ends_at) for _ in range(asked["connections"])
    ]
    gevent.joinall(callers, raise_error=True)
    took = time.perf_counter() - began
    times.sort()
    told = {
        "p50_ms": times[len(times) // 2] * 1000,
        "p99_ms": times[len(times) * 99 // 100] * 1000,
        "rate": len(times) / took,
        "count": len(times),
    }
    sys.stdout.write(json.dumps(told))


def make_request(asked: dict[str, Any]) -> tuple[bytes, int]:
    """Return a request's bytes and the port to send them to."""
    parts = urlsplit(asked["address"])
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    body = b"" if asked["body"] is None else json.dumps(asked["body"]).encode()
    lines = [f"{asked['verb']} {path} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in asked["headers"].items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    assert parts.port is not None
    return "\r\n".join([*lines, "", ""]).encode() + body, parts.port


def call(port: int, request: bytes, times: list[float], ends_at: float) -> None:
    """Call on one connection until the time is over."""
    wire = socket.create_connection(("127.0.0.1", port))
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while (began := time.perf_counter()) < ends_at:
        wire.sendall(request)
        read_answer(wire)
        times.append(time.perf_counter() - began)
    wire.close()


def read_answer(wire: socket.socket) -> None:
    """Read one answer whole; anything but success ends the run."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += wire.recv(65_536)
    head, _, rest = data.partition(b"\r\n\r\n")
    assert head[9:10] == b"2", head
    lines = head.lower().split(b"\r\n")
    length = next(int(one[15:]) for one in lines if one.startswith(b"content-length:"))
    left = length - len(rest)
    while left > 0:
        left -= len(wire.recv(65_536))


if __name__ == "__main__":
    main()
