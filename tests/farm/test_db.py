"""The database file: damage, newer programs, other writers, full disks and forbidden folders."""

import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pysqlite3 as sqlite3
import pytest
from sqlite_utils import Database

from local_server.farm import (
    accounts,
    attempts,
    events,
    frames,
    job_tables,
    jobs,
    ledger,
    migrations,
    nodes,
)
from local_server.farm.audit import audit_farm
from local_server.farm.db import (
    fetch_rows,
    fetch_value,
    find_damage,
    migrate_database,
    open_database,
    snapshot,
    write,
)
from local_server.farm.errors import Conflict, Unavailable
from local_server.farm.migrations import MIGRATIONS
from local_server.farm.states import FrameState, JobState
from tests.farm.workshop import Workshop

PAGE_BYTES = 4_096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database file with some jobs in it, closed."""
    path = tmp_path / "farm.db"
    db = open_database(path)
    db.conn.execute("PRAGMA synchronous = OFF")
    shop = Workshop(db)
    shop.open_account("me", money=10_000_000)
    for number in range(3):
        shop.submit(f"job-{number}", count=60, hold=90_000)
        shop.render()
    db.conn.close()
    return path


def add_account(db: Database, name: str) -> None:
    accounts.ensure_account(db, account=name, name=name, at_ms=1)


# --- opening ---


def test_an_empty_file_gets_every_table_and_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "farm.db"
    db = open_database(path)
    schema = fetch_rows(db, "SELECT sql FROM sqlite_master")
    applied = [one.name for one in MIGRATIONS.applied(db)]
    assert applied == [one.name for one in MIGRATIONS.known()]
    migrate_database(db)
    db.conn.close()
    again = open_database(path)
    assert fetch_rows(again, "SELECT sql FROM sqlite_master") == schema
    assert [one.name for one in MIGRATIONS.applied(again)] == applied
    again.conn.close()


def test_a_commit_survives_a_power_cut_and_references_hold(path: Path) -> None:
    db = open_database(path)
    values = {name: fetch_value(db, f"PRAGMA {name}") for name in ("journal_mode", "synchronous")}
    assert values == {"journal_mode": "wal", "synchronous": 2}
    assert fetch_value(db, "PRAGMA foreign_keys") == 1
    assert all(
        row["strict"]
        for row in fetch_rows(db, "PRAGMA table_list")
        if row["type"] == "table" and not row["name"].startswith(("sqlite_", "_sqlite"))
    )
    db.conn.close()


def test_a_newer_database_is_refused_and_not_touched(path: Path) -> None:
    db = open_database(path)
    with write(db):
        db.conn.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('farm', 'm999_from_the_future', 'later')"
        )
    db.conn.close()
    before = path.read_bytes()
    with pytest.raises(Conflict) as caught:
        open_database(path)
    assert caught.value.code == "database_newer"
    assert caught.value.params == {"path": str(path), "migration": "m999_from_the_future"}
    assert path.read_bytes() == before


# --- damage ---


def overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def make_garbage(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(50_000))


def make_text(path: Path) -> None:
    path.write_text("This is not a database.\n" * 100, encoding="utf-8")


def damage_header(path: Path) -> None:
    overwrite(path, 0, b"SQLite format 4\0")


def damage_schema(path: Path) -> None:
    overwrite(path, 100, bytes(PAGE_BYTES - 100))


def truncate_to_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 // PAGE_BYTES * PAGE_BYTES)


def truncate_in_a_page(path: Path) -> None:
    os.truncate(path, PAGE_BYTES + 100)


DAMAGES: list[Callable[[Path], None]] = [
    make_garbage,
    make_text,
    damage_header,
    damage_schema,
    truncate_to_half,
    truncate_in_a_page,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_database_is_refused(path: Path, damage: Callable[[Path], None]) -> None:
    damage(path)
    before = path.read_bytes()
    with pytest.raises(Unavailable) as caught:
        open_database(path)
    assert caught.value.code == "database_damaged"
    assert caught.value.params["path"] == str(path)
    assert path.read_bytes() == before, "what is left of it may be worth saving"


@pytest.mark.parametrize("seed", range(6))
def test_flipped_pages_are_found_and_never_served(path: Path, seed: int) -> None:
    dice = random.Random(seed)
    pages = path.stat().st_size // PAGE_BYTES
    # The first pages hold the tables' descriptions: without those, not even opening succeeds.
    for page in dice.sample(range(pages * 2 // 3, pages), pages // 6):
        overwrite(path, page * PAGE_BYTES, dice.randbytes(64))
    with pytest.raises(Unavailable, match="database_damaged"):
        read_everything(path)
    db = open_database(path)
    checks = audit_farm(db)
    db.conn.close()
    assert [check.code for check in checks] == ["audit_file"]
    assert checks[0].count > 0
    assert checks[0].detail


def read_everything(path: Path) -> None:
    db = open_database(path)
    try:
        with snapshot(db):
            for table in ("operation", "transfer", "frame", "event", "attempt", "job", "purse"):
                fetch_rows(db, f"SELECT * FROM {table}")
    finally:
        db.conn.close()


def test_a_whole_database_has_no_damage(path: Path) -> None:
    db = open_database(path)
    assert find_damage(db) == []
    db.conn.close()


# --- what the disk and others do ---


@contextmanager
def as_nobody() -> Iterator[None]:
    """Run a block without root's right to write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no such mode there")
