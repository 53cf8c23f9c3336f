"""A studio of real processes: workstations that work, are cut off and killed, and meet again."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Protocol

from tests.end_to_end.processes import Workstation
from tests.end_to_end.running_bucket import RunningBucket
from tests.end_to_end.running_farm import wait_until

NAMES = ("founder", "admin", "artist")
SCENE = """
#version 3.7;
global_settings { assumed_gamma 1 }
camera { orthographic location <0, 0, -3> look_at <0, 0, 0> right x up y }
sphere { <0, 0, 0>, 0.3 + 0.05 * frame_number
  texture { pigment { rgb <0, 1, 0> } finish { ambient 1 } } }
"""
DEEDS = {
    "topup": 3,
    "give": 2,
    "withdraw": 1,
    "render": 3,
    "rename": 2,
    "sync": 3,
    "kill": 4,
    "switch": 2,
}
AT_REST = ("paused", "completed", "partial", "failed", "cancelled")
REST_SECONDS_MAX = 600
YUAN = 1_000_000


class Place(Protocol):
    """Where a studio's store is, which may be away."""

    address: str

    def take_away(self) -> None:
        """Make the store impossible to reach."""

    def bring_back(self) -> None:
        """Let the store be reached again."""


class FolderPlace:
    """A shared folder that is unplugged at times."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir()
        self.address = str(folder)

    def take_away(self) -> None:
        """Unplug the folder."""
        self.folder.rename(self.folder.with_name("unplugged"))

    def bring_back(self) -> None:
        """Plug the folder in again."""
        self.folder.with_name("unplugged").rename(self.folder)


class BucketPlace:
    """A bucket whose server is killed at times; now and then it loses answers and requests."""

    def __init__(self, bucket: RunningBucket, faults: str) -> None:
        self.bucket = bucket
        self.faults = faults
        self.address = bucket.address
        self.bring_back()

    def take_away(self) -> None:
        """Kill the bucket's server."""
        self.bucket.kill()

    def bring_back(self) -> None:
        """Start the bucket's server again."""
        self.bucket.start("--faults", self.faults)


