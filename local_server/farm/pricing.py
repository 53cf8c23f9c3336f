"""Prices: the price book, what a frame costs, and the only rounding of money in the program."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from local_server.farm.errors import BadInput, NotFound

MS_PER_HOUR = 3_600_000
BASIS_POINTS = 10_000
MICROS_MAX = 10**12  # a million yuan an hour: whoever means more has slipped


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceBook:
    """Prices that hold from a day on; a job keeps the book it was held under.

    `rate_micros` is micro-yuan per core-hour, `minimum_micros` the least a rendered frame costs
    before discount, `discounts` basis points off by membership level.
    """

    id: str
    rate_micros: int
    minimum_micros: int
    discounts: dict[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What one frame costs and why: amount = max(core time x rate, minimum) less the discount."""

    book: str
    amount_micros: int
    rate_micros: int
    discount_basis_points: int
    core_ms: int


def load_price_books(folder: Path | None = None) -> dict[str, PriceBook]:
    """Read every price book, oldest first by id.

    Raises NotFound `no_price_book`, and BadInput as `read_price_book` does.
    """
    source = folder or Path(str(files("resources"))) / "prices"
    books = [read_price_book(path) for path in sorted(source.glob("*.toml"))]
    if not books:
        raise NotFound("no_price_book", folder=str(source))
    return {book.id: book for book in books}


def read_price_book(path: Path) -> PriceBook:
    """Read one price book.

    Raises BadInput `price_book_unreadable` for what is not TOML, and `price_book_wrong` for a
    price that is missing, not a whole number or out of range.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput("price_book_unreadable", path=str(path), words=str(error)) from error
    discounts = table.get("discount_basis_points")
    if not isinstance(discounts, dict):
        discounts = {}
    return PriceBook(
        id=path.stem,
        rate_micros=check_number(path, table, "rate_micros_per_core_hour", most=MICROS_MAX),
        minimum_micros=check_number(path, table, "minimum_micros_per_frame", most=MICROS_MAX),
        discounts={
            level: check_number(path, discounts, level, most=BASIS_POINTS)
            for level in {"standard", *discounts}
        },
    )


def check_number(path: Path, table: dict[str, Any], name: str, *, most: int) -> int:
    """Return a whole number from 0 to `most` out of a table. Raises BadInput `price_book_wrong`."""
    value = table.get(name)
    if type(value) is not int or not 0 <= value <= most:
        raise BadInput("price_book_wrong", path=str(path), name=name, most=most)
    return value


def price_frame(book: PriceBook, *, level: str, render_ms: int, cores: int) -> Price:
    """Price a frame by the core time it rendered; loading a scene is never charged.

    Halves are rounded away from zero, once, at the end.
    """
    core_ms = render_ms * cores
    discount = book.discounts.get(level, book.discounts["standard"])
    gross = max(core_ms * book.rate_micros, book.minimum_micros * MS_PER_HOUR)
    amount = divide_rounded(gross * (BASIS_POINTS - discount), MS_PER_HOUR * BASIS_POINTS)
    return Price(
        book=book.id,
        amount_micros=amount,
        rate_micros=book.rate_micros,
        discount_basis_points=discount,
        core_ms=core_ms,
    )


def divide_rounded(dividend: int, divisor: int) -> int:
    """Divide two non-negative integers, halves upwards."""
    return (2 * dividend + divisor) // (2 * divisor)
