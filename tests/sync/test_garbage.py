"""Clearing: nothing that anything names is ever removed, and nothing young."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_server.farm.errors import BadInput, Unavailable
from sync.blobs import KEPT_FOR_MS, Blobs, Digest
from sync.folder_store import FolderStore
from sync.garbage import GRACE_MS, clear_blobs, plan_clearing
from sync.manifest import Entry, build_manifest
from sync.memory_store import MemoryStore
from sync.records import put_record
from sync.store import Store
from tests.sync.conftest import STUDIO
from tests.sync.test_records import RECORD


def later(days: int) -> Callable[[], int]:
    """Return a clock that is some days on."""
    return lambda: time.time_ns() // 1_000_000 + days * 24 * 3_600_000


def key_of(digest: Digest) -> str:
    return f"v1/{STUDIO}/b/{digest[:2]}/{digest}"


def test_what_is_named_stays(store: Store) -> None:
    blobs = Blobs(store, STUDIO)
    asset, picture, mentioned, root = (blobs.add_bytes(bytes([n])) for n in range(4))
    garbage = blobs.add_bytes(b"garbage")
    manifest = build_manifest([Entry(path="scene.blend", sha256=asset, size=1)], "scene.blend")
    package = blobs.add_bytes(manifest.to_bytes())
    put_record(store, STUDIO, replace(RECORD, picture=picture, size_bytes=1))
    job = json.dumps({"op": "job", "manifest": package}).encode()
    store.put_if_absent(f"v1/{STUDIO}/d/dev/0001/0000000001", job)
    store.put_if_absent(f"v1/{STUDIO}/t/0000000001", b"avatar:" + mentioned.encode() + b"\n")
    plan = plan_clearing(store, STUDIO, [root], clock_ms=later(40))
    assert plan.keys == (key_of(garbage),)
    assert plan.size_bytes == 7
    assert blobs.has(garbage)  # a plan removes nothing
    assert clear_blobs(store, STUDIO, plan, [root], clock_ms=later(40)) == 1
    assert not blobs.has(garbage)
    assert all(blobs.has(one) for one in (asset, picture, mentioned, root, package))


def test_a_young_manifest_keeps_what_it_lists(tmp_path: Path) -> None:
    """Who packs again what was packed long ago asks for the manifest alone."""
    root = tmp_path / "store"
    root.mkdir()
    store = FolderStore(root)
    blobs = Blobs(store, STUDIO)
    asset = blobs.add_bytes(b"x")
    manifest = build_manifest([Entry(path="scene.blend", sha256=asset, size=1)], "scene.blend")
    package = blobs.add_bytes(manifest.to_bytes())
    for one in (asset, package):
        os.utime(root / key_of(one), (1, 1))
    assert plan_clearing(store, STUDIO, []).keys == tuple(sorted(map(key_of, (asset, package))))
    assert blobs.keep(package) is not None
    assert plan_clearing(store, STUDIO, []).keys == ()


class Interrupted(MemoryStore):
    """A store that something happens to before a blob is deleted."""

    def __init__(self, before: Callable[[list[str]], None]) -> None:
        super().__init__()
        self.before, self.deleted = before, list[str]()

    def delete_blob(self, key: str) -> None:
        self.before(self.deleted)
        self.deleted.append(key)
        super().delete_blob(key)


def fill_old(store: MemoryStore, packages: int) -> list[tuple[Digest, list[Digest]]]:
    """Keep packages of two files that nobody used for long; return manifests and files."""
    blobs = Blobs(store, STUDIO)
    found: list[tuple[Digest, list[Digest]]] = []
    for package in range(packages):
        files = [blobs.add_bytes(f"{package}-{number}".encode()) for number in range(2)]
        entries = [Entry(path=f"{at}.blend", sha256=one, size=3) for at, one in enumerate(files)]
        manifest = build_manifest(entries, "0.blend").to_bytes()
        found.append((blobs.add_bytes(manifest), files))
    store._written_at_ms = dict.fromkeys(store._written_at_ms, 0)
    return found


@pytest.mark.parametrize("cut", range(12))
def test_wherever_clearing_is_cut_off_a_manifest_has_all_that_it_lists(cut: int) -> None:
    """Who packs again believes it, so a part that is missing would be missing for ever."""

    def cut_off(deleted: list[str]) -> None:
        if len(deleted) == cut:
            raise KeyboardInterrupt

    store = Interrupted(cut_off)
    packages, blobs = fill_old(store, 4), Blobs(store, STUDIO)
    with pytest.raises(KeyboardInterrupt):
        clear_blobs(store, STUDIO, plan_clearing(store, STUDIO, []), [])
    for manifest, files in packages:
        assert not blobs.has(manifest) or all(blobs.has(one) for one in files)


def test_a_manifest_that_is_asked_for_while_clearing_keeps_what_it_lists() -> None:
    def pack_again(deleted: list[str]) -> None:
        if not deleted:
            kept.extend(one for one in packages if Blobs(store, STUDIO).keep(one[0]) is not None)

    kept: list[tuple[Digest, list[Digest]]] = []
    store = Interrupted(pack_again)
    packages, blobs = fill_old(store, 4), Blobs(store, STUDIO)
    clear_blobs(store, STUDIO, plan_clearing(store, STUDIO, []), [])
    left = [one for one in kept if blobs.has(one[0])]
    assert len(left) >= 3
    assert all(blobs.has(file) for _, files in left for file in files)


def test_what_is_young_stays(store: Store) -> None:
    blobs = Blobs(store, STUDIO)
    blobs.add_bytes(b"garbage")
    plan = plan_clearing(store, STUDIO, [], clock_ms=later(29))
    assert (plan.keys, plan.young) == ((), 1)
    with pytest.raises(BadInput) as caught:
        plan_clearing(store, STUDIO, [], grace_ms=KEPT_FOR_MS)
    assert caught.value.code == "grace_too_short"


def test_what_is_named_or_used_after_the_plan_stays(tmp_path: Path) -> None:
    store = MemoryStore()
    blobs = Blobs(store, STUDIO)
    source = tmp_path / "source"
    source.write_bytes(b"used again")
    used, named = blobs.add_file(source), blobs.add_bytes(b"named later")
    for digest in (used, named):
        store._written_at_ms[key_of(digest)] = 0
    plan = plan_clearing(store, STUDIO, [])
    assert len(plan.keys) == 2
    blobs.add_file(source)  # it is there, so it is not sent; but it is young again
    store.put_if_absent(f"v1/{STUDIO}/t/0000000001", named.encode())
    assert clear_blobs(store, STUDIO, plan, []) == 0


def test_what_cannot_be_marked_as_used_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    Blobs(store, STUDIO).add_bytes(b"garbage, and big for this store")
    monkeypatch.setattr(store, "touch_bytes_max", 10, raising=False)
    plan = plan_clearing(store, STUDIO, [], clock_ms=later(40))
    assert (plan.keys, plan.too_big) == ((), 1)


def test_where_anything_cannot_be_read_nothing_is_garbage() -> None:
    store = MemoryStore()
    blobs = Blobs(store, STUDIO)
    blobs.add_bytes(b"garbage")
    newer = blobs.add_bytes(b'{"entries":[],"scene":"x","version":99}')
    with pytest.raises(Unavailable) as caught:
        plan_clearing(store, STUDIO, [newer], clock_ms=later(40))
    assert caught.value.code == "clearing_needs_update"
    store.put_if_absent(f"v1/{STUDIO}/f/{newer}/0000000001", b"no record")
    with pytest.raises(Unavailable) as caught:
        plan_clearing(store, STUDIO, [], clock_ms=later(40))
    assert caught.value.code == "record_damaged"


@given(st.data())
def test_whatever_is_named_is_there_after_clearing(data: st.DataObject) -> None:
    store = MemoryStore()
    blobs = Blobs(store, STUDIO)
    digests = [blobs.add_bytes(bytes([n])) for n in range(8)]
    packages = []
    for _ in range(data.draw(st.integers(0, 3))):
        chosen = data.draw(st.lists(st.sampled_from(digests), min_size=1, unique=True))
        entries = [Entry(path=f"{n}", sha256=one, size=1) for n, one in enumerate(chosen)]
        manifest = build_manifest(entries, "0")
        packages.append((blobs.add_bytes(manifest.to_bytes()), chosen))
    named = (
        data.draw(st.lists(st.sampled_from(packages), unique_by=lambda one: one[0]))
        if (packages)
        else []
    )
    lone = data.draw(st.lists(st.sampled_from(digests), unique=True))
    roots = [package for package, _ in named] + lone
    plan = plan_clearing(store, STUDIO, roots, clock_ms=later(40))
    clear_blobs(store, STUDIO, plan, roots, clock_ms=later(40))
    wanted = {*roots, *(one for _, chosen in named for one in chosen)}
    assert {one for one in [*digests, *(p for p, _ in packages)] if blobs.has(one)} == wanted
    assert GRACE_MS > 2 * KEPT_FOR_MS
