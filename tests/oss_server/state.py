"""The state: buckets, versions of objects, uploads and their parts, in SQLite."""

import json
import re
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from tests.oss_server.contents import Content, Contents
from tests.oss_server.errors import OssError

_TABLES = """
CREATE TABLE IF NOT EXISTS bucket (name TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS version (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, bucket TEXT NOT NULL, key TEXT NOT NULL,
  id TEXT NOT NULL, latest INTEGER NOT NULL, marker INTEGER NOT NULL, data TEXT NOT NULL,
  inline BLOB, file TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS version_key ON version (bucket, key, seq);
CREATE INDEX IF NOT EXISTS version_latest ON version (bucket, key) WHERE latest AND NOT marker;
CREATE TABLE IF NOT EXISTS upload (
  id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, data TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS part (
  upload TEXT NOT NULL, number INTEGER NOT NULL, data TEXT NOT NULL, inline BLOB, file TEXT,
  PRIMARY KEY (upload, number)
) STRICT;
"""


VERSION_ID = re.compile(r"CAEQ[0-9a-f]{60}")


@dataclass(kw_only=True, slots=True)
class Bucket:
    """A bucket. `versioning` is empty until it was ever switched on."""

    name: str
    created_ms: int
    acl: str = "private"
    storage_class: str = "Standard"
    redundancy: str = "LRS"
    versioning: str = ""
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True, slots=True)
class Version:
    """One version of an object, or a delete marker."""

    bucket: str
    key: str
    id: str
    at_ms: int
    content: Content
    etag: str = ""
    kind: str = "Normal"
    storage_class: str = "Standard"
    headers: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    acl: str = "default"
    target: str = ""
    restored: str = ""
    is_marker: bool = False
    latest: bool = True
    seq: int = 0


@dataclass(kw_only=True, slots=True)
class Upload:
    """A multipart upload under way, with what its object will be."""

    id: str
    bucket: str
    key: str
    at_ms: int
    storage_class: str = "Standard"
    headers: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    acl: str = "default"
    sequential: bool = False


@dataclass(kw_only=True, slots=True)
class Part:
    """A part of an upload."""

    number: int
    at_ms: int
    content: Content


EMPTY = Content(
    size=0, md5="d41d8cd98f00b204e9800998ecf8427e", crc=0, inline=b"", file=None
)  # what a delete marker holds


