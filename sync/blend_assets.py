"""Assets of .blend files: every file that a scene and the libraries it links ask for."""

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from blender_asset_tracer import bpathlib, cdefs
from blender_asset_tracer import trace as bat_trace
from blender_asset_tracer.blendfile import iterators
from blender_asset_tracer.trace import blocks2assets, expanders, file2blocks

from local_server.farm.errors import BadInput
from sync.asset_uses import AssetUse, MissingReason, PathField, Trace, TracedFile, fill_file
from sync.blend_file import (
    READER_ERRORS,
    BlendReader,
    NewerBlend,
    NotABlend,
    TruncatedBlend,
)
from sync.image_needs import ImageNeeds
from sync.lost_files import LostFiles
from sync.sequences import has_token, list_sequence, missing_between

_log = logging.getLogger(__name__)

_LIBRARY_ERRORS: tuple[type[Exception], ...] = (
    NotABlend,
    TruncatedBlend,
    NewerBlend,
    OSError,
    *READER_ERRORS,
)
KIND_LETTERS = 2
_CLIP_IS_SEQUENCE = 1
_SCRIPT_IS_EXTERNAL = 1
# From this version on BAT looks for every tree of nodes where scenes alone have theirs now.
_TREES_MOVED = 500
_OWN_TREES = {b"LA", b"MA", b"TE", b"WO"}
_IMAGE_SOURCES = {
    cdefs.IMA_SRC_FILE,
    cdefs.IMA_SRC_SEQUENCE,
    cdefs.IMA_SRC_MOVIE,
    cdefs.IMA_SRC_TILED,
}


def trace_blend(scene: Path, lost: LostFiles) -> Trace:
    """Find all that a .blend asks for, through the libraries it links.

    What is not where it should be is looked for among `lost`.

    Raises `BadInput`: `scene_not_blend`, `scene_truncated`, `scene_newer`, `scene_damaged`,
    `scene_unreadable`. A library in such a state is a missing asset instead.
    """
    tracer = _Tracer(scene, lost)
    try:
        with _translated(scene):
            uses = tuple(lost.relink(use) for use in tracer.find_uses())
        searched = tuple(
            TracedFile(
                path=path,
                plain_bytes=reader.plain_bytes,
                modified_ns=tracer.modified_ns[path],
            )
            for path, reader in tracer.readers.items()
        )
    finally:
        tracer.close()
    return Trace(uses=(*uses, *tracer.broken), searched=searched)


@contextmanager
def _translated(scene: Path) -> Iterator[None]:
    path = str(scene)
    try:
        yield
    except NotABlend as error:
        raise BadInput("scene_not_blend", path=path) from error
    except (TruncatedBlend, EOFError) as error:
        raise BadInput("scene_truncated", path=path) from error
    except NewerBlend as error:
        raise BadInput("scene_newer", path=path) from error
    except READER_ERRORS as error:
        _log.info("a .blend could not be traced file=%s", path, exc_info=True)
        raise BadInput("scene_damaged", path=path, words=_words(error)) from error
    except OSError as error:
        raise BadInput("scene_unreadable", path=path, words=error.strerror or "") from error


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]


