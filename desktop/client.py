"""The client of the local server: requests whose answers come as signals, stale ones never."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from PySide6.QtCore import QByteArray, QObject, QUrl, Signal
from PySide6.QtNetwork import (
    QNetworkAccessManager,
    QNetworkProxy,
    QNetworkReply,
    QNetworkRequest,
)

ANSWER_MS_MAX = 60_000
CHECK_MS_MAX = 3_600_000
LOST = 0
UNAUTHORIZED = 401
PROGRAM = "YuntuWindow"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerAddress:
    """A running server: where it answers, and the key of this launch."""

    pid: int
    port: int
    key: str
    version: str

    @property
    def url(self) -> str:
        """Return the server's own address."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Why a request came to nothing; `status` 0: the server did not answer at all."""

    code: str
    status: int
    title: str
    detail: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def is_lost(self) -> bool:
        """Tell whether nobody answered."""
        return self.status == LOST


class Reply(QObject):
    """What a request will come to: exactly one of its two signals, or none once it is stale."""

    done = Signal(object)
    failed = Signal(object)


class Client(QObject):
    """Asks the server that is known now. Whatever fails and nobody listens for is `unheard`."""

    unheard = Signal(object)
    refused = Signal(object, str)
    """Nobody is known by the credential that was shown: the problem, and that credential."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.network = QNetworkAccessManager(self)
        self.network.setProxy(QNetworkProxy(QNetworkProxy.ProxyType.NoProxy))
        self.address: ServerAddress | None = None
        self.token = ""
        self.language = "en"
        self.age = 0
        self.slots: dict[str, QNetworkReply] = {}

    def set_address(self, address: ServerAddress | None) -> None:
        """Talk to another server from now on; answers of the one before are dropped."""
        self.age += 1
        self.address = address
        for reply in list(self.slots.values()):
            reply.abort()
        self.slots.clear()

    def drop(self, slot: str) -> None:
        """Want no answer any more to what was asked in a slot."""
        if slot in self.slots:
            self.slots.pop(slot).abort()

    @property
    def credential(self) -> str:
        """Return what shows who asks: an access token, else this launch's key."""
        return self.token or (self.address.key if self.address else "")

    def get(self, path: str, *, slot: str = "", raw: bool = False, **query: Any) -> Reply:
        """GET a path. Of two requests in one slot, only the later is answered."""
        return self.send("GET", path, slot=slot, raw=raw, query=query)

    def post(
        self, path: str, body: dict[str, Any] | None = None, *, slot: str = "", ms_max: int = 0
    ) -> Reply:
        """POST JSON to a path."""
        return self.send("POST", path, body=body or {}, slot=slot, ms_max=ms_max)

    def patch(self, path: str, body: dict[str, Any]) -> Reply:
        """PATCH a path with JSON."""
        return self.send("PATCH", path, body=body)

    def put(self, path: str, body: dict[str, Any]) -> Reply:
        """PUT JSON to a path."""
        return self.send("PUT", path, body=body)

    def delete(self, path: str) -> Reply:
        """DELETE a path."""
        return self.send("DELETE", path)

    def send(
        self,
        verb: str,
        path: str,
        *,
        body: dict[str, Any] | None = None,
        query: dict[str, Any] | None = None,
        slot: str = "",
        raw: bool = False,
        ms_max: int = 0,
    ) -> Reply:
        """Make one request; queries that are None are left out. `raw` answers are bytes."""
        reply = Reply(self)
        self.drop(slot)
        if self.address is None:
            reply.deleteLater()
            return reply
        request = self.make_request(path, query or {})
        request.setTransferTimeout(ms_max or ANSWER_MS_MAX)
        data = QByteArray(b"" if body is None else json.dumps(body).encode())
        answer = self.network.sendCustomRequest(request, verb.encode(), data)
        if slot:
            self.slots[slot] = answer
        age, shown = self.age, self.credential
        answer.finished.connect(
            lambda: self.finish(answer, reply, age=age, shown=shown, slot=slot, raw=raw)
        )
        return reply

    def make_request(self, path: str, query: dict[str, Any]) -> QNetworkRequest:
        """Return a request for a path of the interface, or of the server itself."""
        assert self.address is not None
        told = {name: value for name, value in query.items() if value not in (None, "")}
        url = f"{self.address.url}/api/v1{path}"
        request = QNetworkRequest(QUrl(f"{url}?{urlencode(told, doseq=True)}" if told else url))
        for name, value in {
            "Authorization": f"Bearer {self.credential}",
            "X-Yuntu-Key": self.address.key,
            "Accept-Language": self.language,
            "Content-Type": "application/json",
            "User-Agent": f"{PROGRAM}/{self.address.version}",  # both come in one piece
        }.items():
            request.setRawHeader(name.encode(), value.encode())
        return request

    def finish(
        self, answer: QNetworkReply, reply: Reply, *, age: int, shown: str, slot: str, raw: bool
    ) -> None:
        """Pass an answer on, unless it is stale: another server, or asked again since."""
        answer.deleteLater()
        reply.deleteLater()
        is_latest = not slot or self.slots.get(slot) is answer
        if slot and is_latest:
            del self.slots[slot]
        if age != self.age or not is_latest:
            return
        problem = read_problem(answer)
        if problem is None:
            data = bytes(answer.readAll().data())
            reply.done.emit(data if raw else read_json(data))
            return
        if problem.status == UNAUTHORIZED:
            self.refused.emit(problem, shown)
        if reply.receivers("2failed(PyObject)") > 0:
            reply.failed.emit(problem)
        else:
            self.unheard.emit(problem)


def read_json(data: bytes) -> Any:
    """Return an answer's JSON, None for an empty one, text for what is no JSON."""
    if not data:
        return None
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")


def read_problem(answer: QNetworkReply) -> Problem | None:
    """Return what an answer complains of, or None where it is a good one."""
    status = answer.attribute(QNetworkRequest.Attribute.HttpStatusCodeAttribute)
    if status is None:
        words = answer.errorString()
        return Problem(code="server_lost", status=LOST, title="", detail=words)
    if status < 400:
        return None
    try:
        told = json.loads(bytes(answer.readAll().data()))["error"]
        return Problem(
            code=str(told["code"]),
            status=int(status),
            title=str(told["title"]),
            detail=str(told["detail"]),
            params=dict(told.get("params", {})),
        )
    except (ValueError, KeyError, TypeError):
        return Problem(code="not_understood", status=int(status), title="", detail=str(status))
