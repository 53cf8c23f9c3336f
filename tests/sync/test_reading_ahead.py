"""Reading ahead: what is far behind comes several objects at a time, in order and no others."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_server.farm.errors import NotFound
from sync.entry import READ_BYTES_MAX
from sync.reading_ahead import ReadsAhead, find, read_run

AHEAD = 4


class CountingStore:
    """Objects by number, which notes what is asked of it, and how much at once."""

    ahead = AHEAD

    def __init__(self, there: set[int]) -> None:
        self.there = there
        self.asked: list[str] = []
        self.turns = 0
        self.lock = threading.Lock()

    def get(self, key: str, *, most: int | None = None) -> bytes:
        """Read an object."""
        with self.lock:
            self.asked.append(key)
        assert most == READ_BYTES_MAX
        if int(key) not in self.there:
            raise NotFound("object_missing", key=key)
        return key.encode()

    def get_each(self, keys: Sequence[str]) -> list[bytes | None]:
        """Read objects at once."""
        assert len(keys) <= AHEAD
        self.turns += 1
        with ThreadPoolExecutor(AHEAD) as pool:
            return list(pool.map(lambda key: find(self, key), keys))


@given(st.sets(st.integers(0, 30)), st.integers(1, 24))
def test_what_follows_on_each_other_is_read(there: set[int], count: int) -> None:
    store = CountingStore(there)
    assert isinstance(store, ReadsAhead)
    found = read_run(store, [str(number) for number in range(count)])
    run = next((number for number in range(count) if number not in there), count)
    assert found == [str(number).encode() for number in range(run)]
    assert len(store.asked) == len(set(store.asked)) <= run + AHEAD
    assert store.turns <= 1 + run // AHEAD + 1


@pytest.mark.parametrize("count", [1, 64])
def test_nothing_new_costs_one_request(count: int) -> None:
    store = CountingStore(set())
    assert read_run(store, [str(number) for number in range(count)]) == []
    assert store.asked == ["0"]
