"""A studio in bad weather, over many seeds: nothing is charged twice, lost, or below zero."""

import pytest

from sync import projection
from tests.simulation.world import World

SEEDS = 50
STEPS = 80


@pytest.mark.parametrize("seed", range(SEEDS))
def test_machines_come_together(seed: int) -> None:
    World(seed).run(STEPS)


@pytest.mark.parametrize("seed", range(2_000, 2_008))
def test_batches_come_to_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "BATCH_MIN", 1)
    World(seed).run(STEPS)


@pytest.mark.parametrize("seed", range(3_000, 3_012))
def test_a_treasurer_brings_machines_together(seed: int) -> None:
    """The same in a folder without hard links: one machine keeps the treasury, others ask it."""
    World(seed, treasurer=True).run(STEPS)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(5_000, 5_300))
def test_a_treasurer_brings_machines_together_again_and_again(seed: int) -> None:
    World(seed, treasurer=True).run(STEPS * 2)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(SEEDS, 1_050))
def test_machines_come_together_again_and_again(seed: int) -> None:
    World(seed).run(STEPS * 2)
