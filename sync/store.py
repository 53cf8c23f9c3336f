"""The store: a few verbs over keys and bytes, and the grammar that every key obeys."""

import hashlib
import io
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from local_server.farm.errors import BadInput
from sync.bucket_address import Lookup, find_nothing

CHUNK_BYTES = 1024 * 1024

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
_SCHEME = re.compile(r"[a-z][a-z0-9+-]+:")  # two letters or more, so that C:\ stays a path


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

    def put_blob(self, key: str, source: Path) -> bool:
        """Copy a file in under a blob key, in constant memory; say whether this call wrote it.

        The key names the SHA-256. Other bytes raise `BadInput` (`asset_changing`), a source that
        cannot be read `BadInput` (`asset_unreadable`), and neither leaves anything behind.
        """

    def get(self, key: str) -> bytes:
        """Read a whole object, or raise `NotFound` (`object_missing`)."""

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

    def put_blobs(self, blobs: Sequence[tuple[str, bytes]]) -> None:
        """Write small blobs that are not there; all are on the disk when this returns."""

    def list_blobs(self, prefix: str, *, after: str, limit: int) -> tuple[ListedBlob, ...]:
        """List as `list` does, with sizes and ages."""

    def touch_blob(self, key: str) -> None:
        """Make a blob count as new, where that is possible; raise `NotFound` where it is gone."""

    def delete_blob(self, key: str) -> None:
        """Delete a blob; one that is not there is no error."""


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


def open_source(path: Path) -> BinaryIO:
    """Open a file of the artist's for reading, or raise `BadInput` (`asset_unreadable`)."""
    try:
        return path.open("rb")
    except OSError as error:
        raise BadInput("asset_unreadable", path=str(path), words=error.strerror or "") from error


def source_size(path: Path) -> int:
    """Return how big a file of the artist's is, or raise `BadInput` (`asset_unreadable`)."""
    with open_source(path) as opened:
        return os.fstat(opened.fileno()).st_size


def read_checked(source: Path, digest: str) -> bytes:
    """Read a small file whole; raises as `copy_checked`."""
    copied = io.BytesIO()
    copy_checked(source, copied, digest)
    return copied.getvalue()


def copy_checked(
    source: Path, target: BinaryIO, digest: str, on_bytes: Callable[[int], None] | None = None
) -> None:
    """Copy a file into an open one, hashing what is written.

    Raises `BadInput`: `asset_changing` when the bytes are not those of the digest,
    `asset_unreadable` when they cannot be read.
    """
    seen = hashlib.sha256()
    with open_source(source) as opened:
        while chunk := read_source(opened, source, CHUNK_BYTES):
            seen.update(chunk)
            target.write(chunk)
            if on_bytes is not None:
                on_bytes(len(chunk))
    if seen.hexdigest() != digest:
        raise BadInput("asset_changing", path=str(source))


def read_source(opened: BinaryIO, path: Path, count: int) -> bytes:
    """Read on in a file of the artist's, or raise `BadInput` (`asset_unreadable`)."""
    # A read that fails is the artist's disk, a write that fails is the store: told apart here.
    try:
        return opened.read(count)
    except OSError as error:
        raise BadInput("asset_unreadable", path=str(path), words=error.strerror or "") from error


def open_store(address: str, kept: Lookup = find_nothing) -> Store:
    """Open the store at an address: a path, `folder:<path>`, `oss://...`, `memory:` for tests.

    `kept` looks up secrets by name: the bucket's key may be one.

    Opening touches nothing; `probe` says whether the store works. Raises `BadInput`
    (`store_address_unknown`) for any other kind of address, `Unavailable`
    (`store_key_missing`, `store_sdk_missing`) for a bucket that nothing here can open.
    """
    # Imported here because the implementations take the grammar from this module.
    from sync.folder_store import FolderStore
    from sync.memory_store import MemoryStore

    if address == "memory:":
        return MemoryStore()
    if address.startswith("folder:"):
        return FolderStore(Path(address.removeprefix("folder:")))
    if address.startswith("oss://"):
        from sync.oss_store import open_oss_store

        return open_oss_store(address, kept)
    if not address.strip() or _SCHEME.match(address):
        raise BadInput("store_address_unknown", address=address[:200])
    return FolderStore(Path(address))
