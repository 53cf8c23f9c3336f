"""Copies: blobs and whole packages brought from one store to another, each once."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from local_server.farm.errors import NotFound, Unavailable
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

    `beyond` are tried in turn. Where none has it, reading raises what the first raised that is
    away, for it may be there, and `NotFound` (`object_missing`) when all have answered.
    """

    def __init__(self, store: Store, studio: str, *, beyond: Sequence[Blobs] = ()) -> None:
        super().__init__(store, studio)
        self._beyond = beyond

    def get_size(self, digest: Digest) -> int:
        """Say how big a blob is."""
        self._bring(digest)
        return super().get_size(digest)

    def sign(self, digest: Digest, *, seconds: int) -> str | None:
        """Return an address of a store beyond that reads a blob without a key for a while."""
        for there in self._beyond:
            try:
                url = there.sign(digest, seconds=seconds) if there.has(digest) else None
            except Unavailable:
                continue
            if url is not None:
                return url
        return super().sign(digest, seconds=seconds)

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
        if self.has(digest):
            return
        away: Unavailable | None = None
        for there in self._beyond:
            try:
                copy_blob(digest, source=there, target=self)
            except NotFound:
                continue
            except Unavailable as error:
                away = away or error
                continue
            return
        if away is not None:
            raise away
