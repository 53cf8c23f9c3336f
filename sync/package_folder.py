"""Package folders: a package laid out on a node, as a whole or not at all."""

import glob
import logging
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_server.farm.errors import BadInput, Unavailable
from sync.blobs import Blobs, parse_digest, target_error
from sync.folder_lock import hold_lock
from sync.manifest import Entry, Manifest, parse_manifest
from sync.transfers import THREADS, Meter, TransferCancelled, run_together

_log = logging.getLogger(__name__)

_PART = ".part"


def fetch_package(digest: str, blobs: Blobs, target: Path, meter: Meter | None = None) -> Manifest:
    """Lay a package out in a folder, verified, and there as a whole or not at all.

    Cheap when it is there already, and repaired when a file of it is gone or has another size.
    Safe to call from many processes at once, of which one fetches and the others wait, and to
    kill at any moment: the next call goes on with what is there. `meter` counts, and can stop it.

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
            with _open_part(target, is_alone=is_alone) as part:
                missing = _find_missing(manifest, part)
                _check_room(missing, target)
                _lay_out(manifest, missing, blobs, part, meter or Meter())
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


@contextmanager
def _open_part(target: Path, *, is_alone: bool) -> Iterator[Path]:
    """Yield the folder that becomes the package; it stays where the rest can still come.

    Whoever holds the lock goes on with what a killed process left; without locks, everybody has
    a folder of their own.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    if is_alone:
        _clear_leftovers(target)
        part = target.with_name(f".{target.name}{_PART}")
    part.mkdir(exist_ok=is_alone)
    try:
        yield part
    except (Unavailable, TransferCancelled) as error:
        away = isinstance(error, TransferCancelled) or error.code.startswith("store_")
        if not is_alone or not away:
            shutil.rmtree(part, ignore_errors=True)
        raise
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _clear_leftovers(target: Path) -> None:
    """Remove what killed processes left that had no lock; nobody uses it any more."""
    for path in target.parent.glob(f".{glob.escape(target.name)}.*"):
        if path.is_dir() and not path.name.endswith(_PART):
            _log.info("removed a package that was laid out in part folder=%s", path)
            shutil.rmtree(path, ignore_errors=True)


def _find_missing(manifest: Manifest, part: Path) -> list[Entry]:
    """Return what is still to be fetched, and remove what does not belong there.

    A file that has its final name there was verified and flushed before it got it.
    """
    wanted = {entry.path: entry for entry in manifest.entries}
    begun = {f".{entry.sha256[:16]}.part" for entry in manifest.entries}
    there = set()
    for path in part.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            continue
        entry = wanted.get(path.relative_to(part).as_posix())
        if entry is not None and not path.is_symlink() and path.stat().st_size == entry.size:
            there.add(entry.path)
        elif path.name not in begun:
            path.unlink()
    return [entry for entry in manifest.entries if entry.path not in there]


def _check_room(missing: list[Entry], target: Path) -> None:
    if sum(entry.size for entry in missing) > shutil.disk_usage(target.parent).free:
        raise Unavailable("disk_full", folder=str(target.parent))


def _lay_out(
    manifest: Manifest, missing: list[Entry], blobs: Blobs, part: Path, meter: Meter
) -> None:
    for folder in {(part / entry.path).parent for entry in manifest.entries}:
        folder.mkdir(parents=True, exist_ok=True)
    meter.expect(files=len(missing), size_bytes=sum(entry.size for entry in missing))

    def fetch(entry: Entry) -> None:
        meter.check()
        path = part / entry.path
        blobs.fetch(entry.sha256, path, meter.note_bytes)
        if path.stat().st_size != entry.size:
            raise BadInput("manifest_damaged")
        meter.note_files()

    for _ in run_together(fetch, missing, THREADS):
        pass
    # The modes last: an earlier try may have been cut off before it got to them.
    for entry in manifest.entries:
        (part / entry.path).chmod(entry.mode)
    for path in part.rglob(".*.part"):
        if path.relative_to(part).as_posix() not in {entry.path for entry in manifest.entries}:
            path.unlink()


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
