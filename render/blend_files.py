"""What a .blend file tells without a Blender: which version saved it, and whether it is whole."""

import gzip
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

MAGIC = b"BLENDER"
GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
# The last bytes of a "seekable" zstd file, which is the only kind that Blender writes.
ZSTD_SEEK_TABLE_MAGIC = b"\xb1\xea\x92\x8f"
# `BLENDER-v304`: pointer size, byte order, version. Since 5.0 `BLENDER17-01v0500`: header size,
# pointer size, format version, byte order, version.
OLD_HEADER = re.compile(rb"BLENDER([_-])([vV])(\d{3})")
NEW_HEADER = re.compile(rb"BLENDER(\d\d)-(\d\d)([vV])(\d{4})")
HEADER_LENGTH_MAX = 17
BLOCKS_MAX = 50_000_000
CHUNK_BYTES = 1 << 20
PLAIN_BYTES_MAX = 1 << 36  # a few megabytes can be made to unpack without an end


@dataclass(frozen=True, kw_only=True, slots=True)
class BlendFile:
    """The version (major, minor) that saved a file, and whether all of it is there."""

    version: tuple[int, int]
    whole: bool


def read_blend(path: Path) -> BlendFile | None:
    """Return what a .blend file tells of itself, or None when it is no .blend. Raises OSError."""
    with path.open("rb") as file:
        begin = file.read(HEADER_LENGTH_MAX)
        file.seek(0)
        if begin.startswith(ZSTD_MAGIC):
            return _read_zstd(file)
        if begin.startswith(GZIP_MAGIC):
            with gzip.open(file) as unpacked:
                return _read_plain(cast(BinaryIO, unpacked), seekable=False)
        return _read_plain(file, seekable=True)


def _read_plain(file: BinaryIO, *, seekable: bool) -> BlendFile | None:
    try:
        header = file.read(HEADER_LENGTH_MAX)
        version, layout, length = _parse_header(header)
    except (EOFError, OSError, ValueError, zlib.error):
        return None
    try:
        whole = _walk_blocks(file, header[length:], layout, seekable=seekable)
    except (EOFError, OSError, struct.error, zlib.error):
        whole = False
    return BlendFile(version=version, whole=whole)


def _read_zstd(file: BinaryIO) -> BlendFile | None:
    try:
        header = zstandard.ZstdDecompressor().stream_reader(file).read(HEADER_LENGTH_MAX)
        version, _layout, _length = _parse_header(header)
    except (zstandard.ZstdError, ValueError):
        return None
    file.seek(-len(ZSTD_SEEK_TABLE_MAGIC), 2)
    return BlendFile(version=version, whole=file.read() == ZSTD_SEEK_TABLE_MAGIC)


def _parse_header(header: bytes) -> tuple[tuple[int, int], struct.Struct, int]:
    """Return version, the layout of a block's head, and the header's length. Raises ValueError.

    A block's head is code, length, old address, type, count; in the new format it is code, type,
    address, length, count, with longs for the last two.
    """
    if old := OLD_HEADER.match(header):
        order = "<" if old.group(2) == b"v" else ">"
        address = "I" if old.group(1) == b"_" else "Q"
        number = int(old.group(3))
        return (number // 100, number % 100), struct.Struct(f"{order}4si{address}ii"), 12
    if new := NEW_HEADER.match(header):
        order = "<" if new.group(3) == b"v" else ">"
        number = int(new.group(4))
        return (number // 100, number % 100), struct.Struct(f"{order}4siQqq"), int(new.group(1))
    raise ValueError("no .blend header")


def _walk_blocks(file: BinaryIO, begun: bytes, layout: struct.Struct, *, seekable: bool) -> bool:
    """Return whether the blocks of a file lead to its end mark."""
    end = file.seek(0, 2) if seekable else None
    if seekable:
        file.seek(HEADER_LENGTH_MAX - len(begun))
        begun = b""
    length_at = 3 if layout.format.endswith("qq") else 1
    for _ in range(BLOCKS_MAX):
        head = begun + file.read(layout.size - len(begun))
        begun = b""
        if head.startswith(b"ENDB"):
            # A packed file's own end has a checksum, which is looked at when all is read.
            return seekable or _skip(file, PLAIN_BYTES_MAX) < PLAIN_BYTES_MAX
        if len(head) < layout.size:
            return False
        length = layout.unpack(head)[length_at]
        if length < 0:
            return False
        if end is not None:
            if file.seek(length, 1) > end:
                return False
        elif file.tell() + length > PLAIN_BYTES_MAX or _skip(file, length) < length:
            return False
    return False


def _skip(file: BinaryIO, length: int) -> int:
    """Read on, keeping nothing; returns how many bytes there were, at most `length`."""
    left = length
    while left and (chunk := file.read(min(CHUNK_BYTES, left))):
        left -= len(chunk)
    return length - left
