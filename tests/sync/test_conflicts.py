"""Conflicts that are told of: an entry whose place another machine's entry had taken."""

from local_server.farm import ledger
from local_server.farm.db import fetch_rows
from sync.conflicts import SHOWN_MS, Clash, count_conflicts
from sync.engine import Cycle
from tests.simulation.world import World


def test_an_entry_that_came_second_is_made_anew_and_told_of() -> None:
    world = World(0)
    world.weather.calm = True
    boss, one, _ = world.machines
    for machine in (boss, one, boss):
        machine.sync()
    boss.do(ledger.mint, id="m:late", owner="ann", amount=5)
    draft = boss.write(boss.engine.draft_next)
    assert draft is not None
    one.submit("j", "bo")
    one.sync()  # leases in the very place of the treasury
    boss.engine.put_drafts(Cycle())
    boss.sync()
    assert boss.is_sealed()
    assert count_conflicts(boss.db, at_ms=world.now)[Clash.ENTRY] == 1
    assert count_conflicts(one.db, at_ms=world.now)[Clash.ENTRY] == 0
    assert count_conflicts(boss.db, at_ms=world.now + SHOWN_MS)[Clash.ENTRY] == 0
    told = fetch_rows(boss.db, "SELECT data FROM event WHERE kind = 'sync.conflict'")
    assert [row["data"] for row in told] == [
        f'{{"clash": "entry", "about": "t/{draft.seq:010}"}}'.replace("t/", f"{draft.log}/")
    ]
