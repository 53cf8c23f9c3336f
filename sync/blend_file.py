"""Reading .blend files written by anyone: blender-asset-tracer's reader, made strict."""

import gzip
import os
import re
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import zstandard
from blender_asset_tracer import blendfile
from blender_asset_tracer.blendfile import exceptions

from sync.sources import CHUNK_BYTES

_MAGIC = b"BLENDER"
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # after a byte from 0x50 to 0x5f

PLAIN_BYTES_MAX = 1 << 36
"""How big a packed .blend may become: a few megabytes can be made to unpack without an end."""

# No structure is longer than 65,535 bytes, so neither is an array in one.
_FIELD_NAME = re.compile(rb"[*(]*\w+(?:\[[0-9]{1,5}\]){0,3}\)*(?:\(\))?")
_TYPE_NAME = re.compile(rb"\w+(?:::\w+)*")  # since 5.0 some are in namespaces

_STEPS_MIN = 1_000_000
_STEPS_PER_BLOCK = 20

# A reader that was not written for broken files answers them with whatever it stumbles over.
READER_ERRORS: tuple[type[Exception], ...] = (
    exceptions.BlendFileError,
    exceptions.SegmentationFault,
    struct.error,
    zlib.error,
    zstandard.ZstdError,
    gzip.BadGzipFile,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    RuntimeError,
    ArithmeticError,
    MemoryError,
)


class NotABlend(Exception):
    """The file does not begin as a .blend does."""


class TruncatedBlend(Exception):
    """The file ends before its last block."""


class NewerBlend(Exception):
    """The file has a form that this version does not know."""


class BlendReader(blendfile.BlendFile):
    """A .blend opened for reading only, refused unless it is whole.

    `plain_bytes` is its length once unpacked. Raises `NotABlend`, `TruncatedBlend`, `NewerBlend`,
    `OSError`, or one of `READER_ERRORS`.
    """

    # Real files of many years have pointers into nowhere; Blender opens them, and so do we.
    strict_pointer_mode = False

    def __init__(self, path: Path) -> None:
        self.plain_bytes = 0
        self._steps = 0
        self._opened: IO[bytes] | None = None
        try:
            super().__init__(path)
        except exceptions.BlendFileError as error:
            self._close_file()
            if "file format version" in str(error) or "file header size" in str(error):
                raise NewerBlend from error
            raise
        except BaseException:
            self._close_file()
            raise

    def dereference_pointer(self, address: int) -> Any:
        """Follow a pointer, but not for ever: a list can be made to lead back into itself."""
        self._steps += 1
        if self._steps > _STEPS_MIN + _STEPS_PER_BLOCK * len(self.blocks):
            raise exceptions.BlendFileError("pointers without an end", self.filepath)
        return super().dereference_pointer(address)

    def decode_structs(self, block: Any) -> None:
        """Read the file's table of structures, once it is known to have an end."""
        assert self._opened is not None
        _check_structs(self._opened.read(block.size), self.header.endian, self.filepath)
        self._opened.seek(block.file_offset)
        super().decode_structs(block)

    def _open_file(self, path: Path, mode: str) -> IO[bytes]:
        assert mode == "rb"
        self.filepath = path
        with path.open("rb") as source:
            packing = find_packing(source)
        if packing is None:
            raise NotABlend
        self.is_compressed = packing != "plain"
        opened = path.open("rb") if packing == "plain" else _unpack_to_temp(path)
        # Noted before anything else can fail, so that it is closed when something does.
        self._opened = opened
        self.raw_filepath = path
        self.plain_bytes = opened.seek(0, os.SEEK_END)
        opened.seek(0)
        return opened

    def _load_blocks(self) -> None:
        self.structs.clear()
        self.sdna_index_from_id.clear()
        while True:
            start = self.fileobj.tell()
            block = blendfile.BlendFileBlock(self)
            if block.code == b"ENDB":
                break
            if block.size < 0 or not block.code.isalnum():
                # Zeros where blocks should be: the space was reserved, the bytes never came.
                raise (
                    TruncatedBlend
                    if not block.code
                    else exceptions.BlendFileError("bad block", self.filepath)
                )
            if block.file_offset + block.size > self.plain_bytes:
                raise TruncatedBlend
            if block.count > block.size + 1:
                raise exceptions.BlendFileError("more elements than bytes", self.filepath)
            if block.code == b"DNA1":
                self.decode_structs(block)
            elif block.code == b"GLOB":
                self.decode_glob(block)
            else:
                self.fileobj.seek(block.size, os.SEEK_CUR)
            self.blocks.append(block)
            self.code_index[block.code].append(block)
            self.block_from_addr[block.addr_old] = block
        self.fileobj.seek(start)
        # The reader takes the end of the file for the last block.
        if self.fileobj.read(4) != b"ENDB":
            raise TruncatedBlend
        if not self.structs:
            raise exceptions.NoDNA1Block("no DNA1 block", self.filepath)

    def _close_file(self) -> None:
        if self._opened is not None:
            self._opened.close()


