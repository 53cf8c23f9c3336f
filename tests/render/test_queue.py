"""The queue's contract, on a SQLite file and on a real Redis."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from render.queue import BadMessage, Queue, frame_ids, order_lines

SECRET = b"s" * 32


@pytest.fixture(params=["sqlite", "redis"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Queue]:
    if request.param == "sqlite":
        address = str(tmp_path / "queue.db")
    else:
        address = request.getfixturevalue("redis_address")
    opened = Queue(address, secret=SECRET)
    for name in ("work", "frames-blender"):
        opened.line(name).storage.flush_all()
    yield opened
    opened.close()


def test_messages_come_back_by_priority_then_age(queue: Queue) -> None:
    line = queue.line("work")
    line.send([({"n": 1}, 10), ({"n": 2}, 90), ({"n": 3}, 90), ({"n": 4}, 10)])
    assert [line.take() for _ in range(5)] == [{"n": 2}, {"n": 3}, {"n": 1}, {"n": 4}, None]


def test_lines_do_not_mix(queue: Queue) -> None:
    queue.line("work").send([("mine", 0)])
    assert queue.frames("blender").take() is None
    assert queue.line("work").take() == "mine"


def test_waiting_messages_are_listed_and_stay(queue: Queue) -> None:
    line = queue.frames("blender")
    line.send([({"job": "j", "number": n, "attempt": 1}, 0) for n in (1, 2)])
    assert frame_ids(line.list_waiting()) == {("j", 1, 1), ("j", 2, 1)}
    assert line.count_waiting() == 2
    assert line.take() == {"job": "j", "number": 1, "attempt": 1}


def test_a_message_of_another_studio_is_refused(queue: Queue) -> None:
    stranger = Queue(queue.address, secret=b"x" * 32)
    stranger.line("work").send([({"job": "theirs"}, 0)])
    with pytest.raises(BadMessage):
        queue.line("work").take()
    assert queue.line("work").take() is None, "what was refused does not block the line"
    stranger.close()


def test_a_pickle_is_never_loaded(queue: Queue) -> None:
    import pickle

    queue.line("work").storage.enqueue(pickle.dumps({"evil": True}), 0)
    with pytest.raises(BadMessage):
        queue.line("work").take()


def test_stop_marks_are_remembered_by_run(queue: Queue) -> None:
    assert queue.read_stop("job-a") == 0
    queue.mark_stopped("job-a", run=2)
    assert queue.read_stop("job-a") == 2
    assert queue.read_stop("job-b") == 0


def test_a_node_is_told_that_it_is_out(queue: Queue) -> None:
    queue.mark_out("shelf-aaaa1111")
    assert queue.is_out("shelf-aaaa1111")
    assert not queue.is_out("shelf-bbbb2222")


def test_the_line_with_the_most_urgent_message_comes_first(queue: Queue) -> None:
    early, late, empty = queue.line("work"), queue.frames("blender"), queue.line("nothing")
    early.send([("e1", 50)])
    late.send([("l1", 50), ("l2", 50)])
    assert order_lines([late, empty, early]) == [early, late], "the older one of equals"
    late.send([("l3", 60)])
    assert order_lines([late, empty, early]) == [late, early]
    assert late.take() == "l3"
    assert early.take() == "e1"
    assert order_lines([late, empty, early]) == [late]


def test_messages_that_wait_can_be_moved(queue: Queue) -> None:
    line = queue.line("work")
    line.send([({"job": "a", "n": n}, 50) for n in (1, 2)])
    line.send([({"job": "b", "n": n}, 50) for n in (3, 4)])
    line.reprioritise(lambda one: one["job"] == "b", 70)
    assert [one["n"] for one in line.list_waiting()] == [3, 4, 1, 2]
    line.reprioritise(lambda one: one["job"] == "b", 10)
    line.reprioritise(lambda one: one["job"] == "c", 90)
    assert [one["n"] for one in line.list_waiting()] == [1, 2, 3, 4]
    while line.take() is not None:
        pass
    line.reprioritise(bool, 90)
    assert line.take() is None, "what was taken does not come back"


def test_a_strangers_message_hides_no_other(queue: Queue) -> None:
    stranger = Queue(queue.address, secret=b"x" * 32)
    stranger.line("work").send([({"job": "theirs"}, 90)])
    queue.line("work").send([({"job": "ours"}, 50)])
    assert queue.line("work").list_waiting() == [{"job": "ours"}]
    queue.line("work").reprioritise(bool, 60)
    with pytest.raises(BadMessage):
        queue.line("work").take()
    assert queue.line("work").take() == {"job": "ours"}
    stranger.close()


def test_messages_are_withdrawn(queue: Queue) -> None:
    """Those that are meant, and no others; they are told."""
    line = queue.line("work")
    line.send(
        [({"job": "a", "number": 1}, 50), ({"job": "b"}, 50), ({"job": "a", "number": 2}, 90)]
    )
    taken = line.withdraw(lambda one: one["job"] == "a")
    assert sorted(one["number"] for one in taken) == [1, 2]
    assert line.list_waiting() == [{"job": "b"}]


def test_every_node_has_a_line_of_its_own(queue: Queue) -> None:
    """Also those whose ids differ in signs or capitals only."""
    queue.frames_for("Node-A").send([("for A", 0)])
    assert queue.frames_for("NodeA").take() is None
    assert queue.frames_for("node-a").take() is None
    assert queue.frames_for("Node-A").take() == "for A"
