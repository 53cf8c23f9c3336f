"""The words: every message a person reads, by language, part and code."""

import logging
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Any

log = logging.getLogger(__name__)
LANGUAGES = ("en", "zh")
MICROS = 1_000_000
DECIMALS_MIN = 2
STATES = ("state", "to")
STOP_TWICE = re.compile(r"(?<=\w)\.(?=\.(?:\s|$)|。)")  # others' words may end their sentence


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """A title of a few words and a sentence that says what is wrong and what to do."""

    title: str
    detail: str

    @property
    def line(self) -> str:
        """Return both on one line; Chinese puts no space behind its stops."""
        space = "" if self.title.endswith(("。", "：", "！", "？")) else " "
        return f"{self.title}{space}{self.detail}" if self.detail else self.title


class Wording:
    """The messages of one language."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "en"
        self.tables = load_tables(self.language)

    def say(self, code: str, **params: Any) -> Words:
        """Return the words for a code; `..._micros` params are shown as yuan.

        A code without words is a bug of ours: it is logged, and the code itself is shown.
        """
        table = self.tables.get(code)
        if table is None:
            log.error("no words for %s in %s", code, self.language)
            return Words(title=code, detail=" ".join(f"{k}={v}" for k, v in params.items()))
        shown = {key: self.show_param(key, value) for key, value in params.items()}
        told = (fill(table["title"], shown), fill(table.get("detail", ""), shown))
        title, detail = (STOP_TWICE.sub("", one) for one in told) if "words" in shown else told
        return Words(title=title, detail=detail)

    def show_param(self, key: str, value: Any) -> str:
        """Return a parameter as a person reads it: amounts as yuan, states by their names."""
        if key.endswith("_micros"):
            return show_money(int(value))
        if isinstance(value, list | tuple):
            return ", ".join(str(one) for one in value)
        if key in STATES and f"state_{value}" in self.tables:
            return self.tables[f"state_{value}"]["title"]
        return str(value)


@cache
def load_tables(language: str) -> dict[str, dict[str, str]]:
    """Read every part of a language's messages. A code that stands in two parts is an error."""
    tables: dict[str, dict[str, str]] = {}
    folder = Path(str(files("resources"))) / "messages" / language
    for path in sorted(folder.glob("*.toml")):
        part = tomllib.loads(path.read_text(encoding="utf-8"))
        twice = tables.keys() & part.keys()
        if twice:
            raise ValueError(f"{path.name} repeats {sorted(twice)}")
        tables |= part
    return tables


def fill(template: str, params: dict[str, str]) -> str:
    """Put params into a template; what is missing is shown by its name."""
    if "{" not in template and "}" not in template:  # most are plain, and pages are full of them
        return template
    return Counting().vformat(template, (), KeyedDefault(params))


class Counting(Formatter):
    """Puts in words for one and for many: `{files} {files:file|files}`."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return a param's own words, or those that fit how many it is."""
        one, is_count, many = format_spec.partition("|")
        if is_count:
            return one if value == "1" else many
        return str(super().format_field(value, format_spec))


class KeyedDefault(dict[str, str]):
    """A mapping that answers with the key itself where it has no value."""

    def __missing__(self, key: str) -> str:
        return f"<{key}>"


def show_money(micros: int, *, decimals_min: int = DECIMALS_MIN) -> str:
    """Return an amount as yuan: two decimals, more where they matter."""
    sign, micros = ("-" if micros < 0 else ""), abs(micros)
    whole, rest = divmod(micros, MICROS)
    decimals = f"{rest:06d}".rstrip("0").ljust(decimals_min, "0")
    return f"{sign}¥{whole:,}.{decimals}"


def show_amounts(amounts: Sequence[int]) -> list[str]:
    """Return amounts that stand below or beside each other, all with as many decimals."""
    longest = max((len(show_money(one).partition(".")[2]) for one in amounts), default=0)
    return [show_money(one, decimals_min=max(DECIMALS_MIN, longest)) for one in amounts]
