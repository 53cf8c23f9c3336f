"""The contract that every store keeps."""

import hashlib
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_server.farm.errors import BadInput, NotFound
from sync.folder_store import FolderStore
from sync.memory_store import MemoryStore
from sync.store import Store, check_key, is_key
from sync.stores import open_store

HASH = "ab" * 32
KEYS = [
    "v1/s/genesis",
    "v1/s/t/0000000001",
    "v1/s/d/lap-top_2/0001/0000000007",
    "v1/s/c/4f2a9c",
    f"v1/s/b/ab/{HASH}",
    f"v1/s/f/{HASH}/0000000001",
    f"v1/s/f/{HASH}/m0000000001",
]
NOT_KEYS = [
    "",
    "v1",
    "v2/s/genesis",
    "v1/s/genesis/",
    "/v1/s/genesis",
    "v1//genesis",
    "v1/../genesis",
    "v1/S/genesis",
    "v1/s/t/1",
    "v1/s/t/0000000001 (1)",
    "v1/s/t/0000000001.sync-conflict-20240101",
    "v1/s/t/0000000001\n",
    "v1/s/t/٠٠٠٠٠٠٠٠٠١",
    f"v1/s/b/cd/{HASH}",
    f"v1/s/b/ab/{HASH.upper()}",
    f"v1/s/f/{HASH}/-000000001",
]


