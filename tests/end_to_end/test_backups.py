"""A disk put back from a backup, and one that is copied: the log knows more than they do."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.processes import Workstation
from tests.end_to_end.running_farm import wait_until
from tests.end_to_end.running_studio import AT_REST, export, make_scene


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Workstation]:
    """The machine that founded a studio in a shared folder, with some money."""
    (tmp_path / "share").mkdir()
    machine = Workstation(tmp_path / "machine")
    machine.run("topup", "5")
    machine.run("studio", "create", "atelier", "--store", str(tmp_path / "share"))
    yield machine
    machine.finish("stop")


def submit(machine: Workstation, job: str, scene: Path) -> None:
    out = machine.data.parent / f"{machine.data.name}-{job}"
    body = {"id": job, "scene": str(scene), "out": str(out), "fresh": True}
    machine.finish("balance")
    answer = machine.request("POST", "/jobs", body)
    assert answer is not None, "it runs"
    assert answer.ok, answer.text


def wait_for(machine: Workstation, job: str, *states: str) -> str:
    """Wait until a job is in one of some states; return its reason."""
    found = {}

    def is_there() -> bool:
        found.update(machine.ask("GET", f"/jobs/{job}"))
        return found["state"] in states

    wait_until(is_there, seconds=120, what=f"{job} is {states}")
    return str(found["reason"]["code"])


def copy_disk(machine: Workstation, to: Path) -> None:
    machine.finish("stop")
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(machine.data, to)


def assert_sound(machine: Workstation) -> None:
    audit = machine.ask("GET", "/audit")
    assert audit["clean"], [one for one in audit["checks"] if not one["ok"]]
    standing = machine.ask("GET", "/sync")
    assert (standing["unsealed"], standing["unfunded"]) == (0, 0), standing["plan"]


def test_a_backup_is_put_back(machine: Workstation, tmp_path: Path) -> None:
    """Of one job it has half, of another nothing; what was paid stays paid and is found again."""
    scene, backup = make_scene(tmp_path / "scene"), tmp_path / "backup"
    submit(machine, "half", scene)
    wait_for(machine, "half", "queued", "running")
    assert machine.ask("POST", "/jobs/half/pause", {})
    wait_for(machine, "half", "paused")
    copy_disk(machine, backup)
    assert machine.ask("POST", "/jobs/half/resume", {})
    submit(machine, "later", scene)
    for job in ("half", "later"):
        wait_for(machine, job, *AT_REST)
    wait_until(
        lambda: machine.ask("GET", "/sync")["transfers"]["items"] == [],
        seconds=60,
        what="the store has every frame",
    )
    machine.run("sync")
    books = export(machine)

    machine.finish("stop")
    shutil.rmtree(machine.data)
    backup.rename(machine.data)
    machine.run("sync")
    wait_until(lambda: export(machine) == books, seconds=60, what="the books are the same again")
    assert_sound(machine)
    assert wait_for(machine, "half", *AT_REST) == "overtaken"
    elsewhere = {one["id"]: one for one in machine.run("studio", "jobs")["items"]}
    assert {name.partition(":")[2] for name in elsewhere} == {"half", "later"}
    later = next(one for name, one in elsewhere.items() if name.endswith(":later"))
    assert (later["state"], len(later["frames"])) == ("completed", 2)
    bill = machine.ask("GET", f"/studio/jobs/{later['id']}/bill")
    assert bill["total_micros"] == later["cost_micros"] > 0


@pytest.mark.torture
def test_a_disk_is_copied(machine: Workstation, tmp_path: Path) -> None:
    """Both copies work; each finds the other's jobs among those elsewhere, and the books agree."""
    twin = Workstation(tmp_path / "twin")
    scene = make_scene(tmp_path / "scene")
    copy_disk(machine, twin.data)
    try:
        submit(machine, "first", scene)
        submit(twin, "second", scene)
        wait_for(machine, "first", *AT_REST)
        wait_for(twin, "second", *AT_REST)
        for each in (machine, twin, machine, twin):
            each.run("sync")
        assert export(machine) == export(twin)
        for each, other in ((machine, "second"), (twin, "first")):
            assert_sound(each)
            [job] = each.run("studio", "jobs")["items"]
            assert job["id"].endswith(f":{other}")
    finally:
        twin.finish("stop")
