"""Manifests: the list of files that a package is, which any machine writes the same way."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local_server.farm.errors import BadInput
from sync.blobs import READ_BYTES_MAX, Digest, digest_bytes, parse_digest

PLAIN_MODE = 0o644
"""The mode of every file of ours: umasks, shares and Windows must not change a digest."""

_VERSION = 1
_MODES = {PLAIN_MODE, 0o755}

FILES_MAX = 200_000
TOTAL_BYTES_MAX = 1 << 42
MANIFEST_BYTES_MAX = READ_BYTES_MAX
_PATH_BYTES_MAX = 1024
_NAME_BYTES_MAX = 255
# Most paths are plain ones, safe on every system and told apart by nothing but their case.
_PLAIN_NAME = r"[\w-](?:[\w. -]{0,253}[\w-])?"
_PLAIN_PATH = re.compile(rf"{_PLAIN_NAME}(?:/{_PLAIN_NAME})*", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One file of a package: where it goes, and what it holds."""

    path: str
    sha256: Digest
    size: int
    mode: int = PLAIN_MODE


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """A package's files in the order of their paths, and which of them is the scene.

    A manifest that exists is a safe one. Making another raises `BadInput`: `package_path_unsafe`,
    `package_path_twice`, `package_too_many_files`, `package_too_big`, `manifest_damaged`.
    """

    entries: tuple[Entry, ...]
    scene: str

    def __post_init__(self) -> None:
        _check_limits(self.entries)
        for entry in self.entries:
            check_path(entry.path)
            _check_entry(entry)
        check_distinct([entry.path for entry in self.entries])
        paths = [entry.path for entry in self.entries]
        if paths != sorted(paths) or self.scene not in set(paths):
            raise BadInput("manifest_damaged")

    @property
    def size_bytes(self) -> int:
        """The sum of the files' sizes."""
        return sum(entry.size for entry in self.entries)

    @property
    def digest(self) -> Digest:
        """The SHA-256 of the canonical bytes, which names the package."""
        return digest_bytes(self.to_bytes())

    def to_bytes(self) -> bytes:
        """Write the one canonical form: UTF-8 JSON, keys and paths sorted, no white space."""
        entries = [
            {"mode": entry.mode, "path": entry.path, "sha256": entry.sha256, "size": entry.size}
            for entry in self.entries
        ]
        # Written down in the order of the keys: to sort ten thousand times is most of the work.
        document = {"entries": entries, "scene": self.scene, "version": _VERSION}
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        return text.encode()


def build_manifest(entries: Sequence[Entry], scene: str) -> Manifest:
    """Put entries in order and make a manifest of them; raises as `Manifest` does."""
    return Manifest(entries=tuple(sorted(entries, key=lambda entry: entry.path)), scene=scene)


def parse_manifest(data: bytes) -> Manifest:
    """Read a manifest that came from anywhere.

    Raises `BadInput`: `manifest_damaged` unless the bytes are the canonical form of a manifest,
    `manifest_newer` for a version we do not know, or as `Manifest` does.
    """
    if len(data) > MANIFEST_BYTES_MAX:
        raise BadInput("manifest_damaged")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise BadInput("manifest_damaged") from None
    if not isinstance(document, dict):
        raise BadInput("manifest_damaged")
    version = document.get("version")
    if isinstance(version, int) and version > _VERSION:
        raise BadInput("manifest_newer", version=version, known=_VERSION)
    entries, scene = document.get("entries"), document.get("scene")
    if not isinstance(entries, list) or not isinstance(scene, str):
        raise BadInput("manifest_damaged")
    manifest = Manifest(entries=tuple(_parse_entry(entry) for entry in entries), scene=scene)
    # One content, one digest: other spellings of the same list are not ours.
    if manifest.to_bytes() != data:
        raise BadInput("manifest_damaged")
    return manifest


def check_path(path: str) -> str:
    """Return the path if it stays inside a folder on every system, or raise `BadInput`.

    Refused (`package_path_unsafe`): absolute paths, drive letters and streams (`:`), backslashes,
    `.` and `..`, also with the dots and spaces at the end that Windows drops, control
    characters, text that is not Unicode, and what is too long.
    """
    if _is_plain(path):
        return path
    try:
        encoded = path.encode()
    except UnicodeEncodeError:
        shown = path.encode(errors="backslashreplace").decode()
        raise BadInput("package_path_unsafe", path=shown[:300]) from None
    names = path.split("/")
    unsafe = (
        len(encoded) > _PATH_BYTES_MAX
        or re.search(r"[\x00-\x1f\x7f\\:]", path) is not None
        or any(not name.strip(" .") for name in names)
        or any(len(name.encode()) > _NAME_BYTES_MAX for name in names)
    )
    if unsafe:
        raise BadInput("package_path_unsafe", path=path[:300])
    return path


def fold_path(path: str) -> str:
    """Return what two paths have in common when some system takes them for one file."""
    if _is_plain(path):
        return path.lower()
    plain = unicodedata.normalize("NFC", path).casefold()
    # Case folding can leave what another normalisation would join.
    plain = unicodedata.normalize("NFC", plain)
    return "/".join(name.rstrip(" .") for name in plain.split("/"))


def check_distinct(paths: Sequence[str]) -> None:
    """Raise `BadInput` (`package_path_twice`) when two paths are one on some system.

    That is also so where one file would have to be the folder of another.
    """
    seen: dict[str, str] = {}
    folders: dict[str, str] = {}
    for path in paths:
        folded = fold_path(path)
        if folded in seen:
            raise BadInput("package_path_twice", path=path, other=seen[folded])
        seen[folded] = path
        folders.setdefault(folded.rpartition("/")[0], path)
    for folded, path in folders.items():
        folder = folded
        while folder:
            if folder in seen:
                raise BadInput("package_path_twice", path=path, other=seen[folder])
            folder = folder.rpartition("/")[0]


def _is_plain(path: str) -> bool:
    return len(path) <= _PATH_BYTES_MAX and _PLAIN_PATH.fullmatch(path) is not None


def _check_limits(entries: Sequence[Entry]) -> None:
    if len(entries) > FILES_MAX:
        raise BadInput("package_too_many_files", files=len(entries), files_max=FILES_MAX)
    size_bytes = sum(entry.size for entry in entries)
    if size_bytes > TOTAL_BYTES_MAX:
        raise BadInput("package_too_big", size_gb=size_bytes >> 30, max_gb=TOTAL_BYTES_MAX >> 30)


def _check_entry(entry: Entry) -> None:
    parse_digest(entry.sha256)
    if entry.size < 0 or entry.mode not in _MODES:
        raise BadInput("manifest_damaged")


def _parse_entry(raw: object) -> Entry:
    if not isinstance(raw, Mapping):
        raise BadInput("manifest_damaged")
    path, sha256, size, mode = (raw.get(name) for name in ("path", "sha256", "size", "mode"))
    # type() and not isinstance(): to JSON, true is no number.
    if not isinstance(path, str) or not isinstance(sha256, str):
        raise BadInput("manifest_damaged")
    if type(size) is not int or type(mode) is not int:
        raise BadInput("manifest_damaged")
    return Entry(path=path, sha256=Digest(sha256), size=size, mode=mode)
