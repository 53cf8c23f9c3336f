"""Clearing in real processes: two machines work, everything grows old, and only garbage goes."""

import os
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from local_server.settings import STUDIO
from sync.blobs import Blobs
from sync.folder_store import FolderStore
from tests.end_to_end.processes import Workstation
from tests.end_to_end.running_farm import wait_until
from tests.end_to_end.running_studio import AT_REST, make_scene

OLD_SECONDS = 40 * 24 * 3600


@pytest.fixture(scope="module")
def machines(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Workstation, Workstation]]:
    """The founder's workstation and an artist's, which share a folder."""
    folder = tmp_path_factory.mktemp("clearing")
    (folder / "share").mkdir()
    founder, artist = Workstation(folder / "founder"), Workstation(folder / "artist")
    try:
        founder.run("topup", "30")
        founder.run("studio", "create", "atelier", "--store", str(folder / "share"))
        artist.run("studio", "join", founder.run("studio", "invite", "--mints")["invite"])
        yield founder, artist
    finally:
        for machine in (founder, artist):
            machine.finish("stop")


def list_blobs(store: Path, studio: str) -> set[str]:
    """Return the digests of a folder's blobs."""
    return {path.name for path in (store / "v1" / studio / "b").glob("*/*")}


def make_old(store: Path) -> None:
    """Let everything in a store be forty days old."""
    then = time.time() - OLD_SECONDS
    for path in store.rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))


def work(machine: Workstation, folder: Path, *options: str) -> None:
    """Have a machine render, keep a portrait, and hand all of it in."""
    scene = make_scene(folder)
    machine.run("topup", "5")
    job = machine.run("render", str(scene), *options, "--out", str(folder / "out"))["job"]
    assert job["state"] in AT_REST and job["frames"]["done"] == 2
    portrait = folder / "portrait.png"
    Image.new("RGB", (64, 64), (len(machine.data.name), 0, 0)).save(portrait)
    machine.run("profile", "--picture", str(portrait))
    machine.run("sync")


def test_only_garbage_goes(machines: tuple[Workstation, Workstation], tmp_path: Path) -> None:
    founder, artist = machines
    work(founder, tmp_path / "scene-1")
    work(artist, tmp_path / "scene-2", "--fresh")
    share = founder.data.with_name("share")
    # Two frames and their thumbnails from each, and two portraits; small pictures are their own.
    wait_until(
        lambda: (
            founder.run("sync") and artist.run("sync") and len(list_blobs(share, "atelier")) >= 4
        ),
        seconds=60,
        what="results are in the shared folder",
    )
    stores = {"here": (founder.data / "store", STUDIO), "studio": (share, "atelier")}
    named = {where: list_blobs(*place) for where, place in stores.items()}
    for folder, studio in stores.values():
        Blobs(FolderStore(folder), studio).add_bytes(b"garbage")
        make_old(folder)
        Blobs(FolderStore(folder), studio).add_bytes(b"young garbage")
    young = sha256(b"young garbage").hexdigest()
    for where, options in (("here", ()), ("studio", ("--studio",))):
        before = list_blobs(*stores[where])
        told = founder.run("store", "clean", "--dry-run", *options)
        assert (told["where"], told["removed"]) == (where, 0)
        assert list_blobs(*stores[where]) == before
        done = founder.run("store", "clean", *options)
        assert done["blobs"] == done["removed"] == told["blobs"] >= 1
        left = list_blobs(*stores[where])
        assert young in left and sha256(b"garbage").hexdigest() not in left
        assert left - {young} <= named[where]
    for machine in machines:
        assert machine.run("audit")["clean"]
        for job in machine.run("jobs")["items"]:
            for number in (1, 2):
                assert machine.fetch(f"/jobs/{job['id']}/frames/{number}/picture").ok
        account = machine.run("whoami")["id"]
        assert machine.fetch(f"/people/{account}/avatar").ok
    again = founder.run(
        "render", str(tmp_path / "scene-1" / "ball.pov"), "--out", str(tmp_path / "o")
    )
    assert again["job"]["frames"]["reused"] == 2, "frames that were rendered are there still"


def test_an_artist_clears_no_studio(machines: tuple[Workstation, Workstation]) -> None:
    founder, _ = machines
    late = Workstation(founder.data.with_name("late"))
    late.run("studio", "join", founder.run("studio", "invite")["invite"])
    try:
        assert late.fail("store", "clean", "--studio") == "no_minting_key"
        assert late.run("store", "clean")["removed"] == 0
        # Nor does it make money: what nobody could sign would wait for ever.
        assert late.fail("topup", "5") == late.fail("withdraw", "5") == "no_minting_key"
        assert late.run("sync")["unsealed"] == 0
    finally:
        late.finish("stop")
