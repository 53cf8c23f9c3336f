"""Other machines' frames: named safely, wanted by rule, each job in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from local_server.farm.accounts import ensure_account
from local_server.farm.db import open_database, write
from local_server.farm.errors import BadInput, NotFound
from local_server.farm.transfer_rules import Wanted
from local_server.incoming import find_place, find_target, name_folder, read_picture
from sync.arrivals import (
    keep_folder,
    list_due,
    measure_due,
    note_came,
    note_missed,
    want_job,
)
from sync.blobs import digest_bytes
from sync.work import note_work

PICTURE = {
    "frame": 1,
    "picture": "ab" * 32,
    "thumbnail": None,
    "extension": ".png",
    "size_bytes": 10,
    "width": 4,
    "height": 4,
}


@pytest.fixture
def db() -> Iterator[Database]:
    """A database that has heard of two people's jobs on two machines."""
    db = open_database(Path(":memory:"))
    with write(db):
        for owner in ("ann", "bo"):
            ensure_account(db, account=owner, name=owner, at_ms=1)
        tell(db, "one", "tea", owner="ann", frames=2)
        tell(db, "two", "tea", owner="bo", frames=3)
    yield db
    db.conn.close()


def tell(db: Database, device: str, job: str, *, owner: str, frames: int) -> None:
    """Have another machine tell of a job and its frames."""
    of: dict[str, Any] = {"owner": owner, "job": job, "at_ms": 1}
    note_work(db, {"op": "job", "line": {"name": job}, **of}, device=device)
    for number in range(1, frames + 1):
        note_work(db, {"op": "result", "line": PICTURE | {"frame": number}, **of}, device=device)


def count_due(db: Database, rule: Wanted, *, owner: str = "ann") -> int:
    files, size_bytes = measure_due(db, rule=rule, owner=owner)
    assert size_bytes == 10 * files
    assert bool(list_due(db, rule=rule, owner=owner, limit=100)) == bool(files)
    return files


def test_the_rule_says_whose_frames_come(db: Database) -> None:
    counts = [count_due(db, rule) for rule in (Wanted.NONE, Wanted.OWN, Wanted.ALL)]
    assert counts == [0, 2, 5]


def test_the_latest_job_comes_first(db: Database) -> None:
    with write(db):
        db.conn.execute("UPDATE away_job SET at_ms = 2 WHERE device = 'two'")
    rows = list_due(db, rule=Wanted.ALL, owner="ann", limit=2)
    assert [(row["device"], row["frame"]) for row in rows] == [("two", 1), ("two", 2)]


def test_frames_that_nobody_wants_are_not_looked_at(db: Database) -> None:
    with write(db):
        tell(db, "three", "crowd", owner="bo", frames=5_000)
    seen = []
    db.conn.set_progress_handler(lambda: seen.append(1), 100)  # a hundred steps of SQLite each
    measure_due(db, rule=Wanted.OWN, owner="ann")
    list_due(db, rule=Wanted.OWN, owner="ann", limit=10)
    db.conn.set_progress_handler(None, 0)
    assert len(seen) < 20


def test_whoever_has_signed_in_here_is_one_of_its_people(db: Database) -> None:
    with write(db):
        db.conn.execute(
            "INSERT INTO session (id, account, device, agent, created_at_ms, used_at_ms,"
            " expires_at_ms) VALUES ('s', 'bo', '', '', 1, 1, 2)"
        )
    assert count_due(db, Wanted.OWN) == 5


def test_one_job_is_asked_for_or_left_against_the_rule(db: Database) -> None:
    with write(db):
        want_job(db, device="two", job="tea", wanted=True)
        want_job(db, device="one", job="tea", wanted=False)
    assert [count_due(db, rule) for rule in Wanted] == [3, 3, 3]
    with pytest.raises(NotFound, match="no_away_job"), write(db):
        want_job(db, device="three", job="tea", wanted=True)


def test_what_came_or_cannot_come_is_no_longer_due_until_it_is_asked_for(db: Database) -> None:
    rows = list_due(db, rule=Wanted.OWN, owner="ann", limit=100)
    with write(db):
        note_came(db, rows[:1], at_ms=5)
        note_missed(db, [(rows[1], "object_missing")])
    assert count_due(db, Wanted.OWN) == 0
    with write(db):
        want_job(db, device="one", job="tea", wanted=True)
    assert [row["frame"] for row in list_due(db, rule=Wanted.OWN, owner="ann", limit=9)] == [2]


def test_jobs_of_the_same_name_have_folders_of_their_own(db: Database) -> None:
    with write(db):
        names = [keep_folder(db, device=one, job="tea", name="tea") for one in ("one", "two")]
    assert names == ["tea", "tea 2"]


def test_folders_that_differ_in_case_alone_are_one_on_some_systems(db: Database) -> None:
    with write(db):
        first = keep_folder(db, device="one", job="tea", name="Tea")
        assert (first, keep_folder(db, device="two", job="tea", name="tea")) == ("Tea", "tea 2")


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ({"folder": "shot-frames"}, "shot-frames"),
        ({"folder": "", "name": "Lanterns 灯"}, "Lanterns 灯"),
        ({"folder": "../../etc"}, "_.._etc"),
        ({"name": ".."}, "_"),
        ({"name": 7}, "7"),
        ({}, "tea"),
    ],
)
def test_folders_are_plain_names(told: dict[str, Any], name: str) -> None:
    assert name_folder({"job": "tea", "told": told}) == name


@pytest.mark.parametrize(
    ("naming", "number", "name"),
    [
        ("shot_####", 7, "shot_0007.png"),
        ("../shot_##", -7, "shot_-07.png"),
        ("/etc/passwd", 1, "passwd_0001.png"),
        ("con", 1, "con_0001.png"),
        (None, 1, "tea_0001.png"),
    ],
)
def test_frames_stay_in_their_folder(naming: Any, number: int, name: str) -> None:
    row = {"job": "tea", "frame": number, "line": PICTURE, "told": {"naming": naming}}
    assert find_target(Path("/results/tea"), row) == Path("/results/tea") / name


def test_frames_of_a_job_with_a_very_long_name_are_told_apart() -> None:
    told = {"naming": f"{'灯' * 80}_####"}
    rows = [{"job": "tea", "frame": one, "line": PICTURE, "told": told} for one in range(9)]
    assert len({find_target(Path("/results"), row) for row in rows}) == 9


@pytest.mark.parametrize(
    "odd",
    [
        {"picture": "../x"},
        {"picture": None},
        {"thumbnail": "x"},
        {"extension": "/../.png"},
        {"extension": 3},
        {"size_bytes": "10"},
    ],
)
def test_nonsense_of_a_frame_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="record_malformed"):
        read_picture(PICTURE | odd)


def test_an_odd_number_or_extension_has_no_path() -> None:
    row = {"job": "tea", "frame": 10**12, "line": PICTURE | {"frame": 10**12}, "told": {}}
    assert find_target(Path("/results"), row) is None
    row = {"job": "tea", "frame": 1, "line": {"extension": "../x"}, "told": {}}
    assert find_target(Path("/results"), row) is None


def test_what_lies_there_already_is_never_written_over(tmp_path: Path) -> None:
    target = tmp_path / "tea_0001.png"
    picture = digest_bytes(b"from another machine")
    assert find_place(target, picture) == target
    target.write_bytes(b"the artist's own")
    second = find_place(target, picture)
    assert second == tmp_path / "tea_0001 (2).png"
    second.write_bytes(b"from another machine")
    assert find_place(target, picture) == second
