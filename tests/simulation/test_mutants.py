"""Mutants: each rule taken out or bent, one at a time; tests of the fold have to notice.

A rule that can go without anything noticing is no rule. Each mutant is the real code with one
function replaced.
"""

import random
from typing import Any

import pytest

from local_server.farm.errors import YuntuError
from sync import device_log, fold, treasury
from sync.device_log import DeviceLog, MemoryIds
from sync.entry import Entry
from sync.fold import Fold, start_fold
from sync.treasury import Treasury, add
from sync.verdict import Verdict
from tests.simulation.world import World
from tests.sync.scribe import STUDIO, Scribe, enrol, money
from tests.sync.test_fold import hold, lease, portions, settle, write_at_random

SEEDS = range(40)


def hold_beyond_the_lease(self: DeviceLog, operation: dict[str, Any]) -> Verdict:
    owner, job, amount = operation["owner"], operation["job"], operation["amount_micros"]
    _, held = self.holds.get(job, (owner, 0))
    self.available[owner] = self.available.get(owner, 0) - amount
    self.holds[job] = (owner, held + amount)
    return Verdict.GOOD


def settle_beyond_the_hold(
    self: DeviceLog, operation: dict[str, Any], into: dict[str, int]
) -> Verdict:
    owner, job, amount = operation["owner"], operation["job"], operation["amount_micros"]
    _, held = self.holds.get(job, (owner, 0))
    into[owner] = into.get(owner, 0) + amount
    self.holds[job] = (owner, max(0, held - amount))
    return Verdict.GOOD


def see_every_lease(self: DeviceLog, ts: int) -> None:
    TAKE_LEASES(self, 10**9)
    self.ts = ts


def lease_beyond_the_pool(
    self: Treasury, operation: dict[str, Any], logs: dict[str, DeviceLog]
) -> Verdict:
    self.pools[operation["owner"]] = 10**12
    return LEASE(self, operation, logs)


def give_back_holds_twice(
    self: Treasury, operation: dict[str, Any], logs: dict[str, DeviceLog]
) -> Any:
    log = logs.get(operation["device"])
    held = log.held() if log else {}
    verdict, closed = CLOSE(self, operation, logs)
    if closed is not None:
        for owner, micros in held.items():
            add(self.pools, owner, micros)
    return verdict, closed


def close_wherever_it_is(
    self: Treasury, operation: dict[str, Any], logs: dict[str, DeviceLog]
) -> Any:
    log = logs.get(operation["device"])
    here = {} if log is None else {"cut": log.seq, "hash": log.digest}
    return CLOSE(self, operation | here, logs)


def never_wait_for_a_cut(*_: Any) -> bool:
    return True


def sign_anything(*_: Any) -> bool:
    return True


def fall_in_time(*_: Any) -> int:
    return 0


def forget_ids(*_: Any) -> bool:
    return False


def keep_what_was_cut_off(self: Fold, log: DeviceLog, cut: int, fetch: Any) -> Any:  # noqa: ARG001
    return fold.CutOff(log.device, log.epoch, cut)


def keep_ids_of_what_was_cut_off(*_: Any) -> None:
    return None


def believe_any_signature(*_: Any) -> bool:
    return True


def leave_places_empty(self: Fold, data: bytes, log: str, seq: int, prev: str) -> Any:
    entry, key, verdict = JUDGE(self, data, log, seq, prev)
    if verdict is Verdict.WRONG_PREVIOUS:
        return JUDGE(self, data, log, seq, self.treasury.digest)
    return entry, key, verdict


def let_all_write(_: Treasury) -> None:
    return None


