"""The foreman after a start: what waits on its line is left alone, what is lost comes back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_server.farm.db import fetch_rows, open_database
from local_server.farm.frames import HandedFrame
from local_server.foreman import Foreman
from render.queue import Queue, frame_ids
from sync.blobs import digest_bytes
from sync.memory_store import MemoryStore
from sync.records import FrameRecord, read_job
from tests.farm.workshop import BOOK, Workshop

RENDERER = "blender-4.5"


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    db = open_database(tmp_path / "farm.db")
    yield Workshop(db)
    db.conn.close()


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    opened = Queue(str(tmp_path / "queue.db"), secret=b"s" * 32)
    yield opened
    opened.close()


def make_foreman(queue: Queue, workshop: Workshop, *, device: str = "device") -> Foreman:
    """Return a foreman as a server's start has it; its clock is the workshop's."""
    return Foreman(
        queue=queue,
        store=MemoryStore(),
        studio="solo",
        device=device,
        books={BOOK.id: BOOK},
        clock=workshop.tick,
    )


def test_a_start_leaves_alone_what_waits_on_its_line(workshop: Workshop, queue: Queue) -> None:
    workshop.open_account(money=1_000_000)
    workshop.submit(count=5)
    first = make_foreman(queue, workshop)
    first.do_round(workshop.db)
    line = queue.frames(RENDERER)
    taken = line.take()  # by a node that dies before it says so
    assert taken is not None

    again = make_foreman(queue, workshop)
    again.note_death("device-1-1")
    again.hear(workshop.db)
    again.do_round(workshop.db)

    rows = fetch_rows(workshop.db, "SELECT number, attempt FROM frame WHERE attempt > 1")
    assert rows == [{"number": taken["number"], "attempt": 2}], "only what is lost is tried again"
    assert len(frame_ids(line.list_waiting())) == 5


def test_the_dead_are_buried_after_their_reports(workshop: Workshop, queue: Queue) -> None:
    workshop.open_account(money=1_000_000)
    workshop.submit(count=1)
    foreman = make_foreman(queue, workshop)
    foreman.do_round(workshop.db)
    told = queue.frames(RENDERER).take()
    assert told is not None
    about = {"node": "node", "job": told["job"], "number": told["number"], "attempt": 1}
    failed = about | {"kind": "failed", "reason": "crashed", "words": "SIGSEGV"}
    queue.line("reports-device").send([([about | {"kind": "started"}, failed], 0)])
    foreman.note_death("node")
    foreman.hear(workshop.db)
    foreman.do_round(workshop.db)
    foreman.hear(workshop.db)
    foreman.do_round(workshop.db)
    attempts = fetch_rows(workshop.db, "SELECT outcome, reason FROM attempt")
    assert attempts == [{"outcome": "failed", "reason": "crashed"}], "told, not guessed"
    assert not foreman.dead


def test_leases_stand_still_while_the_queue_is_away(workshop: Workshop, queue: Queue) -> None:
    workshop.open_account(money=1_000_000)
    workshop.submit(count=1)
    foreman = make_foreman(queue, workshop)
    foreman.do_round(workshop.db)
    task = queue.frames(RENDERER).take()
    assert task is not None
    workshop.start(
        HandedFrame(
            **{name: task[name] for name in ("number", "attempt", "run")},
            job=read_job("device", task["job"]),
            priority=50,
        )
    )
    workshop.now += 60_000  # nobody was heard for a minute
    foreman.doubt_queue()
    foreman.do_round(workshop.db)
    [row] = fetch_rows(workshop.db, "SELECT state FROM frame")
    assert row["state"] == "rendering"


def test_a_node_that_keeps_failing_gets_no_more_of_the_job(
    workshop: Workshop, queue: Queue
) -> None:
    """What waited for everybody is taken back, and waits for those who are able."""
    workshop.open_account(money=1_000_000)
    workshop.submit(count=6)
    workshop.greet("broken", "whole")
    foreman = make_foreman(queue, workshop)
    foreman.do_round(workshop.db)
    line = queue.frames(RENDERER)
    for _ in range(3):
        task = line.take()
        assert task is not None
        about = {name: task[name] for name in ("job", "number", "attempt")} | {"node": "broken"}
        failed = about | {"kind": "failed", "reason": "crashed", "words": "SIGSEGV"}
        queue.line("reports-device").send([([failed], 0)])
    foreman.hear(workshop.db)
    foreman.do_round(workshop.db)
    assert line.take() is None
    assert len(frame_ids(queue.frames_for("whole").list_waiting())) == 6
    assert queue.frames_for("broken").take() is None


def test_what_waits_for_a_node_that_is_gone_is_handed_out_anew(
    workshop: Workshop, queue: Queue
) -> None:
    """Its line is emptied too: nobody would ever take from it."""
    workshop.open_account(money=1_000_000)
    workshop.submit(count=1)
    workshop.greet("broken", "whole")
    [one] = workshop.hand()
    workshop.fail(one, node="broken")
    foreman = make_foreman(queue, workshop)
    foreman.do_round(workshop.db)
    assert len(queue.frames_for("whole").list_waiting()) == 1

    foreman.note_death("whole")
    foreman.hear(workshop.db)
    foreman.do_round(workshop.db)
    assert queue.frames_for("whole").list_waiting() == []
    foreman.do_round(workshop.db)
    assert len(queue.frames(RENDERER).list_waiting()) == 1, "there is nobody else to ask"


def test_frames_for_one_node_move_up_with_their_job(workshop: Workshop, queue: Queue) -> None:
    """A job's priority is that of all its messages."""
    workshop.open_account(money=1_000_000)
    workshop.submit(count=1)
    workshop.greet("broken", "whole")
    [one] = workshop.hand()
    workshop.fail(one, node="broken")
    foreman = make_foreman(queue, workshop)
    foreman.do_round(workshop.db)
    head = queue.frames_for("whole").head()
    foreman.move_up(workshop.db, workshop.job() | {"priority": 90})
    assert head is not None and head[0] == -50
    assert queue.frames_for("whole").head() == (-90.0, head[1])


