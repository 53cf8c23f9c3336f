"""The bytes of objects and parts: received in constant memory, hashed on the way."""

import base64
import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import crcmod

from tests.oss_server.errors import OssError
from tests.oss_server.exchange import CHUNK_BYTES, FileSlice, Readable

_INLINE_BYTES_MAX = 64 * 1024
# ECMA-182, reflected: what OSS calls crc64ecma.
_CRC64_POLYNOMIAL = 0x142F0E1EBA9EA3693


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """Bytes that are kept: small ones here, big ones in a file named `file`."""

    size: int
    md5: str
    crc: int
    inline: bytes | None
    file: str | None

    @property
    def etag(self) -> str:
        """Return the ETag of an object that was sent at once."""
        return self.md5.upper()


class Contents:
    """The folder with the bytes of objects that are not small."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def receive(self, source: Readable, content_md5: str | None = None) -> Content:
        """Keep the bytes of a source.

        Raises `OssError` `InvalidDigest` when they do not have the MD5 that the client sent, and
        keeps nothing then.
        """
        md5, crc, size = hashlib.md5(usedforsecurity=False), _new_crc(), 0
        head, name = bytearray(), ""
        path, opened = self._folder, None
        try:
            while chunk := source.read(CHUNK_BYTES):
                md5.update(chunk)
                crc.update(chunk)
                size += len(chunk)
                if opened is None and size > _INLINE_BYTES_MAX:
                    name = secrets.token_hex(16)
                    path = self._folder / name
                    opened = path.open("xb")
                    opened.write(head)
                if opened is None:
                    head += chunk
                else:
                    opened.write(chunk)
            _check_md5(content_md5, md5.digest())
        except BaseException:
            if opened is not None:
                opened.close()
                path.unlink()
            raise
        if opened is not None:
            opened.close()
        return Content(
            size=size,
            md5=md5.hexdigest(),
            crc=int(crc.hexdigest(), 16),
            inline=bytes(head) if opened is None else None,
            file=name or None,
        )

    def join(self, *sources: Content) -> Content:
        """Keep the bytes of the sources once more, one after the other."""
        return self.receive(_Chain(self.slice(one, 0, one.size) for one in sources))

    def slice(self, content: Content, start: int, length: int) -> bytes | FileSlice:
        """Return a range of bytes in the form that an answer takes."""
        if content.file is None:
            return (content.inline or b"")[start : start + length]
        return FileSlice(path=self._folder / content.file, start=start, length=length)

    def drop(self, file: str | None) -> None:
        """Forget bytes. Whoever reads them at the moment reads on."""
        if file is not None:
            (self._folder / file).unlink(missing_ok=True)


class _Chain:
    """Slices one after the other, each open only while it is read."""

    def __init__(self, slices: Iterator[bytes | FileSlice]) -> None:
        self._pieces = self._read_all(slices)

    def read(self, size: int = -1) -> bytes:
        assert size > 0
        return next(self._pieces, b"")

    def _read_all(self, slices: Iterator[bytes | FileSlice]) -> Iterator[bytes]:
        for one in slices:
            with open_slice(one) as opened:
                while chunk := opened.read(CHUNK_BYTES):
                    yield chunk


class _Pieces:
    """Bytes at hand as a file that can be read to its end."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def read(self, size: int = -1) -> bytes:
        count = len(self._rest) if size < 0 else size
        data, self._rest = self._rest[:count], self._rest[count:]
        return data


class _FilePieces:
    """A range of a file as a file that can be read to its end."""

    def __init__(self, opened: BinaryIO, source: FileSlice) -> None:
        opened.seek(source.start)
        self._opened, self._left = opened, source.length

    def read(self, size: int = -1) -> bytes:
        data = self._opened.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data


@contextmanager
def open_slice(source: bytes | FileSlice) -> Iterator[Readable]:
    """Open what an answer's body is for reading."""
    if isinstance(source, bytes):
        yield _Pieces(source)
        return
    with source.path.open("rb") as opened:
        yield _FilePieces(opened, source)


def _new_crc() -> "crcmod.Crc":
    return crcmod.Crc(_CRC64_POLYNOMIAL, initCrc=0, rev=True, xorOut=(1 << 64) - 1)


def _check_md5(given: str | None, digest: bytes) -> None:
    if given is None:
        return
    if base64.b64encode(digest).decode() != given.strip():
        raise OssError("InvalidDigest", details={"Content-MD5": given})