class State:
    """All that the server knows. Whoever reads or changes it holds the lock."""

    def __init__(self, folder: Path, *, in_memory: bool) -> None:
        self.contents = Contents(folder / "contents")
        self.lock = threading.RLock()
        name = ":memory:" if in_memory else str(folder / "state.db")
        self.db = sqlite3.connect(name, check_same_thread=False, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        # A killed server keeps all it answered for; a lost machine need not be survived.
        self.db.execute("PRAGMA synchronous = OFF")
        self.db.executescript(_TABLES)

    def close(self) -> None:
        """Let go of the database."""
        with self.lock:
            self.db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Hold the lock, and keep all that is changed or nothing."""
        with self.lock:
            self.db.execute("BEGIN")
            try:
                yield
            except BaseException:
                self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")

    # --- buckets ---

    def find_bucket(self, name: str) -> Bucket | None:
        """Return a bucket, or None."""
        with self.lock:
            row = self.db.execute("SELECT data FROM bucket WHERE name = ?", (name,)).fetchone()
        return None if row is None else Bucket(**json.loads(row[0]))

    def get_bucket(self, name: str) -> Bucket:
        """Return a bucket. Raises `OssError` `NoSuchBucket`."""
        bucket = self.find_bucket(name)
        if bucket is None:
            raise OssError("NoSuchBucket", details={"BucketName": name})
        return bucket

    def list_buckets(self) -> list[Bucket]:
        """Return all buckets by name."""
        with self.lock:
            rows = self.db.execute("SELECT data FROM bucket ORDER BY name").fetchall()
        return [Bucket(**json.loads(row[0])) for row in rows]

    def keep_bucket(self, bucket: Bucket) -> None:
        """Write a bucket's settings."""
        row = (bucket.name, json.dumps(asdict(bucket)))
        self.db.execute("INSERT OR REPLACE INTO bucket VALUES (?, ?)", row)

    def drop_bucket(self, name: str) -> None:
        """Forget a bucket."""
        self.db.execute("DELETE FROM bucket WHERE name = ?", (name,))

    # --- versions ---

    def find_latest(self, bucket: str, key: str) -> Version | None:
        """Return the newest version of a key, a delete marker too."""
        return self._find_version("bucket = ? AND key = ? AND latest", (bucket, key))

    def find_version(self, bucket: str, key: str, id: str) -> Version | None:
        """Return one version of a key."""
        return self._find_version("bucket = ? AND key = ? AND id = ?", (bucket, key, id))

    def _find_version(self, where: str, values: tuple[str, ...]) -> Version | None:
        with self.lock:
            found = self.select_versions(where, values, "seq DESC", 1)
        return found[0] if found else None

    def select_versions(
        self, where: str, values: tuple[Any, ...], order: str, limit: int
    ) -> list[Version]:
        """Return the versions that a condition holds for."""
        rows = self.db.execute(
            "SELECT data, inline, file, latest, seq FROM version"
            f" WHERE {where} ORDER BY {order} LIMIT ?",
            (*values, limit),
        ).fetchall()
        return [_read_version(*row) for row in rows]

    def add_version(self, version: Version) -> None:
        """Make a version the newest of its key; one of the same id is replaced."""
        where = (version.bucket, version.key)
        if old := self.find_version(*where, version.id):
            self._forget(old)
        self.db.execute("UPDATE version SET latest = 0 WHERE bucket = ? AND key = ?", where)
        content = version.content
        self.db.execute(
            "INSERT INTO version (bucket, key, id, latest, marker, data, inline, file)"
            " VALUES (?, ?, ?, 1, ?, ?, ?, ?)",
            (
                *where,
                version.id,
                version.is_marker,
                _write(version),
                content.inline,
                content.file,
            ),
        )

    def change_version(self, version: Version) -> None:
        """Write what is told of a version anew: its tags, its rights, its headers, its bytes."""
        self.db.execute(
            "UPDATE version SET data = ?, inline = ?, file = ? WHERE seq = ?",
            (_write(version), version.content.inline, version.content.file, version.seq),
        )

    def drop_version(self, version: Version) -> None:
        """Forget a version; what was before it becomes the newest."""
        self._forget(version)
        self.db.execute(
            "UPDATE version SET latest = 1 WHERE seq ="
            " (SELECT max(seq) FROM version WHERE bucket = ? AND key = ?)",
            (version.bucket, version.key),
        )

    def _forget(self, version: Version) -> None:
        self.db.execute("DELETE FROM version WHERE seq = ?", (version.seq,))
        self.contents.drop(version.content.file)

    # --- uploads ---

    def get_upload(self, bucket: str, key: str, id: str) -> Upload:
        """Return an upload. Raises `OssError` `NoSuchUpload`."""
        with self.lock:
            row = self.db.execute(
                "SELECT data FROM upload WHERE id = ? AND bucket = ? AND key = ?",
                (id, bucket, key),
            ).fetchone()
        if row is None:
            raise OssError("NoSuchUpload", details={"UploadId": id})
        return Upload(**json.loads(row[0]))

    def list_uploads(self, bucket: str) -> list[Upload]:
        """Return a bucket's uploads by key and id."""
        with self.lock:
            rows = self.db.execute(
                "SELECT data FROM upload WHERE bucket = ? ORDER BY key, id", (bucket,)
            ).fetchall()
        return [Upload(**json.loads(row[0])) for row in rows]

    def add_upload(self, upload: Upload) -> None:
        """Begin an upload."""
        row = (upload.id, upload.bucket, upload.key, json.dumps(asdict(upload)))
        self.db.execute("INSERT INTO upload VALUES (?, ?, ?, ?)", row)

    def drop_upload(self, upload: Upload) -> None:
        """End an upload, and forget its parts."""
        for part in self.list_parts(upload):
            self.contents.drop(part.content.file)
        self.db.execute("DELETE FROM part WHERE upload = ?", (upload.id,))
        self.db.execute("DELETE FROM upload WHERE id = ?", (upload.id,))

    def add_part(self, upload: Upload, part: Part) -> None:
        """Keep a part; one of the same number is replaced."""
        for old in self.list_parts(upload):
            if old.number == part.number:
                self.contents.drop(old.content.file)
        told = {name: getattr(part.content, name) for name in ("size", "md5", "crc")}
        data = json.dumps({"at_ms": part.at_ms, "content": told})
        self.db.execute(
            "INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?)",
            (upload.id, part.number, data, part.content.inline, part.content.file),
        )

    def list_parts(self, upload: Upload) -> list[Part]:
        """Return an upload's parts by number."""
        with self.lock:
            rows = self.db.execute(
                "SELECT number, data, inline, file FROM part WHERE upload = ? ORDER BY number",
                (upload.id,),
            ).fetchall()
        parts = []
        for number, data, inline, file in rows:
            told = json.loads(data)
            content = Content(inline=inline, file=file, **told["content"])
            parts.append(Part(number=number, at_ms=told["at_ms"], content=content))
        return parts


def make_version_id() -> str:
    """Return a new version's id."""
    return f"CAEQ{secrets.token_hex(30)}"


def _write(version: Version) -> str:
    told = {
        one.name: getattr(version, one.name)
        for one in fields(version)
        if one.name not in ("content", "latest", "seq")
    }
    content = version.content
    told["content"] = {"size": content.size, "md5": content.md5, "crc": content.crc}
    return json.dumps(told)


def _read_version(
    data: str, inline: bytes | None, file: str | None, latest: int, seq: int
) -> Version:
    told = json.loads(data)
    content = Content(inline=inline, file=file, **told.pop("content"))
    return Version(content=content, latest=bool(latest), seq=seq, **told)