def blob_key(data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    return f"v1/s/b/{digest[:2]}/{digest}"


def test_the_first_to_write_a_key_wins(store: Store) -> None:
    assert store.put_if_absent(KEYS[0], b"first")
    assert not store.put_if_absent(KEYS[0], b"second")
    assert store.get(KEYS[0]) == b"first"


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("data", [b"", b"\x00\xff", b"x" * 300_000], ids=len)
def test_what_is_written_is_read(store: Store, key: str, data: bytes) -> None:
    assert store.head(key) is None
    assert store.put_if_absent(key, data)
    assert store.get(key) == data
    info = store.head(key)
    assert info is not None
    assert info.size_bytes == len(data)


def test_of_a_big_object_only_the_beginning_is_read(store: Store) -> None:
    """Whatever lies at a key, and however much of it, cannot fill the memory of who reads it."""
    data = bytes(range(256)) * (1 << 14)
    store.put_if_absent(KEYS[1], data)
    for most in (1, 300_000, len(data) - 1, len(data), len(data) + 1):
        assert store.get(KEYS[1], most=most) == data[:most]
    tracemalloc.start()
    try:
        assert store.get(KEYS[1], most=70_000) == data[:70_000]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < len(data) / 2
    assert store.get(KEYS[1]) == data, "the connection that was cut off stands in nobody's way"
    with pytest.raises(NotFound):
        store.get(KEYS[0], most=70_000)


def test_ranges_end_where_the_object_ends(store: Store) -> None:
    store.put_if_absent(KEYS[0], b"0123456789")
    assert store.get_range(KEYS[0], 2, 3) == b"234"
    assert store.get_range(KEYS[0], 8, 100) == b"89"
    assert store.get_range(KEYS[0], 10, 5) == b""
    assert store.get_range(KEYS[0], 99, 5) == b""
    assert store.get_range(KEYS[0], 0, 0) == b""


def test_what_is_not_there_is_told(store: Store) -> None:
    verbs: list[Callable[[], object]] = [
        lambda: store.get(KEYS[1]),
        lambda: store.get_range(KEYS[1], 0, 1),
    ]
    for read in verbs:
        with pytest.raises(NotFound) as caught:
            read()
        assert caught.value.code == "object_missing"
    assert store.list("v1/") == ()


@pytest.mark.parametrize("key", NOT_KEYS)
def test_names_outside_the_grammar_are_refused(store: Store, key: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"")
    verbs: list[Callable[[], object]] = [
        lambda: store.put_if_absent(key, b""),
        lambda: store.put_blob(key, source),
        lambda: store.get(key),
        lambda: store.get_range(key, 0, 1),
        lambda: store.head(key),
    ]
    for verb in verbs:
        with pytest.raises(BadInput) as caught:
            verb()
        assert caught.value.code == "key_malformed"


def test_lists_are_sorted_and_paged(store: Store) -> None:
    keys = sorted(
        [f"v1/s/t/{number:010}" for number in range(30)]
        + ["v1/s/genesis", "v1/s-2/genesis", "v1/s2/genesis", "v1/a/c/job", "v1/a/c/job-2"]
        + ["v1/s/d/a/0001/0000000001", "v1/s/d/a-b/0001/0000000001"]
    )
    for key in reversed(keys):
        store.put_if_absent(key, b"")
    assert list(store.list("")) == keys
    assert list(store.list("v1/s/")) == [key for key in keys if key.startswith("v1/s/")]
    assert list(store.list("v1/s")) == [key for key in keys if key.startswith("v1/s")]
    assert list(store.list("v1/s/t/000000001")) == [f"v1/s/t/{n:010}" for n in range(10, 20)]
    assert store.list("v1/nobody/") == ()
    assert store.list("v1/s/t/0000000001/") == ()
    paged: list[str] = []
    while page := store.list("v1/", after=paged[-1] if paged else "", limit=7):
        assert len(page) <= 7
        paged.extend(page)
    assert paged == keys
    for after in ("v1/s/d/a", "v1/s/d/a-b/0001", "v1/s/t/0000000003", "v2", "a"):
        assert list(store.list("v1/", after=after)) == [key for key in keys if key > after]
    with pytest.raises(BadInput):
        store.list("../")


def test_a_blob_is_copied_once(store: Store, tmp_path: Path) -> None:
    data = bytes(range(256)) * 9000
    source = tmp_path / "source"
    source.write_bytes(data)
    assert store.put_blob(blob_key(data), source)
    assert not store.put_blob(blob_key(data), source)
    source.write_bytes(b"edited in place")
    assert store.get(blob_key(data)) == data


def test_bytes_that_are_not_what_the_key_says_are_refused(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"other")
    with pytest.raises(BadInput) as caught:
        store.put_blob(blob_key(b"wanted"), source)
    assert caught.value.code == "asset_changing"
    assert store.head(blob_key(b"wanted")) is None


def test_a_source_that_cannot_be_read_is_the_artists_matter(store: Store, tmp_path: Path) -> None:
    for source in (tmp_path / "gone", tmp_path):
        with pytest.raises(BadInput) as caught:
            store.put_blob(blob_key(b"wanted"), source)
        assert caught.value.code == "asset_unreadable"
    with pytest.raises(BadInput) as caught:
        store.put_blob(KEYS[0], tmp_path / "gone")
    assert caught.value.code == "key_malformed"


def test_of_many_writers_one_wins(store: Store) -> None:
    barrier, won = threading.Barrier(8), []

    def write(number: int) -> None:
        barrier.wait()
        if store.put_if_absent(KEYS[2], str(number).encode()):
            won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.get(KEYS[2]) == str(won[0]).encode()
    assert len(won) == 1


def test_a_sound_store_passes_its_probe(store: Store) -> None:
    store.probe()
    store.probe()
    assert store.list("") == ()


def test_the_grammar_knows_its_keys() -> None:
    assert all(is_key(key) and check_key(key) == key for key in KEYS)
    assert not any(is_key(key) for key in NOT_KEYS)


@given(st.text(max_size=60))
def test_no_other_text_is_a_key(text: str) -> None:
    assert not is_key(text) or text.startswith("v1/")


def test_addresses_open_stores(tmp_path: Path) -> None:
    assert isinstance(open_store("memory:"), MemoryStore)
    for address in (str(tmp_path), f"folder:{tmp_path}"):
        opened = open_store(address)
        assert isinstance(opened, FolderStore)
        assert opened.put_if_absent("v1/s/genesis", b"") == (address == str(tmp_path))
    assert isinstance(open_store(r"C:\shares\farm"), FolderStore)
    for address in ("", " ", "s3://bucket", "oss:bucket"):
        with pytest.raises(BadInput) as caught:
            open_store(address)
        assert caught.value.code == "store_address_unknown"
