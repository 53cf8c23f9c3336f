"""The contract on disks that are not as they should be: exFAT, read-only, full, odd, crowded."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_server.farm.errors import Unavailable
from sync.blobs import Blobs
from sync.fitness import Level, examine_store, is_fit
from sync.folder_store import FolderStore
from sync.package import fetch_package, plan_package, store_package
from sync.store import Store
from tests.conftest import SmallDisk
from tests.sync.conftest import STUDIO, Bucket
from tests.sync.test_store import blob_key

ENTRY = "v1/s/t/0000000001"
CROWD = 100_000
ODD_NAMES = [
    "with space",
    "云图 存储",
    "emoji-🏮",
    "quote'and\"quote",
    "-dash",
    "dots..",
    "per%cent",
]


def code_of(act: object) -> str:
    assert callable(act)
    with pytest.raises(Unavailable) as caught:
        act()
    return caught.value.code


def test_a_disk_without_hard_links(exfat_disk: Path, tmp_path: Path) -> None:
    """Nothing of which the first must win is written; blobs and packages work; probe says so."""
    store = FolderStore(exfat_disk)
    assert code_of(lambda: store.put_if_absent(ENTRY, b"x")) == "store_no_hard_links"
    assert store.head(ENTRY) is None
    source = tmp_path / "source"
    source.write_bytes(b"blob")
    assert store.put_blob(blob_key(b"blob"), source)
    assert not store.put_blob(blob_key(b"blob"), source)
    assert store.get(blob_key(b"blob")) == b"blob"
    assert store.list("v1/") == (blob_key(b"blob"),)
    store.touch_blob(blob_key(b"blob"))
    found = {one.code: one.level for one in examine_store(store)}
    assert found["fit_treasurer_mode"] is Level.WARNING
    assert found["fit_case_insensitive"] is Level.GOOD
    assert is_fit(examine_store(store))
    assert [path.name for path in (exfat_disk / ".incoming").iterdir()] == []


def test_a_package_is_laid_out_on_such_a_disk(exfat_disk: Path, tmp_path: Path) -> None:
    """A node's cache may be anywhere."""
    root = tmp_path / "store"
    root.mkdir()
    blobs = Blobs(FolderStore(root), STUDIO)
    scene = tmp_path / "project" / "scene.pov"
    scene.parent.mkdir()
    scene.write_text("sphere {}")
    digest = store_package(plan_package(scene), blobs)
    fetch_package(digest, blobs, exfat_disk / digest)
    assert (exfat_disk / digest / "scene.pov").read_text() == "sphere {}"


@pytest.fixture
def read_only(small_disk: SmallDisk) -> Iterator[Path]:
    """A disk that may be read and not written, with an entry and a blob on it."""
    store = FolderStore(small_disk.folder)
    store.put_if_absent(ENTRY, b"entry")
    store.put_if_absent(blob_key(b"blob"), b"blob")
    remount = ["mount", "-o", "remount,ro", str(small_disk.folder)]
    subprocess.run(remount, check=True)
    yield small_disk.folder
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk.folder)], check=True)


def test_a_disk_that_may_only_be_read(read_only: Path, tmp_path: Path) -> None:
    """Reading goes on; writing says why it cannot."""
    store = FolderStore(read_only)
    source = tmp_path / "source"
    source.write_bytes(b"other")
    assert store.get(ENTRY) == b"entry"
    assert set(store.list("v1/")) == {blob_key(b"blob"), ENTRY}
    assert not store.put_blob(blob_key(b"blob"), source)
    assert code_of(lambda: store.put_if_absent(ENTRY, b"")) == "store_not_allowed"
    assert code_of(lambda: store.put_blob(blob_key(b"other"), source)) == "store_not_allowed"
    assert code_of(lambda: store.delete_blob(blob_key(b"blob"))) == "store_not_allowed"
    assert [one.code for one in examine_store(store)] == ["store_not_allowed"]


