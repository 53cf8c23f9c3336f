"""What a bucket does beyond the contract: answers get lost, big blobs are cut off, keys expire."""

import hashlib
import threading
import tracemalloc
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from keyring.errors import KeyringLocked

from local_server.farm.errors import BadInput, Unavailable
from sync.bucket_address import (
    BucketKey,
    find_bucket_key,
    parse_bucket_address,
)
from sync.folder_store import FolderStore
from sync.limits import Bandwidth
from sync.memory_store import MemoryStore
from sync.oss_store import OssStore
from sync.oss_upload import PART_BYTES, find_part_bytes
from sync.stores import open_store
from tests.oss_server.server import read_clock_ms
from tests.sync.conftest import KEY, Bucket

ENTRY = "v1/s/t/0000000001"
SDKS = pytest.mark.parametrize("sdk", ["oss2", "v2"])


def make_big(folder: Path, parts: int) -> tuple[Path, str]:
    """Write a file of some parts and a bit, and return it with its key."""
    source, seen = folder / "big", hashlib.sha256()
    with source.open("wb") as opened:
        for number in range(parts):
            block = bytes([number]) * PART_BYTES
            opened.write(block)
            seen.update(block)
        opened.write(b"end")
        seen.update(b"end")
    return source, f"v1/s/b/{seen.hexdigest()[:2]}/{seen.hexdigest()}"


@SDKS
@pytest.mark.parametrize("fault", ["lose", "drop", "503", "crc", "truncate:0"])
def test_what_passes_is_tried_again(bucket: Bucket, sdk: str, fault: str) -> None:
    store = bucket.open(sdk)
    bucket.server.faults.replace(f"{fault}@times=2")
    assert store.put_if_absent(ENTRY, b"mine")
    bucket.server.faults.replace(f"{fault}@times=2")
    assert store.get(ENTRY) == b"mine"
    bucket.server.faults.replace(f"{fault}@times=2")
    assert store.list("v1/") == (ENTRY,)
    assert not store.put_if_absent(ENTRY, b"another's")
    store.close()


@SDKS
def test_a_lost_answer_is_looked_up(bucket: Bucket, sdk: str) -> None:
    store = bucket.open(sdk)
    # Done at the first try, the answer lost: the second try finds the key taken, by us.
    bucket.server.faults.replace("lose@verb=PUT,nth=1")
    assert store.put_if_absent(ENTRY, b"mine")
    # Dropped at the first try, and another is faster before the second.
    bucket.server.faults.replace("drop@verb=PUT,nth=1")
    assert not store.put_if_absent(ENTRY, b"other bytes")
    # Done, and no answer ever comes: what stands there decides.
    bucket.server.faults.replace("lose@verb=PUT")
    assert store.put_if_absent("v1/s/t/0000000002", b"mine")
    assert not store.put_if_absent(ENTRY, b"other bytes")
    bucket.server.faults.replace("drop@verb=PUT")
    with pytest.raises(Unavailable) as caught:
        store.put_if_absent("v1/s/t/0000000003", b"mine")
    assert caught.value.code == "store_unreachable"
    store.close()


@SDKS
def test_a_flipped_bit_is_noticed(bucket: Bucket, sdk: str) -> None:
    store = bucket.open(sdk)
    store.put_if_absent(ENTRY, b"mine")
    bucket.server.faults.replace("flip@verb=GET,times=1")
    assert store.get(ENTRY) == b"mine"
    store.close()


@SDKS
@pytest.mark.parametrize("fault", ["flip", "truncate:10", "crc"])
def test_a_beginning_has_no_checksum_and_is_read_twice(
    bucket: Bucket, sdk: str, fault: str
) -> None:
    """A bit that flips in it would make one machine name another `prev` than all others."""
    store = bucket.open(sdk)
    store.put_if_absent(ENTRY, b"far too big for an entry")
    bucket.server.faults.replace(f"{fault}@verb=GET,times=1")
    assert store.get(ENTRY, most=11) == b"far too big"
    bucket.server.faults.replace(f"{fault}@verb=GET,times=1")
    assert store.get(ENTRY, most=100) == b"far too big for an entry"
    store.close()


