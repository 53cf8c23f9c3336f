"""Transfers: many blobs at once between this machine and the store, with progress and an end."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sync.blobs import Blobs, Digest
from sync.limits import Places

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")

THREADS = 4
_RATE_OVER_S = 10.0
_SAMPLES = 64


class TransferCancelled(Exception):
    """The transfer was told to stop. What has arrived stays; the next one goes on there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a transfer is. `left_ms` is None while nothing can be said."""

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    bytes_per_second: int
    left_ms: int | None


class Meter:
    """Counts what a transfer moves, says how fast it is, and can stop it. Safe for threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._turn = clock, Places(1)
        self._cancelled = threading.Event()
        self._files = self._files_total = self._bytes = self._bytes_total = 0
        self._samples: deque[tuple[float, int]] = deque([(clock(), 0)], maxlen=_SAMPLES)

    def expect(self, *, files: int, size_bytes: int) -> None:
        """Say what will be moved, on top of what was said before."""
        with self._turn.hold():
            self._files_total += files
            self._bytes_total += size_bytes

    def note_bytes(self, count: int) -> None:
        """Count bytes; raise `TransferCancelled` when it was told to stop."""
        with self._turn.hold():
            self._bytes += count
            now = self._clock()
            # Few samples over a while, however small the pieces are.
            if now - self._samples[-1][0] >= _RATE_OVER_S / _SAMPLES:
                self._samples.append((now, self._bytes))
        self.check()

    def note_files(self, count: int = 1) -> None:
        """Count files that are there."""
        with self._turn.hold():
            self._files += count

    def cancel(self) -> None:
        """Tell the transfer to stop at the next piece."""
        self._cancelled.set()

    def check(self) -> None:
        """Raise `TransferCancelled` when it was told to stop."""
        if self._cancelled.is_set():
            raise TransferCancelled

    def read(self) -> Progress:
        """Return how far it is."""
        with self._turn.hold():
            now = self._clock()
            while len(self._samples) > 1 and now - self._samples[0][0] > _RATE_OVER_S:
                self._samples.popleft()
            began, before = self._samples[0]
            took_s = now - began
            rate = max(0.0, (self._bytes - before) / took_s) if took_s > 0 else 0.0
            left = max(0, self._bytes_total - self._bytes)
            return Progress(
                files_done=self._files,
                files_total=self._files_total,
                bytes_done=self._bytes,
                bytes_total=self._bytes_total,
                bytes_per_second=round(rate),
                left_ms=0 if not left else round(left / rate * 1000) if rate else None,
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A blob that is to be a file."""

    digest: Digest
    size_bytes: int
    target: Path


def send_files(
    paths: Sequence[Path], blobs: Blobs, meter: Meter, *, threads: int = THREADS
) -> list[tuple[Digest, int]]:
    """Keep files as blobs, some at once; return digest and size of each, in their order.

    Raises what `Blobs.add_file` raises, `TransferCancelled`, and nothing is half there then.
    """
    meter.expect(files=len(paths), size_bytes=sum(path.stat().st_size for path in paths))

    def send(path: Path) -> tuple[Digest, int]:
        meter.check()
        kept = blobs.add_file_sized(path, meter.note_bytes)
        meter.note_files()
        return kept

    return list(run_together(send, paths, threads))


def fetch_files(
    wanted: Sequence[Wanted], blobs: Blobs, meter: Meter, *, threads: int = THREADS
) -> None:
    """Write blobs to files, some at once, each verified and whole or not there.

    What is cut off is gone on with by the next call. Raises what `Blobs.fetch` raises, and
    `TransferCancelled`.
    """
    meter.expect(files=len(wanted), size_bytes=sum(one.size_bytes for one in wanted))

    def fetch(one: Wanted) -> None:
        meter.check()
        blobs.fetch(one.digest, one.target, meter.note_bytes)
        meter.note_files()

    for _ in run_together(fetch, wanted, threads):
        pass


def run_together(
    act: Callable[[_Item], _Made], items: Sequence[_Item], threads: int
) -> Iterator[_Made]:
    """Do the same with many things, some at once; yield in order. A failure ends the rest."""
    with ThreadPoolExecutor(threads, thread_name_prefix="transfer") as pool:
        try:
            yield from pool.map(act, items)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