class _Tracer(file2blocks.BlockIterator):
    """BAT's walk over data blocks, with readers of its own in place of BAT's global ones.

    BAT keeps every .blend it ever opened in one module-level table: a scene saved again would be
    read through the old table of contents, and threads would share one file position.
    """

    def __init__(self, scene: Path, lost: LostFiles) -> None:
        super().__init__()
        self.scene, self.lost = scene, lost
        self.readers: dict[Path, BlendReader] = {}
        self.modified_ns: dict[Path, int] = {}
        self.broken: list[AssetUse] = []
        self._needs: dict[Path, ImageNeeds] = {}

    def close(self) -> None:
        for reader in self.readers.values():
            reader.close()

    def open_blendfile(self, bfilepath: Path) -> BlendReader:
        if bfilepath not in self.readers:
            modified_ns = bfilepath.stat().st_mtime_ns
            self.readers[bfilepath] = BlendReader(bfilepath)
            self.modified_ns[bfilepath] = modified_ns
        return self.readers[bfilepath]

    def _queue_dependencies(self, block: Any) -> None:
        super()._queue_dependencies(block)
        if block.code in _OWN_TREES and block.bfile.header.version >= _TREES_MOVED:
            tree = block.get_pointer(b"nodetree", None)
            found = expanders._expand_generic_nodetree(tree) if tree else ()
            for dependency in filter(None, found):
                self.to_visit.put(dependency)

    def find_uses(self) -> Iterator[AssetUse]:
        main = self.open_blendfile(self.scene)
        seen: set[tuple[object, ...]] = set()
        for block in bat_trace.asset_holding_blocks(self.iter_blocks(main)):
            for usage in blocks2assets.iter_assets(block):
                marks = (usage.block.bfile.filepath, usage.block.addr_old, usage.asset_path)
                if (*marks, usage.block_name) not in seen:
                    seen.add((*marks, usage.block_name))
                    yield from self._describe(usage)
        yield from self._uses_of_nodes(main)

    def _visit_linked_blocks(self, blocks_per_lib: dict[Any, Any]) -> Iterator[Any]:
        """As BAT's own, but a library that cannot be read is noted and the walk goes on."""
        for written, linked in blocks_per_lib.items():
            path = bpathlib.make_absolute(written.to_path())
            file = path if path.is_file() else self.lost.find(path)
            try:
                library = None if file is None else self.open_blendfile(file)
            except _LIBRARY_ERRORS as error:
                _log.warning("a library could not be read file=%s error=%s", path, error)
                reason = (
                    MissingReason.UNREADABLE
                    if isinstance(error, PermissionError)
                    else MissingReason.DAMAGED
                )
                self.broken.append(_broken_library(self.scene, path, linked, reason))
                continue
            if library is not None:
                yield from self.iter_blocks(library, linked)

    def _describe(self, usage: Any) -> Iterator[AssetUse]:
        written = bytes(usage.asset_path)
        kind = usage.block.dna_type_name
        if not written or (kind == "Image" and not _is_on_disk(usage.block)):
            return
        use = self._locate(usage)
        if kind == "Image":
            yield self._needs_of(usage.block.bfile).fill(use, usage.block)
        elif kind == "Strip" and usage.is_sequence:
            yield _fill_strip(use, usage.block)
        elif usage.is_sequence or _is_sequence(usage.block, kind):
            yield _fill_sequence(use)
        else:
            yield fill_file(use)

    def _locate(self, usage: Any) -> AssetUse:
        blend: Path = usage.block.bfile.filepath
        field = usage.path_full_field or usage.path_dir_field
        place = _find_field(usage.block, field)
        written = bytes(usage.asset_path)
        raw = place.before.split(b"\0")[0] if place and usage.path_full_field else written
        if raw.startswith(b"\\\\"):
            # A UNC path; BAT turns its backslashes and takes it for one beside the .blend.
            path, is_absolute = Path(_decode(raw)), True
        else:
            path, is_absolute = _resolve(blend, written)
        follows = usage.block.dna_type_name == "PointCache" and raw != written
        name = usage.block_name.decode(errors="replace")
        # Blender puts two letters for the kind before each name; artists never see them.
        used_by = usage.block.dna_type_name if name == "-unnamed-" else name[KIND_LETTERS:]
        return AssetUse(
            asker=blend,
            base=blend,
            path=path,
            written=_decode(raw if usage.path_full_field else written),
            used_by=used_by if blend == self.scene else f"{used_by} ({blend.name})",
            field=None if follows else place,
            spells_folder=usage.path_full_field is None,
            follows_asker=follows,
            is_absolute=is_absolute,
        )

    def _needs_of(self, reader: BlendReader) -> ImageNeeds:
        if reader.filepath not in self._needs:
            self._needs[reader.filepath] = ImageNeeds(reader, self._frame_ranges)
        return self._needs[reader.filepath]

    @cached_property
    def _frame_ranges(self) -> tuple[tuple[int, int], ...]:
        scenes = self.readers[self.scene].find_blocks_from_code(b"SC")
        return tuple((block[b"r", b"sfra"], block[b"r", b"efra"]) for block in scenes)

    def _uses_of_nodes(self, reader: BlendReader) -> Iterator[AssetUse]:
        """Find files of shader nodes that BAT does not look for: OSL scripts, light profiles."""
        for block in reader.code_index[b"DATA"]:
            if block.sdna_index == 0 or block.dna_type_id not in {
                b"NodeShaderScript",
                b"NodeShaderTexIES",
            }:
                continue
            if block[b"mode"] != _SCRIPT_IS_EXTERNAL or not block[b"filepath"]:
                continue
            raw = block[b"filepath"]
            path, is_absolute = _resolve(reader.filepath, raw)
            _, field = block.get(b"filepath", return_field=True)
            yield fill_file(
                AssetUse(
                    asker=reader.filepath,
                    base=reader.filepath,
                    path=path,
                    written=_decode(raw),
                    used_by=block.dna_type_name,
                    field=_find_field(block, field),
                    is_absolute=is_absolute,
                )
            )


