"""File sequences: numbered frames, UDIM tiles, patterns and folders that stand for many files."""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sync.manifest import FILES_MAX

_TOKENS = {
    "<UDIM>": r"[0-9]{4}",
    "<UVTILE>": r"u[0-9]+_v[0-9]+",
    "*": r".*",
}
_TOKEN = re.compile(r"<UDIM>|<UVTILE>|\*|#+|%0?[0-9]*d")
_NUMBERED = re.compile(r"(?P<head>.*?)(?P<digits>[0-9]+)(?P<tail>[^0-9]*)", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberedName:
    """A file name with a frame number in it: the last digits before the extension."""

    head: str
    digits: int
    tail: str

    def at(self, number: int) -> str:
        """Return the name of a frame."""
        return f"{self.head}{number:0{self.digits}d}{self.tail}"

    def number_in(self, name: str) -> int | None:
        """Return the frame number in a name of this sequence, or None for another file."""
        match = re.fullmatch(f"{re.escape(self.head)}([0-9]+){re.escape(self.tail)}", name)
        return int(match[1]) if match and self.at(int(match[1])) == name else None


def split_name(name: str) -> NumberedName | None:
    """Find the frame number in a file name as Blender does, or None when it has none.

    That is the last group of digits before the extension (BLI_path_sequence_decode), so that
    `shot_0007_beauty.exr` is a sequence too.
    """
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    match = _NUMBERED.fullmatch(stem)
    if match is None:
        return None
    tail = match["tail"] + dot + extension
    return NumberedName(head=match["head"], digits=len(match["digits"]), tail=tail)


def has_token(path: Path) -> bool:
    """Say whether a file name stands for many: `<UDIM>`, `<UVTILE>`, `*`, `####`, `%04d`."""
    return _TOKEN.search(path.name) is not None


def tile_path(path: Path, tile: int) -> Path:
    """Return the file of a UDIM tile (1001, 1002, ...) of a path with a token in its name."""
    column, row = (tile - 1001) % 10 + 1, (tile - 1001) // 10 + 1
    name = path.name.replace("<UDIM>", str(tile)).replace("<UVTILE>", f"u{column}_v{row}")
    return path.with_name(name)


def list_sequence(path: Path) -> tuple[Path, ...]:
    """List the files that a path stands for, sorted: tiles, frames, or all in a folder.

    One more than a package may hold is the most that is listed. Nothing found is an empty tuple.
    """
    if has_token(path):
        return _matching(path.parent, _token_pattern(path.name))
    if path.is_dir():
        files = (found for found in path.rglob("*") if found.is_file())
        return tuple(sorted(itertools.islice(files, FILES_MAX + 1)))
    numbered = split_name(path.name)
    if numbered is None:
        return (path,) if path.is_file() else ()
    pattern = f"{re.escape(numbered.head)}[0-9]+{re.escape(numbered.tail)}"
    return _matching(path.parent, pattern)


def missing_frames(path: Path, numbers: Iterable[int]) -> tuple[Path, ...]:
    """Return the files of a numbered sequence that frames ask for and that are not there."""
    numbered = split_name(path.name)
    if numbered is None:
        return () if path.is_file() else (path,)
    wanted = (path.with_name(numbered.at(number)) for number in sorted(set(numbers)))
    return tuple(frame for frame in wanted if not frame.is_file())


def missing_between(path: Path, found: Iterable[Path]) -> tuple[Path, ...]:
    """Return the files that lack between the first and the last number that was found.

    Only frames that are numbered as the path is take part. Where more lacks than is there, the
    files are no sequence, and nothing is reported.
    """
    numbered = split_name(path.name)
    if numbered is None:
        return ()
    numbers = {number for each in found if (number := numbered.number_in(each.name)) is not None}
    if not numbers or max(numbers) - min(numbers) >= 2 * len(numbers):
        return ()
    return missing_frames(path, range(min(numbers), max(numbers) + 1))


def _matching(folder: Path, pattern: str) -> tuple[Path, ...]:
    compiled = re.compile(pattern, re.DOTALL)
    try:
        found = [path for path in folder.iterdir() if compiled.fullmatch(path.name)]
    except OSError:
        return ()
    return tuple(sorted(path for path in found if path.is_file()))


def _token_pattern(name: str) -> str:
    def pieces() -> Iterator[str]:
        end = 0
        for token in _TOKEN.finditer(name):
            yield re.escape(name[end : token.start()])
            yield _TOKENS.get(token[0], r"[0-9]+")
            end = token.end()
        yield re.escape(name[end:])

    return "".join(pieces())
