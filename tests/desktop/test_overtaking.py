"""Requests that are under way together: none undoes what another one did or told later."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from desktop.client import Client, ServerAddress
from desktop.models.jobs import JobsModel
from desktop.panels.frame import Toast
from desktop.panels.jobs import JobsPanel
from desktop.stage import Stage
from desktop.thumbnails import Thumbnails
from desktop.wires.jobs import ORDERS_MAX, JobsWire
from tests.desktop.test_models import make_job

MS_MAX = 60_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request that waits for its answer."""

    path: str
    body: dict[str, Any]
    answers: SimpleQueue[tuple[int, Any]] = field(default_factory=SimpleQueue)

    def answer(self, told: Any, *, status: int = 200) -> None:
        """Answer it."""
        self.answers.put((status, told))


class Desk(ThreadingHTTPServer):
    """A server that answers when it is told to, in whatever order."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Clerk)
        self.asked: SimpleQueue[Asked] = SimpleQueue()

    def take(self, qtbot: QtBot) -> Asked:
        """Return the next request, once it has come."""
        qtbot.waitUntil(lambda: not self.asked.empty(), timeout=MS_MAX)
        return self.asked.get()


class Clerk(BaseHTTPRequestHandler):
    """Hands one request in and its answer out."""

    server: Desk
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Wait for what is to be answered."""
        length = int(self.headers["Content-Length"] or 0)
        asked = Asked(path=self.path, body=json.loads(self.rfile.read(length) or "{}"))
        self.server.asked.put(asked)
        status, told = asked.answers.get()
        self.send_response(status)
        data = json.dumps(told).encode()
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A server that answers when it is told to."""
    with Desk() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def wire(qtbot: QtBot, stage: Stage, desk: Desk) -> JobsWire:
    """The wire of a list of jobs of that server's."""
    model, thumbnails = JobsModel(stage.words), Thumbnails()
    panel = JobsPanel(stage, model, thumbnails)
    qtbot.addWidget(panel)
    for one in (model, thumbnails):
        one.setParent(panel)
    client = Client(panel)
    client.set_address(ServerAddress(pid=0, port=desk.server_port, key="key", version="1"))
    return JobsWire(stage, client, model, panel, thumbnails, Toast(stage, panel))


def answer_order(asked: Asked, state: str) -> tuple[str, int]:
    """Let every job of an order be in a state; returns the order's verb and how many they are."""
    ids = asked.body["jobs"]
    jobs = [make_job(0) | {"id": id, "state": state, "name": id} for id in ids]
    asked.answer({"items": [{"id": one["id"], "job": one, "error": None} for one in jobs]})
    return asked.body["verb"], len(ids)


def test_an_undo_waits_for_what_it_undoes(qtbot: QtBot, wire: JobsWire, desk: Desk) -> None:
    """However many jobs it is about; and whoever leaves waits for the last of them."""
    many = [make_job(number) for number in range(ORDERS_MAX + 1)]
    wire.model.set_rows(many)
    wire.order("cancel", [job["id"] for job in many])
    wire.undo()
    left: list[bool] = []
    assert wire.settle_before(lambda: left.append(True))
    wire.patience.stop()
    wire.client.get("/fence")
    fence, first = sorted((desk.take(qtbot), desk.take(qtbot)), key=lambda one: one.path)
    assert fence.path.endswith("/fence"), "nothing else has been asked"
    fence.answer({})
    assert answer_order(first, "paused") == ("pause", ORDERS_MAX)
    told = [answer_order(desk.take(qtbot), state) for state in ("paused", "running")]
    assert told == [("pause", 1), ("resume", ORDERS_MAX)]
    last = desk.take(qtbot)
    assert not left
    assert answer_order(last, "running") == ("resume", 1)
    qtbot.waitUntil(lambda: left == [True], timeout=MS_MAX)
    assert {job["state"] for job in wire.model.items} == {"running"}
    assert not wire.settle_before(lambda: left.append(True))


def test_a_server_that_is_gone_keeps_nobody(qtbot: QtBot, wire: JobsWire, desk: Desk) -> None:
    """Neither one that does not answer in time nor one that is not there."""
    left: list[int] = []
    wire.send_order("delete", ["late"])
    late = desk.take(qtbot)
    assert wire.settle_before(lambda: left.append(1))
    wire.patience.timeout.emit()
    assert left == [1]
    answer_order(late, "completed")
    address = wire.client.address
    wire.client.set_address(None)
    wire.send_order("pause", ["later"])
    assert not wire.settle_before(lambda: left.append(2))
    wire.client.set_address(address)
    wire.send_waiting()
    assert answer_order(desk.take(qtbot), "paused") == ("pause", 1), "the next one hears of it"


def test_news_outlives_an_older_page(qtbot: QtBot, wire: JobsWire, desk: Desk) -> None:
    """What is told of jobs while a page of them is under way is asked for once it has come."""
    wire.model.begin()
    page = desk.take(qtbot)
    assert page.path.startswith("/api/v1/jobs?")
    over = {"state": "completed", "previous": "running"}
    wire.note_event({"job": "job-1", "kind": "job.state", "data": over})
    wire.note_event({"job": "job-2", "kind": "job.deleted", "data": {}})
    page.answer({"items": [make_job(1), make_job(2)], "next": None})
    for _ in range(2):
        asked = desk.take(qtbot)
        assert wire.model.items, "not before the page"
        if asked.path.endswith("/job-1"):
            asked.answer(make_job(1, state="completed"))
        else:
            words = {"code": "no_job", "title": "", "detail": "", "params": {}}
            asked.answer({"error": words}, status=404)
    qtbot.waitUntil(lambda: len(wire.model.items) == 1, timeout=MS_MAX)
    qtbot.waitUntil(lambda: wire.model.items[0]["state"] == "completed", timeout=MS_MAX)
    assert not wire.model.open


def test_jobs_under_way_fill_several_pages(qtbot: QtBot, wire: JobsWire, desk: Desk) -> None:
    """All of them keep the computer awake, not the first page alone."""
    wire.ask_open()
    desk.take(qtbot).answer({"items": [make_job(1)], "next": "second"})
    second = desk.take(qtbot)
    assert "cursor=second" in second.path
    wire.note_event({"job": "job-1", "kind": "job.state", "data": {"state": "completed"}})
    second.answer({"items": [make_job(2)], "next": None})
    asked = desk.take(qtbot)
    assert set(wire.model.open) == {"job-1", "job-2"}
    asked.answer(make_job(1, state="completed"))
    qtbot.waitUntil(lambda: set(wire.model.open) == {"job-2"}, timeout=MS_MAX)
