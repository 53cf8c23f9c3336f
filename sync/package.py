"""Packages: a scene with every file it needs, planned, stored as blobs, and laid out on a node."""

import os
import secrets
import shutil
import tempfile
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import zstandard

from local_server.farm.errors import BadInput
from sync.asset_uses import MissingReason
from sync.blend_file import open_plain
from sync.blobs import SMALL_BYTES_MAX, Blobs, Digest, digest_file, target_error
from sync.known_files import KnownFiles, Sighting
from sync.manifest import Entry, Manifest, build_manifest
from sync.package_folder import fetch_package
from sync.package_plan import (
    MissingAsset,
    PackagePlan,
    PackageWarning,
    PlannedFile,
    plan_package,
)
from sync.sources import CHUNK_BYTES, open_source
from sync.transfers import THREADS, Meter, run_together

# The verbs of a package and what they speak of, whichever file they live in.
__all__ = [
    "MissingAsset",
    "MissingReason",
    "PackagePlan",
    "PackageWarning",
    "PlannedFile",
    "fetch_package",
    "hash_package",
    "plan_package",
    "store_package",
]


# Held in memory: one group where it goes to a disk, a few at once where it goes far.
_GROUP_FILES_MAX = 4096
_NEAR_BYTES_MAX, _FAR_BYTES_MAX = 64 << 20, 16 << 20


def store_package(
    plan: PackagePlan,
    blobs: Blobs,
    on_progress: Callable[[int, int], None] | None = None,
    known: KnownFiles | None = None,
    meter: Meter | None = None,
) -> Digest:
    """Store a planned package; return the digest that names it, which is that of its manifest.

    `on_progress` is called with the bytes stored and all there are, after each file; `meter`
    counts as they go, and can stop it. May be repeated: what is stored already is not copied
    again, and with `known` not even read again. Raises `BadInput`: `asset_changing` when a file
    changed after the plan was made or while it was copied, `asset_unreadable`;
    `TransferCancelled`; and what the store raises.
    """
    meter = meter or Meter()
    meter.expect(files=len(plan.files), size_bytes=plan.size_bytes)
    digest = None if known is None else known.find_package(plan.source, plan.mark)
    # Where there is a manifest, there is all that it names; young, it protects that as well.
    if digest is not None and blobs.keep(digest) is not None:
        for file in plan.files:
            _check_unchanged(file)
        meter.note_bytes(plan.size_bytes)
        meter.note_files(len(plan.files))
        return digest
    plain = _list_plain(plan)
    remembered = {} if known is None else known.find(plain)
    here = blobs.keep_many(set(remembered.values()))
    remembered = {
        name: one for name, one in remembered.items() if here.get(one) == plain[name].size
    }
    hashed: dict[str, tuple[Sighting, Digest]] = {}
    entries = _recall(plan, remembered)
    meter.note_bytes(sum(entry.size for entry in entries))
    meter.note_files(len(entries))
    done_bytes = sum(entry.size for entry in entries)
    rest = [file for file in plan.files if file.patches or file.source not in remembered]
    with tempfile.TemporaryDirectory(prefix="yuntu-") as folder:
        # Small files on a disk are short calls to the system: threads only get in each other's way.
        turn = nullcontext() if blobs.is_far else threading.Lock()
        keeper = _Keeper(blobs, Path(folder), hashed, meter, turn)
        groups = make_groups(rest, _FAR_BYTES_MAX if blobs.is_far else _NEAR_BYTES_MAX)
        for kept in run_together(keeper.keep, groups, THREADS):
            entries += kept
            done_bytes += sum(entry.size for entry in kept)
            if on_progress is not None:
                on_progress(min(done_bytes, plan.size_bytes), plan.size_bytes)
    # Last, so that where there is a manifest, there is all that it names.
    digest = blobs.add_bytes(build_manifest(entries, plan.scene).to_bytes())
    if known is not None:
        trusted = len(remembered) + known.note(hashed)
        if trusted == len({file.source for file in plan.files}):
            known.note_package(plan.source, plan.mark, digest)
    return digest


def hash_package(
    plan: PackagePlan, folder: Path, *, known: KnownFiles, on_file: Callable[[int], None]
) -> tuple[Manifest, dict[Digest, Path]]:
    """Hash a planned package without storing it; return its manifest, and where its bytes are.

    Files that are changed for the package are written into `folder`; all others stay where they
    are, and with `known` are not even read again. `on_file` hears the size of each. Raises
    `BadInput` as `store_package` does.
    """
    remembered = known.find(_list_plain(plan))
    hashed: dict[str, tuple[Sighting, Digest]] = {}
    entries, sources = [], {}
    for file in plan.files:
        _check_unchanged(file)
        source, kept = Path(file.source), remembered.get(file.source)
        if file.patches:
            source = folder / secrets.token_hex(8)
            _write_patched(file, source)
        digest, size = (kept, file.seen.size) if kept else digest_file(source)
        if not kept and not file.patches:
            hashed[file.source] = (file.seen, digest)
        sources[digest] = source
        entries.append(Entry(path=file.path, sha256=digest, size=size))
        on_file(size)
    known.note(hashed)
    return build_manifest(entries, plan.scene), sources


