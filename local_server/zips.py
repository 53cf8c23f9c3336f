"""Zips of stored files: of known length before they are made, and begun at any byte.

Nothing is packed and every sum stands before its file, so that a part of a zip can be sent that
continues one sent earlier, to the byte. The layout is APPNOTE.TXT 6.3.10 of PKWARE, with its
64-bit records only where they are needed.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import accumulate

from local_server.farm.errors import Unavailable
from sync.blobs import Digest

LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
END_64 = struct.Struct("<4sQ2H2I4Q")
LOCATOR_64 = struct.Struct("<4sIQI")
EXTRA_HEAD = struct.Struct("<2H")
EXTRA_64, REST_OF_END_64 = 1, 44
PLAIN, LARGE, UNIX = 20, 45, 3 << 8
UTF_8, STORED = 0x800, 0
PLAIN_FILE = 0o100644 << 16
FULL_16, FULL_32 = 0xFFFF, 0xFFFFFFFF
YEAR_MIN, YEAR_MAX = 1980, 2107


@dataclass(frozen=True, kw_only=True, slots=True)
class ZipEntry:
    """A stored file's place in a zip; `at_ms` is its date."""

    name: str
    digest: Digest
    size_bytes: int
    at_ms: int

    @property
    def is_large(self) -> bool:
        """Tell whether its length needs a 64-bit record."""
        return self.size_bytes >= FULL_32


@dataclass(frozen=True, kw_only=True)
class StoredZip:
    """A zip that is about to be sent; `read` gives a file's pieces, `add_up` its CRC-32."""

    entries: Sequence[ZipEntry]
    read: Callable[[Digest], Iterator[bytes]]
    add_up: Callable[[Digest], int]
    starts: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        lengths = (len(make_local(one, 0)) + one.size_bytes for one in self.entries)
        object.__setattr__(self, "starts", tuple(accumulate(lengths, initial=0)))

    @property
    def mark(self) -> str:
        """Return what tells this zip from any other."""
        seen = sha256()
        for one in self.entries:
            seen.update(repr((one.name, one.digest, one.size_bytes, one.at_ms)).encode())
        return seen.hexdigest()

    def measure(self) -> int:
        """Return the zip's length in bytes."""
        return self.starts[-1] + len(self.make_directory([0] * len(self.entries)))

    def stream(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes of the zip from `start` to before `end`, in pieces.

        Files before `start` are read only where the directory at the end needs their sums. Raises
        Unavailable `blob_damaged`, and what reading raises.
        """
        position = start
        for piece in self.go_on(start):
            if position >= end:
                return
            yield piece[: end - position]
            position += len(piece)

    def go_on(self, start: int) -> Iterator[bytes]:
        """Yield all that follows the first `start` bytes."""
        sums: list[int | None] = []
        for one, begins, ends in zip(self.entries, self.starts, self.starts[1:], strict=False):
            total = None
            if ends > start:
                total = self.add_up(one.digest)
                yield from skip(self.write_entry(one, total), start - begins)
            sums.append(total)
        known = [
            self.add_up(one.digest) if total is None else total
            for one, total in zip(self.entries, sums, strict=True)
        ]
        yield from skip(iter((self.make_directory(known),)), start - self.starts[-1])

    def write_entry(self, entry: ZipEntry, total: int) -> Iterator[bytes]:
        """Yield a file behind its header. Raises Unavailable for one of another length."""
        yield make_local(entry, total)
        length = 0
        for piece in self.read(entry.digest):
            length += len(piece)
            yield piece
        if length != entry.size_bytes:
            raise Unavailable("blob_damaged", digest=entry.digest)

    def make_directory(self, sums: Sequence[int]) -> bytes:
        """Return what ends the zip: a record for each file, and where those begin."""
        records = [
            make_central(one, total, start)
            for one, total, start in zip(self.entries, sums, self.starts, strict=False)
        ]
        count, begins, length = len(records), self.starts[-1], sum(map(len, records))
        if count >= FULL_16 or begins >= FULL_32 or length >= FULL_32:
            versions, wide = (UNIX | LARGE, LARGE), (count, count, length, begins)
            records.append(END_64.pack(b"PK\x06\x06", REST_OF_END_64, *versions, 0, 0, *wide))
            records.append(LOCATOR_64.pack(b"PK\x06\x07", 0, begins + length, 1))
        counted = min(count, FULL_16)
        places = (min(length, FULL_32), min(begins, FULL_32))
        records.append(END.pack(b"PK\x05\x06", 0, 0, counted, counted, *places, 0))
        return b"".join(records)


def make_local(entry: ZipEntry, total: int) -> bytes:
    """Return the header that stands before a file."""
    name, size = entry.name.encode(), entry.size_bytes
    version, shown, extra = PLAIN, size, b""
    if entry.is_large:
        version, shown, extra = LARGE, FULL_32, make_extra(size, size)
    when = make_date(entry.at_ms)
    lengths = (shown, shown, len(name), len(extra))
    head = LOCAL.pack(b"PK\x03\x04", version, UTF_8, STORED, *when, total, *lengths)
    return head + name + extra


def make_central(entry: ZipEntry, total: int, start: int) -> bytes:
    """Return a file's record in the directory."""
    name, size = entry.name.encode(), entry.size_bytes
    beyond = [size, size] if entry.is_large else []
    beyond += [start] if start >= FULL_32 else []
    extra = make_extra(*beyond) if beyond else b""
    version = LARGE if beyond else PLAIN
    shown = FULL_32 if entry.is_large else size
    head = CENTRAL.pack(
        b"PK\x01\x02",
        *(UNIX | version, version, UTF_8, STORED),
        *make_date(entry.at_ms),
        *(total, shown, shown),
        *(len(name), len(extra), 0, 0, 0),
        *(PLAIN_FILE, min(start, FULL_32)),
    )
    return head + name + extra


def make_extra(*numbers: int) -> bytes:
    """Return the record of what does not fit into 32 bits."""
    return EXTRA_HEAD.pack(EXTRA_64, 8 * len(numbers)) + struct.pack(f"<{len(numbers)}Q", *numbers)


def make_date(at_ms: int) -> tuple[int, int]:
    """Return a moment on this machine's clock as a zip's time and day, to two seconds."""
    moment = datetime.fromtimestamp(at_ms / 1000)
    year = min(max(moment.year, YEAR_MIN), YEAR_MAX) - YEAR_MIN
    time = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    return time, year << 9 | moment.month << 5 | moment.day


def skip(pieces: Iterator[bytes], count: int) -> Iterator[bytes]:
    """Yield what follows the first `count` bytes; none are left out where it is below one."""
    for piece in pieces:
        if count < len(piece):
            yield piece[max(count, 0) :]
        count -= len(piece)
