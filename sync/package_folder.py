"""Package folders: a package laid out on a node, as a whole or not at all."""

import glob
import logging
import secrets
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from local_server.farm.errors import BadInput, Unavailable
from sync.blobs import Blobs, parse_digest, target_error
from sync.folder_lock import hold_lock
from sync.manifest import Entry, Manifest, parse_manifest

_log = logging.getLogger(__name__)

_FETCHING_THREADS = 4


def fetch_package(digest: str, blobs: Blobs, target: Path) -> Manifest:
    """Lay a package out in a folder, verified, and there as a whole or not at all.

    Cheap when it is there already, and repaired when a file of it is gone or has another size.
    Safe to call from many processes at once, of which one fetches and the others wait, and to
    kill at any moment: the next call clears what was left.

    Raises `NotFound` (`object_missing`), `Unavailable` (`blob_damaged`, `disk_full`,
    `target_unwritable`), and `BadInput` as `parse_manifest` does.
    """
    manifest = parse_manifest(blobs.read(parse_digest(digest)))
    target = target.absolute()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with hold_lock(target.with_name(f".{target.name}.lock")) as is_alone:
            if _is_laid_out(manifest, target):
                return manifest
            if is_alone:
                _clear_leftovers(target)
            _check_room(manifest, target)
            with _new_folder(target) as part:
                _lay_out(manifest, blobs, part)
                _move_into_place(part, target, manifest)
    except OSError as error:
        raise target_error(error, target) from error
    return manifest


def _is_laid_out(manifest: Manifest, target: Path) -> bool:
    try:
        for entry in manifest.entries:
            path = target / entry.path
            if path.is_symlink() or path.stat().st_size != entry.size:
                return False
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _clear_leftovers(target: Path) -> None:
    """Remove what killed processes left; whoever holds the lock knows that nobody uses it."""
    for path in target.parent.glob(f".{glob.escape(target.name)}.*"):
        if path.is_dir():
            _log.info("removed a package that was laid out in part folder=%s", path)
            shutil.rmtree(path, ignore_errors=True)


def _check_room(manifest: Manifest, target: Path) -> None:
    if manifest.size_bytes > shutil.disk_usage(target.parent).free:
        raise Unavailable("disk_full", folder=str(target.parent))


@contextmanager
def _new_folder(target: Path) -> Iterator[Path]:
    part = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    part.mkdir()
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _lay_out(manifest: Manifest, blobs: Blobs, part: Path) -> None:
    for folder in {(part / entry.path).parent for entry in manifest.entries}:
        folder.mkdir(parents=True, exist_ok=True)

    def fetch(entry: Entry) -> None:
        path = part / entry.path
        blobs.fetch(entry.sha256, path)
        if path.stat().st_size != entry.size:
            raise BadInput("manifest_damaged")
        path.chmod(entry.mode)

    with ThreadPoolExecutor(_FETCHING_THREADS, thread_name_prefix="package") as pool:
        try:
            for _ in pool.map(fetch, manifest.entries):
                pass
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _move_into_place(part: Path, target: Path, manifest: Manifest) -> None:
    try:
        part.rename(target)
    except OSError:
        # Where there are no locks, another process may have been faster.
        if not target.exists():
            raise
        if _is_laid_out(manifest, target):
            return
        # What is there is damaged. It goes aside first: a folder cannot replace another.
        aside = part.with_name(f"{part.name}-old")
        target.rename(aside)
        part.rename(target)
        if aside.is_dir():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            aside.unlink()
