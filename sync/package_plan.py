"""Plans of packages: what a scene needs, where each file goes, and what is missing."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from local_server.farm.errors import BadInput
from sync.asset_uses import AssetUse, MissingReason, Trace, TracedFile
from sync.blend_assets import trace_blend
from sync.blend_file import find_packing
from sync.known_files import Sighting, look_at
from sync.layout import Layout, Patch, make_patch, needs_patch
from sync.lost_files import LostFiles
from sync.manifest import FILES_MAX, TOTAL_BYTES_MAX, check_distinct, check_path
from sync.text_assets import trace_text

_USERS_SHOWN = 5


class PlannedFile(NamedTuple):
    """A file that goes into a package: from where, to where, and what is written anew in it.

    `size` is that in the package, `seen` what the file looked like. `traced_ns` is the time of the
    last change of a file that was searched for others, and None for the rest. A plain tuple and
    plain text, as a package has ten thousand of them.
    """

    source: str
    path: str
    size: int
    seen: Sighting
    patches: tuple[Patch, ...] = ()
    traced_ns: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingAsset:
    """A file that the scene asks for and that will not be there when it renders.

    `places` are the files that could be meant where it is `ambiguous`.
    """

    path: str
    used_by: str
    reason: MissingReason
    places: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RelinkedAsset:
    """A file that is not where the scene looks for it, and was found elsewhere."""

    path: str
    used_by: str
    found: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageWarning:
    """Something about the assets that the artist may want to know; rendering goes on."""

    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class PackagePlan:
    """What a package will hold, and what it cannot: nothing has been copied yet."""

    source: Path
    scene: str
    files: tuple[PlannedFile, ...]
    missing: tuple[MissingAsset, ...]
    warnings: tuple[PackageWarning, ...]
    relinked: tuple[RelinkedAsset, ...] = ()

    @property
    def size_bytes(self) -> int:
        """The sum of the files' sizes."""
        return sum(file.size for file in self.files)

    @property
    def mark(self) -> str:
        """What tells it from any other plan: its files, where each goes, and how it looked."""
        files = self.files
        looks = [number for file in files for number in file.seen]
        places = [file.path for file in files], [file.source for file in files]
        changes = [(file.path, file.patches) for file in files if file.patches]
        return hashlib.sha256(repr((self.scene, places, looks, changes)).encode()).hexdigest()


def plan_package(
    scene: Path,
    *,
    asset_patterns: Sequence[str] = (),
    comment_patterns: Sequence[str] = (),
    library_folders: Sequence[Path] = (),
    sidecars: Sequence[str] = (),
    project: Path | None = None,
    lost: LostFiles | None = None,
) -> PackagePlan:
    """Find every file a scene needs and where each goes; read only, and no rendering program.

    A .blend is traced through its data blocks, any other scene by patterns over its text (see
    `trace_text`). `sidecars` are endings of files beside the scene, of its name, that belong to
    it. `project` is the folder whose inner paths are kept, by default the scene's own.
    `lost` looks for what is not where the scene says: it is packed as if it lay there, so that
    the package is that of the whole scene.

    Raises `BadInput`: `scene_missing`, `scene_is_folder`, `scene_not_a_file`, `scene_empty`,
    `scene_unreadable`, `scene_not_blend`, `scene_truncated`, `scene_newer`, `scene_damaged`,
    `scene_outside_project`, `asset_pattern_broken`, `find_in_too_big`, and as `Manifest` does.
    """
    scene = Path(os.path.abspath(scene))  # noqa: PTH100 - resolve() would follow links
    project = scene.parent if project is None else Path(os.path.abspath(project))  # noqa: PTH100
    lost = lost or LostFiles()
    if not scene.is_relative_to(project):
        raise BadInput("scene_outside_project", path=str(scene), project=str(project))
    if _looks_like_blend(_check_scene(scene)):
        trace = trace_blend(scene, lost)
    else:
        trace = trace_text(
            scene,
            lost,
            asset_patterns=asset_patterns,
            comment_patterns=comment_patterns,
            library_folders=library_folders,
        )
    beside = [path for ending in sidecars if (path := scene.with_suffix(ending)).is_file()]
    searched = {traced.path for traced in trace.searched}
    stand_ins = {found: wanted for wanted, found in lost.found.items() if found in searched}
    return _Planning(scene, Layout(project, stand_ins), lost.ambiguous).plan(trace, beside)


def _check_scene(scene: Path) -> Path:
    path = str(scene)
    try:
        if scene.is_dir():
            raise BadInput("scene_is_folder", path=path)
        if not scene.exists():
            raise BadInput("scene_missing", path=path)
        if not scene.is_file():
            raise BadInput("scene_not_a_file", path=path)
        with scene.open("rb") as opened:
            if not opened.read(1):
                raise BadInput("scene_empty", path=path)
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise BadInput("scene_unreadable", path=path, words=words) from error
    return scene


def _looks_like_blend(scene: Path) -> bool:
    # `.blend1` and the like are Blender's own backups.
    if scene.suffix.lower().startswith(".blend"):
        return True
    with scene.open("rb") as opened:
        return find_packing(opened) == "plain"


