"""What is found out about a store before anybody relies on it."""

from pathlib import Path

import pytest

from sync.bucket_address import BucketKey
from sync.fitness import Level, StoreFinding, examine_store, is_fit
from sync.folder_store import FolderStore
from sync.memory_store import MemoryStore
from tests.conftest import SmallDisk
from tests.sync.conftest import Bucket


def levels(findings: tuple[StoreFinding, ...]) -> dict[str, Level]:
    """Return the findings' levels by code."""
    return {one.code: one.level for one in findings}


def test_a_sound_folder(tmp_path: Path) -> None:
    found = examine_store(FolderStore(tmp_path))
    assert is_fit(found)
    assert levels(found)["fit_first_wins"] is Level.GOOD
    assert [path.name for path in (tmp_path / ".incoming").iterdir()] == []
    assert is_fit(examine_store(MemoryStore()))


def test_what_is_odd_about_a_folder(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put_if_absent("v1/s/genesis", b"")
    (tmp_path / "v1/s/genesis (conflicted copy)").write_bytes(b"")
    found = levels(examine_store(store, clock_ms=lambda: 0))
    assert found["fit_strangers"] is Level.WARNING
    assert found["fit_clock_differs"] is Level.WARNING
    gone = examine_store(FolderStore(tmp_path / "gone"))
    assert not is_fit(gone)
    assert levels(gone) == {"store_missing": Level.UNFIT}


def test_a_small_disk_and_a_full_one(small_disk: SmallDisk) -> None:
    store = FolderStore(small_disk.folder)
    assert levels(examine_store(store))["fit_little_space"] is Level.WARNING
    small_disk.fill()
    assert levels(examine_store(store)) == {"store_full": Level.UNFIT}


@pytest.mark.parametrize("sdk", ["oss2", "v2"])
def test_buckets(bucket: Bucket, sdk: str) -> None:
    store = bucket.open(sdk)
    found = levels(examine_store(store))
    assert found == {"fit_first_wins": Level.GOOD, "fit_fast": Level.GOOD}
    assert store.requests.list("", "", 10) == ()
    with bucket.server.state.change():
        kept = bucket.server.state.get_bucket(bucket.name)
        kept.acl = "public-read"
        bucket.server.state.keep_bucket(kept)
    assert levels(examine_store(store, clock_ms=lambda: 0)) == found | {
        "fit_public": Level.WARNING,
        "fit_clock_differs": Level.WARNING,
    }
    with bucket.server.state.change():
        kept.versioning = "Suspended"
        bucket.server.state.keep_bucket(kept)
    assert levels(examine_store(store)) == {"store_versioned": Level.UNFIT}
    store.close()
    reader = bucket.open(sdk, key=BucketKey("reader", "r"))
    with bucket.server.state.change():
        kept.versioning = ""
        bucket.server.state.keep_bucket(kept)
    assert levels(examine_store(reader)) == {"store_bucket_refused": Level.UNFIT}
    reader.close()
