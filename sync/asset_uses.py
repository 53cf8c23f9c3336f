"""Uses of assets: what the tracers find in a scene, whatever kind of scene it is."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path


class MissingReason(StrEnum):
    """Why a file that a scene needs will not be there when it renders."""

    NOT_FOUND = "not_found"
    AMBIGUOUS = "ambiguous"
    NOT_A_FILE = "not_a_file"
    UNREADABLE = "unreadable"
    DAMAGED = "damaged"
    NOT_MOVABLE = "not_movable"


@dataclass(frozen=True, kw_only=True, slots=True)
class PathField:
    """Where a file spells a path: these bytes at this place.

    A field of a .blend keeps its length (`fixed`), one of a text grows and shrinks.
    """

    offset: int
    before: bytes
    fixed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class AssetUse:
    """One place in a scene, or in a file that it uses, that asks for a file or many.

    `path` is absolute and may be a folder, or stand for many with a token such as `<UDIM>`.
    `base` is the file beside which a relative path is looked for. `field` is None where no path is
    written, because it follows from the place of the file that asks. `moved` says where those of
    `files` lie that are not where the scene looks for them.
    """

    asker: Path
    base: Path
    path: Path
    written: str
    used_by: str
    files: tuple[Path, ...] = ()
    missing: tuple[Path, ...] = ()
    reason: MissingReason = MissingReason.NOT_FOUND
    field: PathField | None = None
    is_folder: bool = False
    spells_folder: bool = False
    follows_asker: bool = False
    is_absolute: bool = False
    is_sequence: bool = False
    moved: Mapping[Path, Path] = dataclasses.field(default_factory=dict)

    def find_source(self, file: Path) -> Path:
        """Return where one of its files lies."""
        return self.moved.get(file, file)


@dataclass(frozen=True, kw_only=True, slots=True)
class TracedFile:
    """A file that was searched for uses: its length once unpacked, and when it was last changed."""

    path: Path
    plain_bytes: int
    modified_ns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """All that a scene and the files it uses ask for, in the order in which they ask."""

    uses: tuple[AssetUse, ...]
    searched: tuple[TracedFile, ...]


def fill_file(use: AssetUse) -> AssetUse:
    """Return the use of a single file with that file, or with why it will be missing."""
    if use.path.is_absolute() and use.path.is_file():
        return replace(use, files=(use.path,))
    is_there = use.path.is_absolute() and use.path.exists()
    reason = MissingReason.NOT_A_FILE if is_there else MissingReason.NOT_FOUND
    return replace(use, missing=(use.path,), reason=reason)
