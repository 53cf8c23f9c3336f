"""Mentions: every SHA-256 that stands anywhere in the database, whatever for."""

import re
from collections.abc import Iterator

from sqlite_utils import Database

DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
ROWS_AT_ONCE = 1_000
WORDLESS = ("INTEGER", "REAL")


def find_mentions(db: Database) -> set[str]:
    """Return every digest in any column of any table.

    Manifests, packages, pictures, portraits, logs that were read: whoever adds a table with a
    digest in it need not remember that something is removed elsewhere.
    """
    found: set[str] = set()
    for text in list_texts(db):
        found.update(DIGEST.findall(text))
    return found


def list_texts(db: Database) -> Iterator[str]:
    """Give what stands in columns of words, many rows at once."""
    for table in db.tables:
        names = [column.name for column in table.columns if column.type not in WORDLESS]
        if not names:
            continue
        columns = ", ".join(f'CAST("{name}" AS BLOB)' for name in names)
        cursor = db.conn.execute(f'SELECT {columns} FROM "{table.name}"')
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            # Latin-1 reads any bytes, and a digest is the same in it.
            yield b"\n".join(bytes(one) for row in rows for one in row if one).decode("latin-1")
