"""What is typed: amounts are exact, and what is not understood is told."""

from decimal import Decimal

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_server.cli.values import (
    Amount,
    Choice,
    Number,
    mask_minus,
    parse_amount,
    parse_size,
    unmask_minus,
)
from local_server.farm.errors import BadInput
from local_server.wording import show_amounts, show_money


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("12", 12_000_000),
        ("12.5", 12_500_000),
        ("¥12.50", 12_500_000),
        ("￥12.5", 12_500_000),
        ("¥ 0.000001", 1),
        ("0", 0),
        ("0.1", 100_000),
        (" 1,200.00 ", 1_200_000_000),
        ("¥12,345,678.9", 12_345_678_900_000),
        ("999999999.999999", 999_999_999_999_999),
    ],
)
def test_amounts_are_exact(text: str, micros: int) -> None:
    """Yuan with up to six decimals, as people write them."""
    assert parse_amount(text) == micros


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "amount_not_understood"),
        ("abc", "amount_not_understood"),
        ("-5", "amount_not_understood"),
        ("1e3", "amount_not_understood"),
        ("1.", "amount_not_understood"),
        (".5", "amount_not_understood"),
        ("12,5", "amount_not_understood"),
        ("$5", "amount_not_understood"),
        ("nan", "amount_not_understood"),
        ("１２", "amount_not_understood"),
        ("0.0000001", "amount_too_precise"),
        ("1000000000", "amount_too_large"),
        ("9" * 50, "amount_too_large"),
    ],
)
def test_what_is_no_amount_is_told(text: str, code: str) -> None:
    """Never a guess about money."""
    with pytest.raises(BadInput) as caught:
        parse_amount(text)
    assert caught.value.code == code


@given(st.integers(min_value=0, max_value=10**15 - 1))
def test_what_is_shown_can_be_typed(micros: int) -> None:
    """An amount copied from a bill means the same."""
    assert parse_amount(show_money(micros)) == micros


@given(st.decimals(min_value=0, max_value=10**8, places=6))
def test_amounts_agree_with_decimal(amount: Decimal) -> None:
    """No amount passes through a float."""
    assert parse_amount(f"{amount:f}") == int(amount * 1_000_000)


def test_amounts_below_each_other_have_as_many_decimals() -> None:
    assert show_amounts([1_330, 1_796, 12_000_000]) == ["¥0.001330", "¥0.001796", "¥12.000000"]
    assert show_amounts([500_000, -12_000_000]) == ["¥0.50", "-¥12.00"]
    assert show_amounts([]) == []


@pytest.mark.parametrize("text", ["1920x1080", "1920X1080", "1920×1080", "1920 * 1080"])
def test_sizes(text: str) -> None:
    """Width and height in pixels."""
    assert parse_size(text) == (1920, 1080)


@pytest.mark.parametrize("text", ["", "1920", "0x10", "10x0", "-1x2", "70000x1", "axb", "1x2x3"])
def test_what_is_no_size_is_told(text: str) -> None:
    """Neither nothing nor too much."""
    with pytest.raises(BadInput, match="size_not_understood"):
        parse_size(text)


def test_numbers_have_bounds() -> None:
    """A number outside its bounds is told with them."""
    param = click.Option(["--limit", "-n"])
    assert Number(1, 5).convert("3", param, None) == 3
    for text in ("0", "6", "x", "1.5", "", "9" * 30):
        with pytest.raises(BadInput) as caught:
            Number(1, 5).convert(text, param, None)
        assert caught.value.params == {
            "option": "--limit",
            "given": text,
            "lowest": 1,
            "highest": 5,
        }


def test_choices_are_told() -> None:
    """One of a few words, whatever its case."""
    param = click.Argument(["form"], metavar="beancount|csv")
    assert Choice("beancount", "csv").convert("CSV", param, None) == "csv"
    with pytest.raises(BadInput) as caught:
        Choice("beancount", "csv").convert("xml", param, None)
    assert caught.value.params["choices"] == "beancount, csv"


def test_amount_option_takes_what_parse_amount_takes() -> None:
    """A masked minus is told as it was typed."""
    assert Amount().convert("¥1.5", None, None) == 1_500_000
    with pytest.raises(BadInput) as caught:
        Amount().convert(mask_minus("-5"), None, None)
    assert caught.value.params == {"given": "-5"}


@pytest.mark.parametrize("word", ["-5", "-0.5", "-12"])
def test_numbers_below_zero_are_no_options(word: str) -> None:
    """Frames may be numbered below zero."""
    assert not mask_minus(word).startswith("-")
    assert unmask_minus(mask_minus(word)) == word


@pytest.mark.parametrize("word", ["--limit", "-h", "5", "scene-5.blend", "-"])
def test_other_words_stay(word: str) -> None:
    """Options and names are left alone."""
    assert mask_minus(word) == word == unmask_minus(word)
