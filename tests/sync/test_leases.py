"""Leases: what waits comes first, use decides the rest, and nobody sits on everything."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_server.farm import ledger
from local_server.farm.db import write
from local_server.farm.errors import NoFunds
from local_server.farm.sessions import EndReason, end_sessions, open_session
from sync.leases import Need, size_lease
from sync.studio import revoke_device
from tests.simulation.machine import Machine
from tests.simulation.world import World

HASH = "hash"
amounts = st.integers(0, 10**12)
needs = st.builds(
    Need,
    owner=st.just("ann"),
    pool_micros=amounts,
    available_micros=amounts,
    asked_micros=amounts,
    week_micros=amounts,
    machines=st.integers(1, 50),
)


@pytest.fixture
def world() -> World:
    """A studio whose machines have met, in calm weather."""
    world = World(0)
    world.weather.calm = True
    for machine in world.machines:
        machine.sync()
    return world


def need(**told: int) -> Need:
    """Return a need of somebody who has a pool of 1000 and nothing else, but for what is told."""
    rest = {"pool_micros": 1_000, "available_micros": 0, "asked_micros": 0, "week_micros": 0}
    return Need(owner="ann", machines=2, **rest | told)


@given(needs)
def test_no_more_than_the_pool_has(one: Need) -> None:
    assert 0 <= size_lease(one) <= one.pool_micros


@given(needs)
def test_what_is_leased_serves_what_waits(one: Need) -> None:
    """Whoever leases at all has what waits, and does not lease again at once."""
    micros = size_lease(one)
    if micros:
        has = one.available_micros + micros
        assert has >= min(one.asked_micros, one.available_micros + one.pool_micros)
        left = Need(
            owner=one.owner,
            pool_micros=one.pool_micros - micros,
            available_micros=has,
            asked_micros=one.asked_micros,
            week_micros=one.week_micros,
            machines=one.machines,
        )
        assert size_lease(left) == 0 or left.pool_micros < one.pool_micros


def test_what_waits_for_more_than_there_is_takes_nothing_away() -> None:
    assert size_lease(need(asked_micros=1_001)) == 0


def test_two_days_of_use_are_kept() -> None:
    assert size_lease(need(week_micros=1_400)) == 400
    assert size_lease(need(week_micros=1_400, available_micros=200)) == 0
    assert size_lease(need(week_micros=1_400, available_micros=199)) == 201


def test_who_has_little_use_or_none_takes_a_fair_half() -> None:
    assert size_lease(need()) == size_lease(need(week_micros=7)) == 250
    assert size_lease(need(asked_micros=300)) == 550


def test_a_first_job_finds_a_lease_while_the_store_is_away(world: World) -> None:
    """Of whoever sits at the machine, and of whoever is signed in there; of nobody else."""
    machine = world.machines[1]
    sign_in(machine, "bo")
    machine.engine.desk = replace(machine.engine.desk, owner="ann")
    machine.sync()
    log = machine.read_fold().logs["one"]
    share = 1_000 // (2 * len(machine.read_fold().logs))
    assert (log.free("ann"), log.free("bo")) == (share, share)
    machine.view.online = False
    machine.submit("first", "ann")
    machine.do(ledger.hold, id="hold:first", owner="ann", job="first", amount=share)


def test_who_signed_out_needs_no_lease(world: World) -> None:
    machine = world.machines[1]
    sign_in(machine, "bo")
    with write(machine.db):
        end_sessions(machine.db, account="bo", reason=EndReason.SIGNED_OUT, at_ms=world.now)
    machine.sync()
    assert machine.read_fold().logs["one"].free("bo") == 0


def sign_in(machine: Machine, account: str) -> None:
    """Open a session of somebody on a machine."""
    with write(machine.db):
        machine.db.conn.execute("UPDATE account SET password = ? WHERE id = ?", (HASH, account))
        open_session(
            machine.db,
            id=f"session-{account}",
            account=account,
            password=HASH,
            token_hash=f"token-{account}",
            device="a browser",
            agent="",
            at_ms=machine.clock(),
        )


def test_who_was_taken_out_is_told_so_instead_of_to_wait(world: World) -> None:
    boss, one, _ = world.machines
    boss.engine.append(revoke_device("one", at_ms=1))
    one.sync()
    with pytest.raises(NoFunds, match="device_out"):
        one.do(ledger.hold, id="hold:late", owner="ann", job="late", amount=1)
