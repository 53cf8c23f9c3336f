"""Blobs: bytes kept in the store under the name of their own SHA-256."""

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import NewType

from local_server.farm.errors import BadInput, NotFound, Unavailable
from sync.store import CHUNK_BYTES, Store, check_name, open_source

Digest = NewType("Digest", str)
"""A SHA-256 as 64 lower-case hexadecimal digits."""

# One request per piece where the store is far away, and all that is held in memory of a blob.
_PIECE_BYTES = 8 * CHUNK_BYTES


def parse_digest(text: str) -> Digest:
    """Return the text as a digest, or raise `BadInput` (`digest_malformed`)."""
    if re.fullmatch(r"[0-9a-f]{64}", text) is None:
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
    with open_source(path) as opened:
        try:
            while chunk := opened.read(CHUNK_BYTES):
                seen.update(chunk)
                size_bytes += len(chunk)
        except OSError as error:
            words = error.strerror or ""
            raise BadInput("asset_unreadable", path=str(path), words=words) from error
    return Digest(seen.hexdigest()), size_bytes


class Blobs:
    """The blobs of one studio in one store. Safe to use from several threads."""

    def __init__(self, store: Store, studio: str) -> None:
        self._store = store
        self._prefix = f"v1/{check_name(studio)}/b/"

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

    def add_file_sized(self, path: Path) -> tuple[Digest, int]:
        """Keep the contents of a file as `add_file` does; return the digest and the size in bytes.

        The size is that of the bytes kept, whatever the file has become meanwhile.
        """
        try:
            return self._add_file_once(path)
        except BadInput as error:
            if error.code != "asset_changing":
                raise
        # Once more: a save that was just ending is common, a file that is written for long is not.
        return self._add_file_once(path)

    def has(self, digest: Digest) -> bool:
        """Say whether a blob is here."""
        return self.size_bytes(digest) is not None

    def size_bytes(self, digest: Digest) -> int | None:
        """Say how big a blob is, or None when it is not here."""
        info = self._store.head(self._key(digest))
        return None if info is None else info.size_bytes

    def read(self, digest: Digest) -> bytes:
        """Return a blob that fits in memory, verified.

        Raises `NotFound` (`object_missing`) or `Unavailable` (`blob_damaged`).
        """
        data = self._store.get(self._key(digest))
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

    def fetch(self, digest: Digest, target: Path) -> None:
        """Write a blob to a file: verified, flushed, and there as a whole or not at all.

        Raises `NotFound` (`object_missing`), `Unavailable` (`blob_damaged`, `disk_full`,
        `target_unwritable`). A file that is there already is replaced.
        """
        part = target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            try:
                self._write_part(digest, part)
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise target_error(error, target) from error

    def _add_file_once(self, path: Path) -> tuple[Digest, int]:
        digest, size_bytes = digest_file(path)
        kept_bytes = self.size_bytes(digest)
        if kept_bytes is None:
            self._store.put_blob(self._key(digest), path)
        elif kept_bytes != size_bytes:
            raise Unavailable("blob_damaged", digest=digest)
        return digest, size_bytes

    def _write_part(self, digest: Digest, part: Path) -> None:
        seen = hashlib.sha256()
        with part.open("xb") as opened:
            for piece in self.open_range(digest):
                seen.update(piece)
                opened.write(piece)
            if seen.hexdigest() != digest:
                raise Unavailable("blob_damaged", digest=digest)
            opened.flush()
            # Without this, a power cut can leave a file of the right name and size that is empty.
            os.fsync(opened.fileno())

    def _pieces(self, digest: Digest, start: int, end: int) -> Iterator[bytes]:
        key = self._key(digest)
        while start < end:
            piece = self._store.get_range(key, start, min(_PIECE_BYTES, end - start))
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
