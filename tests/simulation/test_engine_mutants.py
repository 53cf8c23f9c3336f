"""Mutants of the engine: each of its rules bent, one at a time; the simulated studio has to notice.

The fold's own mutants are caught by logs alone. These go wrong only where machines meet: puts come
too late, answers are lost, and processes crash between two transactions.
"""

from typing import Any

import pytest
from sqlite_utils import Database

from local_server.farm.errors import YuntuError
from sync import drafts
from sync.drafts import Desk
from sync.engine import Engine
from sync.entry import Operation
from sync.fold import Effect, Fold
from sync.log import Stored, fetch_object, keep_objects, list_changed, note_studio, save_fold
from sync.projection import Projection
from tests.simulation.world import World

SEEDS = range(6)
STEPS = 80
CRASH = 0.05  # of each write and put: a process that dies between two transactions shows more
WRITE_OPERATION = drafts.write_operation


def believe_what_was_put(self: Engine, draft: Stored) -> bytes:
    """Take a place as won, whoever stands there."""
    self.store.put_if_absent(self.key(draft.log, draft.seq), draft.data)
    return draft.data


class NameAnew:
    """Gives a mint that lost its place another id when it is drafted again behind that."""

    def __init__(self) -> None:
        self.first: dict[str, int] = {}

    def __call__(self, row: Any, fold: Fold, desk: Desk) -> Operation:
        """Return a row of the ledger as a log carries it."""
        told = WRITE_OPERATION(row, fold, desk)
        seq = fold.treasury.seq
        late = told["op"] == "mint" and self.first.setdefault(told["id"], seq) < seq
        return told | {"id": f"{told['id']}-{seq}"} if late else told


def commit_the_cursor_first(self: Engine, objects: list[Stored]) -> None:
    """Keep how far the fold went in a transaction before that of what it told."""
    told: list[Effect] = []

    def move(db: Database) -> None:
        fold = self.read_fold(db)
        keep_objects(db, objects)
        for effects in fold.advance(lambda name, seq: fetch_object(db, name, seq)):
            told.extend(effects)
            save_fold(db, fold, list_changed(effects))

    def write(db: Database) -> None:
        if told:
            desk = self.desk
            Projection(db, desk.device, self.clock(), people=desk.people).apply(told)
            note_studio(db, self.read_fold(db), desk.device)

    try:
        self.ledger.write(move)
        self.ledger.write(write)
    except BaseException:
        self.fold = None
        raise


MUTANTS: dict[str, tuple[Any, str, Any]] = {
    "what was put is read back": (Engine, "put", believe_what_was_put),
    "what lost its place keeps its ids": (drafts, "write_operation", NameAnew()),
    "the cursor moves with what it passes": (Engine, "absorb", commit_the_cursor_first),
}


def test_the_right_code_is_not() -> None:
    assert not any(is_noticed(seed) for seed in SEEDS)


@pytest.mark.parametrize("rule", MUTANTS)
def test_a_mutant_is_noticed(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, mutant = MUTANTS[rule]
    monkeypatch.setattr(owner, name, mutant)
    assert any(is_noticed(seed) for seed in SEEDS)


def is_noticed(seed: int) -> bool:
    """Tell whether a simulated studio goes wrong in any way."""
    world = World(seed)
    world.weather.crash = CRASH
    try:
        world.run(STEPS)
    except (AssertionError, YuntuError, KeyError):
        return True
    return False