def make_record(task: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a frame that a node rendered for a task."""
    record = FrameRecord(
        **{name: task[name] for name in ("number", "job", "attempt")},
        recipe=digest_bytes(b"recipe"),
        node="node",
        picture=digest_bytes(b"picture"),
        size_bytes=7,
        extension=".png",
        thumbnail=None,
        width=64,
        height=64,
        render_ms=100,
        load_ms=1,
        cores=1,
        warnings=(),
        finished_at_ms=1,
    )
    return record.to_dict()


def test_two_owners_jobs_of_one_id_are_two_jobs(
    workshop: Workshop, queue: Queue, tmp_path: Path
) -> None:
    """Nobody pays for, stops or takes as handed out what is the other's, the scene being one."""
    other = Workshop(open_database(tmp_path / "other.db"))
    shops = {"one": workshop, "two": other}
    foremen = {}
    for device, shop in shops.items():
        shop.open_account(money=1_000_000)
        shop.submit(count=1)
        foremen[device] = make_foreman(queue, shop, device=device)
        foremen[device].do_round(shop.db)
    line = queue.frames(RENDERER)
    taken = {task["report_to"]: task for task in (line.take(), line.take()) if task is not None}
    mine, theirs = taken["reports-one"], taken["reports-two"]
    foremen["one"].notices.call_off("job-1", run=7)
    assert queue.read_stop(mine["job"]) == 7
    assert queue.read_stop(theirs["job"]) == 0
    record = make_record(mine)  # the frame is rendered once, for whoever came first
    for task in (mine, theirs):
        about = {name: task[name] for name in ("job", "number", "attempt")} | {"node": "node"}
        beat = {"kind": "beat", "node": "node", "holding": [(task["job"], 1, task["attempt"])]}
        done = about | {"kind": "done", "result": record}
        queue.line(task["report_to"]).send([([about | {"kind": "started"}, beat, done], 0)])
    for device, shop in shops.items():
        assert not foremen[device].hear(shop.db).unwanted
    rows = [fetch_rows(shop.db, "SELECT state, reused FROM frame") for shop in shops.values()]
    assert rows == [[{"state": "done", "reused": 0}], [{"state": "done", "reused": 1}]]
    costs = [shop.job()["cost_micros"] for shop in shops.values()]
    assert costs[0] > 0 == costs[1]
    other.db.conn.close()


def test_a_message_of_another_owners_job_is_not_taken_for_ones_own(
    workshop: Workshop, queue: Queue, tmp_path: Path
) -> None:
    other = Workshop(open_database(tmp_path / "other.db"))
    for device, shop in (("one", workshop), ("two", other)):
        shop.open_account(money=1_000_000)
        shop.submit(count=1)
        make_foreman(queue, shop, device=device).do_round(shop.db)
    line = queue.frames(RENDERER)
    assert line.withdraw(lambda task: task["report_to"] == "reports-one"), "it is lost"
    foreman = make_foreman(queue, workshop, device="one")
    foreman.doubt_queue()
    for _ in range(3):
        foreman.do_round(workshop.db)
        foreman.next_lost_check = 0
    assert sum(task["report_to"] == "reports-one" for task in line.list_waiting()) == 1
    other.db.conn.close()
