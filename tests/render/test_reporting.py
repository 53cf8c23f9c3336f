"""Reports of a node: all of them reach their owner, but for what is stale before it is heard."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from render.protocol import Beat, Failed
from render.queue import Queue
from render.reporting import LINE_MAX, Reporter


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    """A queue in a file."""
    queue = Queue(str(tmp_path / "queue.db"), secret=b"0123456789abcdef")
    yield queue
    queue.close()


def fail(number: int) -> Failed:
    """Return a report that matters."""
    return Failed(node="n", job="j", number=number, attempt=1, reason="exited", words="")


def test_an_owner_who_is_away_finds_what_matters_and_no_heap_of_heartbeats(queue: Queue) -> None:
    reporter, line = Reporter(queue), queue.line("reports-me")
    for number in range(2 * LINE_MAX):
        assert reporter.send("reports-me", [Beat(node="n", holding=())])
        if number % 250 == 249:
            assert reporter.send("reports-me", [Beat(node="n", holding=()), fail(number)])
    assert line.count_waiting() <= LINE_MAX + 4
    told = [report for batch in line.list_waiting() for report in batch]
    assert [one["number"] for one in told if one["kind"] == "failed"] == [249, 499, 749, 999]
    while line.take() is not None:
        continue
    assert reporter.send("reports-me", [Beat(node="n", holding=())])
    assert line.count_waiting() == 1, "who listens again hears of the moment"
