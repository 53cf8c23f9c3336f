"""The store: a few verbs over keys and bytes, and the grammar that every key obeys."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from local_server.farm.errors import BadInput, Unavailable

NO_LINKS = "store_no_hard_links"

# Lower case only: on Windows and macOS `A` and `a` are one file.
_NAME = r"[a-z0-9][a-z0-9_-]{0,63}"
_KEY = re.compile(
    rf"""v1/{_NAME}/(?:
        genesis
      | t/[0-9]{{10}}
      | d/{_NAME}/[0-9]{{4}}/[0-9]{{10}}
      | c/{_NAME}
      | b/(?P<shelf>[0-9a-f]{{2}})/(?P<digest>(?P=shelf)[0-9a-f]{{62}})
      | f/[0-9a-f]{{64}}/m?[0-9]{{10}}
    )""",
    re.VERBOSE,
)
_PREFIX = re.compile(r"(?:[a-z0-9][a-z0-9_-]*/)*(?:[a-z0-9][a-z0-9_-]*)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectInfo:
    """What the store says of an object without sending it."""

    size_bytes: int
    modified_at_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedBlob:
    """An object with what a list tells of it."""

    key: str
    size_bytes: int
    modified_at_ms: int


class Store(Protocol):
    """Where objects are kept. Objects never change: a key is written once, by whoever is first.

    Every verb raises `BadInput` for a key outside the grammar and `Unavailable` where the store
    cannot be reached or is full; what is written has reached the disk when the verb returns.
    """

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write an object unless its key is taken; say whether this call wrote it."""

    def put_alone(self, key: str, data: bytes) -> bool:
        """Write an object that no other machine writes unless it is there.

        Works in folders without hard links as well, where nothing would stop a second writer.
        """

    def put_blob(self, key: str, source: Path) -> bool:
        """Copy a file in under a blob key, in constant memory; say whether this call wrote it.

        The key names the SHA-256. Other bytes raise `BadInput` (`asset_changing`), a source that
        cannot be read `BadInput` (`asset_unreadable`), and neither leaves anything behind.
        """

    def get(self, key: str, *, most: int | None = None) -> bytes:
        """Read an object, or raise `NotFound` (`object_missing`).

        Of a bigger one than `most` bytes only those, in constant memory: what is read because its
        key says what it is may be anything of any size. As many as `most` may be all or cut off.
        """

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Read up to `length` bytes from `start`; fewer at the end, none past it."""

    def head(self, key: str) -> ObjectInfo | None:
        """Say how big an object is, or None when there is none."""

    def list(self, prefix: str, *, after: str = "", limit: int = 1000) -> tuple[str, ...]:
        """List keys that begin with `prefix` and sort after `after`, in order, `limit` at most."""

    def sign_url(self, key: str, *, seconds: int) -> str | None:
        """Return an address that reads an object without a key for so long; None: it has none."""

    def probe(self) -> None:
        """Try that this store keeps the promises above, or raise `Unavailable` with the reason."""


@runtime_checkable
class Shelf(Protocol):
    """What a store can do with blobs beyond keeping them; tests' stores need none of it.

    `pieces_ahead` says how many pieces of a blob are worth asking for in advance,
    `touch_bytes_max` how big a blob `touch_blob` can make count as new.
    """

    pieces_ahead: int
    touch_bytes_max: int

    def send_blob(self, key: str, source: Path, on_bytes: Callable[[int], None]) -> bool:
        """Do as `put_blob`, and tell of the bytes that are there, whoever brought them."""

    def put_blobs(self, blobs: Iterable[tuple[str, bytes]]) -> None:
        """Write small blobs that are not there; all are on the disk when this returns."""

    def list_blobs(self, prefix: str, *, after: str, limit: int) -> tuple[ListedBlob, ...]:
        """List as `list` does, with sizes and ages."""

    def touch_blob(self, key: str) -> None:
        """Make a blob count as new, where that is possible; raise `NotFound` where it is gone."""

    def delete_blob(self, key: str) -> None:
        """Delete a blob; one that is not there is no error."""


def probe_store(store: Store) -> None:
    """Probe a store as one that may be a folder without hard links. Raises as `probe` does.

    Whoever writes where several could be first has to ask whether that is so (docs/stores.md).
    """
    try:
        store.probe()
    except Unavailable as error:
        if error.code != NO_LINKS:
            raise


def check_key(key: str) -> str:
    """Return the key if it obeys the grammar, or raise `BadInput` (`key_malformed`)."""
    if not is_key(key):
        raise BadInput("key_malformed", key=key[:200])
    return key


def is_key(key: str) -> bool:
    """Say whether a name is one of ours; conflict copies and temporary files are not."""
    return _KEY.fullmatch(key) is not None


def check_prefix(prefix: str) -> str:
    """Return the prefix if some key can begin with it, or raise `BadInput` (`key_malformed`)."""
    if _PREFIX.fullmatch(prefix) is None:
        raise BadInput("key_malformed", key=prefix[:200])
    return prefix


def check_name(name: str) -> str:
    """Return the name if it may be a part of a key (a studio, a device), or raise `BadInput`."""
    if re.fullmatch(_NAME, name) is None:
        raise BadInput("key_malformed", key=name[:200])
    return name


def digest_in_key(key: str) -> str:
    """Return the SHA-256 that a blob key promises, or raise `BadInput` (`key_malformed`)."""
    match = _KEY.fullmatch(key)
    if match is None or match["digest"] is None:
        raise BadInput("key_malformed", key=key[:200])
    return match["digest"]
