"""Copies: blobs and whole packages brought from one store to another, each once."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from sync.blobs import Blobs, Digest, pass_over
from sync.manifest import parse_manifest
from sync.store import Store
from sync.transfers import THREADS, Meter, run_together


def copy_blob(digest: Digest, *, source: Blobs, target: Blobs, meter: Meter | None = None) -> None:
    """Copy a blob, verified; costs nothing when it is there. Raises as `Blobs.fetch` does."""
    if target.keep(digest) is not None:
        return
    with tempfile.TemporaryDirectory(prefix="yuntu-") as folder:
        path = Path(folder) / digest
        source.fetch(digest, path, meter.note_bytes if meter else pass_over)
        target.add_file(path)


def copy_package(digest: Digest, *, source: Blobs, target: Blobs, meter: Meter) -> None:
    """Copy a package, its manifest last; what is there already is not sent again.

    Raises what the stores raise, and `TransferCancelled`.
    """
    manifest = parse_manifest(source.read(digest))
    sizes = {entry.sha256: entry.size for entry in manifest.entries}
    meter.expect(files=len(sizes), size_bytes=sum(sizes.values()))

    def copy(one: Digest) -> None:
        meter.check()
        copy_blob(one, source=source, target=target, meter=meter)
        meter.note_file()

    for _ in run_together(copy, list(sizes), THREADS):
        pass
    copy_blob(digest, source=source, target=target)


class NearBlobs(Blobs):
    """The blobs of this machine; what is read and not here is brought over from a store beyond.

    Where there is one: reading raises what it raises while it is away.
    """

    def __init__(self, store: Store, studio: str, *, beyond: Blobs | None) -> None:
        super().__init__(store, studio)
        self._beyond = beyond

    def read(self, digest: Digest) -> bytes:
        """Return a blob that fits in memory, verified."""
        self._bring(digest)
        return super().read(digest)

    def open_range(
        self, digest: Digest, start: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """Yield a part of a blob in pieces."""
        self._bring(digest)
        return super().open_range(digest, start, length)

    def fetch(
        self, digest: Digest, target: Path, on_bytes: Callable[[int], None] = pass_over
    ) -> None:
        """Write a blob to a file."""
        self._bring(digest)
        super().fetch(digest, target, on_bytes)

    def _bring(self, digest: Digest) -> None:
        if self._beyond is not None and not self.has(digest):
            copy_blob(digest, source=self._beyond, target=self)
