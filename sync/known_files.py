"""Known files: what this machine's files held when they were last hashed, to be trusted or not.

A cache beside the database: when it is gone or damaged, files are hashed again, no more.
"""

import contextlib
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pysqlite3 as sqlite3

from sync.blobs import Digest

_log = logging.getLogger(__name__)

# A file that was saved in the same moment as it was hashed may hold other bytes of the same age.
_SETTLED_NS = 2_000_000_000
_TABLES = """
CREATE TABLE IF NOT EXISTS file (
  path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL,
  changed_ns INTEGER NOT NULL, inode INTEGER NOT NULL, digest TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS package (
  scene TEXT PRIMARY KEY, plan TEXT NOT NULL, digest TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""


class Sighting(NamedTuple):
    """What a file looks like from outside. Any write to it changes some of this.

    A plain tuple, as ten thousand of them are made and compared for one package.
    """

    size: int
    modified_ns: int
    changed_ns: int
    inode: int


def look_at(path: Path | str) -> Sighting | None:
    """Return what a file looks like, or None where there is none."""
    try:
        return read_sighting(os.stat(path))  # noqa: PTH116 - most of what a second run does
    except OSError:
        return None


def read_sighting(told: os.stat_result) -> Sighting:
    """Return what the system tells of a file, as far as it matters here."""
    return Sighting(told.st_size, told.st_mtime_ns, told.st_ctime_ns, told.st_ino)


class KnownFiles:
    """The digests of files by path, in a SQLite file of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, seen: Mapping[str, Sighting]) -> dict[str, Digest]:
        """Return the digests of those files that look as they did when they were hashed."""
        if not seen:
            return {}
        try:
            with self._open() as db:
                rows = db.execute(
                    "SELECT path, digest, size, modified_ns, changed_ns, inode FROM file"
                    " WHERE path >= ? AND path <= ?",
                    (min(seen), max(seen)),
                )
                return {row[0]: Digest(row[1]) for row in rows if seen.get(row[0]) == row[2:]}
        except sqlite3.Error as error:
            _log.warning("known files cannot be read file=%s error=%s", self._path, error)
            return {}

    def find_package(self, scene: Path, plan: str) -> Digest | None:
        """Return the digest of the package that a scene became when it was last planned like this.

        `plan` is the mark of the plan, which says what every file of it looks like.
        """
        query = "SELECT digest FROM package WHERE scene = ? AND plan = ?"
        try:
            with self._open() as db:
                row = db.execute(query, (str(scene), plan)).fetchone()
        except sqlite3.Error as error:
            _log.warning("known files cannot be read file=%s error=%s", self._path, error)
            return None
        return None if row is None else Digest(row[0])

    def note_package(self, scene: Path, plan: str, digest: Digest) -> None:
        """Keep what a scene became, all of whose files are known."""
        row = (str(scene), plan, str(digest))
        self._keep("INSERT OR REPLACE INTO package VALUES (?, ?, ?)", [row])

    def recall(self, path: Path) -> tuple[Digest, int] | None:
        """Return digest and size of what a path held when it was last hashed, gone or not."""
        try:
            with self._open() as db:
                row = db.execute(
                    "SELECT digest, size FROM file WHERE path = ?", (str(path),)
                ).fetchone()
        except sqlite3.Error as error:
            _log.warning("known files cannot be read file=%s error=%s", self._path, error)
            return None
        return None if row is None else (Digest(row[0]), int(row[1]))

    def note(self, hashed: Mapping[str, tuple[Sighting, Digest]]) -> int:
        """Keep digests, each with what its file looked like before it was hashed.

        Returns how many can be trusted; the others are hashed again next time.
        """
        settled_ns = time.time_ns() - _SETTLED_NS
        rows = [
            (path, *seen, str(digest))
            for path, (seen, digest) in hashed.items()
            if max(seen.modified_ns, seen.changed_ns) < settled_ns and look_at(path) == seen
        ]
        self._keep("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?)", rows)
        return len(rows)

    def _keep(self, statement: str, rows: Sequence[tuple[str | int, ...]]) -> None:
        try:
            with self._open() as db, db:
                db.executemany(statement, rows)
        except sqlite3.Error as error:
            _log.warning("known files cannot be kept file=%s error=%s", self._path, error)
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(str(self._path), timeout=10)) as db:
            db.execute("PRAGMA synchronous = OFF")
            db.executescript(_TABLES)
            yield db
