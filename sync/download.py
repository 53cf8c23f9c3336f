"""A blob on its way to a file: in pieces, verified, going on where it was cut off, whole or not."""

import hashlib
import os
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from local_server.farm.errors import Unavailable
from sync.folder_lock import try_lock
from sync.sources import CHUNK_BYTES

# One request per piece where the store is far away, and all that is held in memory of a blob.
PIECE_BYTES = 8 << 20

ReadRange = Callable[[int, int], bytes]
OnBytes = Callable[[int], None]


class _Damaged(Exception):
    """What was read is not what the digest names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """One blob and where it comes from. `pieces_ahead`: how many are asked for in advance."""

    digest: str
    size_bytes: int
    read_range: ReadRange
    pieces_ahead: int

    def write(self, target: Path, on_bytes: OnBytes) -> None:
        """Write the blob to a file that is there as a whole or not at all, and on the disk then.

        What arrived of a big one stays beside it in `.<digest>.part` when this is cut off, and
        the next call goes on there; `on_bytes` is told of that part too. Raises `OSError`, and
        `Unavailable` (`blob_damaged`) after a second try from the start.
        """
        with _open_part(target, self.digest) as (opened, part):
            try:
                self._fill(opened, on_bytes)
                opened.flush()
                # Without this, a power cut can leave a file of the right name that is empty.
                os.fsync(opened.fileno())
            except _Damaged:
                part.unlink(missing_ok=True)
                raise Unavailable("blob_damaged", digest=self.digest) from None
            except OSError:
                # A full disk gets its room back.
                part.unlink(missing_ok=True)
                raise
            except BaseException:
                if self.size_bytes <= PIECE_BYTES:
                    part.unlink(missing_ok=True)
                raise
            if os.name == "nt":
                opened.close()  # There, what is open cannot be renamed.
            part.replace(target)

    def _fill(self, opened: BinaryIO, on_bytes: OnBytes) -> None:
        seen, start = hashlib.sha256(), 0
        while start < self.size_bytes and (
            chunk := opened.read(min(CHUNK_BYTES, self.size_bytes - start))
        ):
            seen.update(chunk)
            start += len(chunk)
            on_bytes(len(chunk))
        told = start

        def tell(count: int) -> None:
            nonlocal told
            told += count
            on_bytes(count)

        try:
            self._fill_from(opened, start, seen, tell)
        except _Damaged:
            # What lay there, the way here or the blob itself: only the last is so once more.
            on_bytes(-told)
            self._fill_from(opened, 0, hashlib.sha256(), on_bytes)

    def _fill_from(
        self, opened: BinaryIO, start: int, seen: "hashlib._Hash", on_bytes: OnBytes
    ) -> None:
        opened.seek(start)
        opened.truncate()
        for piece in self._pieces(start):
            for chunk in cut(piece, CHUNK_BYTES):
                seen.update(chunk)
                opened.write(chunk)
            on_bytes(len(piece))
        if seen.hexdigest() != self.digest:
            raise _Damaged

    def _pieces(self, start: int) -> Iterator[bytes]:
        """Yield the rest of the blob in order, with some pieces under way at once."""
        spans = [
            (at, min(PIECE_BYTES, self.size_bytes - at))
            for at in range(start, self.size_bytes, PIECE_BYTES)
        ]
        if not self.pieces_ahead or len(spans) < 2:
            yield from (self._read(*span) for span in spans)
            return
        window: deque[Future[bytes]] = deque()
        with ThreadPoolExecutor(self.pieces_ahead + 1, thread_name_prefix="download") as pool:
            try:
                for span in spans:
                    if len(window) > self.pieces_ahead:
                        yield window.popleft().result()
                    window.append(pool.submit(self._read, *span))
                while window:
                    yield window.popleft().result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _read(self, start: int, length: int) -> bytes:
        data = self.read_range(start, length)
        if len(data) != length:
            raise _Damaged
        return data


def cut(data: bytes, size: int) -> Iterator[memoryview]:
    """Yield bytes in pieces of a size, the last one smaller."""
    view = memoryview(data)
    return (view[at : at + size] for at in range(0, len(data), size))


@contextmanager
def _open_part(target: Path, digest: str) -> Iterator[tuple[BinaryIO, Path]]:
    """Open the part that is kept between calls, or one of one's own while another is at it."""
    part = target.with_name(f".{digest[:16]}.part")
    # For reading and writing, at the start, and made if it is not there: no mode says that.
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
    with os.fdopen(descriptor, "r+b") as opened:
        if try_lock(descriptor) and _is_same(descriptor, part):
            yield opened, part
            return
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    with part.open("x+b") as opened:
        try:
            yield opened, part
        finally:
            part.unlink(missing_ok=True)


def _is_same(descriptor: int, part: Path) -> bool:
    """Say whether a file has its name still: who was faster may have given it the final one."""
    try:
        return os.path.samestat(os.fstat(descriptor), part.stat())
    except OSError:
        return False
