"""Every code that sync raises has its words, in every language, about the same things."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sync import store
from sync.asset_uses import MissingReason

_ROOT = Path(__file__).parents[2]
_LANGUAGES = ["en", "zh"]
_KINDS = {
    "BadInput",
    "NotFound",
    "Conflict",
    "Refused",
    "Unavailable",
    "PackageWarning",
    "StoreFinding",
}


def read_words(language: str, name: str = "sync") -> dict[str, Any]:
    path = _ROOT / "resources/messages" / language / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def find_raised() -> dict[str, set[str]]:
    """Find the codes in the source, each with the parameters that all who raise it give."""
    raised: dict[str, set[str]] = {}
    for path in (_ROOT / "sync").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in _KINDS:
                continue
            code = read_code(node.args[0]) if node.args else None
            if code is None:
                continue
            names = {word.arg for word in node.keywords if word.arg}
            raised[code] = raised.get(code, names) & names
    return raised


def read_code(node: ast.expr) -> str | None:
    """Return the code that an argument spells out, or names as a constant of the store's."""
    if isinstance(node, ast.Name):
        value = getattr(store, node.id, None)
        return value if isinstance(value, str) else None
    return str(node.value) if isinstance(node, ast.Constant) else None


def placeholders(table: dict[str, str]) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", table["title"] + table["detail"]))


@pytest.mark.parametrize("language", _LANGUAGES)
def test_every_code_has_words(language: str) -> None:
    words, raised = read_words(language), find_raised()
    # What is about other machines, the studio and money is told beside the other words about them.
    beside = {
        code: said
        for name in ("elsewhere", "studio", "farm")
        for code, said in read_words(language, name).items()
    }
    assert raised
    for code, names in raised.items():
        said = words.get(code) or beside[code]
        assert set(said) == {"title", "detail"}, code
        assert placeholders(said) <= names, code
    warnings = {"assets_outside_project", "assets_absolute", "assets_relinked"}
    reasons = {f"missing_{reason}" for reason in MissingReason}
    own = set(raised) - (beside.keys() - words.keys())
    assert set(words) == own | warnings | reasons


def test_languages_say_the_same() -> None:
    english, chinese = (read_words(language) for language in _LANGUAGES)
    assert list(english) == list(chinese)
    for code, table in english.items():
        assert placeholders(table) == placeholders(chinese[code]), code
        assert re.search(r"[\u4e00-\u9fff]", chinese[code]["detail"]), code
