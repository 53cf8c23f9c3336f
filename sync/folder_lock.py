"""A lock file: one process at a time, and free again the moment its holder dies."""

import errno
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_log = logging.getLogger(__name__)

_POLL_S = 0.02
_TAKEN = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


@contextmanager
def hold_lock(path: Path) -> Iterator[bool]:
    """Wait for the lock and hold it; yield False where the file system has no locks.

    The file stays: removing it would let two processes hold two files of one name. It is
    polled, so that a thread that waits can be interrupted.
    """
    opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        held = _take(opened, path)
        try:
            yield held
        finally:
            if held:
                _release(opened)
    finally:
        os.close(opened)


def try_lock(opened: int) -> bool:
    """Lock a file that is open, for as long as it is; False when it is taken or cannot be."""
    try:
        _try_take(opened)
    except OSError:
        return False
    return True


def _take(opened: int, path: Path) -> bool:
    while True:
        try:
            _try_take(opened)
        except OSError as error:
            if error.errno not in _TAKEN:
                _log.warning("no locks on this file system file=%s error=%s", path, error)
                return False
            time.sleep(_POLL_S)
        else:
            return True


if sys.platform == "win32":

    def _try_take(opened: int) -> None:
        os.lseek(opened, 0, os.SEEK_SET)
        msvcrt.locking(opened, msvcrt.LK_NBLCK, 1)

    def _release(opened: int) -> None:
        os.lseek(opened, 0, os.SEEK_SET)
        msvcrt.locking(opened, msvcrt.LK_UNLCK, 1)

else:

    def _try_take(opened: int) -> None:
        # flock and not lockf: the lock belongs to this opening, so threads exclude each other too.
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _release(opened: int) -> None:
        fcntl.flock(opened, fcntl.LOCK_UN)
