"""A store in memory, for tests and for trying things out."""

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from local_server.farm.errors import NotFound, Unavailable
from sync.sources import read_checked
from sync.store import ListedBlob, ObjectInfo, check_key, check_prefix, digest_in_key


class MemoryStore:
    """A `Store` that lives as long as this object does."""

    pieces_ahead = 0
    touch_bytes_max = 1 << 62

    def __init__(self, *, links: bool = True) -> None:
        self.links = links
        self._objects: dict[str, bytes] = {}
        self._written_at_ms: dict[str, int] = {}
        self._lock = threading.Lock()

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write an object unless its key is taken; say whether this call wrote it."""
        check_key(key)
        if not self.links and key.split("/")[2] not in ("b", "f"):
            raise Unavailable("store_no_hard_links", folder="memory")
        return self.put_alone(key, data)

    def put_alone(self, key: str, data: bytes) -> bool:
        """Write an object that no other machine writes unless it is there."""
        check_key(key)
        with self._lock:
            if key in self._objects:
                return False
            self._objects[key] = bytes(data)
            self._written_at_ms[key] = time.time_ns() // 1_000_000
            return True

    def put_blob(self, key: str, source: Path) -> bool:
        """Copy a file in under a blob key; say whether this call wrote it."""
        digest = digest_in_key(key)
        if self.head(key) is not None:
            return False
        return self.put_if_absent(key, read_checked(source, digest))

    def send_blob(self, key: str, source: Path, on_bytes: Callable[[int], None]) -> bool:
        """Do as `put_blob`, and tell of the bytes that have arrived."""
        written = self.put_blob(key, source)
        on_bytes(len(self.get(key)))
        return written

    def get(self, key: str, *, most: int | None = None) -> bytes:
        """Read an object, or its first `most` bytes; raise `NotFound` (`object_missing`)."""
        check_key(key)
        with self._lock:
            try:
                return self._objects[key][:most]
            except KeyError:
                raise NotFound("object_missing", key=key) from None

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Read up to `length` bytes from `start`; fewer at the end, none past it."""
        assert start >= 0
        assert length >= 0
        return self.get(key)[start : start + length]

    def head(self, key: str) -> ObjectInfo | None:
        """Say how big an object is, or None when there is none."""
        check_key(key)
        with self._lock:
            data = self._objects.get(key)
            written_at_ms = self._written_at_ms.get(key)
        if data is None:
            return None
        return ObjectInfo(size_bytes=len(data), modified_at_ms=written_at_ms)

    def list(self, prefix: str, *, after: str = "", limit: int = 1000) -> tuple[str, ...]:
        """List keys that begin with `prefix` and sort after `after`, in order, `limit` at most."""
        check_prefix(prefix)
        with self._lock:
            found = sorted(key for key in self._objects if key.startswith(prefix) and key > after)
        return tuple(found[:limit])

    def put_blobs(self, blobs: Iterable[tuple[str, bytes]]) -> None:
        """Write small blobs that are not there."""
        for key, data in blobs:
            self.put_if_absent(key, data)

    def list_blobs(self, prefix: str, *, after: str, limit: int) -> tuple[ListedBlob, ...]:
        """List as `list` does, with sizes and ages."""
        with self._lock:
            sizes = {key: len(data) for key, data in self._objects.items()}
            ages = dict(self._written_at_ms)
        return tuple(
            ListedBlob(key=key, size_bytes=sizes[key], modified_at_ms=ages[key])
            for key in self.list(prefix, after=after, limit=limit)
            if key in sizes
        )

    def touch_blob(self, key: str) -> None:
        """Make a blob count as new; raise `NotFound` where it is gone."""
        self.get(key)
        with self._lock:
            self._written_at_ms[key] = time.time_ns() // 1_000_000

    def delete_blob(self, key: str) -> None:
        """Delete a blob; one that is not there is no error."""
        digest_in_key(key)
        with self._lock:
            self._objects.pop(key, None)

    def sign_url(self, key: str, *, seconds: int) -> str | None:
        """Return None: nothing but this program reads it by address."""
        check_key(key)
        del seconds
        return None

    def probe(self) -> None:
        """Memory keeps every promise but to outlive the process."""
