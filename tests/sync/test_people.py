"""People everywhere: two machines, one store, the real engine."""

from collections.abc import Iterator

import pytest

from local_server.farm import accounts, people
from local_server.farm.accounts import Role
from local_server.farm.db import fetch_row, fetch_rows, write
from sync.conflicts import Clash, count_conflicts
from sync.drafts import Desk
from sync.engine import Engine
from sync.fold import Fold
from sync.keys import make_signer, open_text, seal_text
from sync.memory_store import MemoryStore
from sync.people import list_replaced, post_people
from sync.studio import enrol, found_studio
from tests.simulation.machine import STUDIO, Machine, make_keys, make_template
from tests.simulation.weather import View, Weather

FIRST, STOLEN = "hash-1", "stolen"
SECRET = make_signer("11" * 32).secret


@pytest.fixture
def pair() -> Iterator[tuple[Machine, Machine]]:
    """An admin's machine and another one, both of a studio."""
    import random

    store, weather = MemoryStore(), Weather(random.Random(1), calm=True)
    moment = iter(range(1, 10**6))
    machines = []
    for name in ("boss", "one"):
        machine = Machine(
            name=name,
            db=make_template(),
            view=View(store, weather, lambda: None),
            weather=weather,
            clock=lambda: next(moment),
            minter=name == "boss",
        )
        desk = Desk(STUDIO, name, make_keys(name, minter=name == "boss"), SECRET)
        machine.engine = Engine(store=machine.view, ledger=machine, desk=desk, clock=machine.clock)
        machines.append(machine)
    boss, one = machines
    found_studio(store, studio=STUDIO, device="boss", keys=boss.engine.desk.keys, line={}, at_ms=0)
    boss.engine.append(lambda _: [enrol("device", "one", one.engine.desk.keys.own, at_ms=0)])
    yield boss, one
    for machine in machines:
        machine.db.conn.close()


def sync(*machines: Machine) -> None:
    for _ in range(2):
        for machine in machines:
            machine.sync()


def sign_up(machine: Machine, id: str, name: str) -> None:
    with write(machine.db):
        people.sign_up(
            machine.db,
            id=id,
            name=name,
            password=FIRST,
            email=f"{id}@studio.cn",
            phone=None,
            at_ms=machine.clock(),
        )


def read(machine: Machine, id: str) -> dict[str, object]:
    row = fetch_row(machine.db, "SELECT * FROM account WHERE id = ?", (id,))
    assert row is not None
    return row


def test_an_account_is_everywhere(pair: tuple[Machine, Machine]) -> None:
    boss, one = pair
    sign_up(one, "li", "李薇")
    sync(one, boss)
    assert read(boss, "li")["password"] == FIRST
    assert read(boss, "li")["email"] == "li@studio.cn"
    assert read(boss, "li")["role"] == "artist"
    assert read(boss, "li")["name"] == "李薇"


def test_nothing_personal_can_be_read_in_the_store(pair: tuple[Machine, Machine]) -> None:
    boss, one = pair
    sign_up(one, "li", "李薇")
    sync(one, boss)
    store = one.view.store
    whole = b"".join(store.get(key) for key in store.list("v1/"))
    assert whole
    for word in ("李薇", "li@studio.cn", "hash-1"):
        assert word.encode() not in whole


def test_edits_merge_field_by_field(pair: tuple[Machine, Machine]) -> None:
    boss, one = pair
    sign_up(one, "li", "Li")
    sync(one, boss)
    with write(one.db):
        people.update_account(one.db, "li", {"phone": "+8613800138000"})
        people.update_account(one.db, "li", {"password": "hash-one"})
    with write(boss.db):
        people.update_account(boss.db, "li", {"role": "producer", "password": "hash-boss"})
    sync(one, boss)
    for machine in pair:
        row = read(machine, "li")
        assert (row["phone"], row["role"]) == ("+8613800138000", "producer")
    passwords = {str(read(machine, "li")["password"]) for machine in pair}
    assert passwords == {"hash-boss"}, "the later place in the treasury wins"
    with write(one.db):
        people.update_account(one.db, "li", {"phone": "+8613800138001"})
    sync(one, boss)
    for machine in pair:
        lost = list_replaced(machine.db, account="li")
        assert [(one.field, one.value) for one in lost[:2]] == [
            ("phone", "+8613800138000"),
            ("password", None),
        ]
        assert None not in [one.at_ms for one in lost[:2]]