LEASE, CLOSE = Treasury.lease, Treasury.close
TAKE_LEASES, JUDGE = DeviceLog.take_leases, Fold.judge
MUTANTS: dict[str, tuple[Any, str, Any]] = {
    "a hold is at most what is available": (DeviceLog, "hold", hold_beyond_the_lease),
    "a settle is at most its hold": (DeviceLog, "leave_hold", settle_beyond_the_hold),
    "an entry sees leases up to its ts": (DeviceLog, "take_leases", see_every_lease),
    "ts never falls": (DeviceLog, "floor", fall_in_time),
    "a lease is at most the pool": (Treasury, "lease", lease_beyond_the_pool),
    "a close gives back what is left, once": (Treasury, "close", give_back_holds_twice),
    "a close names what it cuts": (Treasury, "close", close_wherever_it_is),
    "a close waits for its entries": (Fold, "prepare_closes", never_wait_for_a_cut),
    "what comes after the cut is void": (Fold, "rewind", keep_what_was_cut_off),
    "what was cut off may come again": (MemoryIds, "forget_after", keep_ids_of_what_was_cut_off),
    "only minters mint": (Treasury, "may_sign", sign_anything),
    "an id counts once": (MemoryIds, "has", forget_ids),
    "a treasurer keeps the treasury alone": (Treasury, "treasurer", property(let_all_write)),
    "a signature is its signer's": (Entry, "is_signed_by", believe_any_signature),
}


def fold_right(scribe: Scribe) -> str:
    """Return what the right code says of some logs: state and verdicts."""
    whole, effects = scribe.fold()
    return whole.make_digest() + repr(effects)


def write_with_a_treasurer() -> Scribe:
    """Write the logs of a studio whose treasury one machine keeps, and another one writes to."""
    scribe = Scribe()
    scribe.begin("one", "two")
    told = {"op": "policy", "id": "p", "at_ms": 0, "line": {"treasurer": "one"}}
    scribe.treasury(told, enrol("invite", "guest"))
    scribe.treasury(money("mint", "m", 100))
    scribe.treasury(lease("l1", 60, "two"), by="two")
    scribe.treasury(lease("l2", 50, "two"))
    scribe.treasury(enrol("device", "three"), by="guest")
    scribe.work("two", hold("h1", 50), settle("f1", 20))
    return scribe


def write_by_hand() -> Scribe:
    """Write the logs of a machine that is closed in the middle of its work and goes on."""
    scribe = Scribe()
    scribe.begin("one", "two")
    scribe.treasury(money("mint", "m", 100))
    scribe.treasury(lease("l1", 60, "one"), by="one")
    scribe.work("one", hold("h1", 50), settle("f1", 20))
    scribe.work("one", settle("f2", 20))
    scribe.treasury(scribe.close("one", cut=1))
    scribe.treasury(lease("l2", 30, "one", 2), by="one")
    scribe.work("one", hold("h2", 30), settle("f2", 20), epoch=2)
    return scribe


@pytest.fixture(scope="module")
def truths() -> list[tuple[Scribe, str]]:
    """Random logs and what they come to."""
    scribes = [
        write_by_hand(),
        write_with_a_treasurer(),
        *(write_at_random(seed) for seed in SEEDS),
    ]
    return [(one, fold_right(one)) for one in scribes]


@pytest.mark.parametrize("rule", MUTANTS)
def test_a_mutant_is_noticed(
    rule: str, truths: list[tuple[Scribe, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the rule, sums break, arrival decides, or something is judged otherwise."""
    owner, name, mutant = MUTANTS[rule]
    monkeypatch.setattr(owner, name, mutant)
    for table in (device_log._MOVES, treasury._MOVES):
        for kind in table:
            found = getattr(owner, kind, None)
            if found is mutant:
                monkeypatch.setitem(table, kind, mutant)
    assert any(is_noticed(scribe, truth, seed) for seed, (scribe, truth) in enumerate(truths))


def is_noticed(scribe: Scribe, truth: str, seed: int) -> bool:
    """Tell whether a fold of some logs goes wrong in any way."""
    try:
        if fold_right(scribe) != truth:
            return True
        piecemeal = start_fold(STUDIO)
        for here in portions(scribe, random.Random(seed)):
            Scribe(here).fold(piecemeal)
    except (AssertionError, YuntuError, KeyError):
        return True
    return piecemeal.make_digest() not in truth


def test_there_are_enough() -> None:
    assert len(MUTANTS) >= 10
    assert World(0).machines, "the same world is simulated whole elsewhere"
