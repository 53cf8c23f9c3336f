"""The treasurer's office: a studio in a folder where nothing tells who of two writers was first."""

import random
from pathlib import Path
from typing import Any

import pytest

from local_server.farm import ledger, sealing
from local_server.farm.audit import audit_ledger
from local_server.farm.db import fetch_value
from local_server.farm.errors import Conflict, Refused, Unavailable
from sync.drafts import Desk
from sync.engine import Cycle, Engine
from sync.entry import entry_key
from sync.folder_store import FolderStore
from sync.keys import Keys, make_signer
from sync.office import ask_for
from sync.refold import heal, know_store, refold
from sync.studio import enrol, found_studio, hand_over
from tests.simulation.machine import STUDIO, Machine, copy_database, make_keys
from tests.simulation.world import World, template


@pytest.fixture
def world() -> World:
    """A studio with the treasurer `boss`, the admin's machine `one` and the machine `two`."""
    world = World(0, treasurer=True)
    world.weather.calm = True
    sync(*world.machines)
    return world


def sync(*machines: Machine) -> None:
    for _ in range(3):
        for machine in machines:
            machine.sync()
            machine.check()


def count_entries(world: World) -> int:
    return len(world.store.list(f"v1/{STUDIO}/t/"))


def read_pool(machine: Machine) -> int:
    return ledger.read_balance(machine.db, owner="ann").pool_micros


def test_the_genesis_says_who_keeps_the_treasury(world: World) -> None:
    assert {one.read_fold().treasury.treasurer for one in world.machines} == {"boss"}


def test_others_are_given_what_they_ask_for(world: World) -> None:
    """Leases, top-ups and withdrawals of other machines, and edits of people."""
    boss, one, two = world.machines
    two.submit("j", "ann")
    one.do(ledger.mint, id="m:one", owner="ann", amount=500)
    one.do(ledger.withdraw, id="w:one", owner="ann", amount=100)
    two.edit_person("bo", random.Random(3))
    sync(one, two, boss)
    assert one.is_sealed() and not sealing.list_waiting(one.db)
    two.do(ledger.hold, id="hold:j", owner="ann", job="j", amount=100)
    two.do(ledger.settle, id="frame:j:1", owner="ann", job="j", amount=60)
    sync(two, one, boss)
    assert two.find_fate("frame:j:1") == "settled"
    assert len({tuple(machine.list_people()) for machine in world.machines}) == 1
    assert boss.read_fold().treasury.minted["ann"] == 1_500
    world.heal()


def test_a_machine_without_the_office_writes_nothing_there(world: World) -> None:
    _, one, two = world.machines
    before = count_entries(world)
    one.do(ledger.mint, id="m:one", owner="ann", amount=500)
    two.submit("j", "ann")
    sync(one, two)
    assert count_entries(world) == before
    with pytest.raises(Refused, match="treasurer_only"):
        one.engine.append(lambda _: [])


def test_what_cannot_be_is_refused_and_waits(world: World) -> None:
    """Two withdrawals of the same money: the second is taken back where it was made."""
    boss, one, _ = world.machines
    one.do(ledger.withdraw, id="w:one", owner="ann", amount=900)
    boss.do(ledger.withdraw, id="w:boss", owner="ann", amount=900)
    boss.sync()
    sync(one, boss)
    assert [row["id"] for row in sealing.list_waiting(one.db)] == ["w:one"]
    assert read_pool(one) == read_pool(boss) == 100
    boss.do(ledger.mint, id="m:more", owner="ann", amount=5_000)
    sync(boss, one)
    assert not sealing.list_waiting(one.db) and one.is_sealed()


def test_money_that_nobody_here_may_make_does_not_wait_unseen(world: World) -> None:
    """As of a machine whose minting key is gone; what leant on it is told of as well."""
    _, _, two = world.machines
    two.do(ledger.mint, id="m:two", owner="bo", amount=50)
    sync(two)
    assert [(row["id"], row["reason"]) for row in sealing.list_waiting(two.db)] == [
        ("m:two", "not_allowed")
    ]
    assert two.is_sealed() and ledger.read_balance(two.db, owner="bo").total_micros == 1_000


def test_who_may_not_mint_is_refused(world: World) -> None:
    """By the treasurer, whatever a machine puts into its request; it is told so."""
    boss, _, two = world.machines
    told: dict[str, Any] = {
        "op": "mint",
        "id": "m:two",
        "at_ms": 1,
        "owner": "ann",
        "amount_micros": 10**9,
        "line": {},
    }
    with_key = Desk(STUDIO, "two", Keys(make_signer(), make_signer()))
    two.write(ask_for, two.read_fold(), with_key, told, at_ms=1)
    sync(two, boss)
    assert read_pool(boss) == 1_000
    assert fetch_value(two.db, "SELECT refused FROM outbox WHERE about = 'm:two'") == "not_allowed"
    assert fetch_value(boss.db, "SELECT outcome FROM asking WHERE device = 'two'") == "refused"