@SDKS
def test_a_big_blob_goes_on_where_it_was_cut_off(bucket: Bucket, sdk: str, tmp_path: Path) -> None:
    source, key = make_big(tmp_path, 5)
    store = bucket.open(sdk, options="&parallel=1")
    bucket.server.faults.replace("".join(f"drop@verb=PUT,nth={n};" for n in range(4, 40)))
    with pytest.raises(Unavailable):
        store.put_blob(key, source)
    store.close()
    bucket.server.faults.replace("")
    bucket.server.requests.clear()
    told: list[int] = []
    # Another machine, or this one after a restart.
    other = bucket.open(sdk)
    assert other.send_blob(key, source, told.append)
    assert sum(told) == source.stat().st_size
    sent = [verb for verb, name in bucket.server.requests if verb == "PUT" and key in name]
    assert len(sent) == 3  # three of six were there
    assert other.get_range(key, PART_BYTES - 1, 2) == b"\x00\x01"
    assert not other.put_blob(key, source)
    other.close()


@SDKS
def test_the_answer_to_a_completion_is_lost(bucket: Bucket, sdk: str, tmp_path: Path) -> None:
    source, key = make_big(tmp_path, 1)
    store = bucket.open(sdk)
    bucket.server.faults.replace("lose@verb=POST,nth=2")
    store.put_blob(key, source)
    head = store.head(key)
    assert head is not None
    assert head.size_bytes == source.stat().st_size
    store.close()


def test_a_big_file_that_changes_is_refused(bucket: Bucket, tmp_path: Path) -> None:
    source, key = make_big(tmp_path, 1)
    with source.open("ab") as opened:
        opened.write(b"!")
    store = bucket.open()
    with pytest.raises(BadInput) as caught:
        store.put_blob(key, source)
    assert caught.value.code == "asset_changing"
    assert store.head(key) is None
    store.close()


