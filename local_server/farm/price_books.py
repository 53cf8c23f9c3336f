"""Price books as the database keeps them: versions that never change, and who made them."""

from collections.abc import Iterable
from typing import Any

from sqlite_utils import Database

from local_server.farm.db import assert_writing, fetch_row, fetch_rows
from local_server.farm.errors import Conflict, Unfit
from local_server.farm.pricing import BASIS_POINTS, STANDARD, Level, PriceBook


def ensure_price_books(db: Database, books: Iterable[PriceBook], *, at_ms: int) -> None:
    """Write the books that came with the program and are not here yet."""
    known = {row["id"] for row in fetch_rows(db, "SELECT id FROM price_book")}
    for book in books:
        if book.id not in known:
            write_book(db, book, note="", author=None, at_ms=at_ms)


def add_price_book(db: Database, book: PriceBook, *, note: str, author: str, at_ms: int) -> bool:
    """Add a version of the prices that is valid from now or from a later moment.

    Returns False when the same one is here already. Raises Conflict `price_book_differs` for the
    same id with other prices, Unfit `price_book_in_past` and `price_book_without_standard`.
    """
    assert_writing(db)
    standing = find_price_book(db, id=book.id)
    if standing is not None:
        if standing != book:
            raise Conflict("price_book_differs", id=book.id)
        return False
    if book.valid_from_ms < at_ms:
        raise Unfit("price_book_in_past", id=book.id)
    if STANDARD not in book.levels:
        raise Unfit("price_book_without_standard", id=book.id, level=STANDARD)
    write_book(db, book, note=note, author=author, at_ms=at_ms)
    return True


def write_book(db: Database, book: PriceBook, *, note: str, author: str | None, at_ms: int) -> None:
    """Write a book; its levels go first, for nothing is added to a book that stands."""
    assert all(0 <= one.discount_basis_points <= BASIS_POINTS for one in book.levels.values())
    db.conn.executemany(
        "INSERT INTO price_level VALUES (?, ?, ?, ?, ?)",
        (
            (book.id, name, one.discount_basis_points, one.frames_max, one.priority_max)
            for name, one in book.levels.items()
        ),
    )
    db.conn.execute(
        "INSERT INTO price_book (id, valid_from_ms, rate_micros, minimum_micros, note, author,"
        " created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            book.id,
            book.valid_from_ms,
            book.rate_micros,
            book.minimum_micros,
            note,
            author,
            at_ms,
        ),
    )


def read_price_books(db: Database) -> dict[str, PriceBook]:
    """Return every version by id, in the order they begin."""
    return {row["id"]: make_book(db, row) for row in list_price_books(db)}


def list_price_books(db: Database) -> list[dict[str, Any]]:
    """Return every version's row, in the order they begin."""
    return fetch_rows(db, "SELECT * FROM price_book ORDER BY valid_from_ms, serial")


def find_price_book(db: Database, *, id: str) -> PriceBook | None:
    """Return one version, or None."""
    row = fetch_row(db, "SELECT * FROM price_book WHERE id = ?", (id,))
    return None if row is None else make_book(db, row)


def make_book(db: Database, row: dict[str, Any]) -> PriceBook:
    """Return a row with its levels as a price book."""
    levels = fetch_rows(db, "SELECT * FROM price_level WHERE book = ?", (row["id"],))
    return PriceBook(
        id=row["id"],
        rate_micros=row["rate_micros"],
        minimum_micros=row["minimum_micros"],
        valid_from_ms=row["valid_from_ms"],
        levels={
            one["level"]: Level(
                discount_basis_points=one["discount_basis_points"],
                frames_max=one["frames_max"],
                priority_max=one["priority_max"],
            )
            for one in levels
        },
    )
