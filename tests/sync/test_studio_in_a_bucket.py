"""The engine over HTTP: machines of a simulated studio meet in a bucket that fails all the time."""

from contextlib import suppress
from typing import cast

import pytest

from local_server.farm.errors import Unavailable
from sync.memory_store import MemoryStore
from tests.simulation.world import World
from tests.sync.conftest import Bucket

STEPS = 40
# Each tries six times, so that about one request of a hundred is given up.
FAULTS = ";".join(
    (
        "503@probability=0.15,seed=1",
        "drop@probability=0.15,seed=2",
        "lose@probability=0.15,seed=3",
        "delay:5@probability=0.1,seed=4",
        "truncate:10@probability=0.05,seed=5",
    )
)


@pytest.mark.parametrize(("sdk", "seed"), [("oss2", 1), ("v2", 2)])
def test_machines_come_together_in_a_bucket(bucket: Bucket, sdk: str, seed: int) -> None:
    live(bucket, sdk, seed)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(10, 40))
def test_machines_come_together_in_a_bucket_again_and_again(bucket: Bucket, seed: int) -> None:
    live(bucket, "oss2" if seed % 2 else "v2", seed)


def live(bucket: Bucket, sdk: str, seed: int) -> None:
    """Let a studio live in a bucket that fails, and compare when it fails no more."""
    store = bucket.open(sdk)
    try:
        world = World(seed, place=cast(MemoryStore, store))  # it has the same verbs
        bucket.server.faults.replace(FAULTS)
        for _ in range(STEPS):
            with suppress(Unavailable):  # whoever cheats meets the bucket as it is
                world.step()
            for machine in world.machines:
                machine.check()
        bucket.server.faults.replace("")
        world.heal()
    finally:
        store.close()
