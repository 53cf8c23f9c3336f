"""Bodies that are meant to hurt: huge, deep, ambiguous, packed; and logs that are written into."""

import gzip
import json
import re
import socket
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.end_to_end.running_farm import RunningFarm
from tests.local_server.test_errors import assert_error, call

JSON = {"Content-Type": "application/json"}
TOP_UP = "/api/v1/topups"


def post(server: RunningFarm, body: bytes, **headers: str) -> requests.Response:
    """Send bytes as they are."""
    return call(server, "POST", TOP_UP, data=body, headers=JSON | headers)


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": "twice-a", "id": "twice-b", "amount_micros": 1}',
        b'{"amount_micros": 1, "id": "twice-a", "amount_micros": 900000000}',
        b'{"id": "twice-a", "amount_micros": 1, "x": {"y": 1, "y": 2}}',
    ],
)
def test_a_name_that_stands_twice(server: RunningFarm, body: bytes) -> None:
    assert_error(post(server, body), 400, "keys_twice")


def test_a_query_says_a_thing_once(server: RunningFarm) -> None:
    for query in ("limit=1&limit=500", "cursor=&cursor=MQ", "owner=me&owner=you", "text=a&text=b"):
        assert_error(call(server, "GET", f"/api/v1/jobs?{query}"), 400, "keys_twice")
    several = call(server, "GET", "/api/v1/jobs?state=queued&state=running")
    assert several.ok, "a list is what it is"


@pytest.mark.parametrize("depth", [40, 900, 100_000])
@pytest.mark.parametrize(("begin", "end"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_what_is_nested_deeply(server: RunningFarm, depth: int, begin: bytes, end: bytes) -> None:
    body = b'{"id": ' + begin * depth + b"1" + end * depth + b', "amount_micros": 1}'
    assert_error(post(server, body), 400, "too_deep")
    unfinished = post(server, b'{"id": ' + begin * depth)
    assert unfinished.json()["error"]["code"] in ("not_json", "too_deep")
    assert call(server, "GET", "/api/v1/health/live").ok, "the server is still there"


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1" * 5_000, b"1e999"])
def test_numbers_that_are_none(server: RunningFarm, number: bytes) -> None:
    response = post(server, b'{"id": "number-1", "amount_micros": ' + number + b"}")
    assert response.status_code == 400


@pytest.mark.parametrize("amount", ["5", True, 1.5, None, -1, 0, 2**63, 10**30])
def test_amounts_are_whole_positive_numbers(server: RunningFarm, amount: object) -> None:
    asked = {"id": "amount-1", "amount_micros": amount}
    assert_error(call(server, "POST", TOP_UP, json=asked), 400, "invalid")


@pytest.mark.parametrize("packed", [gzip.compress(b"0" * 10_000_000), zlib.compress(b"{}")])
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip", "x"])
def test_nothing_is_unpacked(server: RunningFarm, packed: bytes, encoding: str) -> None:
    response = post(server, packed, **{"Content-Encoding": encoding})
    assert_error(response, 415, "encoding_refused")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "x/y"])
def test_what_does_not_say_that_it_is_json(server: RunningFarm, kind: str) -> None:
    response = call(server, "POST", TOP_UP, data=b"{}", headers={"Content-Type": kind})
    assert_error(response, 415, "type_not_json")


def test_a_body_that_is_too_large_is_refused_by_its_length(server: RunningFarm) -> None:
    address = urlsplit(server.address)
    assert address.port is not None
    with socket.create_connection(("127.0.0.1", address.port), timeout=10) as wire:
        head = (
            f"POST {TOP_UP} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: {server.session.headers['Authorization']!s}\r\n"
            "Content-Length: 99999999999\r\n\r\n"
        )
        wire.sendall(head.encode())
        assert b" 413 " in wire.recv(1_000), "it does not wait for what it will not take"


@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        (f"GET /api/v1/jobs?text={'x' * 9_000} HTTP/1.1", 414, "address_long"),
        ("no HTTP at all", 400, "bad_request"),
    ],
)
def test_what_no_route_ever_sees_is_refused_in_the_one_shape(
    server: RunningFarm, line: str, status: int, code: str
) -> None:
    address = urlsplit(server.address)
    assert address.port is not None
    with (
        socket.create_connection(("127.0.0.1", address.port), timeout=10) as wire,
        wire.makefile("rb") as told,
    ):
        wire.sendall(f"{line}\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head, _, body = told.read().partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    error = json.loads(body)["error"]
    assert error["code"] == code and error["title"] and error["detail"]


def test_no_request_writes_a_line_of_its_own_into_the_log(
    server: RunningFarm, tmp_path: Path
) -> None:
    forged = "2026-01-01 00:00:00,000 CRITICAL forged everything is lost"
    for path in (
        f"/x%0A{forged}",
        f"/x%0D%0A{forged}",
        f"/x%E2%80%A8{forged}",
        f"/x%1B[2J{forged}",
    ):
        call(server, "POST", f"/api/v1{path}", json={})
    scene = tmp_path / f"lost\n{forged}.blend"
    scene.touch()
    call(server, "POST", "/api/v1/jobs", json={"scene": str(scene)})
    log = (server.data / "logs" / "server.log").read_text(encoding="utf-8")
    assert "CRITICAL forged" in log
    for line in log.splitlines():
        assert not line.startswith("2026-01-01")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", line)


def test_no_header_is_written_into_an_answer(server: RunningFarm) -> None:
    address = urlsplit(server.address)
    assert address.port is not None
    for injected in ("abcdefgh\r\nX-Evil: 1", "abcdefgh\nX-Evil: 1", "abcdefgh\rX-Evil: 1"):
        with socket.create_connection(("127.0.0.1", address.port), timeout=10) as wire:
            head = (
                f"GET /api/v1/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-Id: {injected}"
            )
            wire.sendall(f"{head}\r\nConnection: close\r\n\r\n".encode())
            told = b""
            while part := wire.recv(4_000):
                told += part
        given = told.partition(b"\r\n\r\n")[0]
        assert b"X-Evil" not in given.replace(b"\r\n", b"\n")


def test_errors_repeat_what_was_asked_as_text_only(server: RunningFarm) -> None:
    response = call(server, "GET", "/api/v1/jobs?cursor=<script>alert(1)</script>")
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert json.loads(response.text)["error"]["params"]["cursor"].startswith("<script>")
