"""Blobs: named by what they hold, copied once, verified on the way out."""

import os
import threading
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_server.farm.errors import BadInput, NotFound, Unavailable
from sync.blobs import SMALL_BYTES_MAX, Blobs, Digest, digest_bytes, parse_digest
from sync.memory_store import MemoryStore
from sync.store import Store
from tests.sync.conftest import STUDIO, make_folder_store

NOWHERE = Digest("0" * 64)


@given(data=st.binary(max_size=2000))
def test_bytes_come_back(data: bytes) -> None:
    blobs = Blobs(MemoryStore(), STUDIO)
    digest = blobs.add_bytes(data)
    assert digest == digest_bytes(data) == parse_digest(digest)
    assert blobs.add_bytes(data) == digest
    assert blobs.read(digest) == data
    assert blobs.size_bytes(digest) == len(data)


def test_a_file_comes_back(store: Store, tmp_path: Path) -> None:
    blobs = Blobs(store, STUDIO)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"picture" * 500_000)
    digest, size = blobs.add_file_sized(source)
    assert size == source.stat().st_size
    assert blobs.has(digest)
    target.write_bytes(b"what was there before")
    blobs.fetch(digest, target)
    assert target.read_bytes() == source.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "source",
        "target",
    ]


def test_studios_do_not_share(store: Store) -> None:
    digest = Blobs(store, "one").add_bytes(b"x")
    assert not Blobs(store, "two").has(digest)
    with pytest.raises(BadInput):
        Blobs(store, "../two")


def test_what_is_there_is_not_copied_again(blobs: Blobs, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 1000)
    digest = blobs.add_file(source)
    kept = tmp_path / "store" / "v1" / STUDIO / "b" / digest[:2] / digest
    before = kept.stat()
    incoming = (tmp_path / "store" / ".incoming").stat().st_mtime_ns
    assert blobs.add_file(source) == digest
    after = kept.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert (tmp_path / "store" / ".incoming").stat().st_mtime_ns == incoming


def test_ranges(store: Store) -> None:
    blobs = Blobs(store, STUDIO)
    data = bytes(range(256)) * (40_000 + 1)
    digest = blobs.add_bytes(data)
    assert b"".join(blobs.open_range(digest)) == data
    assert b"".join(blobs.open_range(digest, 5, 10)) == data[5:15]
    assert b"".join(blobs.open_range(digest, len(data) - 3, 10)) == data[-3:]
    assert b"".join(blobs.open_range(digest, len(data) + 3, 10)) == b""
    with pytest.raises(NotFound):
        blobs.open_range(NOWHERE)


def test_what_is_not_there_is_told(store: Store, tmp_path: Path) -> None:
    blobs = Blobs(store, STUDIO)
    assert not blobs.has(NOWHERE)
    with pytest.raises(NotFound):
        blobs.read(NOWHERE)
    with pytest.raises(NotFound):
        blobs.fetch(NOWHERE, tmp_path / "target")
    with pytest.raises(BadInput) as caught:
        blobs.add_file(tmp_path / "gone")
    assert caught.value.code == "asset_unreadable"
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("damage", [b"", b"shorter", b"same length!", b"longer than before"])
def test_damage_is_noticed(blobs: Blobs, tmp_path: Path, damage: bytes) -> None:
    digest = blobs.add_bytes(b"twelve bytes")
    kept = tmp_path / "store" / "v1" / STUDIO / "b" / digest[:2] / digest
    kept.write_bytes(damage)
    with pytest.raises(Unavailable) as caught:
        blobs.read(digest)
    assert caught.value.code == "blob_damaged"
    with pytest.raises(Unavailable) as caught:
        blobs.fetch(digest, tmp_path / "target")
    assert caught.value.code == "blob_damaged"
    assert not (tmp_path / "target").exists()
    assert not list(tmp_path.glob(".*.part"))


def test_a_target_that_cannot_be_written_is_told(blobs: Blobs, tmp_path: Path) -> None:
    digest = blobs.add_bytes(b"x")
    with pytest.raises(Unavailable) as caught:
        blobs.fetch(digest, tmp_path / "no" / "folder")
    assert caught.value.code == "target_unwritable"


def test_what_is_huge_is_not_taken_into_memory(blobs: Blobs, tmp_path: Path) -> None:
    digest = blobs.add_bytes(b"twelve bytes")
    os.truncate(tmp_path / "store" / "v1" / STUDIO / "b" / digest[:2] / digest, 3 << 30)
    with pytest.raises(Unavailable, match="blob_damaged"):
        blobs.read(digest)


def test_small_files_are_read_in_their_order(blobs: Blobs, tmp_path: Path) -> None:
    sizes = [*range(40), SMALL_BYTES_MAX + 1, 7]
    paths = [str(tmp_path / f"file-{place}") for place in range(len(sizes))]
    for path, size in zip(paths, sizes, strict=True):
        Path(path).write_bytes(b"x" * size)
    kept = blobs.add_small_files(paths)
    assert kept == [(digest_bytes(b"x" * size), size) for size in sizes]
    assert all(len(blobs.read(digest)) == size for digest, size in kept)
    with pytest.raises(BadInput, match="asset_unreadable"):
        blobs.add_small_files([*paths, str(tmp_path / "gone")])


class RestlessStore(MemoryStore):
    """A store into which a file is copied just when somebody saves it again."""

    def __init__(self, saves: int) -> None:
        super().__init__()
        self.saves = saves

    def put_blob(self, key: str, source: Path) -> bool:
        if self.saves:
            self.saves -= 1
            source.write_bytes(source.read_bytes() + b"!")
        return super().put_blob(key, source)


def test_a_file_saved_while_it_is_hashed_is_tried_once_more(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"saved" * 300_000)
    blobs = Blobs(RestlessStore(1), STUDIO)
    assert blobs.read(blobs.add_file(source)) == b"saved" * 300_000 + b"!"


def test_a_file_that_does_not_hold_still_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"saved" * 300_000)
    store = RestlessStore(2)
    with pytest.raises(BadInput) as caught:
        Blobs(store, STUDIO).add_file(source)
    assert caught.value.code == "asset_changing"
    assert caught.value.params == {"path": str(source)}
    assert store.list("") == ()


def test_memory_does_not_grow_with_the_file(blobs: Blobs, tmp_path: Path) -> None:
    source = tmp_path / "source"
    with source.open("wb") as opened:
        opened.truncate(100 << 20)
    tracemalloc.start()
    try:
        digest = blobs.add_file(source)
        blobs.fetch(digest, tmp_path / "target")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30 << 20


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=100))
def test_many_threads_add_one_blob(tmp_path: Path, data: bytes) -> None:
    blobs = Blobs(make_folder_store(tmp_path), STUDIO)
    source = tmp_path / "source"
    source.write_bytes(data)
    digests: list[Digest] = []
    threads = [
        threading.Thread(target=lambda: digests.append(blobs.add_file(source))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert digests == [digest_bytes(data)] * 4
    assert blobs.read(digests[0]) == data
