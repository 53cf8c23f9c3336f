"""Packages that were uploaded: whose they are, and what they are called."""

from dataclasses import dataclass

from sqlite_utils import Database

from local_server.farm.db import Row, assert_writing, fetch_row, fetch_rows
from local_server.farm.errors import Conflict, NotFound


@dataclass(frozen=True, kw_only=True, slots=True)
class NewPackage:
    """A package to be written down: `digest` is its manifest's, `scene` a path within it."""

    id: str
    owner: str
    digest: str
    name: str
    scene: str
    files: int
    size_bytes: int


def add_package(db: Database, package: NewPackage, *, at_ms: int) -> Row:
    """Write a package down; the same id and content again returns the one that stands.

    Raises Conflict `package_differs`.
    """
    assert_writing(db)
    values = {name: getattr(package, name) for name in NewPackage.__slots__}
    standing = fetch_row(db, "SELECT * FROM package WHERE id = ?", (package.id,))
    if standing is not None:
        if values != {name: standing[name] for name in values}:
            raise Conflict("package_differs", package=package.id)
        return standing
    db.conn.execute(
        "INSERT INTO package (id, owner, digest, name, scene, files, size_bytes, created_at_ms)"
        " VALUES (:id, :owner, :digest, :name, :scene, :files, :size_bytes, :at_ms)",
        values | {"at_ms": at_ms},
    )
    return get_package(db, package=package.id)


def get_package(db: Database, *, package: str) -> Row:
    """Return a package. Raises NotFound `no_package`, also for one that was deleted."""
    row = fetch_row(db, "SELECT * FROM package WHERE id = ? AND deleted_at_ms IS NULL", (package,))
    if row is None:
        raise NotFound("no_package", package=package)
    return row


def list_packages(
    db: Database,
    *,
    owner: str,
    digest: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Row]:
    """Return an owner's packages, newest first: those of a digest, with a serial below `before`."""
    return fetch_rows(
        db,
        "SELECT * FROM package WHERE owner = :owner AND deleted_at_ms IS NULL"
        " AND (:digest IS NULL OR digest = :digest)"
        " AND (:before IS NULL OR serial < :before) ORDER BY serial DESC LIMIT :limit",
        {"owner": owner, "digest": digest, "before": before, "limit": limit},
    )


def delete_package(db: Database, *, package: str, at_ms: int) -> None:
    """Take a package off the lists; jobs that were made from it keep what they need."""
    assert_writing(db)
    get_package(db, package=package)
    db.conn.execute("UPDATE package SET deleted_at_ms = ? WHERE id = ?", (at_ms, package))
