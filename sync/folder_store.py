"""A store that is a folder: a private one, or a share that many machines write to."""

import errno
import itertools
import logging
import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from local_server.farm.errors import NotFound, Unavailable, YuntuError
from sync.flushing import flush_file, flush_files, flush_folder, flush_folders, write_new
from sync.sources import copy_checked
from sync.store import (
    NO_LINKS,
    ListedBlob,
    ObjectInfo,
    check_key,
    check_prefix,
    digest_in_key,
    is_key,
)

_log = logging.getLogger(__name__)

# Half-written objects wait here and not beside their final names, so that what a killed process
# left behind is found by looking into one folder. It is on the same file system, as a hard link
# needs.
_INCOMING = ".incoming"
_TRIAL = "trial-"
_LEFTOVER_AGE_S = 24 * 3600

_MISSING = (FileNotFoundError, NotADirectoryError)
_FULL = {errno.ENOSPC, errno.EDQUOT}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}
# What file systems without hard links answer: FAT EPERM, shares ENOTSUP, Windows EINVAL.
_ANY_WRITER = ("b", "f")
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


class FolderStore:
    """A `Store` in a folder that exists already.

    Opening makes no folder: a share that is not mounted must be an error, not an empty store in
    the mount point.
    """

    pieces_ahead = 0
    touch_bytes_max = 1 << 62

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()
        self._stem = os.path.join(self.root, "")  # noqa: PTH118 - with the separator behind it

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write an object unless its key is taken; say whether this call wrote it.

        Raises `Unavailable` (`store_no_hard_links`) where nothing can tell who was first, but for
        blobs and frame records, of which each is as good as the other.
        """
        return self._put(key, data, alone=check_key(key).split("/")[2] in _ANY_WRITER)

    def put_alone(self, key: str, data: bytes) -> bool:
        """Write an object that no other machine writes unless it is there."""
        return self._put(key, data, alone=True)

    def put_blob(self, key: str, source: Path) -> bool:
        """Copy a file in under a blob key, in constant memory; say whether this call wrote it."""
        return self.send_blob(key, source, lambda _: None)

    def send_blob(self, key: str, source: Path, on_bytes: Callable[[int], None]) -> bool:
        """Do as `put_blob`, and tell of the bytes that have arrived."""
        digest, final = digest_in_key(key), self._path(key)
        with self._translated():
            if final.is_file():
                on_bytes(final.stat().st_size)
                return False
            # A copy and never a hard link: the artist goes on editing the file in place.
            with self._staged(
                lambda opened: copy_checked(source, opened, digest, on_bytes)
            ) as temp:
                # Whoever else writes a blob writes the same bytes.
                return self._name(temp, final, alone=True)

    def get(self, key: str, *, most: int | None = None) -> bytes:
        """Read an object, or its first `most` bytes; raise `NotFound` (`object_missing`)."""
        with self._opened(key) as opened:
            return opened.read(-1 if most is None else most)

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Read up to `length` bytes from `start`; fewer at the end, none past it."""
        assert start >= 0
        assert length >= 0
        with self._opened(key) as opened:
            opened.seek(start)
            return opened.read(length)

    def head(self, key: str) -> ObjectInfo | None:
        """Say how big an object is, or None when there is none."""
        path = self._spell(key)
        try:
            told = os.stat(path)  # noqa: PTH116 - asked ten thousand times for a package
        except _MISSING:
            self._check_root()
            return None
        except OSError as error:
            raise self._explain(error) from error
        if stat.S_ISDIR(told.st_mode):
            return None
        age_ms = told.st_mtime_ns // 1_000_000
        return ObjectInfo(size_bytes=told.st_size, modified_at_ms=age_ms)

    def list(self, prefix: str, *, after: str = "", limit: int = 1000) -> tuple[str, ...]:
        """List keys that begin with `prefix` and sort after `after`, in order, `limit` at most."""
        start = check_prefix(prefix)[: prefix.rfind("/") + 1]
        with self._translated():
            self._check_root()
            return tuple(itertools.islice(self._walk(start, prefix, after), limit))

    def put_blobs(self, blobs: Iterable[tuple[str, bytes]]) -> None:
        """Write small blobs that are not there; all are on the disk when this returns.

        They share two flushes of the whole disk, where the system has such a call: one for the
        bytes before any has its name, and one for the names.
        """
        # Plain text and not `Path`: of ten thousand files, those would take a third of the time.
        staged: dict[str, str] = {}
        with self._translated():
            stem = f"{self._incoming()}{os.sep}{os.getpid()}-{secrets.token_hex(8)}"
            try:
                for number, (key, data) in enumerate(blobs):
                    digest_in_key(key)
                    temp = f"{stem}-{number}"
                    staged[temp] = self._spell(key)
                    write_new(temp, data)
                flush_files(self.root, staged)
                finals = list(staged.values())
                for temp in list(staged):
                    self._name_blob(temp, staged[temp])
                    del staged[temp]
                flush_folders(self.root, self._list_folders(finals))
            finally:
                for temp in staged:
                    with suppress(FileNotFoundError):
                        os.unlink(temp)  # noqa: PTH108

    def list_blobs(self, prefix: str, *, after: str, limit: int) -> tuple[ListedBlob, ...]:
        """List as `list` does, with sizes and ages."""
        found = []
        for key in self.list(prefix, after=after, limit=limit):
            with self._translated(), suppress(FileNotFoundError):
                told = self._path(key).stat()
                age_ms = told.st_mtime_ns // 1_000_000
                listed = ListedBlob(key=key, size_bytes=told.st_size, modified_at_ms=age_ms)
                found.append(listed)
        return tuple(found)

    def touch_blob(self, key: str) -> None:
        """Make a blob count as new; raise `NotFound` where it is gone."""
        digest_in_key(key)
        with self._translated():
            try:
                os.utime(self._path(key))
            except FileNotFoundError:
                raise NotFound("object_missing", key=key) from None

    def delete_blob(self, key: str) -> None:
        """Delete a blob; one that is not there is no error."""
        digest_in_key(key)
        with self._translated():
            self._path(key).unlink(missing_ok=True)

    def find_file(self, key: str) -> Path | None:
        """Return the file that an object is, or None where there is none."""
        path = self._path(key)
        return path if path.is_file() else None

    def sign_url(self, key: str, *, seconds: int) -> str | None:
        """Return None: nothing but this program reads it by address."""
        check_key(key)
        del seconds
        return None

    def probe(self) -> None:
        """Try that this folder can be written, flushed and linked in, and clean up leftovers.

        Raises `Unavailable`: `store_missing`, `store_not_allowed`, `store_full`,
        `store_no_hard_links`, or `store_failed` with the system's words.
        """
        with self._translated():
            self._check_root()
            self._remove_leftovers()
            with self._staged(lambda opened: opened.write(b"probe")) as temp:
                second = temp.with_suffix(".probe")
                try:
                    linked, again = self._link(temp, second), self._link(temp, second)
                    # A share that lets the second link through would let two machines win.
                    if not linked or again or second.read_bytes() != b"probe":
                        raise Unavailable("store_no_hard_links", folder=str(self.root))
                finally:
                    second.unlink(missing_ok=True)

    @contextmanager
    def trial_folder(self) -> Iterator[Path]:
        """Yield a folder to try things out in, on the store's own disk; it is gone afterwards."""
        folder = self.root / _INCOMING / f"{_TRIAL}{secrets.token_hex(8)}"
        with self._translated():
            folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _path(self, key: str) -> Path:
        return Path(self._spell(key))

    def _spell(self, key: str) -> str:
        """Return the path of a key as plain text."""
        return self._stem + check_key(key).replace("/", os.sep)

    @contextmanager
    def _opened(self, key: str) -> Iterator[BinaryIO]:
        path = self._path(key)
        with self._translated():
            try:
                opened = path.open("rb")
            except OSError as error:
                # A folder at a key is a stranger, as any other odd name is.
                if not isinstance(error, _MISSING) and not path.is_dir():
                    raise
                self._check_root()
                raise NotFound("object_missing", key=key) from None
            with opened:
                yield opened

    @contextmanager
    def _staged(self, write: Callable[[BinaryIO], object]) -> Iterator[Path]:
        """Yield a file that is written, flushed and closed, and that is gone afterwards."""
        temp = self._incoming() / f"{os.getpid()}-{secrets.token_hex(8)}"
        try:
            with temp.open("xb") as opened:
                write(opened)
                flush_file(opened)
            yield temp
        finally:
            temp.unlink(missing_ok=True)

    def _incoming(self) -> Path:
        incoming = self.root / _INCOMING
        if not incoming.is_dir():
            self._check_root()
            incoming.mkdir(exist_ok=True)
        return incoming

    def _list_folders(self, files: Iterable[str]) -> Iterator[Path]:
        """Yield the folders that files lie in, up to the root; found out when asked for."""
        folders: set[Path] = set()
        for folder in {Path(path).parent for path in files}:
            above = [folder, *folder.parents]
            folders |= set(above[: above.index(self.root) + 1])
        yield from folders

    def _name_blob(self, temp: str, final: str) -> None:
        """Give a blob its name, unflushed. Whoever else was there first wrote the same bytes."""
        try:
            os.rename(temp, final)  # noqa: PTH104 - of ten thousand files
        except FileNotFoundError:
            self._check_root()
            Path(final).parent.mkdir(parents=True, exist_ok=True)
            os.replace(temp, final)  # noqa: PTH105
        except (FileExistsError, IsADirectoryError):  # the first on Windows only
            os.unlink(temp)  # noqa: PTH108
            self._check_taken(Path(final))

    def _link(self, temp: Path, final: Path) -> bool:
        """Give a flushed file its final name unless that is taken; flush the folder."""
        try:
            try:
                self._link_once(temp, final)
            except FileNotFoundError:
                self._make_folder(final.parent)
                self._link_once(temp, final)
        except FileExistsError:
            self._check_taken(final)
            return False
        flush_folder(final.parent)
        return True

    def _put(self, key: str, data: bytes, *, alone: bool) -> bool:
        final = self._path(key)
        with self._translated(), self._staged(lambda opened: opened.write(data)) as temp:
            return self._name(temp, final, alone=alone)

    def _name(self, temp: Path, final: Path, *, alone: bool) -> bool:
        """Give a flushed file its final name unless that is taken; `alone` also without links.

        Then it is only as sure as that nobody else writes that name, or only the same.
        """
        try:
            return self._link(temp, final)
        except Unavailable as error:
            if error.code != NO_LINKS or not alone:
                raise
        self._make_folder(final.parent)
        if final.exists():
            self._check_taken(final)
            return False
        try:
            temp.rename(final)  # on Windows this fails where another was faster
        except FileExistsError:
            return False
        flush_folder(final.parent)
        return True

    def _check_taken(self, final: Path) -> None:
        """Raise `Unavailable` (`folder_in_the_way`) where no object is what takes a name."""
        if final.is_dir():
            raise Unavailable("folder_in_the_way", path=str(final))

    def _link_once(self, temp: str | Path, final: str | Path) -> None:
        try:
            os.link(temp, final)
        except OSError as error:
            if error.errno in _NO_LINKS:
                raise Unavailable("store_no_hard_links", folder=str(self.root)) from error
            raise

    def _make_folder(self, folder: Path) -> None:
        """Make a folder of keys and its parents, each of them flushed into its own parent."""
        self._check_root()
        missing = [folder, *folder.parents]
        for step in reversed(missing[: missing.index(self.root)]):
            with suppress(FileExistsError):
                step.mkdir()
            # Also when another process has just made it: that one may not have flushed yet.
            flush_folder(step.parent)

    def _walk(self, folder: str, prefix: str, after: str) -> Iterator[str]:
        try:
            with os.scandir(self.root / folder) as entries:
                # A folder sorts as its keys do, with the slash: `a-b` comes before `a/b`.
                names = sorted(
                    entry.name + "/" * entry.is_dir(follow_symlinks=False) for entry in entries
                )
        except _MISSING:
            return
        for name in names:
            key = folder + name
            if not name.endswith("/"):
                if key > after and key.startswith(prefix) and is_key(key):
                    yield key
            elif key.startswith(prefix) and (key > after or after.startswith(key)):
                yield from self._walk(key, prefix, after)

    def _remove_leftovers(self) -> None:
        oldest = time.time() - _LEFTOVER_AGE_S
        incoming = self.root / _INCOMING
        if not incoming.is_dir():
            return
        for path in incoming.iterdir():
            # What is another person's, or made by the share itself, stays and is in nobody's way.
            with suppress(OSError):
                if path.stat().st_mtime < oldest:
                    (shutil.rmtree if path.name.startswith(_TRIAL) else Path.unlink)(path)
                    _log.info("removed what a process left half done path=%s", path)

    def _check_root(self) -> None:
        if not os.path.isdir(self._stem):  # noqa: PTH112 - asked for each blob that is not there
            raise Unavailable("store_missing", folder=str(self.root))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what the system says into what a person can act on."""
        try:
            yield
        except YuntuError:
            raise
        except OSError as error:
            raise self._explain(error) from error

    def _explain(self, error: OSError) -> Unavailable:
        """Return the error that a person can act on."""
        folder = str(self.root)
        if error.errno in _FULL:
            return Unavailable("store_full", folder=folder)
        if error.errno in _NOT_ALLOWED:
            return Unavailable("store_not_allowed", folder=folder)
        return Unavailable("store_failed", folder=folder, words=error.strerror or str(error))
