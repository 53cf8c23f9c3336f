"""An owner who is away while nodes work: what they report waits, and is applied in its order."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from local_server.farm_addresses import FarmAddress, keep_farm_address
from local_server.settings import STUDIO
from render.queue import Line, Queue
from sync.keys import FileChest
from tests.end_to_end.processes import NodeProcess
from tests.end_to_end.running_farm import RunningFarm, wait_until
from tests.end_to_end.test_invites import make_scene
from tests.end_to_end.test_redis import RunningRedis

FRAMES = 6
JOB = "left-alone"
DAY_MS = 24 * 3_600_000
KEY = "5a" * 32


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RunningRedis]:
    """A Redis for the farm."""
    running = RunningRedis(tmp_path)
    running.start()
    yield running
    running.kill()


def count_done(reports: Line) -> int:
    """Count the frames that wait on a line of reports as done."""
    batches = reports.list_waiting()
    return sum(report["kind"] == "done" for batch in batches for report in batch)


def find_renderer(data: Path) -> str:
    """Return the renderer that the job's frames are queued for."""
    with closing(sqlite3.connect(data / "farm.db")) as db:
        return str(db.execute("SELECT plan ->> 'renderer' FROM job").fetchone()[0])


def let_a_day_pass(data: Path) -> None:
    """Let all that was agreed with nodes lie a day back."""
    with closing(sqlite3.connect(data / "farm.db")) as db, db:
        db.execute(
            "UPDATE frame SET handed_at_ms = handed_at_ms - ?, lease_until_ms = lease_until_ms - ?",
            (DAY_MS, DAY_MS),
        )


def list_charges(data: Path) -> list[str]:
    """Return what was charged, in the order in which it was."""
    with closing(sqlite3.connect(data / "farm.db")) as db:
        sql = "SELECT id FROM operation WHERE kind = 'settle' ORDER BY seq"
        return [row[0] for row in db.execute(sql)]


def test_a_day_s_reports_are_applied_in_order(redis: RunningRedis, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    address = FarmAddress(queue=redis.address, store=f"folder:{store}", studio=STUDIO, key=KEY)
    keep_farm_address(FileChest(tmp_path / "owner" / "keys"), address)
    (tmp_path / "queue.key").write_text(KEY)
    node, queue = NodeProcess(tmp_path / "node"), Queue(redis.address, secret=address.secret)
    with RunningFarm(tmp_path / "owner") as owner:
        try:
            owner.top_up(10)
            owner.submit(JOB, make_scene(tmp_path / "scene"), site="farm", fresh=True)
            owner.wait_for_state(JOB, "queued", "running", seconds=60)
            line = queue.frames(find_renderer(owner.data))
            wait_until(lambda: line.count_waiting() == FRAMES, seconds=60, what="all are queued")
            owner.kill_server()
            node.start(
                *("--queue", redis.address, "--store", address.store),
                *("--queue-key-file", str(tmp_path / "queue.key")),
            )
            reports = queue.line(f"reports-{(owner.data / 'device').read_text()}")
            wait_until(lambda: count_done(reports) == FRAMES, seconds=120, what="all is reported")
            let_a_day_pass(owner.data)
            owner.start()
            shown = owner.wait_for_rest(JOB)
            assert (shown["state"], shown["frames"]["done"]) == ("completed", FRAMES)
            bill = owner.assert_paid_once(JOB)
            assert {line["attempt"] for line in bill["lines"]} == {1}, "nothing was done twice"
            assert list_charges(owner.data) == [f"frame:{JOB}:{n}" for n in range(1, FRAMES + 1)]
            owner.assert_clean()
        finally:
            node.stop()
            queue.close()