def test_two_edits_of_one_field_are_told_of_as_a_conflict(pair: tuple[Machine, Machine]) -> None:
    """Where the later one was made; edits of other fields, and one after another, are none."""
    boss, one = pair
    sign_up(one, "li", "Li")
    sync(one, boss)
    for machine, phone in ((one, "+8613800138000"), (boss, "+8613800138001")):
        with write(machine.db):
            people.update_account(machine.db, "li", {"phone": phone})
    one.sync()
    with write(one.db):
        people.update_account(one.db, "li", {"password": "hash-one"})
    sync(one, boss)
    assert count_conflicts(one.db, at_ms=1) == {Clash.ENTRY: 0, Clash.PROFILE: 0}
    assert count_conflicts(boss.db, at_ms=1) == {Clash.ENTRY: 0, Clash.PROFILE: 1}
    told = fetch_rows(boss.db, "SELECT owner, data FROM event WHERE kind = 'sync.conflict'")
    assert [row["owner"] for row in told] == ["li"]
    assert '"clash": "profile"' in told[0]["data"]


def test_a_machine_cannot_make_itself_or_others_more(pair: tuple[Machine, Machine]) -> None:
    boss, one = pair
    with write(boss.db):
        accounts.ensure_account(boss.db, account="chief", name="Chief", at_ms=1, role=Role.ADMIN)
    sign_up(one, "li", "Li")
    sync(boss, one)
    with write(one.db):
        people.update_account(one.db, "li", {"role": "admin"})
        people.update_account(one.db, "chief", {"password": STOLEN})
    sync(one, boss)
    assert read(boss, "li")["role"] == "artist"
    assert read(boss, "chief")["password"] != STOLEN


def test_removed_people_are_out_after_the_next_sync(pair: tuple[Machine, Machine]) -> None:
    boss, one = pair
    sign_up(one, "li", "Li")
    sync(one, boss)
    with write(boss.db):
        people.remove_person(boss.db, account="li", keeper="ann", at_ms=77)
    sync(boss, one)
    assert read(one, "li")["removed_at_ms"] == 77


def test_what_is_sealed_opens_with_its_key_alone() -> None:
    sealed = seal_text("密", secret=SECRET, purpose="people")
    assert open_text(sealed, secret=SECRET, purpose="people") == "密"
    for secret, purpose in ((make_signer().secret, "people"), (SECRET, "other")):
        with pytest.raises(Exception, match="sealed_for_others"):
            open_text(sealed, secret=secret, purpose=purpose)


def test_the_state_is_the_same_on_both(pair: tuple[Machine, Machine]) -> None:
    boss, one = pair
    sign_up(one, "li", "Li")
    sync(one, boss)
    folds: list[Fold] = [machine.read_fold() for machine in pair]
    assert folds[0].make_digest() == folds[1].make_digest()


def hand_over(machine: Machine) -> None:
    """Let a machine write its letters about people before it hears of anybody else's."""
    with write(machine.db):
        assert post_people(
            machine.db,
            secret=SECRET,
            device=machine.name,
            ranks=machine.minter,
            at_ms=machine.clock(),
        )


def assert_quiet(*machines: Machine) -> None:
    """Check that nobody has anything to add to the logs, and that nothing was quarrelled over."""
    cycles = [machine.sync() for machine in machines]
    assert [cycle.put for cycle in cycles if cycle] == [0] * len(machines)
    for machine in machines:
        assert count_conflicts(machine.db, at_ms=1)[Clash.PROFILE] == 0


@pytest.mark.parametrize("said", [True, False])
def test_one_name_for_two_people_is_no_quarrel(
    pair: tuple[Machine, Machine], *, said: bool
) -> None:
    boss, one = pair
    sign_up(one, "wei", "desk")
    sign_up(boss, "ana", "Desk")
    if said:
        hand_over(boss)
    sync(one, boss)
    for machine in pair:
        assert (read(machine, "wei")["name"], read(machine, "ana")["name"]) == ("desk", "Desk-2")
    assert_quiet(*pair, *pair)
    with write(one.db):
        people.edit_profile(one.db, account="wei", changes={"name": "north"}, at_ms=one.clock())
    sync(one, boss)
    for machine in pair:
        assert read(machine, "wei")["name"] == "north"
        # What was handed in as another name stays one; what only had to give way comes back.
        assert read(machine, "ana")["name"] == ("Desk" if said else "Desk-2")
    assert_quiet(*pair, *pair)


def test_one_address_for_two_people_is_the_first_one_s(pair: tuple[Machine, Machine]) -> None:
    boss, one = pair
    sign_up(one, "wei", "wei")
    sign_up(boss, "ana", "ana")
    with write(boss.db):
        columns = "email = 'Wei@studio.cn', email_key = 'wei@studio.cn'"
        boss.db.conn.execute(f"UPDATE account SET {columns} WHERE id = 'ana'")
    hand_over(boss)
    sync(one, boss)
    for machine in pair:
        assert read(machine, "wei")["email"] == "wei@studio.cn"
        assert read(machine, "ana")["email"] is None
    assert_quiet(*pair, *pair)
