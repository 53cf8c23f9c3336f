"""The fold: each rule by itself, each way to cheat, and the same state whatever the order."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from local_server.farm.errors import Unavailable
from sync.entry import name_log
from sync.fold import CutOff, Effect, Fold, Folded, Voided, start_fold
from sync.treasury import key_id
from sync.verdict import Verdict
from tests.sync.scribe import STUDIO, Scribe, enrol, make_key, money, public_of


@pytest.fixture
def scribe() -> Scribe:
    """A studio with two machines and a hundred micros of mine, sixty of them leased to `one`."""
    scribe = Scribe()
    scribe.begin("one", "two")
    scribe.treasury(money("mint", "m1", 100))
    scribe.treasury(lease("l1", 60, "one"), by="one")
    return scribe


def lease(id: str, amount: int, device: str, epoch: int = 1) -> dict[str, Any]:
    return money("lease", id, amount, device=device, epoch=epoch)


def hold(id: str, amount: int, job: str = "job", **more: Any) -> dict[str, Any]:
    return money("hold", id, amount, job=job, **more)


def settle(id: str, amount: int, job: str = "job", **more: Any) -> dict[str, Any]:
    return money("settle", id, amount, job=job, **more)


def verdicts(effects: list[Effect]) -> dict[str, Verdict]:
    return {one.operation["id"]: one.verdict for one in effects if isinstance(one, Folded)}


def voids(effects: list[Effect]) -> list[tuple[str, int, Verdict]]:
    return [(one.log, one.seq, one.verdict) for one in effects if isinstance(one, Voided)]


def test_money_goes_its_way(scribe: Scribe) -> None:
    scribe.work("one", hold("h", 50), settle("f1", 20), settle("f2", 0))
    scribe.work("one", money("release", "r", 30, job="job"))
    fold, effects = scribe.fold()
    assert set(verdicts(effects).values()) == {Verdict.GOOD}
    assert fold.treasury.pools == {"me": 40}
    assert fold.logs["one"].available == {"me": 40}
    assert fold.logs["one"].spent == {"me": 20}
    assert fold.logs["one"].holds == {}


def test_nothing_goes_below_zero(scribe: Scribe) -> None:
    scribe.treasury(lease("l2", 41, "two"), by="two")
    scribe.treasury(money("withdraw", "w", 41))
    scribe.treasury(lease("l3", 40, "two"), by="two")
    scribe.work("one", hold("h1", 61), hold("h2", 60), settle("f1", 61), hold("h3", 1))
    scribe.work("one", money("release", "r", 61, job="job"))
    _, effects = scribe.fold()
    found = verdicts(effects)
    assert found["l2"] == found["w"] == Verdict.POOL_TOO_SMALL
    assert found["l3"] == found["h2"] == Verdict.GOOD
    assert found["h1"] == found["h3"] == Verdict.LEASE_TOO_SMALL
    assert found["f1"] == found["r"] == Verdict.HOLD_TOO_SMALL


def test_an_entry_sees_the_leases_up_to_its_own_time(scribe: Scribe) -> None:
    """Whatever the reader knows already: or two readers would judge differently."""
    scribe.work("one", hold("early", 10), ts=1)
    scribe.work("one", hold("late", 10), ts=2)
    _, effects = scribe.fold()
    assert verdicts(effects)["early"] == Verdict.LEASE_TOO_SMALL
    assert verdicts(effects)["late"] == Verdict.GOOD


def test_an_entry_from_the_future_waits(scribe: Scribe) -> None:
    scribe.work("one", hold("h", 10), ts=3)
    fold, effects = scribe.fold()
    assert "h" not in verdicts(effects)
    scribe.treasury(money("mint", "m2", 1))
    _, effects = scribe.fold(fold)
    assert verdicts(effects) == {"m2": Verdict.GOOD, "h": Verdict.GOOD}


def test_time_never_falls(scribe: Scribe) -> None:
    scribe.work("one", hold("h1", 10), ts=2)
    scribe.work("one", hold("h2", 10), ts=1)
    scribe.work("one", hold("h3", 10), ts=2)
    _, effects = scribe.fold()
    assert voids(effects) == [("d/one/0001", 2, Verdict.TIME_FELL)]
    assert verdicts(effects)["h3"] == Verdict.GOOD


def test_what_is_void_keeps_its_place(scribe: Scribe) -> None:
    log = "d/one/0001"
    scribe.put(log, 1, b"conflict copy")
    scribe.work("one", hold("h1", 1), forge=True)
    scribe.work("one", hold("h2", 1), prev="00" * 32)
    scribe.work("one", hold("h3", 1), by="two")
    scribe.put(log, 5, scribe.objects[log, 4])
    scribe.work("one", hold("h4", 1))
    _, effects = scribe.fold()
    assert voids(effects) == [
        (log, 1, Verdict.MALFORMED),
        (log, 2, Verdict.FORGED),
        (log, 3, Verdict.WRONG_PREVIOUS),
        (log, 4, Verdict.UNKNOWN_SIGNER),
        (log, 5, Verdict.WRONG_PLACE),
    ]
    assert verdicts(effects)["h4"] == Verdict.GOOD


def test_an_id_counts_once(scribe: Scribe) -> None:
    scribe.treasury(money("mint", "m1", 1_000), lease("l1", 1, "one"))
    scribe.work("one", hold("h", 10), hold("h", 20), settle("f", 5), settle("f", 5))
    scribe.treasury(scribe.close("one"))
    scribe.treasury(lease("l2", 20, "one", 2), by="one")
    scribe.work("one", hold("h'", 10), settle("f", 5), settle("g", 5), epoch=2)
    scribe.treasury(lease("l3", 20, "two"), by="two")
    scribe.work("two", hold("h", 10), settle("f", 5))
    fold, effects = scribe.fold()
    repeated = [
        (one.log, one.operation["id"])
        for one in effects
        if isinstance(one, Folded) and one.verdict is Verdict.REPEATED
    ]
    assert sorted(repeated) == [
        ("d/one/0001", "f"),
        ("d/one/0001", "h"),
        ("d/one/0002", "f"),
        ("t", "l1"),
        ("t", "m1"),
    ]
    assert fold.treasury.minted == {"me": 100}


def test_keys_sign_what_is_theirs(scribe: Scribe) -> None:
    scribe.treasury(money("mint", "m2", 1), by="one")
    scribe.treasury(lease("l2", 1, "two"), by="one")
    scribe.treasury(scribe.close("two"), enrol("minter", "me-too"), by="one")
    scribe.treasury(money("mint", "m3", 1), by="stranger")
    scribe.treasury(money("mint", "m4", 1), forge=True)
    _, effects = scribe.fold()
    found = verdicts(effects)
    assert [found[id] for id in ("m2", "l2", "close:two:1", "enrol:minter:me-too")] == [
        Verdict.NOT_ALLOWED
    ] * 4
    assert voids(effects) == [("t", 6, Verdict.UNKNOWN_SIGNER), ("t", 7, Verdict.FORGED)]


def test_an_invite_lets_one_machine_in(scribe: Scribe) -> None:
    scribe.treasury(enrol("invite", "guest"))
    scribe.treasury(enrol("device", "three"), money("mint", "m2", 5), by="guest")
    scribe.treasury(enrol("device", "four"), by="guest")
    scribe.treasury(lease("l3", 5, "three"), by="three")
    fold, effects = scribe.fold()
    found = verdicts(effects)
    assert found["enrol:device:three"] == found["l3"] == Verdict.GOOD
    assert found["m2"] == found["enrol:device:four"] == Verdict.NOT_ALLOWED
    assert sorted(fold.logs) == ["one", "three", "two"]


def test_a_key_that_was_taken_back_signs_no_more(scribe: Scribe) -> None:
    scribe.treasury(
        {"op": "void_key", "id": "v", "at_ms": 0, "key": key_id(public_of(make_key("one")))}
    )
    scribe.treasury(lease("l2", 1, "one"), by="one")
    scribe.treasury(
        {"op": "void_key", "id": "w", "at_ms": 0, "key": key_id(public_of(make_key("boss")))}
    )
    _, effects = scribe.fold()
    assert verdicts(effects)["l2"] == Verdict.NOT_ALLOWED
    assert verdicts(effects)["w"] == Verdict.NOT_ALLOWED, "the last minter's key stays"


def test_a_close_gives_back_what_is_not_spent(scribe: Scribe) -> None:
    scribe.work("one", hold("h", 50), settle("f", 20))
    scribe.treasury(lease("l2", 10, "one"), by="one")
    scribe.treasury(scribe.close("one"))
    fold, effects = scribe.fold()
    closed = [one.closed for one in effects if isinstance(one, Folded) and one.closed]
    assert closed[0].rest == {"me": 50} and closed[0].held == {"job": ("me", 30)}
    assert fold.treasury.pools == {"me": 80} and fold.treasury.spent == {"me": 20}
    assert fold.logs["one"].epoch == 2 and fold.wants()["d/one/0002"] == 1


def test_a_close_waits_for_what_it_cuts(scribe: Scribe) -> None:
    scribe.work("one", hold("h", 50))
    scribe.work("one", settle("f", 20))
    scribe.treasury(scribe.close("one"))
    late = scribe.objects.pop(("d/one/0001", 2))
    fold, _ = scribe.fold()
    assert fold.treasury.seq == 2
    scribe.objects["d/one/0001", 2] = late
    fold, _ = scribe.fold(fold)
    assert fold.treasury.spent == {"me": 20}


def test_what_comes_after_the_cut_is_void(scribe: Scribe) -> None:
    """Also where it was folded before the close was known."""
    scribe.work("one", hold("h", 50), settle("f1", 20))
    scribe.work("one", settle("f2", 20))
    fold, _ = scribe.fold()
    assert fold.logs["one"].spent == {"me": 40}
    scribe.treasury(scribe.close("one", cut=1))
    fold, effects = scribe.fold(fold)
    assert [one for one in effects if isinstance(one, CutOff)] == [CutOff("one", 1, 1)]
    assert fold.treasury.pools == {"me": 80} and fold.treasury.spent == {"me": 20}
    scribe.treasury(lease("l2", 20, "one", 2), by="one")
    scribe.work("one", hold("h'", 20), settle("f2", 20), epoch=2)
    again, _ = scribe.fold()
    fold, effects = scribe.fold(fold)
    assert verdicts(effects)["f2"] == Verdict.GOOD, "what was cut off may come again"
    assert again.make_digest() == fold.make_digest()


def test_a_wrong_cut_closes_nothing(scribe: Scribe) -> None:
    scribe.work("one", hold("h", 50))
    scribe.work("one", settle("f", 20))
    wrong = scribe.close("one", cut=1) | {"hash": "ab" * 32}
    scribe.treasury(wrong)
    fold, effects = scribe.fold()
    assert verdicts(effects)["close:one:1"] == Verdict.WRONG_CUT
    assert fold.logs["one"].spent == {"me": 20}


def test_a_cut_that_can_never_be_reached_stops_nobody(scribe: Scribe) -> None:
    scribe.work("one", hold("h", 50), ts=3)
    scribe.treasury(scribe.close("one"))
    fold, effects = scribe.fold()
    assert verdicts(effects)["close:one:1"] == Verdict.WRONG_CUT
    assert fold.logs["one"].seq == 1, "it goes on behind it"


def test_money_is_given_back_from_a_place_on(scribe: Scribe) -> None:
    """What was written before the place stands; what comes after has to know of it."""
    scribe.work("one", hold("h1", 10))
    scribe.treasury(money("unlease", "u1", 51) | scribe.cut("one"))
    scribe.treasury(money("unlease", "u2", 45) | scribe.cut("one"))
    scribe.work("one", hold("h2", 5), ts=3)
    scribe.work("one", hold("h3", 6), hold("h4", 5), ts=4)
    fold, effects = scribe.fold()
    found = verdicts(effects)
    assert (found["u1"], found["u2"]) == (Verdict.LEASE_TOO_SMALL, Verdict.GOOD)
    assert (found["h3"], found["h4"]) == (Verdict.LEASE_TOO_SMALL, Verdict.GOOD)
    assert voids(effects) == [("d/one/0001", 2, Verdict.TIME_FELL)]
    assert fold.treasury.pools == {"me": 85}


def test_a_machine_that_left_is_out(scribe: Scribe) -> None:
    scribe.treasury(scribe.close("one", last=True))
    scribe.treasury(lease("l2", 1, "one", 2), by="one")
    fold, effects = scribe.fold()
    assert verdicts(effects)["l2"] == Verdict.UNKNOWN_DEVICE
    assert sorted(fold.logs) == ["two"]


def test_what_we_do_not_know_asks_for_an_upgrade(scribe: Scribe) -> None:
    later = {"op": "teleport", "id": "t"}
    scribe.work("two", later)
    scribe.treasury(later, by="one")
    scribe.treasury(later)
    scribe.treasury(money("mint", "m2", 1))
    fold, effects = scribe.fold()
    assert fold.stopped == {"d/two/0001": "teleport", "t": "teleport"}
    assert verdicts(effects)["t"] == Verdict.NOT_ALLOWED, "a machine may not stop the treasury"
    assert fold.treasury.seq == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_micros": -1},
        {"amount_micros": True},
        {"amount_micros": 2**70},
        {"owner": ""},
        {"owner": "a@b"},
        {"owner": None},
        {"id": "x" * 201},
        {"more": 1},
        {"line": []},
        {"at_ms": -1},
    ],
)
def test_what_cannot_be_understood_is_refused(scribe: Scribe, wrong: dict[str, Any]) -> None:
    scribe.treasury(money("mint", "m2", 5) | wrong)
    scribe.work("one", hold("h", 5) | wrong)
    _, effects = scribe.fold()
    last = [one.verdict for one in effects if isinstance(one, Folded)][-2:]
    assert last == [Verdict.MALFORMED] * 2


def test_a_genesis_that_is_none_is_refused(scribe: Scribe) -> None:
    for data in (b"", scribe.objects["t", 1], scribe.objects["g", 0][:-3] + b"00}"):
        scribe.objects["g", 0] = data
        with pytest.raises(Unavailable, match="genesis_wrong"):
            scribe.fold()


def write_at_random(seed: int) -> Scribe:
    """Write a studio's logs with everything in them, right and wrong."""
    chance = random.Random(seed)
    scribe = Scribe()
    names = ["one", "two", "three"]
    scribe.begin(*names)
    epochs = dict.fromkeys(names, 1)
    for count in range(chance.randint(10, 60)):
        device, amount = chance.choice(names), chance.randint(0, 30)
        id, owner = f"i{chance.randint(0, count)}", chance.choice(["me", "you"])
        job = f"{owner}-{chance.randint(1, 2)}"
        more: dict[str, Any] = {}
        if chance.random() < 0.1:
            more = chance.choice([{"forge": True}, {"prev": "00" * 32}, {"by": "two"}])
        ts = chance.randint(max(0, scribe.heads["t"][0] - 3), scribe.heads["t"][0] + 1)
        match chance.randint(0, 9):
            case 0 | 1:
                scribe.treasury(money("mint", id, amount, owner), **more)
            case 2 | 3 | 4:
                by = {"by": device} | more
                scribe.treasury(lease(id, amount, device, epochs[device]) | {"owner": owner}, **by)
            case 5 if chance.random() < 0.5:
                log = name_log(device, epochs[device])
                cut = chance.randint(0, scribe.heads.get(log, (0, ""))[0])
                close = scribe.close(device, epoch=epochs[device], cut=cut) | {"id": id}
                scribe.treasury(close | ({"hash": "ab" * 32} if chance.random() < 0.2 else {}))
                epochs[device] = scribe.fold()[0].treasury.devices[device].epoch
            case 5 if chance.random() < 0.5:
                log = name_log(device, epochs[device])
                cut = max(0, scribe.heads.get(log, (0, ""))[0] - chance.randint(0, 1))
                back = money("unlease", id, amount, owner)
                scribe.treasury(back | scribe.cut(device, epoch=epochs[device], cut=cut))
            case 5 | 6:
                scribe.treasury(money("withdraw", id, amount, owner))
            case _:
                kind = chance.choice(["hold", "settle", "release"])
                one = money(kind, id, amount, owner, job=job)
                scribe.work(device, one, epoch=epochs[device], ts=ts, **more)
    return scribe


