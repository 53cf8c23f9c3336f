"""Kill -9 at random moments: nothing is lost, nothing is paid twice, nobody is left behind.

The seed decides what is killed and when; the machine decides how far things were. The short run
is part of every test run; `make torture` deals two hundred kills.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.running_farm import RunningFarm, wait_until
from tests.end_to_end.scenes import make_scene

VICTIMS = ("server", "node", "host", "all")
OVER = ("completed", "partial", "failed")
PATIENCE = 0.8


def deal_kill(farm: RunningFarm, victim: str) -> bool:
    """Kill one victim with SIGKILL; False when it was not there to be killed."""
    hosts, node = farm.hosts(), farm.node()
    targets = {
        "server": [farm.process.pid] if farm.process else [],
        "node": [node.pid] if node else [],
        "host": [host.pid for host in hosts],
    }
    targets["all"] = [*targets["server"], *targets["node"], *targets["host"]]
    hit = False
    for pid in targets[victim]:
        try:
            os.kill(pid, signal.SIGKILL)
            hit = True
        except ProcessLookupError:
            continue
    if victim in ("server", "all") and farm.process is not None:
        farm.process.wait()
        farm.start()
    return hit


def kill_until(farm: RunningFarm, job: str, *, kills: int, chance: random.Random) -> Counter[str]:
    """Deal kills while the job runs; returns how many of each were dealt.

    Most kills wait until the farm has got on since the last one, so that they meet frames under
    way; the others come while it is still getting up.
    """
    dealt: Counter[str] = Counter()
    while sum(dealt.values()) < kills:
        if chance.random() < PATIENCE:
            wait_for_progress(farm, job)
        time.sleep(chance.uniform(0.0, 1.5))  # the moment is what is random here
        if farm.get(f"/jobs/{job}")["state"] in OVER:
            break
        victim = chance.choice(VICTIMS)
        if deal_kill(farm, victim):
            dealt[victim] += 1
    return dealt


def wait_for_progress(farm: RunningFarm, job: str) -> None:
    """Wait until another frame of the job is done, or the job is over."""
    done = farm.get(f"/jobs/{job}")["frames"]["done"]

    def has_got_on() -> bool:
        shown = farm.get(f"/jobs/{job}")
        return shown["state"] in OVER or shown["frames"]["done"] > done

    wait_until(has_got_on, seconds=120, what=f"{job} gets on after {done} frames")


def check_farm(farm: RunningFarm, jobs: list[str], out: Path) -> None:
    """Check what must hold after any number of kills."""
    paid = 0
    for job in jobs:
        shown = farm.get(f"/jobs/{job}")
        frames, cursor = [], None
        while True:
            page = farm.get(f"/jobs/{job}/frames", limit=1000, cursor=cursor)
            frames += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        assert len(frames) == shown["frames"]["total"]
        for frame in frames:
            assert frame["state"] in ("done", "failed"), frame
            if frame["state"] == "failed":
                assert frame["reason"]["title"], "a frame that failed says why"
        bill = farm.get(f"/jobs/{job}/bill")
        charged = Counter(line["frame"] for line in bill["lines"] if not line["reused"])
        done = {one["frame"] for one in frames if one["state"] == "done" and not one["reused"]}
        assert set(charged) == done
        assert set(charged.values()) <= {1}, "each done frame is paid exactly once"
        assert bill["total_micros"] == sum(line["amount_micros"] for line in bill["lines"])
        paid += bill["total_micros"]
        wait_until(
            lambda: farm.get(f"/jobs/{job}")["delivery"]["waiting"] == 0,  # noqa: B023
            seconds=60,
            what="all frames are delivered",
        )
        whole = [path for path in (out / job).iterdir() if path.suffix == ".png"]
        assert len(whole) == sum(one["state"] == "done" for one in frames)
        assert not [path for path in (out / job).iterdir() if path.suffix != ".png"]
    assert farm.get("/balance")["spent_micros"] == paid
    audit = farm.get("/audit")
    assert audit["clean"], [check for check in audit["checks"] if not check["ok"]]
    check_beancount(farm)


def check_beancount(farm: RunningFarm) -> None:
    """Have the real bean-check read the exported ledger."""
    path = farm.data / "ledger.beancount"
    path.write_text(farm.get("/ledger/export", format="beancount"), encoding="utf-8")
    program = Path(sys.executable).with_name("bean-check")
    done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def run_kills(tmp_path: Path, *, kills: int, frames: int, seed: int) -> Counter[str]:
    """Deal kills over as many jobs as it takes; returns how many of each were dealt."""
    chance = random.Random(seed)
    scene = make_scene(tmp_path / "turning.blend", frames=frames, size=48, samples=8)
    farm = RunningFarm(tmp_path / "data").start()
    farm.top_up(1000)
    dealt: Counter[str] = Counter()
    jobs: list[str] = []
    try:
        while sum(dealt.values()) < kills:
            job = f"kill-{seed}-{len(jobs)}"
            jobs.append(job)
            request = {"id": job, "scene": str(scene), "out": str(tmp_path / "out" / job)}
            farm.post("/jobs", request | {"fresh": True, "renderer": "blender"})
            dealt += kill_until(farm, job, kills=kills - sum(dealt.values()), chance=chance)
            farm.wait_for_state(job, *OVER, seconds=300)
        check_farm(farm, jobs, tmp_path / "out")
    finally:
        farm.stop()
    wait_until(
        lambda: not farm.list_orphans(), seconds=60, what=f"no orphans: {farm.list_orphans()}"
    )
    shutil.rmtree(tmp_path / "data" / "node", ignore_errors=True)
    return dealt


def test_a_few_kills(tmp_path: Path) -> None:
    dealt = run_kills(tmp_path, kills=8, frames=150, seed=20261124)
    assert sum(dealt.values()) == 8


@pytest.mark.torture
def test_two_hundred_kills(tmp_path: Path) -> None:
    seed = int(os.environ.get("YUNTU_SEED", "1"))
    kills = int(os.environ.get("YUNTU_KILLS", "200"))
    dealt = run_kills(tmp_path, kills=kills, frames=1500, seed=seed)
    assert sum(dealt.values()) == kills
    assert set(dealt) == set(VICTIMS)


def test_nothing_outlives_a_killed_server(tmp_path: Path) -> None:
    scene = make_scene(tmp_path / "long.blend", frames=5, size=1024, samples=2048)
    farm = RunningFarm(tmp_path / "data").start()
    farm.top_up(100)
    farm.post("/jobs", {"id": "long", "scene": str(scene), "out": str(tmp_path / "out")})
    farm.wait_for_state("long", "running", seconds=120)
    wait_until(lambda: bool(farm.hosts()), seconds=60, what="a host renders")
    family = [farm.node(), *farm.hosts()]
    farm.kill_server()
    alive = [one for one in family if one is not None]
    _, left = psutil.wait_procs(alive, timeout=10)
    assert not left, f"left behind: {left}"