class RunningStudio:
    """The founder's, another admin's and an artist's workstation, and where they meet."""

    def __init__(self, folder: Path, place: Place, **env: str) -> None:
        self.folder = folder
        self.place = place
        self.is_away = False
        self.machines = {name: Workstation(folder / name, **env) for name in NAMES}
        self.artist = ""
        self.jobs: list[tuple[str, str]] = []
        self.dealt: Counter[str] = Counter()
        self.scene = make_scene(folder / "scene")

    def found(self) -> None:
        """Found the studio on the first machine and have the others join it by invites."""
        founder = self.machines["founder"]
        founder.run("topup", "30")
        founder.run("studio", "create", "atelier", "--store", self.place.address)
        for name in NAMES[1:]:
            options = ("--mints",) if name == "admin" else ()
            invite = founder.run("studio", "invite", *options)["invite"]
            if name == NAMES[-1]:
                founder.run("studio", "join", invite, fine=False)  # it is in, and uses up none
            self.machines[name].env = {}  # the bucket's key comes with the invite
            if self.machines[name].run("studio", "join", invite, fine=False) is None:
                founder.run("sync")  # it keeps the treasury alone, and lets in who claims it
                self.machines[name].run("studio", "join", invite)
        self.artist = self.machines["artist"].run("whoami")["id"]

    def live(self, rounds: int, *, seed: int) -> None:
        """Let the people of the studio do whatever they do, on line and off."""
        chance = random.Random(seed)
        for _ in range(rounds):
            [deed] = chance.choices(list(DEEDS), list(DEEDS.values()))
            name = chance.choice(NAMES)
            self.do(deed, name, sum(self.dealt.values()), chance)
            self.dealt[deed] += 1

    def do(self, deed: str, name: str, number: int, chance: random.Random) -> None:
        """Do one deed; where somebody was killed in the middle of it, it may not go through."""
        machine = self.machines[name]
        minter = self.machines[name if name != "artist" else "founder"]
        micros = chance.randint(1, 9) * YUAN
        match deed:
            case "topup":
                body = {"id": f"topup-{number}", "amount_micros": micros}
                minter.ask("POST", "/topups", body)
            case "give":
                body = {"id": f"given-{number}", "account": self.artist, "amount_micros": micros}
                minter.ask("POST", "/topups", body)
            case "withdraw":
                minter.ask("POST", "/withdrawals", {"id": f"out-{number}", "amount_micros": YUAN})
            case "render":
                self.submit(name, number)
            case "rename":
                machine.ask("PATCH", "/me", {"name": f"{name}-{number}"})
            case "sync":
                machine.ask("POST", "/sync", {})
            case "kill":
                self.kill(machine)
            case "switch":
                self.switch(away=not self.is_away)

    def submit(self, name: str, number: int) -> None:
        """Submit a job of two frames and leave it to itself."""
        job, out = f"{name}-{number}", self.folder / "out" / f"{name}-{number}"
        body = {"id": job, "scene": str(self.scene), "out": str(out), "fresh": True}
        if self.machines[name].ask("POST", "/jobs", body) is not None:
            self.jobs.append((name, job))

    def kill(self, machine: Workstation) -> None:
        """Kill a machine's server, if it runs; its node ends with it."""
        pid = machine.read_server().get("pid")
        if pid is not None:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    def switch(self, *, away: bool) -> None:
        """Take the store away, or bring it back."""
        if away != self.is_away:
            self.place.take_away() if away else self.place.bring_back()
            self.is_away = away

    def come_together(self) -> None:
        """Bring everybody back on line, let all jobs end, and have everybody read everything."""
        self.switch(away=False)
        for name, job in self.jobs:
            self.wait_for_rest(self.machines[name], job)
        for machine in self.machines.values():
            self.wait_for_transfers(machine)
        for _ in range(3):
            for machine in self.machines.values():
                self.sync(machine)

    def wait_for_rest(self, machine: Workstation, job: str) -> None:
        """Wait until a job goes on no more by itself."""
        wait_until(
            lambda: machine.ask("GET", f"/jobs/{job}")["state"] in AT_REST,
            seconds=REST_SECONDS_MAX,
            what=f"{job} is at rest",
            every_seconds=1.0,
        )

    def wait_for_transfers(self, machine: Workstation) -> None:
        """Wait until all of a machine's pictures are away: each is news of its own."""
        wait_until(
            lambda: not machine.ask("GET", "/sync")["transfers"]["items"],
            seconds=REST_SECONDS_MAX,
            what=f"{machine.data.name} has sent its pictures",
            every_seconds=1.0,
        )

    def sync(self, machine: Workstation) -> None:
        """Synchronise until it went through: the store may have been found away a moment ago."""
        wait_until(
            lambda: machine.ask("POST", "/sync", {})["trouble"] is None,
            seconds=REST_SECONDS_MAX,
            what=f"{machine.data.name} is synchronised",
            every_seconds=1.0,
        )

    def assert_together(self) -> None:
        """Check that all machines have the same, sound books and know the same people."""
        for machine in self.machines.values():
            audit = machine.ask("GET", "/audit")
            assert audit["clean"], [one for one in audit["checks"] if not one["ok"]]
            standing = machine.ask("GET", "/sync")
            assert (standing["unsealed"], standing["unfunded"]) == (0, 0), standing["plan"]
        exports = {export(machine) for machine in self.machines.values()}
        assert len(exports) == 1, "the machines' books differ"
        check_export(exports.pop(), self.folder / "ledger.beancount")
        known = [list_people(machine) for machine in self.machines.values()]
        assert known[0] == known[1] == known[2]

    def stop(self) -> None:
        """End every process."""
        for machine in self.machines.values():
            machine.finish("stop")


def make_scene(folder: Path) -> Path:
    """Write a scene of two quick frames."""
    folder.mkdir(parents=True)
    (folder / "ball.ini").write_text("Width=32\nHeight=24\nInitial_Frame=1\nFinal_Frame=2\n")
    scene = folder / "ball.pov"
    scene.write_text(SCENE)
    return scene


def export(machine: Workstation) -> str:
    """Return a machine's ledger as Beancount."""
    answer = machine.fetch("/ledger/export?format=beancount")
    assert answer.ok, answer.text
    return answer.text


def check_export(text: str, path: Path) -> None:
    """Have Beancount check an export."""
    path.write_text(text, encoding="utf-8")
    check = Path(sys.executable).with_name("bean-check")
    assert subprocess.run([check, "--no-cache", path], check=False).returncode == 0


def list_people(machine: Workstation) -> dict[str, Any]:
    """Return what a machine knows of the studio's people, by account.

    Roles are left out: whose machine it is may do there what they like.
    """
    items = machine.ask("GET", "/people")["items"]
    return {one["id"]: (one["name"], one["email"]) for one in items}
