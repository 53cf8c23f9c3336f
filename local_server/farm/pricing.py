"""Prices: the price book, what a frame costs, and the only rounding of money in the program."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from local_server.farm.errors import BadInput, NotFound

MS_PER_HOUR = 3_600_000
BASIS_POINTS = 10_000
PRIORITY_MIN, PRIORITY_MAX = 0, 100
FRAMES_MAX = 1_000_000
STANDARD = "standard"
MICROS_MAX = 10**12  # a million yuan an hour: whoever means more has slipped


@dataclass(frozen=True, kw_only=True, slots=True)
class Level:
    """What a membership level is worth: basis points off, frames side by side, highest priority.

    `frames_max` None: as many as there are machines for.
    """

    discount_basis_points: int = 0
    frames_max: int | None = None
    priority_max: int = PRIORITY_MAX


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceBook:
    """Prices that hold from a moment on; a job keeps the book it was held under.

    `rate_micros` is micro-yuan per core-hour, `minimum_micros` the least a rendered frame costs
    before discount. There is always a level `standard`.
    """

    id: str
    rate_micros: int
    minimum_micros: int
    levels: Mapping[str, Level]
    valid_from_ms: int = 0

    def level(self, name: str) -> Level:
        """Return a membership level; one that this book does not know is as good as `standard`."""
        return self.levels.get(name, self.levels[STANDARD])


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
    levels = table.get("levels")
    levels = levels if isinstance(levels, dict) else {}
    return PriceBook(
        id=path.stem,
        rate_micros=check_number(path, table, "rate_micros_per_core_hour", most=MICROS_MAX),
        minimum_micros=check_number(path, table, "minimum_micros_per_frame", most=MICROS_MAX),
        valid_from_ms=read_moment(path, table, "valid_from"),
        levels={name: read_level(path, levels, name) for name in {STANDARD: None, **levels}},
    )


def read_level(path: Path, levels: dict[str, Any], name: str) -> Level:
    """Read a membership level. Raises BadInput `price_book_wrong`."""
    table = levels.get(name)
    table = table if isinstance(table, dict) else {}
    where = f"levels.{name}."
    frames_max = None
    if "frames_max" in table:
        frames_max = check_number(path, table, "frames_max", least=1, most=FRAMES_MAX, where=where)
    return Level(
        discount_basis_points=check_number(
            path, table, "discount_basis_points", most=BASIS_POINTS, where=where
        ),
        priority_max=check_number(path, table, "priority_max", most=PRIORITY_MAX, where=where),
        frames_max=frames_max,
    )


def read_moment(path: Path, table: dict[str, Any], name: str) -> int:
    """Return a moment with its time zone out of a table, in ms. Raises BadInput."""
    moment = table.get(name)
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise BadInput("price_book_undated", path=str(path), name=name)
    return int(moment.timestamp() * 1000)


def choose_book(books: Mapping[str, PriceBook], *, at_ms: int) -> PriceBook:
    """Return the book in force: the latest to begin by then, the first one before them all."""
    begun = [book for book in books.values() if book.valid_from_ms <= at_ms]
    if begun:
        return max(begun, key=lambda book: (book.valid_from_ms, book.id))
    return min(books.values(), key=lambda book: (book.valid_from_ms, book.id))


def check_number(
    path: Path, table: dict[str, Any], name: str, *, most: int, least: int = 0, where: str = ""
) -> int:
    """Return a whole number within bounds out of a table. Raises BadInput `price_book_wrong`."""
    value = table.get(name)
    if type(value) is not int or not least <= value <= most:
        raise BadInput(
            "price_book_wrong", path=str(path), name=f"{where}{name}", least=least, most=most
        )
    return value


def price_frame(book: PriceBook, *, level: str, render_ms: int, cores: int) -> Price:
    """Price a frame by the core time it rendered; loading a scene is never charged.

    Halves are rounded away from zero, once, at the end.
    """
    core_ms = render_ms * cores
    discount = book.level(level).discount_basis_points
    gross = max(core_ms * book.rate_micros, book.minimum_micros * MS_PER_HOUR)
    amount = discount_gross(gross, discount)
    return Price(
        book=book.id,
        amount_micros=amount,
        rate_micros=book.rate_micros,
        discount_basis_points=discount,
        core_ms=core_ms,
    )


def is_least(line: Mapping[str, Any]) -> bool:
    """Tell whether a bill's line was charged the minimum: its core time comes to less."""
    gross = line["render_ms"] * line["cores"] * line["rate_micros"]
    return bool(discount_gross(gross, line["discount_basis_points"]) < line["full_micros"])


def discount_gross(gross: int, basis_points: int) -> int:
    """Return in micros what core-milliseconds times a rate come to, less a discount."""
    return divide_rounded(gross * (BASIS_POINTS - basis_points), MS_PER_HOUR * BASIS_POINTS)


def divide_rounded(dividend: int, divisor: int) -> int:
    """Divide two non-negative integers, halves upwards."""
    return (2 * dividend + divisor) // (2 * divisor)