def test_what_was_refused_before_a_snapshot_stays_refused(world: World) -> None:
    """A treasurer whose disk is new answers once more neither with no nor with yes."""
    boss, one, _ = world.machines
    outcome = "SELECT outcome FROM asking WHERE id LIKE 'one/%w:one'"
    one.do(ledger.withdraw, id="w:one", owner="ann", amount=900)
    one.sync()
    boss.do(ledger.withdraw, id="w:boss", owner="ann", amount=900)
    boss.sync()
    assert fetch_value(boss.db, outcome) == "refused"
    world.snap()
    boss.do(ledger.mint, id="m:more", owner="ann", amount=900)
    sync(boss)
    world.wipe(boss)
    before = count_entries(world)
    sync(boss)
    assert count_entries(world) == before
    assert fetch_value(boss.db, outcome) == "refused"


def test_the_office_is_handed_over(world: World) -> None:
    boss, one, two = world.machines
    boss.engine.append(hand_over("one", at_ms=1))
    sync(one, boss, two)
    boss.do(ledger.mint, id="m:boss", owner="ann", amount=500)
    boss.sync()
    assert not boss.is_sealed()
    sync(one, boss)
    assert boss.is_sealed()
    with pytest.raises(Refused, match="treasurer_only"):
        boss.engine.append(hand_over("boss", at_ms=1))
    boss.engine.append(hand_over("boss", at_ms=1), taking=True)
    sync(one, boss)
    assert one.read_fold().treasury.treasurer == "boss"


def test_a_machine_is_let_in_by_its_claim(world: World) -> None:
    """It leaves the claim, the treasurer answers, and the invite is used up."""
    boss = world.machines[0]
    invite, own = make_signer("cd" * 32), make_keys("new", minter=False).own
    boss.engine.append(lambda _: [enrol("invite", "invite-x", invite, at_ms=1)])
    db = copy_database(template())
    guest = Machine("guest", db, boss.view, world.weather, world.tick)
    guest.engine = Engine(
        store=boss.view, ledger=guest, desk=Desk(STUDIO, "guest", Keys(invite)), clock=world.tick
    )
    told = [enrol("device", "new", own, at_ms=1)]
    for _ in range(2):
        with pytest.raises(Unavailable, match="treasurer_asked"):
            guest.engine.append_as_guest(lambda _: told)
    boss.sync()
    fold = boss.read_fold()
    assert fold.treasury.devices["new"].key == own.id
    assert fold.treasury.keys[invite.id].void
    new = world.add("new")
    sync(new, *world.machines)
    assert new.read_fold().make_digest() == boss.read_fold().make_digest()


def test_two_treasurers_are_noticed(world: World) -> None:
    """A copy of the treasurer's disk writes in the very moment that the treasurer does."""
    boss = world.machines[0]
    twin = world.add("boss", copy_database(boss.db))
    boss.do(ledger.mint, id="m:1", owner="ann", amount=5)
    twin.do(ledger.mint, id="m:2", owner="ann", amount=7)
    assert twin.write(twin.engine.draft_next) is not None
    boss.sync()
    with pytest.raises(Conflict, match="two_treasurers"):
        twin.engine.put_drafts(Cycle())


def test_an_overwritten_treasury_is_noticed_and_mended(world: World, tmp_path: Path) -> None:
    """What the entry had that is gone is put again, and all machines agree."""
    boss, one, two = world.machines
    twin = world.add("boss", copy_database(boss.db))
    boss.do(ledger.mint, id="m:1", owner="ann", amount=5)
    twin.do(ledger.mint, id="m:2", owner="ann", amount=7)
    twin_draft = twin.write(twin.engine.draft_next)
    assert twin_draft is not None
    boss.sync()
    one.sync()
    key = entry_key(STUDIO, "t", twin_draft.seq)
    world.objects[key] = twin_draft.data  # the later rename had its way
    world.machines.remove(twin)
    two.sync()
    for machine in (boss, one):
        with pytest.raises(Conflict, match="treasury_overwritten"):
            machine.sync()
        folder = tmp_path / machine.name
        folder.mkdir()
        told = refold(
            know_store(machine.view, machine.db, STUDIO), machine.db, folder, device=machine.name
        )
        assert told.differences
        heal(machine.db, folder, mints=machine.minter, at_ms=1)
        machine.start()
    world.heal()
    assert boss.read_fold().treasury.minted["ann"] == 1_012
    assert [check for check in audit_ledger(boss.db) if not check.ok] == []


def test_a_studio_on_a_disk_without_hard_links(exfat_disk: Path) -> None:
    """The same on a real one: founded, joined by request, money moved."""
    world = World(0, treasurer=True)
    world.weather.calm = True
    store = FolderStore(exfat_disk)
    boss, one, _ = world.machines
    for machine in (boss, one):
        machine.view.store = store
        machine.db = copy_database(template())
        machine.start()
    keys = make_keys("boss", minter=True)
    found_studio(store, studio=STUDIO, device="boss", keys=keys, line={}, at_ms=1)
    found_studio(store, studio=STUDIO, device="boss", keys=keys, line={}, at_ms=2)
    own = make_keys("one", minter=True).own
    boss.engine.append(lambda _: [enrol("device", "one", own, at_ms=1)])
    one.do(ledger.mint, id="m:one", owner="ann", amount=500)
    sync(one, boss)
    assert one.is_sealed() and read_pool(boss) == 500
    assert list((exfat_disk / ".incoming").iterdir()) == []
