"""Copies of one disk that both work on: what the logs say is what every machine has."""

from local_server.farm import ledger
from local_server.farm.beancount import export_beancount
from local_server.farm.db import write
from tests.simulation.machine import Machine, copy_database
from tests.simulation.world import World


def charge(machine: Machine, *, at_ms: int, amount: int) -> None:
    with write(machine.db):
        ledger.settle(
            machine.db, id="frame:j:1", owner="ann", job="j", amount_micros=amount, at_ms=at_ms
        )


def make_twins() -> tuple[World, Machine, Machine]:
    """Return a machine and a copy of its disk, with money held for a job."""
    world = World(0)
    world.weather.calm = True
    one = world.machines[1]
    for machine in (*world.machines, one):
        machine.sync()
    one.submit("j", "ann")
    one.sync()
    one.do(ledger.hold, id="hold:j", owner="ann", job="j", amount=50)
    one.sync()
    twin = world.add("one", copy_database(one.db))
    return world, one, twin


def test_copies_do_the_same_at_different_moments() -> None:
    """Of the moments of one charge, the one that was put first is on every machine."""
    world, one, twin = make_twins()
    charge(one, at_ms=1_790_000_100_000, amount=7)
    charge(twin, at_ms=1_790_000_200_000, amount=7)
    for machine in (one, twin, *world.machines):
        machine.sync()
        machine.check()
    assert len({"".join(export_beancount(machine.db)) for machine in world.machines}) == 1
    assert twin.find_fate("frame:j:1") == "settled"


def test_copies_do_the_same_with_different_outcomes() -> None:
    """The job of the copy that came later says what was really paid."""
    world, one, twin = make_twins()
    charge(one, at_ms=1_790_000_100_000, amount=7)
    charge(twin, at_ms=1_790_000_200_000, amount=9)
    for machine in (one, twin, *world.machines):
        machine.sync()
        machine.check()
    assert len({"".join(export_beancount(machine.db)) for machine in world.machines}) == 1
    cost = twin.db.conn.execute("SELECT cost_micros FROM job WHERE id = 'j'").fetchone()[0]
    assert cost == 7
