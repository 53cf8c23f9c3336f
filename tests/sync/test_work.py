"""Work everywhere: one machine renders, the other one knows of it."""

from local_server.farm import ledger, results
from local_server.farm.db import write
from sync.work import find_away_result, list_away_frames, list_away_jobs, post_jobs, post_results
from tests.farm.workshop import Workshop
from tests.simulation.machine import Machine
from tests.sync.test_people import pair, sync

__all__ = ["pair"]


def test_jobs_and_frames_are_known_elsewhere(pair: tuple[Machine, Machine]) -> None:
    boss, one = pair
    shop = Workshop(boss.db)
    boss.do(ledger.mint, id="m:1", owner="ann", amount=100_000)
    boss.submit("first", "ann")
    sync(boss, one)
    shop.submit("tea", count=3, hold=9_000, owner="ann")
    shop.render(ms=1_000)
    sync(boss, one)
    assert not list_away_frames(one.db, list_away_jobs(one.db, owner="ann")), (
        "none is in the store yet"
    )
    with write(boss.db):
        rows = results.list_unsent_results(boss.db, limit=10)
        results.note_results_sent(boss.db, rows, at_ms=1)
        post_results(boss.db, rows, at_ms=1)
    sync(boss, one)
    told = {row["job"]: row for row in list_away_jobs(one.db, owner="ann")}
    assert set(told) == {"first", "tea"}
    assert told["tea"]["line"]["state"] == "completed"
    frames = list_away_frames(one.db, list(told.values()))
    assert {key: [row["frame"] for row in of] for key, of in frames.items()} == {
        ("boss", "tea"): [1, 2, 3]
    }
    of = {"device": "boss", "job": "tea"}
    line = find_away_result(one.db, **of, frame=3)
    assert line is not None and len(line["picture"]) == 64
    assert find_away_result(one.db, **of, frame=4) is None
    assert list_away_jobs(boss.db, owner=None) == []
    assert list_away_jobs(one.db, owner="bo") == []


def test_jobs_tell_of_what_they_came_to_and_once_more_where_nobody_knows_it(
    pair: tuple[Machine, Machine],
) -> None:
    boss, _ = pair
    shop = Workshop(boss.db)
    shop.create("tea", owner="ann")
    for expected in (1, 0):
        with write(boss.db):
            assert post_jobs(boss.db, at_ms=1) == expected
    with write(boss.db):
        for state in ("queued", "pending"):
            boss.db.conn.execute("UPDATE job SET state = ?", (state,))
        assert post_jobs(boss.db, at_ms=1) == 0, "it is what it was"
        boss.db.conn.execute("DELETE FROM job_told")  # as a machine does that moves house
        assert post_jobs(boss.db, at_ms=1) == 1
