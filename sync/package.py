"""Packages: a scene with every file it needs, planned, stored as blobs, and laid out on a node."""

import secrets
import shutil
import tempfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import zstandard

from local_server.farm.errors import BadInput
from sync.asset_uses import MissingReason
from sync.blend_file import open_plain
from sync.blobs import Blobs, Digest, target_error
from sync.manifest import Entry, Manifest, build_manifest
from sync.package_folder import fetch_package
from sync.package_plan import (
    MissingAsset,
    PackagePlan,
    PackageWarning,
    PlannedFile,
    plan_package,
)
from sync.store import CHUNK_BYTES, open_source

# The three verbs of a package and what they speak of, whichever file they live in.
__all__ = [
    "MissingAsset",
    "MissingReason",
    "PackagePlan",
    "PackageWarning",
    "PlannedFile",
    "fetch_package",
    "plan_package",
    "store_package",
]

# Small files wait for the disk, not for the processor; together they share its flushes.
_STORING_THREADS = 4


def store_package(
    plan: PackagePlan, blobs: Blobs, on_progress: Callable[[int, int], None] | None = None
) -> tuple[Digest, Manifest]:
    """Store a planned package; return the digest that names it, and its manifest.

    `on_progress` is called with the bytes stored and all there are, after each file. May be
    repeated: what is stored already is not copied again. Raises `BadInput`: `asset_changing` when
    a file changed after the plan was made or while it was copied, `asset_unreadable`; and what
    the store raises.
    """
    total_bytes, done_bytes = plan.size_bytes, 0
    entries: list[Entry] = []
    with tempfile.TemporaryDirectory(prefix="yuntu-") as folder:

        def store(file: PlannedFile) -> Entry:
            return _store_file(file, blobs, Path(folder))

        with ThreadPoolExecutor(_STORING_THREADS, thread_name_prefix="package") as pool:
            try:
                for file, entry in zip(plan.files, pool.map(store, plan.files), strict=True):
                    entries.append(entry)
                    done_bytes += file.size
                    if on_progress is not None:
                        on_progress(done_bytes, total_bytes)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
    manifest = build_manifest(entries, plan.scene)
    # Last, so that where there is a manifest, there is all that it names.
    return blobs.add_bytes(manifest.to_bytes()), manifest


def _store_file(file: PlannedFile, blobs: Blobs, folder: Path) -> Entry:
    _check_unchanged(file)
    if file.patches:
        patched = folder / secrets.token_hex(8)
        _write_patched(file, patched)
        digest, size = blobs.add_file_sized(patched)
        patched.unlink()
    else:
        digest, size = blobs.add_file_sized(file.source)
    _check_unchanged(file)
    return Entry(path=file.path, sha256=digest, size=size)


def _check_unchanged(file: PlannedFile) -> None:
    """Refuse a file that may ask for other assets now than when it was searched for them."""
    if file.traced_ns is None:
        return
    try:
        modified_ns = file.source.stat().st_mtime_ns
    except OSError as error:
        words = error.strerror or ""
        raise BadInput("asset_unreadable", path=str(file.source), words=words) from error
    if modified_ns != file.traced_ns:
        raise BadInput("asset_changing", path=str(file.source))


def _write_patched(file: PlannedFile, target: Path) -> None:
    """Write a file with its patches, unpacked: the artist's own is only read.

    It stays unpacked because a packer's output changes with the packer's version, and the
    package's digest must not.
    """
    open_source(file.source).close()
    position = 0
    try:
        with open_plain(file.source) as source, target.open("xb") as opened:
            for patch in file.patches:
                _copy(source, opened, patch.offset - position, file)
                if _read_exactly(source, len(patch.before)) != patch.before:
                    raise BadInput("asset_changing", path=str(file.source))
                opened.write(patch.after)
                position = patch.offset + len(patch.before)
            shutil.copyfileobj(source, opened, CHUNK_BYTES)
    except (EOFError, zlib.error, zstandard.ZstdError) as error:
        raise BadInput("asset_changing", path=str(file.source)) from error
    except OSError as error:
        raise target_error(error, target) from error


def _copy(source: BinaryIO, target: BinaryIO, length: int, file: PlannedFile) -> None:
    while length > 0:
        chunk = source.read(min(CHUNK_BYTES, length))
        if not chunk:
            raise BadInput("asset_changing", path=str(file.source))
        target.write(chunk)
        length -= len(chunk)


def _read_exactly(source: BinaryIO, length: int) -> bytes:
    """Read what an unpacker may hand out in pieces."""
    data = b""
    while len(data) < length and (piece := source.read(length - len(data))):
        data += piece
    return data
