"""Blobs: bytes kept in the store under the name of their own SHA-256."""

import errno
import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NewType

from local_server.farm.errors import BadInput, NotFound, Unavailable
from sync.download import PIECE_BYTES, Download
from sync.folder_store import FolderStore
from sync.inventory import find_many
from sync.sources import read_pieces, read_small, read_small_files
from sync.store import ObjectInfo, Shelf, Store, check_name

Digest = NewType("Digest", str)
"""A SHA-256 as 64 lower-case hexadecimal digits."""

KEPT_FOR_MS = 24 * 3_600_000
"""How long a blob counts as new; clearing leaves what is new alone, with room to spare."""
SMALL_BYTES_MAX = 1 << 20
READ_BYTES_MAX = 1 << 27
"""How big what is read whole can be, such as a manifest; of others no more is in memory."""

_DIGEST = re.compile(r"[0-9a-f]{64}")


def parse_digest(text: str) -> Digest:
    """Return the text as a digest, or raise `BadInput` (`digest_malformed`)."""
    if _DIGEST.fullmatch(text) is None:
        raise BadInput("digest_malformed", digest=text[:80])
    return Digest(text)


def digest_bytes(data: bytes) -> Digest:
    """Hash bytes."""
    return Digest(hashlib.sha256(data).hexdigest())


def digest_file(path: Path) -> tuple[Digest, int]:
    """Hash a file in constant memory; return the digest and the number of bytes hashed.

    Raises `BadInput` (`asset_unreadable`).
    """
    seen, size_bytes = hashlib.sha256(), 0
    for piece in read_pieces(path):
        seen.update(piece)
        size_bytes += len(piece)
    return Digest(seen.hexdigest()), size_bytes


def pass_over(_: int) -> None:
    """Take note of nothing."""


