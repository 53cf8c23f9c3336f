"""Prices: exact to half a micro, and price books that cannot be meant are refused."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_server.farm.errors import BadInput, NotFound
from local_server.farm.pricing import (
    Level,
    PriceBook,
    choose_book,
    divide_rounded,
    load_price_books,
    price_frame,
    read_price_book,
)

SOUND = """
valid_from = 2026-11-01T00:00:00+08:00
rate_micros_per_core_hour = 600_000
minimum_micros_per_frame = 200
[levels.standard]
discount_basis_points = 0
priority_max = 60
[levels.gold]
discount_basis_points = 1_000
frames_max = 32
priority_max = 90
"""


def make_book(*, rate: int, minimum: int, discount: int = 0) -> PriceBook:
    return PriceBook(
        id="book",
        rate_micros=rate,
        minimum_micros=minimum,
        levels={"standard": Level(), "special": Level(discount_basis_points=discount)},
    )


@given(
    rate=st.integers(0, 10**12),
    minimum=st.integers(0, 10**9),
    discount=st.integers(0, 10_000),
    render_ms=st.integers(0, 10**9),
    cores=st.integers(1, 1_024),
)
def test_a_price_is_never_off_by_more_than_half_a_micro(
    rate: int, minimum: int, discount: int, render_ms: int, cores: int
) -> None:
    book = make_book(rate=rate, minimum=minimum, discount=discount)
    price = price_frame(book, level="special", render_ms=render_ms, cores=cores)
    exact = max(Fraction(render_ms * cores * rate, 3_600_000), Fraction(minimum))
    exact *= Fraction(10_000 - discount, 10_000)
    assert abs(price.amount_micros - exact) <= Fraction(1, 2)
    assert price.amount_micros >= 0
    assert (price.rate_micros, price.discount_basis_points) == (rate, discount)
    assert price.core_ms == render_ms * cores


@given(st.integers(0, 10**30), st.integers(1, 10**30))
def test_rounding_is_to_the_nearest_and_halves_go_up(dividend: int, divisor: int) -> None:
    quotient = divide_rounded(dividend, divisor)
    difference = Fraction(dividend, divisor) - quotient
    assert Fraction(-1, 2) <= difference < Fraction(1, 2)


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(1, 64))
def test_longer_never_costs_less(render_ms: int, more: int, cores: int) -> None:
    book = make_book(rate=600_000, minimum=200)

    def cost(ms: int) -> int:
        return price_frame(book, level="standard", render_ms=ms, cores=cores).amount_micros

    assert cost(render_ms) <= cost(render_ms + more)


@pytest.mark.parametrize(
    ("render_ms", "cores", "level", "amount"),
    [
        (3_600_000, 1, "standard", 600_000),  # a core-hour
        (1_800_000, 2, "standard", 600_000),
        (3_600_000, 1, "special", 540_000),
        (3_600_000, 1, "never heard of", 600_000),
        (0, 4, "standard", 200),  # the minimum, before the discount
        (1_199, 1, "standard", 200),
        (1_203, 1, "standard", 201),  # 200.5
        (0, 1, "special", 180),
    ],
)
def test_prices_that_were_reckoned_by_hand(
    render_ms: int, cores: int, level: str, amount: int
) -> None:
    book = make_book(rate=600_000, minimum=200, discount=1_000)
    price = price_frame(book, level=level, render_ms=render_ms, cores=cores)
    assert price.amount_micros == amount


def test_everything_off_costs_nothing() -> None:
    book = make_book(rate=600_000, minimum=200, discount=10_000)
    assert price_frame(book, level="special", render_ms=10**9, cores=64).amount_micros == 0


def test_the_bundled_price_books_are_sound() -> None:
    books = load_price_books()
    assert list(books) == sorted(books)
    assert all(book.level("standard").discount_basis_points == 0 for book in books.values())


def test_price_books_come_oldest_first(tmp_path: Path) -> None:
    for name in ("2027-01", "2026-11"):
        (tmp_path / f"{name}.toml").write_text(SOUND, encoding="utf-8")
    assert list(load_price_books(tmp_path)) == ["2026-11", "2027-01"]


def test_the_book_in_force_is_the_latest_that_has_begun() -> None:
    books = {
        name: PriceBook(
            id=name, rate_micros=1, minimum_micros=1, levels={}, valid_from_ms=valid_from_ms
        )
        for name, valid_from_ms in (("old", 100), ("new", 200), ("announced", 300))
    }
    chosen = [choose_book(books, at_ms=at_ms).id for at_ms in (0, 100, 199, 200, 299, 300)]
    assert chosen == ["old", "old", "old", "new", "new", "announced"]


def test_an_unknown_level_is_as_good_as_standard() -> None:
    assert make_book(rate=1, minimum=1).level("nobody") == Level()


def test_without_a_price_book_there_are_no_prices(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no_price_book"):
        load_price_books(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("600_000", "-1", "rate_micros_per_core_hour"),
        ("600_000", "600_000.5", "rate_micros_per_core_hour"),
        ("600_000", '"600000"', "rate_micros_per_core_hour"),
        ("600_000", "true", "rate_micros_per_core_hour"),
        ("600_000", "1_000_000_000_001", "rate_micros_per_core_hour"),
        ("rate_micros_per_core_hour", "rate", "rate_micros_per_core_hour"),
        ("200", "-200", "minimum_micros_per_frame"),
        ("[levels.standard]", "[levels.other]", "levels.standard.discount_basis_points"),
        ("discount_basis_points = 0", "", "levels.standard.discount_basis_points"),
        ("1_000", "10_001", "levels.gold.discount_basis_points"),
        ("1_000", "-1", "levels.gold.discount_basis_points"),
        ("= 32", "= 0", "levels.gold.frames_max"),
        ("= 90", "= 101", "levels.gold.priority_max"),
        ("[levels.", "[other.", "levels.standard.discount_basis_points"),
        ("2026-11-01T00:00:00+08:00", "2026-11-01", "valid_from"),
        ("2026-11-01T00:00:00+08:00", "2026-11-01T00:00:00", "valid_from"),
    ],
)
def test_a_price_that_cannot_be_meant_is_refused(
    tmp_path: Path, old: str, new: str, name: str
) -> None:
    path = tmp_path / "book.toml"
    assert old in SOUND
    path.write_text(SOUND.replace(old, new), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_price_book(path)
    code = "price_book_undated" if name == "valid_from" else "price_book_wrong"
    assert (caught.value.code, caught.value.params["name"]) == (code, name)


@pytest.mark.parametrize("data", [b"rate = ", b"\xff\xfe\x00", b"a = 1\na = 2"])
def test_what_is_not_toml_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "book.toml"
    path.write_bytes(data)
    with pytest.raises(BadInput, match="price_book_unreadable"):
        read_price_book(path)
