"""Refolding: what was folded bit by bit is what comes of it from nothing, or is mended."""

from pathlib import Path

import pytest

from local_server.farm import ledger
from local_server.farm.audit import audit_ledger
from local_server.farm.beancount import export_beancount
from local_server.farm.db import write
from sync.refold import Refolded, heal, know_store, refold
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
