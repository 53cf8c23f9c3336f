"""Uploads: files that come in parts, each known by the SHA-256 of what it will be.

What has arrived of a file is a file itself, and its length is all there is to remember: after a
lost connection or a restart the client asks how far it got and goes on there. Names are ours: an
account's folder and a digest, so that nothing a client says becomes a path.
"""

import hashlib
import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gevent.threadpool import ThreadPool
from werkzeug.exceptions import ClientDisconnected

from local_server.farm.errors import BadInput, Conflict, Unfit
from sync.blobs import Blobs, Digest, target_error

log = logging.getLogger(__name__)
CHUNK_BYTES = 1 << 20
PART_BYTES_MAX = 1 << 28
FILE_BYTES_MAX = 1 << 38
FILES_OPEN_MAX = 1_000
FORGOTTEN_AFTER_SECONDS = 7 * 24 * 3600
MARGIN_BYTES = 1 << 28


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """How much of a file has arrived; `here` when all of it is in the store, checked."""

    digest: Digest
    received_bytes: int
    here: bool


class Uploads:
    """Files that are arriving; safe for many requests at once, one of them for each file."""

    def __init__(self, folder: Path, blobs: Blobs) -> None:
        self.folder = folder
        self.blobs = blobs
        self.pool = ThreadPool(2)
        self.busy: set[Path] = set()

    def look(self, account: str, digest: Digest) -> Arrival:
        """Say how much of a file has arrived from an account."""
        size = self.pool.apply(self.blobs.size_bytes, (digest,))
        if size is not None:
            return Arrival(digest=digest, received_bytes=size, here=True)
        received = measure(self.place(account, digest))
        return Arrival(digest=digest, received_bytes=received, here=False)

    def list_missing(self, digests: list[Digest]) -> list[Digest]:
        """Return which of these files the store does not have, in the order given."""
        return [
            digest
            for digest in dict.fromkeys(digests)
            if self.pool.apply(self.blobs.size_bytes, (digest,)) is None
        ]

    def receive(
        self, account: str, digest: Digest, source: BinaryIO, *, offset: int, size_bytes: int
    ) -> Arrival:
        """Add a part to a file, and put the file into the store once it is whole.

        Nothing is read where the store has the file already. Raises Conflict `upload_busy` and
        `upload_elsewhere`, Unfit `upload_too_long`, `upload_damaged` and `upload_too_large`,
        Unavailable `disk_full` and `target_unwritable`.
        """
        arrival = self.look(account, digest)
        if arrival.here:
            return arrival
        path = self.place(account, digest)
        with self.held(path):
            received = measure(path)
            if offset != received:
                raise Conflict("upload_elsewhere", offset=offset, received_bytes=received)
            self.make_room(path, size_bytes - received)
            received += self.append(path, source, most=min(PART_BYTES_MAX, size_bytes - received))
            if received < size_bytes:
                return Arrival(digest=digest, received_bytes=received, here=False)
            return self.pool.apply(self.keep, (path, digest))

    def append(self, path: Path, source: BinaryIO, *, most: int) -> int:
        """Copy a request's body to the end of a file in constant memory; returns its length.

        What arrived before a connection was lost stays. Raises Unfit `upload_too_long`.
        """
        added = 0
        try:
            with path.open("ab") as file:
                while chunk := read_chunk(source):
                    if added + len(chunk) > most:
                        raise Unfit("upload_too_long", most_bytes=most)
                    self.pool.apply(file.write, (chunk,))
                    added += len(chunk)
        except OSError as error:
            raise target_error(error, path) from error
        return added

    def keep(self, path: Path, digest: Digest) -> Arrival:
        """Put a whole file into the store. Raises Unfit `upload_damaged` for other bytes."""
        size = path.stat().st_size
        try:
            self.blobs.add_file_as(path, digest)
        except BadInput as error:
            raise Unfit("upload_damaged", digest=digest) from error
        finally:
            path.unlink(missing_ok=True)
        return Arrival(digest=digest, received_bytes=size, here=True)

    def forget(self, account: str, digest: Digest) -> None:
        """Drop what has arrived of a file; what the store has stays. Raises Conflict."""
        path = self.place(account, digest)
        with self.held(path):
            path.unlink(missing_ok=True)

    def make_room(self, path: Path, size_bytes: int) -> None:
        """Make the folder of an account's files. Raises Unfit `upload_too_large`."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not path.exists()
            count = sum(1 for _ in path.parent.iterdir())
            free = shutil.disk_usage(path.parent).free
        except OSError as error:
            raise target_error(error, path) from error
        if is_new and count >= FILES_OPEN_MAX:
            raise Conflict("uploads_too_many", most=FILES_OPEN_MAX)
        if size_bytes + MARGIN_BYTES > free:
            room = max(0, free - MARGIN_BYTES)
            raise Unfit("upload_too_large", needed_bytes=size_bytes, free_bytes=room)

    def clear_forgotten(self) -> None:
        """Remove files that nobody has added to for a week."""
        oldest = time.time() - FORGOTTEN_AFTER_SECONDS
        for path in self.folder.glob("*/*.part"):
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
                log.info("removed an upload that nobody went on with file=%s", path)

    def place(self, account: str, digest: Digest) -> Path:
        """Return where a file that is arriving is kept; whatever the account is called."""
        return self.folder / hashlib.sha256(account.encode()).hexdigest()[:32] / f"{digest}.part"

    @contextmanager
    def held(self, path: Path) -> Iterator[None]:
        """Keep other requests off a file. Raises Conflict `upload_busy`."""
        if path in self.busy:
            raise Conflict("upload_busy")
        self.busy.add(path)
        try:
            yield
        finally:
            self.busy.discard(path)


def read_chunk(source: BinaryIO) -> bytes:
    """Return the next bytes of a request's body; none at its end, and none where it was cut."""
    try:
        return source.read(CHUNK_BYTES)
    except (ClientDisconnected, ConnectionError):
        return b""


def measure(path: Path) -> int:
    """Return a file's length, 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
