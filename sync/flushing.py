"""Flushing: bytes and names brought to the disk itself, one by one or all at once."""

import ctypes
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform == "darwin":
    import fcntl

O_BINARY = getattr(os, "O_BINARY", 0)
"""What Windows needs to be told, or it changes the ends of lines."""


def flush_file(opened: BinaryIO) -> None:
    """Bring the bytes of an open file to the disk."""
    opened.flush()
    if sys.platform == "darwin":
        # There, fsync stops at the disk's own cache.
        fcntl.fcntl(opened.fileno(), fcntl.F_FULLFSYNC)
    elif sys.platform == "win32":
        os.fsync(opened.fileno())
    else:
        # Leaves out the times of the file and keeps all that is needed to read it back.
        os.fdatasync(opened.fileno())


def begin_flush(opened: BinaryIO, start: int, length: int) -> None:
    """Have the system begin to bring some bytes to the disk, so that the flush finds little to do.

    A hint that promises nothing: `flush_file` does. Where there is no such call, nothing happens.
    """
    if sys.platform.startswith("linux"):
        # Linux begins to write what is dirty there; what it has written by then leaves the cache.
        with suppress(OSError):  # some file systems take no such hint
            os.posix_fadvise(opened.fileno(), start, length, os.POSIX_FADV_DONTNEED)


def begin_read(opened: int, length: int) -> None:
    """Have the system begin to read the first bytes of an open file. A hint, as `begin_flush`."""
    if sys.platform.startswith("linux"):
        with suppress(OSError):
            os.posix_fadvise(opened, 0, length, os.POSIX_FADV_WILLNEED)


def flush_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    if sys.platform == "win32":
        return  # Windows has no such call; NTFS journals its names.
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def flush_files(root: Path, files: Iterable[str]) -> None:
    """Bring the bytes of closed files below a root to the disk, together where that is cheaper."""
    if _flush_disk(root):
        return
    for path in files:
        with Path(path).open("r+b") as opened:
            flush_file(opened)


def flush_folders(root: Path, folders: Iterable[Path]) -> None:
    """Bring the names in folders below a root to the disk, together where that is cheaper."""
    if _flush_disk(root):
        return
    for folder in folders:
        flush_folder(folder)


def _flush_disk(root: Path) -> bool:
    """Flush all of a file system that is written to; False where the system has no such call.

    Raises `OSError` when what was written could not be kept (Linux 5.8 and later say so).
    """
    if not sys.platform.startswith("linux"):
        return False
    flush = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if flush is None:
        return False
    opened = os.open(root, os.O_RDONLY)
    try:
        if flush(opened) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(opened)
    return True


def write_new(path: str, data: bytes) -> None:
    """Write a file that is not there yet, unflushed; straight to the system."""
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | O_BINARY, 0o666)
    try:
        # A disk that fills up takes a part, and says so at the next try only.
        written = os.write(opened, data)
        while written < len(data):
            written += os.write(opened, memoryview(data)[written:])
    finally:
        os.close(opened)
