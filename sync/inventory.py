"""Inventory: which of many blobs a store far away has, found with few requests."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sync.store import ListedBlob, ObjectInfo, Shelf, Store

_PAGE = 1000
# A page of a list takes about as long as so many single questions that are asked at once.
_WORTH = 8
_THREADS = 8


def find_many(store: Store, prefix: str, keys: Iterable[str]) -> dict[str, ObjectInfo]:
    """Return what the store says of those objects below a prefix that it has.

    It is listed from one key that is asked for to the next, so that there are never more requests
    than keys; where a page tells of few of them, the rest are asked for one by one.
    """
    wanted = sorted(keys)
    found: dict[str, ObjectInfo] = {}
    assert isinstance(store, Shelf)
    begun = 0
    while begun < len(wanted):
        # Every key is longer than itself without its end, and so comes after it.
        page = store.list_blobs(prefix, after=wanted[begun][:-1], limit=_PAGE)
        known = bisect_right(wanted, page[-1].key) if len(page) == _PAGE else len(wanted)
        found |= _pick(page, wanted[begun:known])
        few, begun = known - begun < _WORTH, known
        if few:
            break
    return found | _ask(store, wanted[begun:])


def _pick(page: Sequence[ListedBlob], wanted: Sequence[str]) -> dict[str, ObjectInfo]:
    asked = set(wanted)
    return {
        one.key: ObjectInfo(size_bytes=one.size_bytes, modified_at_ms=one.modified_at_ms)
        for one in page
        if one.key in asked
    }


def _ask(store: Store, keys: Sequence[str]) -> dict[str, ObjectInfo]:
    if not keys:
        return {}
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="ask") as pool:
        answers = zip(keys, pool.map(store.head, keys), strict=True)
        return {key: info for key, info in answers if info is not None}