def _list_plain(plan: PackagePlan) -> dict[str, Sighting]:
    """Return the files that go in as they are, and what they looked like."""
    return {file.source: file.seen for file in plan.files if not file.patches}


def _recall(plan: PackagePlan, remembered: Mapping[str, Digest]) -> list[Entry]:
    """Return the entries of those files that need not be read."""
    entries = []
    for file in plan.files:
        digest = None if file.patches else remembered.get(file.source)
        if digest is not None:
            _check_unchanged(file)
            entries.append(Entry(path=file.path, sha256=digest, size=file.seen.size))
    return entries


def make_groups(files: Sequence[PlannedFile], bytes_max: int) -> list[list[PlannedFile]]:
    """Put small files together that go in as they are: a group is one flush of the disk."""
    groups: list[list[PlannedFile]] = []
    open_bytes = bytes_max + 1
    for file in files:
        small = not file.patches and file.size <= SMALL_BYTES_MAX
        fits = open_bytes + file.size <= bytes_max and len(groups[-1]) < _GROUP_FILES_MAX
        if small and fits:
            groups[-1].append(file)
            open_bytes += file.size
        else:
            groups.append([file])
            open_bytes = file.size if small else bytes_max + 1
    return groups


@dataclass(frozen=True, slots=True)
class _Keeper:
    """Keeps the files of a package; `hashed` gathers what was read, `turn` is held for a group."""

    blobs: Blobs
    folder: Path
    hashed: dict[str, tuple[Sighting, Digest]]
    meter: Meter
    turn: AbstractContextManager[object]

    def keep(self, files: Sequence[PlannedFile]) -> list[Entry]:
        """Keep a group of files, and return their entries."""
        self.meter.check()
        for file in files:
            _check_unchanged(file)
        if len(files) == 1:
            file = files[0]
            kept = [self._keep_patched(file) if file.patches else self._keep_plain(file)]
        else:
            kept = self._keep_group(files)
        for file in files:
            _check_unchanged(file)
        self.meter.note_files(len(files))
        return [
            Entry(path=file.path, sha256=digest, size=size)
            for file, (digest, size) in zip(files, kept, strict=True)
        ]

    def _keep_group(self, files: Sequence[PlannedFile]) -> list[tuple[Digest, int]]:
        sources = [file.source for file in files]
        with self.turn:
            kept = self.blobs.add_small_files(sources, self.meter.note_bytes)
        for file, (digest, _) in zip(files, kept, strict=True):
            self.hashed[file.source] = (file.seen, digest)
        return kept

    def _keep_patched(self, file: PlannedFile) -> tuple[Digest, int]:
        patched = self.folder / secrets.token_hex(8)
        _write_patched(file, patched)
        kept = self.blobs.add_file_sized(patched, self.meter.note_bytes)
        patched.unlink()
        return kept

    def _keep_plain(self, file: PlannedFile) -> tuple[Digest, int]:
        kept = self.blobs.add_file_sized(Path(file.source), self.meter.note_bytes)
        self.hashed[file.source] = (file.seen, kept[0])
        return kept


def _check_unchanged(file: PlannedFile) -> None:
    """Refuse a file that may ask for other assets now than when it was searched for them."""
    if file.traced_ns is None:
        return
    try:
        modified_ns = os.stat(file.source).st_mtime_ns  # noqa: PTH116 - plain text
    except OSError as error:
        words = error.strerror or ""
        raise BadInput("asset_unreadable", path=file.source, words=words) from error
    if modified_ns != file.traced_ns:
        raise BadInput("asset_changing", path=file.source)


def _write_patched(file: PlannedFile, target: Path) -> None:
    """Write a file with its patches, unpacked: the artist's own is only read.

    It stays unpacked because a packer's output changes with the packer's version, and the
    package's digest must not.
    """
    source_path = Path(file.source)
    open_source(source_path).close()
    position = 0
    try:
        with open_plain(source_path) as source, target.open("xb") as opened:
            for patch in file.patches:
                _copy(source, opened, patch.offset - position, file)
                if _read_exactly(source, len(patch.before)) != patch.before:
                    raise BadInput("asset_changing", path=file.source)
                opened.write(patch.after)
                position = patch.offset + len(patch.before)
            shutil.copyfileobj(source, opened, CHUNK_BYTES)
    except (EOFError, zlib.error, zstandard.ZstdError) as error:
        raise BadInput("asset_changing", path=file.source) from error
    except OSError as error:
        raise target_error(error, target) from error


def _copy(source: BinaryIO, target: BinaryIO, length: int, file: PlannedFile) -> None:
    while length > 0:
        chunk = source.read(min(CHUNK_BYTES, length))
        if not chunk:
            raise BadInput("asset_changing", path=file.source)
        target.write(chunk)
        length -= len(chunk)


def _read_exactly(source: BinaryIO, length: int) -> bytes:
    """Read what an unpacker may hand out in pieces."""
    data = b""
    while len(data) < length and (piece := source.read(length - len(data))):
        data += piece
    return data
