"""The values typed on the command line: amounts, sizes, numbers, choices."""

import re
from datetime import date
from decimal import Decimal

import click

from local_server.farm.errors import BadInput
from local_server.wording import MICROS

AMOUNT = re.compile(
    r"[¥￥]?\s*(?P<number>(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.(?P<decimals>[0-9]+))?)"
)
DECIMALS_MAX = 6
DIGITS_MAX = 9
SIZE = re.compile(r"([0-9]{1,5})\s*[xX×*]\s*([0-9]{1,5})")
SIDE_MAX = 65_536
FRAME_MAX = 10**9
YEAR_MIN, YEAR_MAX = 1971, 9998  # what every system tells the moments of
BELOW_ZERO = re.compile(r"-[0-9][0-9.]*")
MINUS = "\u2212"


def parse_amount(text: str) -> int:
    """Return an amount of yuan as exact micro-yuan: `12`, `12.5`, `¥12.50`, `¥1,200`.

    Raises BadInput `amount_not_understood`, `amount_too_precise`, `amount_too_large`.
    """
    match = AMOUNT.fullmatch(text.strip())
    if match is None:
        raise BadInput("amount_not_understood", given=text)
    if len(match["decimals"] or "") > DECIMALS_MAX:
        raise BadInput("amount_too_precise", given=text, decimals=DECIMALS_MAX)
    number = Decimal(match["number"].replace(",", ""))
    if number >= 10**DIGITS_MAX:
        raise BadInput("amount_too_large", given=text)
    return int(number * MICROS)


def parse_size(text: str) -> tuple[int, int]:
    """Return a picture's width and height in pixels from `1920x1080`. Raises BadInput."""
    match = SIZE.fullmatch(text.strip())
    if match is None or not all(1 <= int(side) <= SIDE_MAX for side in match.groups()):
        raise BadInput("size_not_understood", given=text, largest=SIDE_MAX)
    return int(match[1]), int(match[2])


def mask_minus(word: str) -> str:
    """Return a number below zero with another minus, or click takes it for an option."""
    return word.replace("-", MINUS, 1) if BELOW_ZERO.fullmatch(word) else word


def unmask_minus(word: str) -> str:
    """Return what was typed before `mask_minus`."""
    return word.replace(MINUS, "-", 1) if word.startswith(MINUS) else word


def show_option(param: click.Parameter | None) -> str:
    """Return how a parameter is written: `--limit`, or `FRAME`."""
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return param.metavar or (param.name or "").upper() if param is not None else ""


class Amount(click.ParamType[int, str]):
    """An amount of yuan, as micro-yuan."""

    name = "amount"

    def convert(self, value: object, param: object, ctx: object) -> int:
        """Parse what was typed."""
        return value if isinstance(value, int) else parse_amount(unmask_minus(str(value)))


class Size(click.ParamType[tuple[int, int], str]):
    """A picture's size."""

    name = "size"

    def convert(self, value: object, param: object, ctx: object) -> tuple[int, int]:
        """Parse what was typed."""
        return parse_size(unmask_minus(str(value)))


class Number(click.ParamType[int, str]):
    """A whole number within bounds."""

    name = "number"

    def __init__(self, lowest: int, highest: int) -> None:
        self.lowest = lowest
        self.highest = highest

    def convert(self, value: object, param: click.Parameter | None, ctx: object) -> int:
        """Parse what was typed. Raises BadInput `number_expected`."""
        text = unmask_minus(str(value).strip())
        if re.fullmatch(r"-?[0-9]{1,18}", text) and self.lowest <= int(text) <= self.highest:
            return int(text)
        raise BadInput(
            "number_expected",
            option=show_option(param),
            given=text,
            lowest=self.lowest,
            highest=self.highest,
        )


class Day(click.ParamType[date, str]):
    """A day of the calendar."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: object) -> date:
        """Parse what was typed: 2026-11-05. Raises BadInput `day_expected`."""
        text = unmask_minus(str(value).strip())
        try:
            day = value if isinstance(value, date) else date.fromisoformat(text)
        except ValueError:
            day = date.min
        if not YEAR_MIN <= day.year <= YEAR_MAX:
            raise BadInput("day_expected", option=show_option(param), given=text)
        return day


class Choice(click.ParamType[str, str]):
    """One of a few words."""

    name = "choice"

    def __init__(self, *choices: str) -> None:
        self.choices = choices

    def convert(self, value: object, param: click.Parameter | None, ctx: object) -> str:
        """Check what was typed. Raises BadInput `choice_expected`."""
        text = str(value).strip().lower()
        if text in self.choices:
            return text
        raise BadInput(
            "choice_expected",
            option=show_option(param),
            given=str(value),
            choices=", ".join(self.choices),
        )