@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_that_may_not_be_written_is_told(path: Path, exists: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if exists:
            (folder / "farm.db").write_bytes(path.read_bytes())
            (folder / "farm.db").chmod(0o444)
        folder.chmod(0o555)
        with as_nobody(), pytest.raises(Unavailable) as caught:
            open_database(folder / "farm.db")
        folder.chmod(0o755)
        assert caught.value.code == "database_not_allowed"


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="database_not_allowed"):
        open_database(tmp_path)
    with pytest.raises(Unavailable, match="database_not_allowed"):
        open_database(tmp_path / "missing" / "farm.db")


def test_another_writer_makes_it_busy(path: Path) -> None:
    one, other = open_database(path), open_database(path)
    other.conn.execute("PRAGMA busy_timeout = 20")
    with write(one):
        add_account(one, "first")
        with pytest.raises(Unavailable) as caught, write(other):
            pass
        assert (caught.value.code, caught.value.params["path"]) == ("database_busy", str(path))
    with write(other):
        add_account(other, "second")
    names = [row["id"] for row in fetch_rows(one, "SELECT id FROM account ORDER BY id")]
    assert names == ["first", "me", "second"]
    one.conn.close()
    other.conn.close()


def fill(db: Database) -> None:
    with write(db):
        for number in range(10_000):
            add_account(db, f"account-{number}")


def test_a_full_disk_undoes_the_transaction(path: Path) -> None:
    db = open_database(path)
    pages = fetch_value(db, "PRAGMA page_count")
    db.conn.execute(f"PRAGMA max_page_count = {pages}")
    count = fetch_value(db, "SELECT count(*) FROM account")
    with pytest.raises(Unavailable) as caught:
        fill(db)
    assert caught.value.code == "database_disk_full"
    assert not db.conn.in_transaction
    assert fetch_value(db, "SELECT count(*) FROM account") == count
    db.conn.close()


# --- transactions ---


class Boom(Exception):
    """Stands for anything that goes wrong in the middle."""


@pytest.mark.parametrize("kind", [Boom, KeyboardInterrupt, AssertionError, GeneratorExit])
def test_what_breaks_is_rolled_back(shop: Workshop, kind: type[BaseException]) -> None:
    before = shop.dump()

    def add_and_break() -> None:
        with write(shop.db):
            add_account(shop.db, "you")
            raise kind

    with pytest.raises(kind):
        add_and_break()
    assert shop.dump() == before
    assert not shop.db.conn.in_transaction


