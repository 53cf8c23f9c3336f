"""Refolding: what was folded bit by bit is what comes of it from nothing, or is mended."""

from pathlib import Path

import pytest

from local_server.farm import ledger
from local_server.farm.audit import audit_ledger
from local_server.farm.beancount import export_beancount
from local_server.farm.db import write
from local_server.farm.errors import Conflict, Unavailable
from sync.memory_store import MemoryStore
from sync.refold import Refolded, heal, know_store, put_back, refold
from tests.simulation.machine import STUDIO, Machine
from tests.simulation.world import World

DAMAGES = {
    "operation": "UPDATE operation SET owner = 'bo' WHERE kind = 'hold'",
    "transfer": "UPDATE transfer SET amount_micros = amount_micros + 1 WHERE code = 'settle'",
    "purse": "UPDATE purse SET balance_micros = balance_micros + 3 WHERE id = 'pool:ann'",
    "state": "UPDATE fold_state SET state = replace(state, '\"ann\":', '\"anna\":')",
    "id": "DELETE FROM log_id WHERE book = 'one'",
    "object": "UPDATE log_object SET bytes = x'00' WHERE log = 't' AND seq = 2",
}


@pytest.fixture
def world() -> World:
    """A studio in calm weather, with a job of `one` that is half paid."""
    world = World(0)
    world.weather.calm = True
    boss, one, _ = world.machines
    boss.sync()
    one.submit("j", "ann")
    one.sync()
    one.do(ledger.hold, id="hold:j", owner="ann", job="j", amount=50)
    for frame in range(3):
        id = f"frame:j:{frame}"
        one.do(ledger.settle, id=id, owner="ann", job="j", amount=7, frame=frame, render_ms=9)
    one.sync()
    boss.sync()
    return world


def prove(machine: Machine, folder: Path) -> Refolded:
    folder.mkdir()
    store = know_store(machine.view, machine.db, STUDIO)
    return refold(store, machine.db, folder, device=machine.name)


def test_bit_by_bit_is_from_nothing(world: World, tmp_path: Path) -> None:
    """Each machine has what a new one comes to, whatever it has done that no log knows of yet."""
    boss, one, _ = world.machines
    one.do(ledger.settle, id="frame:j:9", owner="ann", job="j", amount=7, frame=9)
    digests = set()
    for machine in (boss, one):
        told = prove(machine, tmp_path / machine.name)
        assert told.differences == ()
        assert told.operations > 5
        digests.add(told.digest)
    assert digests == {one.read_fold().make_digest()}


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_is_found_and_mended(world: World, tmp_path: Path, kind: str) -> None:
    _, one, _ = world.machines
    one.do(ledger.settle, id="frame:j:9", owner="ann", job="j", amount=7, frame=9)
    before = "".join(export_beancount(one.db))
    triggers = one.db.conn.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall()
    for (sql,) in triggers:
        one.db.conn.execute(f"DROP TRIGGER {sql.split()[2]}")
    assert one.db.conn.execute(DAMAGES[kind]).rowcount > 0
    for (sql,) in triggers:
        one.db.conn.execute(sql)
    told = prove(one, tmp_path / "proof")
    assert kind in {found for found, _ in told.differences}
    heal(one.db, tmp_path / "proof", mints=False, at_ms=5)
    one.start()
    assert prove(one, tmp_path / "again").differences == ()
    assert "".join(export_beancount(one.db)) == before
    assert [check for check in audit_ledger(one.db) if not check.ok] == []
    assert one.find_fate("frame:j:9") == "unsealed"
    one.sync()
    assert one.find_fate("frame:j:9") == "settled"
    with write(one.db), pytest.raises(Exception, match="never"):
        one.db.conn.execute("DELETE FROM transfer")


def lose_last(world: World) -> str:
    """Have the store lose the last entry of the treasury; return its key."""
    key = f"v1/{STUDIO}/t/{world.machines[0].read_fold().treasury.seq:010}"
    del world.objects[key]
    return key


def test_a_share_that_is_not_mounted_gets_nothing(world: World) -> None:
    """It is an empty folder where the studio was: what were put there would be lost to all."""
    boss, one, _ = world.machines
    empty = MemoryStore()
    for machine in (boss, one):
        machine.view.store = empty
        machine.do(ledger.withdraw, id=f"w:{machine.name}", owner="ann", amount=1)
        with pytest.raises(Unavailable, match="store_behind"):
            machine.sync()
        with pytest.raises(Unavailable, match="store_emptied"):
            put_back(empty, machine.db, STUDIO, refill=False)
        machine.view.store = world.store
    assert empty.list("v1/") == ()
    assert put_back(empty, boss.db, STUDIO, refill=True) == len(empty.list("v1/")) > 2
    one.do(ledger.settle, id="frame:j:9", owner="ann", job="j", amount=7, frame=9)
    world.heal()


def test_what_a_store_has_lost_is_put_back(world: World) -> None:
    """One machine does it, and nothing has changed for the others."""
    boss, one, two = world.machines
    two.sync()
    there = dict(world.objects)
    lose_last(world)
    for key in [key for key in there if "/d/one/" in key]:
        del world.objects[key]
    with pytest.raises(Unavailable, match="store_behind"):
        boss.sync()
    assert put_back(one.view, one.db, STUDIO, refill=False) >= 2
    assert put_back(boss.view, boss.db, STUDIO, refill=False) == 0
    assert world.objects == there
    world.heal()


def test_what_was_written_in_the_place_of_what_was_lost_stands(
    world: World, tmp_path: Path
) -> None:
    """A store was put back from a backup, and a machine that had not read the end went on."""
    boss, one, two = world.machines
    two.sync()
    boss.do(ledger.mint, id="m:lost", owner="bo", amount=11)
    boss.sync()
    boss.do(ledger.mint, id="m:lost-too", owner="bo", amount=13)
    boss.sync()
    for _ in range(2):
        lost = f"v1/{STUDIO}/t/{len(world.store.list(f'v1/{STUDIO}/t/')):010}"
        del world.objects[lost]
    two.submit("k", "ann")
    two.sync()
    with pytest.raises((Conflict, Unavailable)):
        boss.sync()
    put_back(boss.view, boss.db, STUDIO, refill=False)
    assert prove(boss, tmp_path / "proof").differences
    heal(boss.db, tmp_path / "proof", mints=True, at_ms=5)
    boss.start()
    assert prove(boss, tmp_path / "again").differences == ()
    world.heal()
    assert one.read_fold().treasury.minted["bo"] == 1_000 + 11 + 13
