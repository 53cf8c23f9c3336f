"""A studio of real processes: three data directories, one folder, servers killed at random."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.yuntu import Yuntu

ROUNDS = 8


def run(yuntu: Yuntu, *argv: str, fine: bool = True) -> Any:
    """Run a command in a process of its own and return its answer."""
    command = [sys.executable, "-m", "local_server", *argv, "--json", "--data", str(yuntu.data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert not fine or done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout) if done.returncode == 0 else None


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[list[Yuntu]]:
    """Three machines of one studio: the founder's, an admin's and an artist's."""
    (tmp_path / "share").mkdir()
    machines = [Yuntu(tmp_path / name) for name in ("founder", "admin", "artist")]
    founder, *others = machines
    try:
        run(founder, "topup", "30")
        run(founder, "studio", "create", "atelier", "--store", str(tmp_path / "share"))
        for machine, options in zip(others, (["--mints"], []), strict=True):
            invite = run(founder, "studio", "invite", *options)["invite"]
            run(machine, "studio", "join", invite)
        yield machines
    finally:
        for machine in machines:
            run(machine, "stop", fine=False)


def export(machine: Yuntu) -> str:
    """Return a machine's ledger as Beancount."""
    command = [sys.executable, "-m", "local_server", "export", "beancount"]
    done = subprocess.run(
        [*command, "--data", str(machine.data)], capture_output=True, text=True, check=True
    )
    return done.stdout


def live(machines: list[Yuntu], rounds: int, *, seed: int) -> None:
    """Bring money in and take it out on machines whose servers are killed at random."""
    chance = random.Random(seed)
    for _ in range(rounds):
        machine = chance.choice(machines[:2])
        run(machine, "topup", str(chance.randint(1, 9)), fine=False)
        if chance.random() < 0.4:
            chance.choice(machines).kill_server()
        if chance.random() < 0.5:
            run(chance.choice(machines), "sync", fine=False)


def assert_together(machines: list[Yuntu]) -> None:
    """Check that all machines have the same, sound books."""
    for _ in range(3):
        for machine in machines:
            run(machine, "sync")
    exports = {export(machine) for machine in machines}
    assert len(exports) == 1
    for machine in machines:
        assert run(machine, "audit")["clean"]
        standing = run(machine, "sync", "--dry-run")
        assert (standing["unsealed"], standing["unfunded"]) == (0, 0)


def test_machines_come_together(studio: list[Yuntu], tmp_path: Path) -> None:
    for machine in studio:
        run(machine, "sync")
    live(studio, ROUNDS, seed=1)
    assert_together(studio)
    path = tmp_path / "ledger.beancount"
    path.write_text(export(studio[0]), encoding="utf-8")
    check = Path(sys.executable).with_name("bean-check")
    assert subprocess.run([check, "--no-cache", path], check=False).returncode == 0


def test_a_machine_that_is_revoked_is_out(studio: list[Yuntu]) -> None:
    founder, _, artist = studio
    run(artist, "sync")
    devices = run(artist, "studio", "devices")["items"]
    [own] = [one["id"] for one in devices if one["here"]]
    run(founder, "studio", "revoke", own)
    assert run(artist, "sync", fine=False) is None
    standing = run(artist, "sync", "--dry-run")
    assert standing["trouble"]["code"] == "device_out"


@pytest.mark.torture
def test_machines_come_together_after_long(studio: list[Yuntu]) -> None:
    live(studio, 100, seed=2)
    assert_together(studio)