def _check_structs(data: bytes, endian: Any, path: Path) -> None:
    """Walk the two lists of names in a DNA1 block: the reader trusts them, and may never end.

    `SDNA`, `NAME`, a count, the names, `TYPE`, a count, the names; each name ends in a zero and
    each part begins at a multiple of four.
    """
    offset = 4
    for mark, grammar in ((b"NAME", _FIELD_NAME), (b"TYPE", _TYPE_NAME)):
        if data[offset : offset + 4] != mark:
            raise exceptions.BlendFileError("bad DNA1 block", path)
        (count,) = endian.UINT.unpack_from(data, offset + 4)
        offset += 8
        for _ in range(count):
            end = data.index(b"\0", offset)
            if grammar.fullmatch(data, offset, end) is None:
                raise exceptions.BlendFileError("bad name in the DNA1 block", path)
            offset = end + 1
        offset = (offset + 3) & ~3


def find_packing(source: BinaryIO) -> str | None:
    """Say how an open file is packed: `plain`, `gzip`, `zstd`, or None when it is no .blend."""
    start = source.read(len(_MAGIC))
    source.seek(0)
    if start == _MAGIC:
        return "plain"
    if start[:2] == _GZIP:
        return "gzip"
    skippable = len(start) > 3 and start[0] & 0xF0 == 0x50 and start[1:4] == _ZSTD_SKIPPABLE
    if start[:4] == _ZSTD or skippable:
        return "zstd"
    return None


@contextmanager
def open_plain(path: Path) -> Iterator[BinaryIO]:
    """Open a file, unpacking it on the way if it is packed as .blend files are."""
    with path.open("rb") as source:
        packing = find_packing(source)
        if packing == "gzip":
            with gzip.GzipFile(fileobj=source, mode="rb") as unpacked:
                yield cast(BinaryIO, unpacked)
        elif packing == "zstd":
            # Blender writes many frames one after the other.
            reader = zstandard.ZstdDecompressor().stream_reader(source, read_across_frames=True)
            with reader:
                yield cast(BinaryIO, reader)
        else:
            yield source


def _unpack_to_temp(path: Path) -> IO[bytes]:
    unpacked = tempfile.TemporaryFile(prefix="yuntu-")  # noqa: SIM115 - the caller closes it
    try:
        with open_plain(path) as source:
            while chunk := source.read(CHUNK_BYTES):
                unpacked.write(chunk)
                if unpacked.tell() > PLAIN_BYTES_MAX:
                    raise exceptions.BlendFileError("unpacks without an end", path)
        unpacked.seek(0)
        if unpacked.read(len(_MAGIC)) != _MAGIC:
            raise NotABlend
    except BaseException:
        unpacked.close()
        raise
    return unpacked
