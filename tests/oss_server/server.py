"""The server: HTTP on loopback, requests read, faults acted out, answers written."""

import logging
import secrets
import shutil
import socket
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast
from urllib.parse import urlsplit

from tests.oss_server.contents import open_slice
from tests.oss_server.documents import Node, write_document, write_http_time
from tests.oss_server.errors import OssError
from tests.oss_server.exchange import CHUNK_BYTES, Answer, Request, parse_query, split_target
from tests.oss_server.faults import Action, Faults, Rule
from tests.oss_server.objects import Desk
from tests.oss_server.routes import check_rights, find_verb
from tests.oss_server.signatures import Credential, Gate
from tests.oss_server.state import Bucket, State

_log = logging.getLogger(__name__)

REGION = "cn-hangzhou"


def read_clock_ms() -> int:
    """Return the wall clock in milliseconds."""
    return time.time_ns() // 1_000_000


class OssServer:
    """A server in threads of this process; its state is in memory, or in a folder to last."""

    def __init__(
        self,
        *,
        credentials: Sequence[Credential],
        port: int = 0,
        folder: Path | None = None,
        region: str = REGION,
        faults: str = "",
        cnames: Mapping[str, str] | None = None,
        clock_ms: Callable[[], int] = read_clock_ms,
    ) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="oss-")) if folder is None else None
        self.state = State(folder or cast(Path, self._scratch), in_memory=folder is None)
        self.clock_ms = clock_ms
        self.gate = Gate(
            credentials={one.id: one for one in credentials}, region=region, clock_ms=self._now
        )
        self.region = region
        self.cnames = dict(cnames or {})
        self.faults = Faults(faults)
        self.requests: list[tuple[str, str]] = []
        self._http = _Listener(("127.0.0.1", port), _Handler)
        self._http.oss = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def _now(self) -> int:
        return self.clock_ms()

    @property
    def port(self) -> int:
        """Return the port that it listens on."""
        return self._http.server_port

    @property
    def endpoint(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Serve in the background."""
        self._thread.start()
        return self

    def make_bucket(self, name: str) -> None:
        """Create a bucket, as a console would."""
        with self.state.change():
            if self.state.find_bucket(name) is None:
                self.state.keep_bucket(Bucket(name=name, created_ms=self.clock_ms()))

    def close(self) -> None:
        """End every connection and forget what was in memory."""
        self.faults.ended.set()
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()
        self._http.end_connections()
        self.state.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def answer(self, request: Request) -> Answer:
        """Do what a request asks. Raises `OssError`."""
        who = self.gate.admit(request)
        desk = Desk(
            state=self.state,
            now_ms=self.clock_ms(),
            endpoint=f"127.0.0.1:{self.port}",
            region=self.region,
        )
        check_rights(desk, request, who)
        return find_verb(request)(desk, request)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    oss: OssServer

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request, client_address):  # type: ignore[no-untyped-def]
        with self._guard:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request) -> None:  # type: ignore[no-untyped-def]
        with self._guard:
            self._connections.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        with self._guard:
            left = list(self._connections)
        for connection in left:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        _log.debug("a connection ended client=%s", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "AliyunOSS"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = CHUNK_BYTES
    server: _Listener

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        _log.debug(format, *args)

    def do_any(self) -> None:
        """Answer one request, with the fault that hits it if one does."""
        oss = self.server.oss
        # A body that comes with a GET is passed over, as OSS does, and so is the connection.
        reads = self.command in ("GET", "HEAD")
        self.close_connection |= reads and self.headers.get("Content-Length", "0") != "0"
        headers = {} if reads else dict(self.headers.items())
        body = _Body(cast(IO[bytes], self.rfile), headers)
        request = self._read_request(body)
        oss.requests.append((request.method, request.key or request.bucket))
        fault = oss.faults.find(request.method, request.key)
        action = fault.action if fault is not None else None
        if action is Action.DROP:
            self._hang_up()
            return
        if action is Action.DELAY:
            oss.faults.ended.wait((fault.amount or 0) / 1000 if fault is not None else 0)
        request_id = secrets.token_hex(12).upper()
        try:
            if action is Action.REFUSE:
                raise OssError("ServiceUnavailable")
            answer = oss.answer(request)
        except OssError as error:
            answer = self._word(error, request, request_id)
        except EOFError:
            self._hang_up()
            return
        except Exception:  # noqa: BLE001 - a test must see a 500, not a hung connection
            _log.exception("a mistake of the test server's own")
            answer = self._word(OssError("InternalError"), request, request_id)
        if not body.drain():
            self.close_connection = True
        if action is Action.LOSE:
            self._hang_up()
            return
        self._send(answer, request_id, fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = do_any  # noqa: N815

    def _read_request(self, body: "_Body") -> Request:
        target = urlsplit(self.path)
        host = self.headers.get("Host", "")
        bucket, key = split_target(target.path, host, self.server.oss.cnames)
        return Request(
            method=self.command,
            bucket=bucket,
            key=key,
            params=parse_query(target.query),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            host=host,
        )

    def _word(self, error: OssError, request: Request, request_id: str) -> Answer:
        nodes: list[Node] = [
            ("Code", error.code),
            ("Message", error.message),
            ("RequestId", request_id),
            ("HostId", request.host),
            *error.details.items(),
            ("EC", error.ec),
        ]
        document = write_document("Error", nodes)
        headers = {"Content-Type": "application/xml", "x-oss-ec": error.ec, **error.headers}
        answer = Answer(status=error.status, headers=headers, body=document)
        if request.method == "HEAD" and error.status != 304:
            headers["x-oss-err"] = b64encode(document).decode()
            answer.body = b""
            answer.length = len(document)
        if error.status == 304:
            answer.body = b""
            del headers["x-oss-ec"]
        return answer

    def _send(self, answer: Answer, request_id: str, fault: Rule | None) -> None:
        action = fault.action if fault is not None else None
        self.send_response_only(answer.status)
        headers = {
            "Server": "AliyunOSS",
            "Date": write_http_time(self.server.oss.clock_ms()),
            "Connection": "close" if self.close_connection else "keep-alive",
            "x-oss-request-id": request_id,
            "x-oss-server-time": "1",
        }
        headers |= answer.headers
        if action is Action.CRC and "x-oss-hash-crc64ecma" in headers:
            headers["x-oss-hash-crc64ecma"] = str(int(headers["x-oss-hash-crc64ecma"]) ^ 1)
        if answer.status not in (204, 304):
            headers["Content-Length"] = str(answer.content_length)
        for name, value in headers.items():
            # As it came over the wire, so it goes back.
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and answer.status not in (204, 304):
            self._send_body(answer, fault)

    def _send_body(self, answer: Answer, fault: Rule | None) -> None:
        action = fault.action if fault is not None else None
        left = answer.content_length
        if fault is not None and action in (Action.STALL, Action.TRUNCATE):
            left = left // 2 if fault.amount is None else min(left, fault.amount)
        flip = action is Action.FLIP
        with open_slice(answer.body) as opened:
            while left and (chunk := opened.read(min(CHUNK_BYTES, left))):
                left -= len(chunk)
                self.wfile.write(bytes([chunk[0] ^ 1]) + chunk[1:] if flip else chunk)
                flip = False
        self.wfile.flush()
        if action is Action.STALL:
            self.server.oss.faults.ended.wait()
        if action in (Action.STALL, Action.TRUNCATE):
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        # What is in the buffer must not go out when the connection is closed.
        self.connection.shutdown(socket.SHUT_RDWR)


class _Body:
    """A request's body: of the length that is given, or in chunks; `EOFError` when it is cut."""

    def __init__(self, source: IO[bytes], headers: Mapping[str, str]) -> None:
        self._source = source
        lower = {name.lower(): value for name, value in headers.items()}
        self._chunked = lower.get("transfer-encoding", "").lower() == "chunked"
        self._left = 0 if self._chunked else int(lower.get("content-length") or 0)
        self._over = not self._chunked

    def read(self, size: int = -1) -> bytes:
        parts, wanted = [], size
        while wanted != 0:
            if self._left == 0 and not self._next_chunk():
                break
            count = self._left if wanted < 0 else min(self._left, wanted)
            data = self._source.read(min(count, CHUNK_BYTES))
            if not data:
                raise EOFError
            self._left -= len(data)
            wanted -= len(data) if wanted > 0 else 0
            parts.append(data)
            if self._chunked and self._left == 0:
                self._source.readline()
        return b"".join(parts)

    def _next_chunk(self) -> bool:
        if self._over:
            return False
        self._left = int(self._source.readline().split(b";")[0] or b"0", 16)
        if self._left == 0:
            self._over = True
            while self._source.readline().strip():
                pass
        return self._left > 0

    def drain(self) -> bool:
        """Read what nobody wanted; False when the connection cannot be used again."""
        try:
            while self.read(CHUNK_BYTES):
                pass
        except (EOFError, OSError):
            return False
        return True