class Blobs:
    """The blobs of one studio in one store. Safe to use from several threads."""

    def __init__(self, store: Store, studio: str) -> None:
        self._store = store
        self._prefix = f"v1/{check_name(studio)}/b/"

    @property
    def is_far(self) -> bool:
        """Say whether asking is mostly waiting, so that it pays to ask for many things at once."""
        return isinstance(self._store, Shelf) and self._store.pieces_ahead > 0

    def add_bytes(self, data: bytes) -> Digest:
        """Keep bytes; adding what is there already costs nothing."""
        digest = digest_bytes(data)
        self._store.put_if_absent(self._key(digest), data)
        return digest

    def add_file(self, path: Path) -> Digest:
        """Keep the contents of a file, copied once ever and never linked.

        Raises `BadInput`: `asset_changing` when the file would not hold still,
        `asset_unreadable` when it cannot be read.
        """
        return self.add_file_sized(path)[0]

    def add_file_sized(
        self, path: Path, on_bytes: Callable[[int], None] = pass_over
    ) -> tuple[Digest, int]:
        """Keep the contents of a file as `add_file` does; return the digest and the size in bytes.

        The size is that of the bytes kept, whatever the file has become meanwhile.
        """
        try:
            return self._add_file_once(path, on_bytes)
        except BadInput as error:
            if error.code != "asset_changing":
                raise
        # Once more: a save that was just ending is common, a file that is written for long is not.
        return self._add_file_once(path, on_bytes)

    def add_small_files(
        self, paths: Sequence[str], on_bytes: Callable[[int], None] = pass_over
    ) -> list[tuple[Digest, int]]:
        """Keep files that fit in memory together; return digest and size of each.

        They share what it costs to bring them to the disk. Raises as `add_file`, and
        `Unavailable` (`blob_damaged`) where one of another size is here.
        """
        kept: list[tuple[Digest, int]] = []
        read = self._read_each(paths, kept)
        missing = self._find_missing(dict(read)) if self.is_far else self._pick_missing(read)
        if isinstance(self._store, Shelf):
            self._store.put_blobs(missing)
        else:
            for key, data in missing:
                self._store.put_if_absent(key, data)
        on_bytes(sum(size for _, size in kept))
        return kept

    def _read_each(
        self, paths: Sequence[str], kept: list[tuple[Digest, int]]
    ) -> Iterator[tuple[Digest, bytes]]:
        """Yield what small files hold, each content once; put down digest and size of each."""
        seen: set[Digest] = set()
        for path, data in zip(paths, read_small_files(paths, SMALL_BYTES_MAX), strict=True):
            if data is None:  # It has grown since it was chosen, or is growing.
                kept.append(self.add_file_sized(Path(path)))
                continue
            digest = digest_bytes(data)
            kept.append((digest, len(data)))
            if digest not in seen:
                seen.add(digest)
                yield digest, data

    def _pick_missing(self, read: Iterable[tuple[Digest, bytes]]) -> Iterator[tuple[str, bytes]]:
        """Yield keys and bytes of what is not here, asking one by one: no two are in memory."""
        for digest, data in read:
            size = self.keep(digest)
            if size is None:
                yield self._key(digest), data
            elif size != len(data):
                raise Unavailable("blob_damaged", digest=digest)

    def _find_missing(self, read: Mapping[Digest, bytes]) -> Iterator[tuple[str, bytes]]:
        """Yield keys and bytes of what is not here, asking for all at once."""
        here = self.keep_many(read)
        for digest, data in read.items():
            if digest not in here:
                yield self._key(digest), data
            elif here[digest] != len(data):
                raise Unavailable("blob_damaged", digest=digest)

    def add_file_as(self, path: Path, digest: Digest) -> bool:
        """Keep a file that is said to be what a digest names; say whether this call wrote it.

        Raises `BadInput` (`asset_changing`) when it is not, and `asset_unreadable`.
        """
        return self._store.put_blob(self._key(digest), path)

    def sign(self, digest: Digest, *, seconds: int) -> str | None:
        """Return an address that reads a blob without a key for a while; None: none can be made."""
        return self._store.sign_url(self._key(digest), seconds=seconds)

    def get_size(self, digest: Digest) -> int:
        """Say how big a blob is, or raise `NotFound` (`object_missing`)."""
        return self._size_of(digest)

    def has(self, digest: Digest) -> bool:
        """Say whether a blob is here."""
        return self.size_bytes(digest) is not None

    def size_bytes(self, digest: Digest) -> int | None:
        """Say how big a blob is, or None when it is not here."""
        info = self._store.head(self._key(digest))
        return None if info is None else info.size_bytes

    def read(self, digest: Digest) -> bytes:
        """Return a blob of up to `READ_BYTES_MAX`, verified.

        Raises `NotFound` (`object_missing`) or `Unavailable` (`blob_damaged`).
        """
        data = self._store.get(self._key(digest), most=READ_BYTES_MAX)
        if digest_bytes(data) != digest:
            raise Unavailable("blob_damaged", digest=digest)
        return data

    def open_range(
        self, digest: Digest, start: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """Yield `length` bytes from `start` in pieces, fewer at the end; not verified.

        Raises `NotFound` (`object_missing`) before the first piece.
        """
        size_bytes = self._size_of(digest)
        end = size_bytes if length is None else min(size_bytes, start + length)
        return self._pieces(digest, start, end)

    def fetch(
        self, digest: Digest, target: Path, on_bytes: Callable[[int], None] = pass_over
    ) -> None:
        """Write a blob to a file: verified, flushed, and there as a whole or not at all.

        A big one that was cut off goes on where it was. Raises `NotFound` (`object_missing`),
        `Unavailable` (`blob_damaged`, `disk_full`, `target_unwritable`). A file that is there
        already is replaced.
        """
        key, store = self._key(digest), self._store
        download = Download(
            digest=digest,
            size_bytes=self._size_of(digest),
            read_range=lambda start, length: store.get_range(key, start, length),
            pieces_ahead=store.pieces_ahead if isinstance(store, Shelf) else 0,
        )
        try:
            download.write(target, on_bytes)
        except OSError as error:
            raise target_error(error, target) from error

    def find_file(self, digest: Digest) -> Path | None:
        """Return the file that a blob is on this machine's disk; None where it is none or away."""
        store = self._store
        return store.find_file(self._key(digest)) if isinstance(store, FolderStore) else None

    def keep(self, digest: Digest) -> int | None:
        """Say how big a blob is, and see to it that it is not cleared away for being old.

        None when it is not here.
        """
        return self._renew(digest, self._store.head(self._key(digest)))

    def keep_many(self, digests: Iterable[Digest]) -> dict[Digest, int]:
        """Say how big those blobs are that are here, and keep each as `keep` does."""
        if not self.is_far:
            kept = {digest: self.keep(digest) for digest in digests}
        else:
            keys = {self._key(digest): digest for digest in digests}
            found = find_many(self._store, self._prefix, keys)
            kept = {keys[key]: self._renew(keys[key], info) for key, info in found.items()}
        return {digest: size for digest, size in kept.items() if size is not None}

    def _renew(self, digest: Digest, info: ObjectInfo | None) -> int | None:
        """Return the size of a blob that is here, and make it count as new where it is old."""
        if info is None:
            return None
        oldest_ms = time.time_ns() // 1_000_000 - KEPT_FOR_MS
        if (info.modified_at_ms or 0) < oldest_ms and isinstance(self._store, Shelf):
            try:
                self._store.touch_blob(self._key(digest))
            except NotFound:
                return None
        return info.size_bytes

    def _add_file_once(self, path: Path, on_bytes: Callable[[int], None]) -> tuple[Digest, int]:
        data = read_small(path, SMALL_BYTES_MAX)
        if data is not None:
            # Read once: most files of a scene are small, and then reading is most of the work.
            digest, size_bytes = digest_bytes(data), len(data)
        else:
            digest, size_bytes = digest_file(path)
        kept_bytes = self.keep(digest)
        if kept_bytes is not None:
            if kept_bytes != size_bytes:
                raise Unavailable("blob_damaged", digest=digest)
            on_bytes(size_bytes)
        elif data is not None:
            self._store.put_if_absent(self._key(digest), data)
            on_bytes(size_bytes)
        elif isinstance(self._store, Shelf):
            self._store.send_blob(self._key(digest), path, on_bytes)
        else:
            self._store.put_blob(self._key(digest), path)
            on_bytes(size_bytes)
        return digest, size_bytes

    def _pieces(self, digest: Digest, start: int, end: int) -> Iterator[bytes]:
        key = self._key(digest)
        while start < end:
            piece = self._store.get_range(key, start, min(PIECE_BYTES, end - start))
            if not piece:
                raise Unavailable("blob_damaged", digest=digest)
            yield piece
            start += len(piece)

    def _size_of(self, digest: Digest) -> int:
        size_bytes = self.size_bytes(digest)
        if size_bytes is None:
            raise NotFound("object_missing", key=self._key(digest))
        return size_bytes

    def _key(self, digest: Digest) -> str:
        return f"{self._prefix}{digest[:2]}/{digest}"


def target_error(error: OSError, target: Path) -> Unavailable:
    """Turn a failed write on this machine into what a person can act on."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return Unavailable("disk_full", folder=str(target.parent))
    words = error.strerror or type(error).__name__
    return Unavailable("target_unwritable", path=str(target), words=words)
