"""Layout of a package: where each file goes, and how those who use it must spell it then."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sync.asset_uses import AssetUse
from sync.manifest import check_path, fold_path

_OUTSIDE = "_outside_project"


@dataclass(frozen=True, kw_only=True, slots=True)
class Patch:
    """Bytes to be written in place of others, at an offset into the unpacked file."""

    offset: int
    before: bytes
    after: bytes


class Layout:
    """Gives every file a place; the same scene gets the same layout on every machine.

    What lies in the project folder keeps its place. What lies outside goes to
    `_outside_project/<n>/`, a number for each folder in the order in which the scene asks: a full
    path there would differ between machines, tell the artist's name, and be too long for Windows.
    `stand_ins` are files that take the place of others, each with the path that it is used for.
    """

    def __init__(self, project: Path, stand_ins: Mapping[Path, Path] | None = None) -> None:
        self._project = project
        self._stand_ins = stand_ins or {}
        self._folders: dict[Path, int] = {}
        self._placed: dict[str, tuple[Path, str]] = {}
        self._outside = _OUTSIDE
        # A scene that was itself packed once has such a folder already.
        while (project / self._outside).exists():
            self._outside += "_"

    def is_inside(self, path: Path) -> bool:
        """Say whether a path lies in the project folder."""
        return path.is_relative_to(self._project)

    def place(self, path: Path) -> str:
        """Return where an absolute path goes. Raises `BadInput` (`package_path_unsafe`)."""
        path = self._stand_ins.get(path, path)
        if self.is_inside(path):
            wanted = path.relative_to(self._project).as_posix()
        else:
            number = self._folders.setdefault(path.parent, len(self._folders) + 1)
            wanted = f"{self._outside}/{number}/{path.name or 'root'}"
        if wanted == ".":
            return wanted
        check_path(wanted)
        # Where the file system does not tell `Wood.png` from `wood.png`, the first spelling stays.
        placed, where = self._placed.setdefault(fold_path(wanted), (path, wanted))
        return where if _is_same(placed, path) else wanted

    def place_use(self, use: AssetUse) -> str:
        """Return where the path that a use speaks of goes."""
        if not use.follows_asker:
            return self.place(use.path)
        folder = posixpath.dirname(self.place(use.asker))
        return posixpath.join(folder, use.path.relative_to(use.asker.parent).as_posix())

    def place_files(self, use: AssetUse) -> dict[str, Path]:
        """Return the files of a use by where they go."""
        where = self.place_use(use)
        if use.is_folder:
            return {
                posixpath.normpath(f"{where}/{file.relative_to(use.path).as_posix()}"): file
                for file in use.files
            }
        folder = posixpath.dirname(where)
        return {
            where if file == use.path else posixpath.join(folder, file.name): file
            for file in use.files
        }

    def spell(self, use: AssetUse) -> str:
        """Return the path to be written where the use writes one now."""
        where = self.place_use(use)
        start = posixpath.dirname(self.place(use.base)) or "."
        if use.field is not None and not use.field.fixed:
            return posixpath.relpath(where, start)
        if use.spells_folder:
            folder = posixpath.relpath(posixpath.dirname(where) or ".", start)
            return "//" if folder == "." else f"//{folder}/"
        return f"//{posixpath.relpath(where, start)}"


def needs_patch(use: AssetUse, spelling: str) -> bool:
    """Say whether what is written now would not be found in the package."""
    written = use.written.replace("\\", "/") if not use.written.startswith("\\\\") else use.written
    if use.spells_folder:
        written = written.rpartition("/")[0] + "/"
    is_text = use.field is not None and not use.field.fixed
    return written.removeprefix("./") != spelling if is_text else written != spelling


def make_patch(use: AssetUse, spelling: str) -> Patch | None:
    """Return the bytes to be written, or None when there is no room for them."""
    field, raw = use.field, spelling.encode("utf-8", "surrogateescape")
    if field is None or (field.fixed and len(raw) >= len(field.before)):
        return None
    # To the end of the field: what stood there before may be the path of somebody's home.
    after = raw.ljust(len(field.before), b"\0") if field.fixed else raw
    return Patch(offset=field.offset, before=field.before, after=after)


def _is_same(one: Path, other: Path) -> bool:
    if one == other:
        return True
    try:
        return one.samefile(other)
    except OSError:
        return False