def test_a_full_disk(small_disk: SmallDisk, tmp_path: Path) -> None:
    """Nothing half is left, what is there can be read, and it goes on when there is room."""
    store = FolderStore(small_disk.folder)
    store.put_if_absent(ENTRY, b"entry")
    source = tmp_path / "source"
    data = os.urandom(3 << 20)
    source.write_bytes(data)
    small_disk.fill()
    assert code_of(lambda: store.put_blob(blob_key(data), source)) == "store_full"
    assert store.get(ENTRY) == b"entry"
    assert list((small_disk.folder / ".incoming").iterdir()) == []
    small_disk.clear()
    assert store.put_blob(blob_key(data), source)
    assert store.get(blob_key(data)) == data


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_of_the_folder_itself(tmp_path: Path, name: str) -> None:
    """Where a store lies is the artist's own business."""
    root = tmp_path / name
    root.mkdir()
    store = FolderStore(root)
    store.probe()
    assert store.put_if_absent(ENTRY, b"x")
    assert store.list("v1/") == (ENTRY,)


def test_conflict_copies_lie_about(tmp_path: Path) -> None:
    """What sync programs leave is neither listed nor read, whatever they call it."""
    store = FolderStore(tmp_path)
    store.put_if_absent(ENTRY, b"entry")
    store.put_if_absent(blob_key(b"blob"), b"blob")
    copies = [
        "0000000001 (1)",
        "0000000001 (SASHA-PC's conflicted copy 2026-11-25)",
        "0000000001.sync-conflict-20261125-101500-ABCDEFG",
        "0000000001~",
        ".0000000001.swp",
        "0000000002.partial",
        "._0000000001",
        "desktop.ini",
        "云端冲突副本0000000001",
    ]
    for copy in copies:
        (tmp_path / "v1/s/t" / copy).write_bytes(b"forged")
    (tmp_path / "v1/s (1)").mkdir()
    (tmp_path / "v1/s (1)" / "genesis").write_bytes(b"forged")
    (tmp_path / ".stfolder").mkdir()
    if sys.platform != "win32":
        (tmp_path / "v1/s/t/0000000009").symlink_to(tmp_path)
    assert ENTRY in store.list("v1/")
    assert [key for key in store.list("v1/s/t/") if key.endswith("1")] == [ENTRY]
    assert store.get(ENTRY) == b"entry"
    assert any(one.code == "fit_strangers" for one in examine_store(store))


def check_crowd(store: Store) -> None:
    """Page through a hundred thousand blobs, and find single ones among them."""
    last, count = "", 0
    while page := store.list("v1/s/b/", after=last, limit=1000):
        assert page[0] > last
        last, count = page[-1], count + len(page)
    assert count == CROWD
    key = crowd_key(CROWD // 2)
    assert store.head(key) is not None
    assert store.get(key) == b""
    assert store.list(key) == (key,)
    assert not store.put_if_absent(key, b"")


def crowd_key(number: int) -> str:
    digest = f"{number * 2654435761 % (1 << 64):016x}" * 4
    return f"v1/s/b/{digest[:2]}/{digest}"


@pytest.mark.torture
def test_a_hundred_thousand_objects_in_a_folder(tmp_path: Path) -> None:
    """Listing by pages does not read everything for each page's end."""
    for number in range(CROWD):
        path = tmp_path / crowd_key(number)
        if number < 65536:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    check_crowd(FolderStore(tmp_path))


@pytest.mark.torture
@pytest.mark.parametrize("sdk", ["oss2", "v2"])
def test_a_hundred_thousand_objects_in_a_bucket(bucket: Bucket, sdk: str) -> None:
    """A hundred requests list them."""
    store = bucket.open(sdk)
    store.put_if_absent(crowd_key(0), b"")
    state = bucket.server.state
    with state.change():
        first = state.find_latest(bucket.name, f"studios/north/{crowd_key(0)}")
        assert first is not None
        for number in range(1, CROWD):
            first.key = f"studios/north/{crowd_key(number)}"
            state.add_version(first)
    bucket.server.requests.clear()
    check_crowd(store)
    assert len(bucket.server.requests) < CROWD / 1000 * 2 + 20
    store.close()
