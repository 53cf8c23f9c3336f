"""The foreman after a start: what waits on its line is left alone, what is lost comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_server.farm.db import fetch_rows, open_database
from local_server.farm.frames import HandedFrame
from local_server.foreman import Foreman
from render.queue import Queue, frame_ids
from sync.memory_store import MemoryStore
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


def make_foreman(queue: Queue, workshop: Workshop) -> Foreman:
    """Return a foreman as a server's start has it; its clock is the workshop's."""
    return Foreman(
        queue=queue,
        store=MemoryStore(),
        studio="solo",
        device="device",
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
            **{name: task[name] for name in ("job", "number", "attempt", "run")}, priority=50
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
