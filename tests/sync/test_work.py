"""Work everywhere: one machine renders, the other one knows of it."""

from local_server.farm import ledger, results
from local_server.farm.db import write
from sync.work import list_away_jobs, list_away_results, post_results
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
    assert list_away_results(one.db, device="boss", job="tea") == [], "none is in the store yet"
    with write(boss.db):
        rows = results.list_unsent_results(boss.db, limit=10)
        results.note_results_sent(boss.db, rows, at_ms=1)
        post_results(boss.db, rows, at_ms=1)
    sync(boss, one)
    told = {row["job"]: row for row in list_away_jobs(one.db, owner="ann")}
    assert set(told) == {"first", "tea"}
    assert told["tea"]["line"]["state"] == "completed"
    frames = list_away_results(one.db, device="boss", job="tea")
    assert [row["frame"] for row in frames] == [1, 2, 3]
    assert all(len(row["line"]["picture"]) == 64 for row in frames)
    assert list_away_jobs(boss.db, owner=None) == []
    assert list_away_jobs(one.db, owner="bo") == []