def test_what_is_refused_at_the_commit_is_rolled_back(shop: Workshop) -> None:
    before = shop.dump()
    with pytest.raises(sqlite3.IntegrityError), write(shop.db):
        shop.db.conn.execute("INSERT INTO transfer VALUES ('x', 'world', 'pool:me', 1, 'mint', 1)")
    assert shop.dump() == before
    with write(shop.db):
        add_account(shop.db, "you")


def test_a_mistake_of_ours_stays_what_it_is(shop: Workshop) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"), write(shop.db):
        shop.db.conn.execute("SELECT * FROM no_table")


def test_transactions_do_not_nest(shop: Workshop) -> None:
    with write(shop.db), pytest.raises(AssertionError), write(shop.db):
        pass
    with snapshot(shop.db), pytest.raises(AssertionError), snapshot(shop.db):
        pass


def test_a_snapshot_does_not_see_what_comes_later(path: Path) -> None:
    reader, writer = open_database(path, migrate=False), open_database(path)
    with snapshot(reader):
        before = fetch_value(reader, "SELECT count(*) FROM account")
        with write(writer):
            add_account(writer, "you")
        assert fetch_value(reader, "SELECT count(*) FROM account") == before
    assert fetch_value(reader, "SELECT count(*) FROM account") == before + 1
    reader.conn.close()
    writer.conn.close()


def test_a_domain_function_outside_a_transaction_is_a_bug(shop: Workshop) -> None:
    shop.submit()
    db, frame = shop.db, shop.frame(1)
    calls: list[Callable[[], object]] = [
        lambda: ledger.mint(db, id="x", owner="me", amount_micros=1, at_ms=1),
        lambda: ledger.open_purses(db, owner="me"),
        lambda: accounts.ensure_account(db, account="a", name="a", at_ms=1),
        lambda: events.add_event(db, kind="x", owner="me", at_ms=1),
        lambda: jobs.move_job(db, job="job-1", to=JobState.RUNNING, reason="x", at_ms=1),
        lambda: jobs.pause_job(db, job="job-1", reason="x", at_ms=1),
        lambda: jobs.cancel_job(db, job="job-1", at_ms=1),
        lambda: jobs.begin_run(db, job="job-1"),
        lambda: jobs.prioritise_job(db, job="job-1", priority=1, at_ms=1),
        lambda: frames.hand_frames(db, renderer="x", limit=1, jobs_max=1, at_ms=1),
        lambda: frames.take_back(db, job="job-1", number=1),
        lambda: frames.take_back_frames(db, job="job-1", at_ms=1),
        lambda: frames.cancel_frames(db, job="job-1", at_ms=1),
        lambda: frames.reopen_failed_frames(db, job="job-1", owner="me", at_ms=1),
        lambda: frames.move_frame(db, frame, to=FrameState.CANCELLED, owner="me", at_ms=1),
        lambda: attempts.find_current(db, job="job-1", number=1, attempt=1),
        lambda: attempts.lose_attempt(db, frame, at_ms=1),
        lambda: attempts.expire_leases(db, node="x", at_ms=1),
        lambda: nodes.see_node(db, id="x", at_ms=1),
    ]
    before = shop.dump()
    for call in calls:
        with pytest.raises(AssertionError):
            call()
    assert shop.dump() == before


def test_jobs_of_before_there_were_sites_go_on_here(shop: Workshop) -> None:
    shop.create("young")
    before = shop.job("young")
    shop.create("old")
    shop.fund("old", count=2, hold=0)
    with write(shop.db):
        shop.db.conn.execute(
            "UPDATE job SET request = json_remove(request, '$.site'),"
            " plan = json_remove(plan, '$.site') WHERE id = 'old'"
        )
        migrations.run_script(shop.db, job_tables.OLD_JOBS)
    assert shop.job("old")["request"]["site"] == "here"
    assert shop.job("old")["plan"]["site"] == "here"
    assert shop.job("young") == before, "a job that has a site keeps it"
