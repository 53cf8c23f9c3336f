"""Assets of scenes written as text: what patterns find in a scene and in the texts it includes."""

import bisect
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from local_server.farm.errors import BadInput
from sync.asset_uses import AssetUse, MissingReason, PathField, Trace, TracedFile
from sync.lost_files import LostFiles
from sync.sequences import has_token, list_sequence

TEXT_BYTES_MAX = 1 << 30
_SNIFFED_BYTES = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class _Search:
    """What is looked for, and where else than beside the scene."""

    scene: Path
    assets: tuple[re.Pattern[bytes], ...]
    comments: tuple[re.Pattern[bytes], ...]
    libraries: tuple[Path, ...]
    lost: LostFiles


def trace_text(
    scene: Path,
    lost: LostFiles,
    *,
    asset_patterns: Sequence[str],
    comment_patterns: Sequence[str] = (),
    library_folders: Sequence[Path] = (),
) -> Trace:
    """Find all that a text scene asks for, through the texts it includes.

    A pattern is a regular expression whose group `path`, or else its first group that took part,
    is a path: looked for beside the scene, beside the text that names it, and in the library
    folders. What is in those alone comes with the renderer, so it is neither listed nor followed.
    A comment pattern without groups is a comment; one with groups is a comment where its last
    group took part, so that `"[^"]*"|(//.*)` leaves strings alone.

    Raises `BadInput`: `asset_pattern_broken`, `scene_unreadable`, `scene_text_too_big`.
    """
    search = _Search(
        scene=scene,
        assets=tuple(_compile(pattern) for pattern in asset_patterns),
        comments=tuple(_compile(pattern) for pattern in comment_patterns),
        libraries=tuple(library_folders),
        lost=lost,
    )
    uses: list[AssetUse] = []
    searched: dict[Path, TracedFile] = {}
    waiting = [scene]
    while waiting:
        path = waiting.pop(0)
        if path in searched:
            continue
        modified_ns = path.stat().st_mtime_ns
        text = _read_text(path)
        if text is None:
            continue
        searched[path] = TracedFile(path=path, plain_bytes=len(text), modified_ns=modified_ns)
        for use in _find_uses(text, path, search):
            uses.append(use)
            waiting.extend(use.find_source(file) for file in use.files)
    return Trace(uses=tuple(uses), searched=tuple(searched.values()))


def _compile(pattern: str) -> re.Pattern[bytes]:
    # Over bytes: paths go to the file system as they are spelled, whatever the text's encoding.
    try:
        return re.compile(pattern.encode(), re.MULTILINE)
    except re.error as error:
        raise BadInput("asset_pattern_broken", pattern=pattern, words=str(error)) from error


def _read_text(path: Path) -> bytes | None:
    """Return the bytes of a text, or None for a file that is no text."""
    try:
        with path.open("rb") as opened:
            if b"\0" in opened.read(_SNIFFED_BYTES):
                return None
            opened.seek(0)
            text = opened.read(TEXT_BYTES_MAX + 1)
    except OSError as error:
        raise BadInput("asset_unreadable", path=str(path), words=error.strerror or "") from error
    if len(text) > TEXT_BYTES_MAX:
        raise BadInput("scene_text_too_big", path=str(path), max_mb=TEXT_BYTES_MAX >> 20)
    return text


def _find_uses(text: bytes, asker: Path, search: _Search) -> Iterator[AssetUse]:
    comments = _find_comments(text, search)
    line_ends = [match.start() for match in re.finditer(rb"\n", text)]
    for pattern in search.assets:
        for match in pattern.finditer(text):
            group = _path_group(match)
            if group is None or _is_inside(match.start(group), comments):
                continue
            raw, start = match[group], match.start(group)
            if not raw.strip():
                continue
            line = bisect.bisect_left(line_ends, start) + 1
            field = PathField(offset=start, before=raw, fixed=False)
            yield from _resolve(raw, asker, search, field=field, used_by=f"{asker.name}:{line}")


def _path_group(match: re.Match[bytes]) -> str | int | None:
    if "path" in match.re.groupindex:
        return "path" if match["path"] is not None else None
    taken = (index for index, value in enumerate(match.groups(), start=1) if value is not None)
    return next(taken, None)


def _find_comments(text: bytes, search: _Search) -> list[tuple[int, int]]:
    spans = []
    for pattern in search.comments:
        last = pattern.groups
        spans += [match.span(last) for match in pattern.finditer(text) if match[last] is not None]
    return sorted(spans)


def _is_inside(offset: int, spans: list[tuple[int, int]]) -> bool:
    index = bisect.bisect_right(spans, offset, key=lambda span: span[0]) - 1
    return index >= 0 and offset < spans[index][1]


def _resolve(
    raw: bytes, asker: Path, search: _Search, *, field: PathField, used_by: str
) -> Iterator[AssetUse]:
    """Yield the file that is meant, two where two could be, or one use that is missing."""
    written = raw.decode("utf-8", "surrogateescape")
    # A scene that was written on Windows, or with doubled backslashes in its strings.
    spellings = dict.fromkeys((written, re.sub(r"\\+", "/", written)))
    found: dict[Path, AssetUse] = {}
    for base in dict.fromkeys((search.scene, asker)):
        for spelling in spellings:
            path = _join(base.parent, spelling)
            files = _find_files(path)
            if files and path not in found:
                found[path] = AssetUse(
                    asker=asker,
                    base=base,
                    path=path,
                    written=written,
                    used_by=used_by,
                    files=files,
                    # The first place wins; a text has room for one path only.
                    field=None if found else field,
                    is_absolute=Path(spelling).is_absolute(),
                )
    yield from found.values()
    places = [_join(folder, spelling) for folder in search.libraries for spelling in spellings]
    if not found and not any(_find_files(place) for place in places):
        path = _join(search.scene.parent, written)
        if _is_foreign(written):
            path = Path(re.sub(r"\\+", "/", written))
        missing = AssetUse(
            asker=asker,
            base=search.scene,
            path=path,
            written=written,
            used_by=used_by,
            missing=(path,),
            reason=MissingReason.NOT_A_FILE if path.is_dir() else MissingReason.NOT_FOUND,
            field=field,
        )
        yield search.lost.relink(missing)


def _join(folder: Path, spelling: str) -> Path:
    # normpath and not resolve: a link in the project is a file of the project.
    return Path(os.path.normpath(folder / spelling))


def _is_foreign(spelling: str) -> bool:
    """Say whether a path begins at a disk of another system's."""
    return os.name == "posix" and PureWindowsPath(spelling).drive != ""


def _find_files(path: Path) -> tuple[Path, ...]:
    """Return what a path means: a file, a sequence, or files whose ending was left out."""
    try:
        if path.is_file():
            return (path,)
        if has_token(path):
            return list_sequence(path)
        if path.suffix or not path.name:
            return ()
        siblings = (each for each in path.parent.iterdir() if each.stem == path.name)
        return tuple(sorted(each for each in siblings if each.is_file()))
    except (OSError, ValueError):
        return ()
