"""Garbage: blobs that nothing names any more, found by marking, and only removed when old.

Whatever is in doubt stays. Named is what the caller names, every SHA-256 that stands in a log, a
claim or the genesis, what frame records name, and what a manifest lists that is named or young.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from local_server.farm.errors import BadInput, NotFound, Unavailable
from sync.blobs import KEPT_FOR_MS, Blobs, Digest
from sync.entry import READ_BYTES_MAX
from sync.manifest import MANIFEST_BYTES_MAX, parse_manifest
from sync.records import RECORD_BYTES_MAX, parse_record
from sync.store import ListedBlob, Shelf, Store, check_name
from sync.transfers import THREADS, run_together

GRACE_MS = 30 * 24 * 3_600_000
_PAGE = 1000
_LOGS = ("genesis", "t/", "d/", "c/")
_DIGEST = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_MANIFEST_HEAD = b'{"entries":['


@dataclass(frozen=True, kw_only=True, slots=True)
class ClearingPlan:
    """What a clearing would remove, and what it leaves although nothing names it."""

    keys: tuple[str, ...]
    size_bytes: int
    young: int
    too_big: int
    named: int


def plan_clearing(
    store: Store,
    studio: str,
    roots: Iterable[Digest],
    *,
    grace_ms: int = GRACE_MS,
    clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> ClearingPlan:
    """Find the blobs that nothing names and that are older than the grace; remove nothing.

    `roots` are what only this machine knows: manifests and pictures of jobs that are in no log
    yet. Raises `BadInput` (`grace_too_short`) for a grace in which a package might be under way,
    `Unavailable` where anything cannot be read: then nothing is known to be garbage.
    """
    if grace_ms < 2 * KEPT_FOR_MS:
        raise BadInput("grace_too_short", hours=2 * KEPT_FOR_MS // 3_600_000)
    assert isinstance(store, Shelf)
    oldest_ms = clock_ms() - grace_ms
    # Listed before it is marked: what is added meanwhile is not in the list.
    listed = list(_list_blobs(store, studio))
    named = find_named(store, studio, roots)
    named |= _find_in_young(Blobs(store, studio), listed, named, oldest_ms)
    keys, size_bytes, young, too_big = [], 0, 0, 0
    for blob in listed:
        if name_in_key(blob.key) in named:
            continue
        if blob.modified_at_ms > oldest_ms:
            young += 1
            continue
        if blob.size_bytes > store.touch_bytes_max:
            # It could not be made young, so it may be in use by what nothing names yet.
            too_big += 1
            continue
        keys.append(blob.key)
        size_bytes += blob.size_bytes
    return ClearingPlan(
        keys=tuple(keys), size_bytes=size_bytes, young=young, too_big=too_big, named=len(named)
    )


def clear_blobs(
    store: Store,
    studio: str,
    plan: ClearingPlan,
    roots: Iterable[Digest],
    *,
    grace_ms: int = GRACE_MS,
    clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> int:
    """Remove what a plan lists and what is still garbage now; return how many are gone.

    What was named or used since the plan was made stays: using an old blob makes it young.
    Manifests go first, for whoever packs again takes one as proof of all that it lists; what a
    manifest lists that was asked for at the last moment stays with it.
    """
    assert isinstance(store, Shelf)
    again = plan_clearing(store, studio, roots, grace_ms=grace_ms, clock_ms=clock_ms)
    blobs, doomed = Blobs(store, studio), sorted(set(plan.keys) & set(again.keys))
    names = run_together(
        lambda key: _read_manifest_names(blobs, Digest(name_in_key(key))), doomed, THREADS
    )
    listed = dict(zip(doomed, names, strict=True))
    kept: set[str] = set()

    def remove(key: str) -> bool:
        info = store.head(key)
        if info is None or info.modified_at_ms is None or name_in_key(key) in kept:
            return False
        if info.modified_at_ms <= clock_ms() - grace_ms:
            store.delete_blob(key)
            return True
        kept.update(listed[key])
        return False

    gone = sum(remove(key) for key in doomed if listed[key])
    plain = [key for key in doomed if not listed[key]]
    return gone + sum(run_together(remove, plain, THREADS))


def name_in_key(key: str) -> str:
    """Return the last part of a key, which names a blob."""
    return key.rpartition("/")[2]


def find_named(store: Store, studio: str, roots: Iterable[Digest]) -> set[str]:
    """Return every digest that something names. Raises `Unavailable` when something is damaged."""
    prefix = f"v1/{check_name(studio)}/"
    named: set[str] = {str(root) for root in roots}
    for part in _LOGS:
        for key in _list_keys(store, prefix + part):
            data = store.get(key, most=READ_BYTES_MAX)
            named |= {found.decode() for found in _DIGEST.findall(data)}
    for key in _list_keys(store, f"{prefix}f/"):
        named |= _read_record_names(store, key)
    blobs = Blobs(store, studio)
    for digest in list(named):
        named |= _read_manifest_names(blobs, Digest(digest))
    return named


def _read_record_names(store: Store, key: str) -> set[str]:
    try:
        record = parse_record(store.get(key, most=RECORD_BYTES_MAX + 1))
    except BadInput:
        raise Unavailable("record_damaged", key=key) from None
    return {str(one) for one in (record.picture, record.thumbnail) if one is not None}


def _find_in_young(
    blobs: Blobs, listed: Sequence[ListedBlob], named: set[str], oldest_ms: int
) -> set[str]:
    """Return what manifests list that nothing names yet: whoever packs again renews these only."""
    found: set[str] = set()
    for blob in listed:
        name = name_in_key(blob.key)
        if blob.modified_at_ms > oldest_ms and name not in named:
            found |= _read_manifest_names(blobs, Digest(name))
    return found


def _read_manifest_names(blobs: Blobs, digest: Digest) -> set[str]:
    """Return what a blob lists if it is a manifest."""
    size_bytes = blobs.size_bytes(digest)
    if size_bytes is None or size_bytes > MANIFEST_BYTES_MAX:
        return set()
    try:
        head = b"".join(blobs.open_range(digest, 0, len(_MANIFEST_HEAD)))
        if head != _MANIFEST_HEAD:
            return set()
        return {str(entry.sha256) for entry in parse_manifest(blobs.read(digest)).entries}
    except NotFound:
        return set()
    except BadInput as error:
        if error.code == "manifest_newer":
            # What a later program lists cannot be read here, so nothing can be called garbage.
            raise Unavailable("clearing_needs_update") from error
        return set()


def _list_blobs(store: Shelf, studio: str) -> Iterator[ListedBlob]:
    prefix, last = f"v1/{check_name(studio)}/b/", ""
    while page := store.list_blobs(prefix, after=last, limit=_PAGE):
        yield from page
        last = page[-1].key


def _list_keys(store: Store, prefix: str) -> Iterator[str]:
    last = ""
    while page := store.list(prefix, after=last, limit=_PAGE):
        yield from page
        last = page[-1]
