"""Lost files: what a scene misses, looked for by name in folders that the artist knows of."""

import filecmp
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from local_server.farm.errors import BadInput, Unfit
from sync.asset_uses import AssetUse, MissingReason
from sync.blobs import Digest, digest_file
from sync.sequences import list_sequence

FILES_SEEN_MAX = 500_000
_SEPARATORS = re.compile(r"[\\/]+")

Recall = Callable[[Path], tuple[Digest, int] | None]
"""What is known of the file that once lay at a path: its digest and its size."""


def recall_nothing(_: Path) -> None:
    """Know of no file; the default of `Recall`."""


def check_folders(folders: Sequence[str]) -> None:
    """Raise Unfit for what is no folder that files can be looked for in."""
    for folder in folders:
        if not os.access(folder, os.R_OK | os.X_OK) or not Path(folder).is_dir():
            raise Unfit("find_in_missing", path=folder)


class LostFiles:
    """Looks for files by name; each is looked for once, and what came of it is kept.

    Where several files have the name, the one that holds what this machine last saw at the lost
    path is taken, else the one whose folders agree with the lost path the furthest. Files that
    hold the same are as good as one. What is still undecided is `ambiguous`, and not taken.
    """

    def __init__(self, folders: Sequence[Path] = (), recall: Recall = recall_nothing) -> None:
        self._folders = folders
        self._recall = recall
        self._answers: dict[Path, Path | None] = {}
        self.ambiguous: dict[Path, tuple[Path, ...]] = {}

    @property
    def found(self) -> dict[Path, Path]:
        """The files that were found, by the paths that they were missed at."""
        return {wanted: found for wanted, found in self._answers.items() if found is not None}

    def find(self, wanted: Path) -> Path | None:
        """Return the file that was meant. Raises `BadInput` (`find_in_too_big`)."""
        if not self._folders:
            return None
        if wanted not in self._answers:
            parts = split_path(wanted)
            self._answers[wanted] = self._choose(wanted, parts, self._names[parts[-1]])
        return self._answers[wanted]

    def relink(self, use: AssetUse) -> AssetUse:
        """Return a use with those of its missing files that were found, each at its old place."""
        if not self._folders or use.is_folder or use.reason is not MissingReason.NOT_FOUND:
            return use
        moved: dict[Path, Path] = {}
        for wanted in use.missing:
            found = self.find(wanted)
            if found is not None:
                moved |= _bring_along(wanted, found) if use.is_sequence else {wanted: found}
        if not moved:
            return use
        # A path as another system spells it has a folder and a name there, and so it has here.
        whole = {straighten(wanted): found for wanted, found in moved.items()}
        return replace(
            use,
            path=straighten(use.path),
            files=(*use.files, *whole),
            missing=tuple(wanted for wanted in use.missing if wanted not in moved),
            moved=whole,
        )

    @cached_property
    def _names(self) -> Mapping[str, list[Path]]:
        names: defaultdict[str, list[Path]] = defaultdict(list)
        for seen, path in enumerate(_walk(self._folders)):
            if seen >= FILES_SEEN_MAX:
                folder = str(self._folders[0])
                raise BadInput("find_in_too_big", path=folder, files_max=FILES_SEEN_MAX)
            names[fold_name(path.name)].append(path)
        return names

    def _choose(self, wanted: Path, parts: Sequence[str], named: Sequence[Path]) -> Path | None:
        # A link to nowhere has a name as well.
        candidates = [path for path in named if os.access(path, os.R_OK) and path.is_file()]
        if len(candidates) < 2:
            return candidates[0] if candidates else None
        known = self._recall(wanted)
        for path in candidates:
            if known and path.stat().st_size == known[1] and digest_file(path) == known:
                return path
        agreeing = {path: count_shared(split_path(path), parts) for path in candidates}
        best = [path for path in candidates if agreeing[path] == max(agreeing.values())]
        if all(filecmp.cmp(best[0], other, shallow=False) for other in best[1:]):
            return best[0]
        self.ambiguous[wanted] = tuple(best)
        return None


def _walk(folders: Sequence[Path]) -> Iterator[Path]:
    """Give every file below the folders once, in an order that is the same every time."""
    seen: set[str] = set()
    for folder in folders:
        for at, inner, files in os.walk(folder):
            inner.sort()
            if at in seen:
                inner.clear()
                continue
            seen.add(at)
            yield from (Path(at, name) for name in sorted(files))


def _bring_along(wanted: Path, found: Path) -> dict[Path, Path]:
    """Return a whole sequence, where nobody can tell which of its files are needed."""
    return {wanted.with_name(file.name): file for file in list_sequence(found)} | {wanted: found}


def fold_name(name: str) -> str:
    """Return a name as it is compared: neither case nor the form of accents makes another file."""
    return unicodedata.normalize("NFC", name).casefold()


def split_path(path: Path) -> list[str]:
    """Return a path's parts as they are compared, whichever system spelled it."""
    return [fold_name(part) for part in _SEPARATORS.split(str(path)) if part] or [""]


def count_shared(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many parts two paths share, from the name backwards."""
    pairs = enumerate(zip(reversed(one), reversed(other), strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))


def straighten(path: Path) -> Path:
    """Return a path with this system's separators."""
    return Path(str(path).replace("\\", os.sep))
