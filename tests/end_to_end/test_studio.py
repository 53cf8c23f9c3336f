"""A studio of real processes: three data directories and a store, all of it killed at random.

The seed decides what is done and when; the machine decides how far things were. The short run is
part of every test run; `make torture` does a hundred rounds in a folder and a hundred in a bucket.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.processes import Workstation
from tests.end_to_end.running_bucket import RunningBucket
from tests.end_to_end.running_farm import wait_until
from tests.end_to_end.running_studio import BucketPlace, FolderPlace, RunningStudio

SHORT_ROUNDS = 3
LONG_ROUNDS = 100
FAULTS = "503@probability=0.04,seed=1;lose@probability=0.03,seed=2;drop@probability=0.03,seed=3"


@pytest.fixture(params=["folder", "bucket", pytest.param("exfat", marks=pytest.mark.torture)])
def studio(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningStudio]:
    """Three machines of one studio: in a folder, in a bucket whose key only the founder had, or on
    a disk without hard links, where the founder keeps the treasury."""
    bucket = RunningBucket(tmp_path / "bucket")
    if request.param == "folder":
        running = RunningStudio(tmp_path, FolderPlace(tmp_path / "share"))
    elif request.param == "exfat":
        disk: Path = request.getfixturevalue("exfat_disk")
        running = RunningStudio(tmp_path, FolderPlace(disk / "share"))
    else:
        key = bucket.write_key(tmp_path / "bucket.key")
        place = BucketPlace(bucket, FAULTS)
        running = RunningStudio(tmp_path, place, YUNTU_BUCKET_KEY_FILE=str(key))
    try:
        running.found()
        yield running
    finally:
        running.stop()
        bucket.kill()


def test_machines_come_together_and_one_that_is_revoked_is_out(studio: RunningStudio) -> None:
    studio.submit("founder", 0)
    studio.live(SHORT_ROUNDS, seed=1)
    studio.come_together()
    studio.assert_together()
    check_revoked(studio)


def check_revoked(studio: RunningStudio) -> None:
    """Take the artist's machine out, and see that the store is closed to it."""
    founder, artist = studio.machines["founder"], studio.machines["artist"]
    artist.run("sync")
    devices = artist.run("studio", "devices")["items"]
    [other] = [one["id"] for one in founder.run("studio", "devices")["items"] if one["here"]]
    assert founder.fail("studio", "revoke", other) == "own_device"
    assert founder.fail("studio", "revoke", devices[0]["host"]) == "device_ambiguous"
    founder.run("studio", "revoke", next(one["name"] for one in devices if one["here"]))
    assert artist.run("sync", fine=False) is None
    standing = artist.run("sync", "--dry-run")
    assert standing["trouble"]["code"] == "device_out"
    assert artist.run("balance")["waits"]["code"] == "device_out"
    assert artist.fail("render", str(studio.scene)) == "device_out"
    check_no_more_money(founder, studio.machines["admin"])


def check_no_more_money(founder: Workstation, admin: Workstation) -> None:
    """Take an admin's machine out, which has the minting key still: nothing it mints counts."""
    admin.run("topup", "1")
    [own] = [one["id"] for one in founder.run("studio", "devices")["items"] if is_member(one)]
    founder.run("studio", "revoke", own)
    wait_until(lambda: is_told_out(admin), seconds=60, what="the admin's machine hears of it")
    assert admin.fail("topup", "1") == "device_out"
    assert admin.finish("stop").returncode == 0
    assert admin.fail("topup", "1") == "device_out", "nor after a start, wherever the store is"


def is_told_out(machine: Workstation) -> bool:
    """Tell whether a machine has met the store and says that it is out."""
    trouble = machine.ask("POST", "/sync", {})["trouble"]
    return trouble is not None and trouble["code"] == "device_out"


def is_member(device: dict[str, Any]) -> bool:
    """Tell whether a machine is in the studio, and another one."""
    return device["state"] == "member" and not device["here"]


@pytest.mark.torture
def test_machines_come_together_after_long(studio: RunningStudio) -> None:
    seed = int(os.environ.get("YUNTU_SEED", "2"))
    for _ in range(int(os.environ.get("YUNTU_STUDIO_ROUNDS", LONG_ROUNDS)) // 10):
        studio.live(10, seed=seed)
        seed += 1
    studio.come_together()
    studio.assert_together()