def _resolve(blend: Path, raw: bytes) -> tuple[Path, bool]:
    """Return what a path in a .blend means on this machine, and whether it was absolute."""
    written = bpathlib.BlendPath(raw)  # type: ignore[no-untyped-call]
    root = str(blend.parent).encode("utf-8", "surrogateescape")
    absolute = bytes(written.absolute(root))
    return bpathlib.make_absolute(Path(_decode(absolute))), written.is_absolute()


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _is_on_disk(image: Any) -> bool:
    packed = image.get(b"packedfile", default=0) or image.get((b"packedfiles", b"first"), default=0)
    source = image.get(b"source", default=cdefs.IMA_SRC_FILE)
    return not packed and source in _IMAGE_SOURCES and bool(image[b"name"])


def _is_sequence(block: Any, kind: str) -> bool:
    if kind == "MovieClip":
        return bool(block.get(b"source", default=0) == _CLIP_IS_SEQUENCE)
    return kind == "CacheFile" and bool(block.get(b"is_sequence", default=0))


def _find_field(block: Any, field: Any) -> PathField | None:
    """Return where a path is written, or None where it cannot be written anew."""
    reader = block.bfile
    try:
        if field.name.is_pointer:
            # Allocated to measure: only what fits in there can be written back.
            block = reader.dereference_pointer(block.get(field.name.name_only))
            offset, length = block.file_offset, block.size
        else:
            offset, length = block.abs_offset(field.name.name_only)[0], field.size
    except (KeyError, AttributeError):
        return None
    reader.fileobj.seek(offset, os.SEEK_SET)
    return PathField(offset=offset, before=reader.fileobj.read(length), fixed=True)


def _fill_sequence(use: AssetUse) -> AssetUse:
    found = list_sequence(use.path) if use.path.is_absolute() else ()
    is_folder = use.path.is_dir()
    if not found:
        return replace(use, missing=(use.path,), is_folder=is_folder, is_sequence=True)
    gaps = () if is_folder or has_token(use.path) else missing_between(use.path, found)
    return replace(use, files=found, missing=gaps, is_folder=is_folder)


def _fill_strip(use: AssetUse, strip: Any) -> AssetUse:
    """Fill in an image strip, which lists its files by name."""
    elements = iterators.dynamic_array(strip.get_pointer(b"stripdata"))
    names = dict.fromkeys(_decode(element[b"name"]) for element in elements)
    listed = [use.path.with_name(name) for name in names if name]
    found = tuple(path for path in listed if path.is_absolute() and path.is_file())
    missing = tuple(path for path in listed if path not in set(found))
    return replace(use, files=found, missing=missing)


def _broken_library(
    scene: Path, path: Path, linked: Iterable[Any], reason: MissingReason
) -> AssetUse:
    names = sorted(block[b"name"].decode(errors="replace")[KIND_LETTERS:] for block in linked)
    return AssetUse(
        asker=scene,
        base=scene,
        path=path,
        written=str(path),
        used_by=", ".join(names[:5]),
        missing=(path,),
        reason=reason,
    )