def test_two_machines_bring_one_blob(bucket: Bucket, tmp_path: Path) -> None:
    source, key = make_big(tmp_path, 3)
    stores = [bucket.open() for _ in range(2)]
    threads = [threading.Thread(target=one.put_blob, args=(key, source)) for one in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hashlib.sha256(stores[0].get(key)).hexdigest() in key
    for one in stores:
        one.close()


def test_memory_holds_a_few_parts_only(bucket: Bucket, tmp_path: Path) -> None:
    source = tmp_path / "sparse"
    with source.open("wb") as opened:
        opened.truncate(40 * PART_BYTES)
    with source.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    store = bucket.open(options="&parallel=2")
    tracemalloc.start()
    try:
        store.put_blob(f"v1/s/b/{digest[:2]}/{digest}", source)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        store.close()
    assert peak < 8 * PART_BYTES


@SDKS
def test_troubles_have_names(bucket: Bucket, sdk: str) -> None:
    def failure(store: OssStore) -> str:
        with pytest.raises(Unavailable) as caught:
            store.put_if_absent(ENTRY, b"")
        store.close()
        return caught.value.code

    assert failure(bucket.open(sdk, key=BucketKey("nobody", "s"))) == "store_key_wrong"
    assert failure(bucket.open(sdk, key=BucketKey(KEY.id, "s"))) == "store_key_wrong"
    assert failure(bucket.open(sdk, key=BucketKey("reader", "r"))) == "store_bucket_refused"
    nowhere = Bucket(server=bucket.server, name="no-such-bucket")
    assert failure(nowhere.open(sdk)) == "store_bucket_missing"
    closed = "&endpoint=" + quote("http://127.0.0.1:9", safe="")
    assert failure(bucket.open(sdk, options=closed)) == "store_unreachable"
    bucket.server.clock_ms = lambda: read_clock_ms() + 3_600_000
    assert failure(bucket.open(sdk)) == "store_clock_wrong"
    bucket.server.clock_ms = read_clock_ms


@SDKS
def test_a_bucket_that_ever_had_versions_is_no_store(bucket: Bucket, sdk: str) -> None:
    store = bucket.open(sdk)
    for status in ("Enabled", "Suspended"):
        with bucket.server.state.change():
            kept = bucket.server.state.get_bucket(bucket.name)
            kept.versioning = status
            bucket.server.state.keep_bucket(kept)
        with pytest.raises(Unavailable) as caught:
            store.probe()
        assert caught.value.code == "store_versioned"
    store.close()


@SDKS
def test_a_domain_of_ones_own_behind_a_proxy(bucket: Bucket, sdk: str) -> None:
    bucket.server.make_bucket("named-bucket")
    named = Bucket(server=bucket.server, name="named-bucket")
    proxy = quote(bucket.server.endpoint, safe="")
    options = f"&cname=1&endpoint=http://files.studio.example&proxy={proxy}"
    store = named.open(sdk, options=options)
    store.put_if_absent(f"v1/{sdk}/genesis", b"here")
    plain = named.open(sdk)
    assert plain.get(f"v1/{sdk}/genesis") == b"here"
    store.close()
    plain.close()


def test_addresses_and_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    address = parse_bucket_address("oss://studio/north/?region=cn-beijing&mbps=80&parallel=2")
    assert address.endpoint == "https://oss-cn-beijing.aliyuncs.com"
    assert (address.prefix, address.shown) == ("north", "oss://studio/north")
    for wrong in ("oss://", "oss://b", "oss://id:secret@b?region=r", "oss://b?region=r&secret=s"):
        with pytest.raises(BadInput) as caught:
            parse_bucket_address(wrong)
        assert caught.value.code == "store_address_unknown"
        assert "secret=s" not in str(caught.value)
    for name in ("OSS_ACCESS_KEY_ID", "YUNTU_BUCKET_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Unavailable) as missing:
        open_store("oss://studio?region=cn-beijing")
    assert missing.value.code == "store_key_missing"
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", "from-environment")
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", "s")
    assert find_bucket_key("studio").id == "from-environment"
    file = tmp_path / "key"
    file.write_text("from-file\nsecret\n")
    monkeypatch.setenv("YUNTU_BUCKET_KEY_FILE", str(file))
    assert find_bucket_key("studio") == BucketKey("from-file", "secret")


def test_a_keyring_that_is_locked_meanwhile_is_a_key_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OSS_ACCESS_KEY_ID", "YUNTU_BUCKET_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)

    def look_up(name: str) -> str:
        raise KeyringLocked(name)

    with pytest.raises(Unavailable) as missing:
        find_bucket_key("studio", look_up)
    assert missing.value.code == "store_key_missing"


@given(st.lists(st.integers(min_value=1, max_value=5_000_000), max_size=40))
def test_bandwidth_is_never_above_its_limit(counts: list[int]) -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    line = Bandwidth(1_000_000, clock=lambda: now, sleep=sleep)
    for count in counts:
        line.take(count)
    # A second's worth may come at once.
    assert sum(counts) <= 1_000_000 * (now + 1) + 1


def test_parts_are_never_too_many() -> None:
    for size_bytes in (1, PART_BYTES, 1 << 40, 48 << 40):
        assert size_bytes / find_part_bytes(size_bytes) <= 9_000


@SDKS
def test_an_address_reads_one_object_for_a_while(bucket: Bucket, sdk: str) -> None:
    store = bucket.open(sdk)
    store.put_if_absent(ENTRY, b"for whoever has the address")
    address = store.sign_url(ENTRY, seconds=60)
    assert address is not None
    assert KEY.secret not in address
    answer = requests.get(address, headers={"Range": "bytes=4-11"}, timeout=10)
    assert (answer.status_code, answer.content) == (206, b"whoever ")
    other = address.replace("0000000001", "0000000002")
    assert requests.get(other, timeout=10).status_code == 403
    assert requests.put(address, data=b"mine now", timeout=10).status_code == 403
    store.close()


def test_what_is_no_bucket_gives_no_address(tmp_path: Path) -> None:
    assert FolderStore(tmp_path).sign_url(ENTRY, seconds=60) is None
    assert MemoryStore().sign_url(ENTRY, seconds=60) is None
    with pytest.raises(BadInput):
        MemoryStore().sign_url("../etc", seconds=60)
