"""Sources: the artist's own files, which are only ever read, and what is made of them checked."""

import hashlib
import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from local_server.farm.errors import BadInput
from sync.flushing import O_BINARY, begin_flush, begin_read

# It stays in the processor's cache, and memory for it is found at once. A megabyte is written
# half as fast on Linux (decision 0054).
CHUNK_BYTES = 256 * 1024
# So much is written before the disk is told to begin: few calls, and little left for the end.
_BEGIN_BYTES = 32 << 20
# So many small files are open at once, of which the disk brings the later ones meanwhile.
_FILES_AHEAD = 16


def open_source(path: Path) -> BinaryIO:
    """Open a file of the artist's for reading, or raise `BadInput` (`asset_unreadable`)."""
    try:
        return path.open("rb")
    except OSError as error:
        raise _explain(path, error) from error


def source_size(path: Path) -> int:
    """Return how big a file of the artist's is, or raise `BadInput` (`asset_unreadable`)."""
    with open_source(path) as opened:
        return os.fstat(opened.fileno()).st_size


def read_small(path: Path | str, size_max: int) -> bytes | None:
    """Read a file of up to `size_max` bytes whole; None for a bigger one and one that changes.

    Raises `BadInput` (`asset_unreadable`).
    """
    return next(read_small_files((path,), size_max))


def read_small_files(paths: Iterable[Path | str], size_max: int) -> Iterator[bytes | None]:
    """Read many files as `read_small` does one; the disk brings the next ones meanwhile."""
    ahead: deque[tuple[Path | str, int]] = deque()
    try:
        for path in paths:
            ahead.append((path, _open_ahead(path, size_max)))
            if len(ahead) > _FILES_AHEAD:
                yield _read_opened(*ahead.popleft(), size_max)
        while ahead:
            yield _read_opened(*ahead.popleft(), size_max)
    finally:
        for _, opened in ahead:
            os.close(opened)


def _open_ahead(path: Path | str, size_max: int) -> int:
    """Open a file straight from the system, and have it begin to read up to `size_max` bytes."""
    try:
        opened = os.open(path, os.O_RDONLY | O_BINARY)
    except OSError as error:
        raise _explain(path, error) from error
    begin_read(opened, size_max)
    return opened


def _read_opened(path: Path | str, opened: int, size_max: int) -> bytes | None:
    """Read a file that is open as `read_small` does, and close it."""
    try:
        # Room for what there is: most files of a scene are small.
        size = os.fstat(opened).st_size
        data = os.read(opened, size + 1) if size <= size_max else None
    except OSError as error:
        raise _explain(path, error) from error
    finally:
        os.close(opened)
    return data if data is not None and len(data) == size else None


def read_pieces(path: Path) -> Iterator[memoryview]:
    """Yield a file's bytes in pieces; each is only there until the next one is asked for.

    Raises `BadInput` (`asset_unreadable`).
    """
    buffer = memoryview(bytearray(CHUNK_BYTES))
    with open_source(path) as opened:
        while count := _read_into(opened, buffer, path):
            yield buffer[:count]


def read_checked(source: Path, digest: str) -> bytes:
    """Read a small file whole; raises as `copy_checked`."""
    data = b"".join(bytes(piece) for piece in read_pieces(source))
    if hashlib.sha256(data).hexdigest() != digest:
        raise BadInput("asset_changing", path=str(source))
    return data


def copy_checked(
    source: Path, target: BinaryIO, digest: str, on_bytes: Callable[[int], None]
) -> None:
    """Copy a file into an open one, hashing what is written while it is written.

    Raises `BadInput`: `asset_changing` when the bytes are not those of the digest,
    `asset_unreadable` when they cannot be read.
    """
    seen = hashlib.sha256()
    # One piece is on its way to the disk while it is hashed and the next one is read.
    buffers = itertools.cycle([memoryview(bytearray(CHUNK_BYTES)) for _ in range(2)])
    writing: Future[int] | None = None
    position = 0
    with open_source(source) as opened, ThreadPoolExecutor(1, thread_name_prefix="copy") as pool:
        while count := _read_into(opened, buffer := next(buffers), source):
            if writing is not None:
                on_bytes(writing.result())
            writing = pool.submit(_write_piece, target, buffer[:count], position)
            seen.update(buffer[:count])
            position += count
        if writing is not None:
            on_bytes(writing.result())
    if seen.hexdigest() != digest:
        raise BadInput("asset_changing", path=str(source))


def _write_piece(target: BinaryIO, piece: memoryview, position: int) -> int:
    """Write a piece that belongs at a position; have the disk begin with what is behind it."""
    target.write(piece)
    begun, end = position // _BEGIN_BYTES, (position + len(piece)) // _BEGIN_BYTES
    if end > begun:
        begin_flush(target, begun * _BEGIN_BYTES, (end - begun) * _BEGIN_BYTES)
    return len(piece)


def read_source(opened: BinaryIO, path: Path, count: int) -> bytes:
    """Read on in a file of the artist's, or raise `BadInput` (`asset_unreadable`)."""
    # A read that fails is the artist's disk, a write that fails is the store: told apart here.
    try:
        return opened.read(count)
    except OSError as error:
        raise _explain(path, error) from error


def _read_into(opened: BinaryIO, buffer: memoryview, path: Path) -> int:
    try:
        return opened.readinto(buffer)  # type: ignore[attr-defined,no-any-return]
    except OSError as error:
        raise _explain(path, error) from error


def _explain(path: Path | str, error: OSError) -> BadInput:
    return BadInput("asset_unreadable", path=str(path), words=error.strerror or "")
