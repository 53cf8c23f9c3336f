"""Reading ahead: objects of logs asked for several at a time, and taken in their order."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, runtime_checkable

from local_server.farm.errors import NotFound
from sync.entry import READ_BYTES_MAX
from sync.store import Store

OBJECTS_MAX = 64


class Readable(Protocol):
    """What can be read one by one."""

    def get(self, key: str, *, most: int) -> bytes:
        """Read an object, or its first `most` bytes, or raise NotFound."""


@runtime_checkable
class ReadsAhead(Protocol):
    """What answers several requests at once; `ahead` is how many are worth it."""

    ahead: int

    def get_each(self, keys: Sequence[str]) -> list[bytes | None]:
        """Read objects; None for each that is not there."""


class ManyAtOnce:
    """A store's verbs for logs, with reads on threads of its own: requests take long."""

    ahead = 8

    def __init__(self, store: Store) -> None:
        self.store = store
        self.get, self.put_if_absent = store.get, store.put_if_absent
        self.put_alone = store.put_alone

    def get_each(self, keys: Sequence[str]) -> list[bytes | None]:
        """Read objects at once; None for each that is not there."""
        with ThreadPoolExecutor(self.ahead) as pool:
            return list(pool.map(lambda key: find(self.store, key), keys))


def read_run(store: Readable, keys: Sequence[str]) -> list[bytes]:
    """Read objects that follow on each other, up to the first that is not there.

    The first is asked for alone: mostly there is nothing new, and that costs one request. Then
    twice as many at once each time, up to what the store says: who is far behind waits for the
    network a few times and not once for each. What lies behind a gap is left for later.
    """
    found: list[bytes] = []
    width = 1
    while len(found) < len(keys):
        portion = keys[len(found) : len(found) + width]
        answers = read_each(store, portion)
        for answer in answers:
            if answer is None:
                return found
            found.append(answer)
        width = min(2 * width, store.ahead if isinstance(store, ReadsAhead) else 1)
    return found


def read_each(store: Readable, keys: Sequence[str]) -> list[bytes | None]:
    """Read objects, at once where the store can; None for each that is not there."""
    if isinstance(store, ReadsAhead) and len(keys) > 1:
        return store.get_each(keys)
    return [find(store, key) for key in keys]


def find(store: Readable, key: str) -> bytes | None:
    """Return an object of a log, None where there is none; of one that is too big its beginning."""
    try:
        return store.get(key, most=READ_BYTES_MAX)
    except NotFound:
        return None