def portions(scribe: Scribe, chance: random.Random) -> Iterator[dict[tuple[str, int], bytes]]:
    """Give what is there after each arrival, the arrivals in any order."""
    here: dict[tuple[str, int], bytes] = {}
    places = list(scribe.objects)
    chance.shuffle(places)
    while places:
        for _ in range(min(len(places), chance.randint(1, 6))):
            place = places.pop()
            here[place] = scribe.objects[place]
        yield here


def count_for_good(told: list[Effect]) -> dict[tuple[str, int, str], list[Verdict]]:
    """Return the verdicts that stand, by place and id, and notice one that is told twice."""
    standing: dict[tuple[str, int, str], list[Verdict]] = {}
    for one in told:
        if isinstance(one, CutOff):
            log = name_log(one.device, one.epoch)
            standing = {
                at: v
                for at, v in standing.items()
                if (at[0], at[1]) <= (log, one.seq) or at[0] != log
            }
        elif isinstance(one, Folded):
            standing.setdefault((one.log, one.seq, one.operation["id"]), []).append(one.verdict)
        else:
            standing.setdefault((one.log, one.seq, ""), []).append(one.verdict)
    return standing


@pytest.mark.parametrize("seed", range(60))
def test_any_order_of_arrival_comes_to_the_same(seed: int) -> None:
    """Incremental is as from nothing, in whatever order and portions the objects come."""
    scribe = write_at_random(seed)
    whole, effects = scribe.fold()
    fold: Fold = start_fold(STUDIO)
    told: list[Effect] = []
    for here in portions(scribe, random.Random(seed)):
        told += Scribe(here).fold(fold)[1]
    assert fold.make_digest() == whole.make_digest()
    assert count_for_good(told) == count_for_good(effects)
