"""Many blobs asked for at once: right, and with few requests."""

from hypothesis import given
from hypothesis import strategies as st

from sync.blobs import Blobs, digest_bytes
from sync.memory_store import MemoryStore
from sync.store import ListedBlob, ObjectInfo

STUDIO = "studio"
THOUSANDS = 3_000


class FarStore(MemoryStore):
    """A store that is far away, and counts what is asked of it."""

    pieces_ahead = 2

    def __init__(self) -> None:
        super().__init__()
        self.lists = self.heads = 0

    def list_blobs(self, prefix: str, *, after: str, limit: int) -> tuple[ListedBlob, ...]:
        """List as `list` does, with sizes and ages."""
        self.lists += 1
        return super().list_blobs(prefix, after=after, limit=limit)

    def head(self, key: str) -> ObjectInfo | None:
        """Say how big an object is, or None when there is none."""
        self.heads += 1
        return super().head(key)


def fill(store: FarStore, count: int) -> Blobs:
    blobs = Blobs(store, STUDIO)
    for number in range(count):
        blobs.add_bytes(str(number).encode())
    return blobs


def test_a_package_is_asked_for_in_a_few_lists() -> None:
    store = FarStore()
    blobs = fill(store, THOUSANDS)
    asked = [digest_bytes(str(number).encode()) for number in range(THOUSANDS + 500)]
    kept = blobs.keep_many(asked)
    assert kept == {digest: len(str(number)) for number, digest in enumerate(asked[:THOUSANDS])}
    assert store.lists <= THOUSANDS // 1000 + 1
    assert store.heads == 0


def test_a_few_blobs_among_many_are_asked_for_by_name() -> None:
    store = FarStore()
    blobs = fill(store, THOUSANDS)
    asked = [digest_bytes(str(number).encode()) for number in range(0, THOUSANDS, 300)]
    assert len(blobs.keep_many(asked)) == len(asked)
    assert store.lists + store.heads <= len(asked) + 1
    assert store.heads > 0


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)))
def test_many_are_what_each_of_them_is(there: set[int], asked: set[int]) -> None:
    store = FarStore()
    blobs = Blobs(store, STUDIO)
    for number in there:
        blobs.add_bytes(str(number).encode())
    digests = {digest_bytes(str(number).encode()) for number in asked}
    each = {digest: blobs.keep(digest) for digest in digests}
    assert blobs.keep_many(digests) == {one: size for one, size in each.items() if size is not None}