class _Planning:
    """The making of one plan."""

    def __init__(
        self, scene: Path, layout: Layout, ambiguous: Mapping[Path, tuple[Path, ...]]
    ) -> None:
        self._scene = scene
        self._layout = layout
        self._sources: dict[str, Path] = {}
        self._patches: dict[Path, dict[int, Patch]] = {}
        self._missing: dict[tuple[str, MissingReason], list[str]] = {}
        self._ambiguous = {str(path): places for path, places in ambiguous.items()}
        self._relinked: dict[str, RelinkedAsset] = {}

    def plan(self, trace: Trace, beside: Sequence[Path]) -> PackagePlan:
        """Give every file its place, then put down what is to be written anew in whom."""
        where = self._layout.place(self._scene)
        self._sources[where] = self._scene
        for path in beside:
            self._sources.setdefault(self._layout.place(path), path)
        for use in trace.uses:
            self._add(use)
        files = tuple(self._plan_files({traced.path: traced for traced in trace.searched}))
        check_distinct([file.path for file in files])
        return PackagePlan(
            source=self._scene,
            scene=where,
            files=files,
            missing=tuple(self._list_missing()),
            warnings=(*_list_warnings(trace.uses, self._layout), *self._warn_of_relinked()),
            relinked=tuple(self._relinked.values()),
        )

    def _add(self, use: AssetUse) -> None:
        for path in use.missing:
            self._note_missing(str(path), use.reason, use.used_by)
        readable = [file for file in use.files if os.access(use.find_source(file), os.R_OK)]
        for file in set(use.files) - set(readable):
            source = str(use.find_source(file))
            self._note_missing(source, MissingReason.UNREADABLE, use.used_by)
        if not readable:
            return
        spelling = self._layout.spell(use)
        if not use.follows_asker and needs_patch(use, spelling):
            patch = make_patch(use, spelling)
            if patch is None:
                self._note_missing(str(use.path), MissingReason.NOT_MOVABLE, use.used_by)
                return
            self._patches.setdefault(use.asker, {})[patch.offset] = patch
        for where, file in self._layout.place_files(use).items():
            self._sources.setdefault(check_path(where), use.find_source(file))
        for path, found in use.moved.items():
            relinked = RelinkedAsset(path=_show(path), used_by=use.used_by, found=found)
            self._relinked.setdefault(str(path), relinked)
        if len(self._sources) > FILES_MAX:
            files = len(self._sources)
            raise BadInput("package_too_many_files", files=files, files_max=FILES_MAX)

    def _plan_files(self, searched: Mapping[Path, TracedFile]) -> Iterator[PlannedFile]:
        total_bytes = 0
        for where, source in sorted(self._sources.items()):
            traced = searched.get(source)
            patches = tuple(patch for _, patch in sorted(self._patches.get(source, {}).items()))
            seen = look_at(source)
            if seen is None:
                self._note_missing(str(source), MissingReason.UNREADABLE, "")
                continue
            size = seen.size
            if patches and traced is not None:
                grown = sum(len(patch.after) - len(patch.before) for patch in patches)
                size = traced.plain_bytes + grown
            total_bytes += size
            if total_bytes > TOTAL_BYTES_MAX:
                size_gb, max_gb = total_bytes >> 30, TOTAL_BYTES_MAX >> 30
                raise BadInput("package_too_big", size_gb=size_gb, max_gb=max_gb)
            yield PlannedFile(
                source=str(source),
                path=where,
                size=size,
                seen=seen,
                patches=patches,
                traced_ns=None if traced is None else traced.modified_ns,
            )

    def _note_missing(self, path: str, reason: MissingReason, used_by: str) -> None:
        if path in self._ambiguous and reason is MissingReason.NOT_FOUND:
            reason = MissingReason.AMBIGUOUS
        users = self._missing.setdefault((path, reason), [])
        if used_by and used_by not in users:
            users.append(used_by)

    def _warn_of_relinked(self) -> Iterator[PackageWarning]:
        if self._relinked:
            one = next(iter(self._relinked.values()))
            yield PackageWarning(
                code="assets_relinked",
                params={
                    "count": len(self._relinked),
                    "example": one.path,
                    "found": _show(one.found),
                },
            )

    def _list_missing(self) -> Iterator[MissingAsset]:
        for (path, reason), users in self._missing.items():
            shown = users[:_USERS_SHOWN] + ["…"] * (len(users) > _USERS_SHOWN)
            yield MissingAsset(
                path=_show(path),
                used_by=", ".join(shown),
                reason=reason,
                places=self._ambiguous.get(path, ()),
            )


def _show(path: object) -> str:
    """Return a path as text, whatever bytes are in it."""
    return str(path).encode(errors="backslashreplace").decode()


def _list_warnings(uses: Sequence[AssetUse], layout: Layout) -> Iterator[PackageWarning]:
    found = [use for use in uses if use.files]
    outside = dict.fromkeys(str(use.path) for use in found if not layout.is_inside(use.path))
    absolute = dict.fromkeys(str(use.path) for use in found if use.is_absolute)
    for code, paths in (("assets_outside_project", outside), ("assets_absolute", absolute)):
        if paths:
            params: dict[str, str | int] = {"count": len(paths), "example": next(iter(paths))}
            yield PackageWarning(code=code, params=params)
