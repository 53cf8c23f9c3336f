"""A farm on one machine: Redis, a shared store, three nodes and two owners, killed at random."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from local_server.farm_addresses import FarmAddress, keep_farm_address
from local_server.settings import STUDIO
from sync.keys import FileChest
from tests.end_to_end.islands import open_islands
from tests.end_to_end.running_farm import RunningFarm, wait_until
from tests.end_to_end.scenes import make_scene
from tests.end_to_end.test_kills import OVER, check_farm
from tests.end_to_end.test_redis import RunningRedis

OWNERS = ("ana", "bao")
NODES = ("north", "east", "south")
FRAMES = 100


class Farm:
    """Two owners' servers without nodes of their own, and the nodes that render for both."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.islands = open_islands()
        self.islanders: dict[str, list[str]] = {}
        self.redis = RunningRedis(folder)
        if self.islands is not None:
            self.islanders = {name: self.islands.add(name) for name in NODES}
            self.redis = RunningRedis(folder, host=self.islands.host)
        self.key = folder / "queue.key"
        self.key.write_text("5a" * 32)
        self.nodes: dict[str, subprocess.Popen[bytes]] = {}
        self.owners = {name: self.make_owner(name) for name in OWNERS}

    def make_owner(self, name: str) -> RunningFarm:
        """Return an owner's server, which has joined the farm."""
        data = self.folder / name
        data.mkdir()
        address = FarmAddress(
            queue=self.redis.address, store=self.store, studio=STUDIO, key=self.key.read_text()
        )
        keep_farm_address(FileChest(data / "keys"), address)
        return RunningFarm(data)

    @property
    def store(self) -> str:
        """Return the shared store's address."""
        return f"folder:{self.folder / 'store'}"

    def start(self) -> None:
        """Start everything."""
        (self.folder / "store").mkdir()
        self.redis.start()
        for name in NODES:
            self.start_node(name)
        for owner in self.owners.values():
            owner.start()
            owner.top_up(100)

    def start_node(self, name: str) -> None:
        """Start a node, as another machine would."""
        command = [
            *self.islanders.get(name, []),
            *(sys.executable, "-m", "local_server", "node", "--id", name, "--slots", "1"),
            *("--queue", self.redis.address, "--store", self.store),
            *("--queue-key-file", str(self.key), "--workdir", str(self.folder / f"node-{name}")),
        ]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.nodes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def deal_kill(self, chance: random.Random) -> str:
        """Kill a node or Redis with SIGKILL, or cut a node off, and put it right again."""
        deed = chance.choice(("node", "node", "redis", "cut" if self.islands else "node"))
        victim = chance.choice(NODES)
        if deed == "redis":
            self.redis.kill()
            time.sleep(chance.uniform(0.0, 2.0))  # how long it stays away is what is random here
            self.redis.start()
        elif deed == "cut" and self.islands is not None:
            self.islands.cut(victim)
            time.sleep(chance.uniform(0.0, 8.0))  # the same: some outlast the limits of requests
            self.islands.mend(victim)
        else:
            self.nodes[victim].send_signal(signal.SIGKILL)
            self.nodes[victim].wait()
            self.start_node(victim)
        return deed

    def stop(self) -> None:
        """End everything."""
        for owner in self.owners.values():
            owner.stop()
        for node in self.nodes.values():
            node.terminate()
        for node in self.nodes.values():
            node.wait(timeout=30)
        self.redis.kill()
        if self.islands is not None:
            self.islands.close()


@pytest.mark.torture
def test_two_owners_share_three_nodes_that_are_killed(tmp_path: Path) -> None:
    chance = random.Random(int(os.environ.get("YUNTU_SEED", "1")))
    kills = int(os.environ.get("YUNTU_FARM_KILLS", "20"))
    scene = make_scene(tmp_path / "turning.blend", frames=FRAMES, size=96, samples=64)
    farm, dealt = Farm(tmp_path), Counter[str]()
    jobs = {name: f"job-of-{name}" for name in OWNERS}
    try:
        farm.start()
        for name, owner in farm.owners.items():
            out = tmp_path / "out" / name / jobs[name]
            owner.submit(jobs[name], scene, fresh=True, site="farm", out=str(out))
        while sum(dealt.values()) < kills:
            time.sleep(chance.uniform(0.5, 3.0))  # the moment is what is random here
            states = {farm.owners[name].get(f"/jobs/{jobs[name]}")["state"] for name in OWNERS}
            if states <= set(OVER):
                break
            dealt[farm.deal_kill(chance)] += 1
        for name, owner in farm.owners.items():
            shown = owner.wait_for_state(jobs[name], *OVER, seconds=600)
            assert (shown["state"], shown["frames"]["done"]) == ("completed", FRAMES), shown[
                "reason"
            ]
            check_farm(owner, [jobs[name]], tmp_path / "out" / name)
        nodes = {
            line["node"]
            for name, owner in farm.owners.items()
            for line in owner.get(f"/jobs/{jobs[name]}/bill")["lines"]
        }
        assert nodes == set(NODES), "every node rendered"
    finally:
        farm.stop()
    for owner in farm.owners.values():
        wait_until(lambda: not owner.list_orphans(), seconds=60, what="no orphans")  # noqa: B023
