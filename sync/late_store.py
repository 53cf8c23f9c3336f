"""A store that may be away: opened and tried out when it is needed, and not before."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from local_server.farm.errors import BadInput, Unavailable, YuntuError
from sync.store import NO_LINKS, ListedBlob, ObjectInfo, Shelf, Store, probe_store
from sync.stores import open_store

T = TypeVar("T")
REST_SECONDS = 300.0


class LateStore:
    """A `Store` at an address, whatever is wrong with it now. Safe to use from several threads.

    Before the first verb, and again after trouble, the store is opened and probed: what is unfit
    is not written to. Once it has failed, every verb fails at once with the same words, so that
    nobody waits for what is known to be away, until somebody calls `probe`, or for minutes. Raises
    Unavailable for a wrong address too.
    """

    def __init__(
        self,
        address: str,
        *,
        rest_seconds: float = REST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        opener: Callable[[str], Store] = open_store,
    ) -> None:
        self.address = address
        self._rest_seconds, self._clock, self._opener = rest_seconds, clock, opener
        self._store: Store | None = None
        self._trouble: YuntuError | None = None
        self._rests_until = 0.0

    @property
    def trouble(self) -> YuntuError | None:
        """Return what the store was last found to be wrong with; None while it is fit or new."""
        return self._trouble

    @property
    def pieces_ahead(self) -> int:
        """Return how many pieces of a blob are worth asking for in advance."""
        return self._use(lambda store: find_shelf(store).pieces_ahead)

    @property
    def touch_bytes_max(self) -> int:
        """Return how big a blob can be made to count as new."""
        return self._use(lambda store: find_shelf(store).touch_bytes_max)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write an object unless its key is taken; say whether this call wrote it."""
        return self._use(lambda store: store.put_if_absent(key, data))

    def put_blob(self, key: str, source: Path) -> bool:
        """Copy a file in under a blob key; say whether this call wrote it."""
        return self._use(lambda store: store.put_blob(key, source))

    def put_alone(self, key: str, data: bytes) -> bool:
        """Write an object that no other machine writes unless it is there."""
        return self._use(lambda store: store.put_alone(key, data))

    def get(self, key: str, *, most: int | None = None) -> bytes:
        """Read an object, or its first `most` bytes."""
        return self._use(lambda store: store.get(key, most=most))

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Read a part of an object."""
        return self._use(lambda store: store.get_range(key, start, length))

    def head(self, key: str) -> ObjectInfo | None:
        """Say how big an object is, or None when there is none."""
        return self._use(lambda store: store.head(key))

    def list(self, prefix: str, *, after: str = "", limit: int = 1000) -> tuple[str, ...]:
        """List keys in order."""
        return self._use(lambda store: store.list(prefix, after=after, limit=limit))

    def sign_url(self, key: str, *, seconds: int) -> str | None:
        """Return an address that reads an object without a key for so long."""
        return self._use(lambda store: store.sign_url(key, seconds=seconds))

    def probe(self) -> None:
        """Try the store out now, whatever it was found to be before."""
        self._store, self._rests_until = None, 0.0
        self._reach()

    def recover(self) -> None:
        """Try the store out if it was found wanting."""
        if self._trouble is not None:
            self.probe()

    def send_blob(self, key: str, source: Path, on_bytes: Callable[[int], None]) -> bool:
        """Do as `put_blob`, and tell of the bytes that are there."""
        return self._use(lambda store: find_shelf(store).send_blob(key, source, on_bytes))

    def put_blobs(self, blobs: Iterable[tuple[str, bytes]]) -> None:
        """Write small blobs that are not there."""
        self._use(lambda store: find_shelf(store).put_blobs(blobs))

    def list_blobs(self, prefix: str, *, after: str, limit: int) -> tuple[ListedBlob, ...]:
        """List blobs with sizes and ages."""
        return self._use(
            lambda store: find_shelf(store).list_blobs(prefix, after=after, limit=limit)
        )

    def touch_blob(self, key: str) -> None:
        """Make a blob count as new."""
        self._use(lambda store: find_shelf(store).touch_blob(key))

    def delete_blob(self, key: str) -> None:
        """Delete a blob."""
        self._use(lambda store: find_shelf(store).delete_blob(key))

    def _use(self, act: Callable[[Store], T]) -> T:
        """Do something with the store; what is wrong with it is remembered."""
        store = self._reach()
        try:
            return act(store)
        except Unavailable as error:
            # Where there are no links some verbs are never possible, and nothing is wrong with it.
            if error.code.startswith("store_") and error.code != NO_LINKS:
                self._rest(error)
            raise

    def _reach(self) -> Store:
        """Return the store, tried out. Raises Unavailable."""
        standing = self._store
        if standing is not None:
            return standing
        if self._trouble is not None and self._clock() < self._rests_until:
            raise type(self._trouble)(self._trouble.code, **self._trouble.params)
        try:
            opened = self._opener(self.address)
            probe_store(opened)
        except BadInput as error:
            raise self._rest(Unavailable(error.code, **error.params)) from error
        except Unavailable as error:
            self._rest(error)
            raise
        self._store, self._trouble = opened, None
        return opened

    def _rest(self, error: Unavailable) -> Unavailable:
        self._store, self._trouble = None, error
        self._rests_until = self._clock() + self._rest_seconds
        return error


def find_shelf(store: Store) -> Shelf:
    """Return a store as the shelf that each of ours is."""
    assert isinstance(store, Shelf)
    return store
