"""Copies: blobs and whole packages brought from one store to another, each once."""

import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from local_server.farm.errors import NotFound, Unavailable
from sync.blobs import Blobs, Digest, pass_over
from sync.manifest import parse_manifest
from sync.store import Store
from sync.transfers import THREADS, Meter, run_together


def copy_blob(
    digest: Digest,
    *,
    source: Blobs,
    target: Blobs,
    meter: Meter | None = None,
    scratch: Path | None = None,
) -> None:
    """Copy a blob, verified; costs nothing when it is there. Raises as `Blobs.fetch` does.

    It is fetched into `scratch`, else into the system's folder for such things; in `scratch` what
    arrived of a big one stays, and the next copy goes on there.
    """
    on_bytes = pass_over if meter is None else meter.note_bytes
    size_bytes = target.keep(digest)
    if size_bytes is not None:
        on_bytes(size_bytes)
        return
    near = source.find_file(digest)
    if near is not None:
        if target.add_file_sized(near, on_bytes)[0] != digest:
            raise Unavailable("blob_damaged", digest=digest)
        return
    with ExitStack() as stack:
        if scratch is None:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yuntu-")))
        scratch.mkdir(parents=True, exist_ok=True)
        path = scratch / f"{digest[:16]}-{secrets.token_hex(4)}"
        stack.callback(path.unlink, missing_ok=True)
        source.fetch(digest, path)
        target.add_file_sized(path, on_bytes)


def copy_package(
    digest: Digest, *, source: Blobs, target: Blobs, meter: Meter, scratch: Path | None = None
) -> None:
    """Copy a package, its manifest last; what is there already is not sent again.

    Raises what the stores raise, and `TransferCancelled`.
    """
    manifest = parse_manifest(source.read(digest))
    sizes = {entry.sha256: entry.size for entry in manifest.entries}
    meter.expect(files=len(sizes), size_bytes=sum(sizes.values()))

    def copy(one: Digest) -> None:
        meter.check()
        copy_blob(one, source=source, target=target, meter=meter, scratch=scratch)
        meter.note_files()

    # The smallest first: then most of them are there soon, and what is cut off is one big one.
    for _ in run_together(copy, sorted(sizes, key=lambda one: sizes[one]), THREADS):
        pass
    copy_blob(digest, source=source, target=target, scratch=scratch)


class NearBlobs(Blobs):
    """The blobs of this machine; what is read and not here is brought over from a store beyond.

    `beyond` are tried in turn. Where none has it, reading raises what the first raised that is
    away, for it may be there, and `NotFound` (`object_missing`) when all have answered.
    """

    def __init__(
        self,
        store: Store,
        studio: str,
        *,
        beyond: Sequence[Blobs] = (),
        scratch: Path | None = None,
    ) -> None:
        super().__init__(store, studio)
        self._beyond, self._scratch = beyond, scratch

    def get_size(self, digest: Digest) -> int:
        """Say how big a blob is."""
        self.bring(digest)
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
        """Return a blob of up to `READ_BYTES_MAX`, verified."""
        self.bring(digest)
        return super().read(digest)

    def open_range(
        self, digest: Digest, start: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """Yield a part of a blob in pieces."""
        self.bring(digest)
        return super().open_range(digest, start, length)

    def find_file(self, digest: Digest) -> Path | None:
        """Return the file that a blob is here, brought first if it must be."""
        self.bring(digest)
        return super().find_file(digest)

    def fetch(
        self, digest: Digest, target: Path, on_bytes: Callable[[int], None] = pass_over
    ) -> None:
        """Write a blob to a file."""
        self.bring(digest)
        super().fetch(digest, target, on_bytes)

    def bring(self, digest: Digest) -> None:
        """See to it that a blob is here. Raises as reading does."""
        if self.has(digest):
            return
        away: Unavailable | None = None
        for there in self._beyond:
            try:
                copy_blob(digest, source=there, target=self, scratch=self._scratch)
            except NotFound:
                continue
            except Unavailable as error:
                away = away or error
                continue
            return
        if away is not None:
            raise away
