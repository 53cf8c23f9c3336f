"""Every code of the farm has its words, in every language, about the same things."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from local_server.farm import errors
from local_server.farm.audit import FARM_RULES, LEDGER_RULES
from local_server.farm.db import TROUBLES
from local_server.wording import LANGUAGES, Wording

ROOT = Path(__file__).parents[2]
ERRORS = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.YuntuError)
}
# What `local_server` gives as a job's reason or step beside those that the farm names itself.
REASONS = {
    "inspecting": set[str](),
    "packing": set[str](),
    "estimating": set[str](),
    "held": set[str](),
    "reused": set[str](),
    "preflight": set[str](),
    "broken": set[str](),
    "funds": {"needed_micros"},
}
MOVED = {"all_frames_done", "some_frames_failed", "all_frames_failed"}


def read_words(language: str) -> dict[str, dict[str, str]]:
    path = ROOT / "resources/messages" / language / "farm.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def find_calls() -> list[ast.Call]:
    return [
        node
        for path in (ROOT / "local_server/farm").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]


def find_codes() -> dict[str, set[str]]:
    """Find every code in the source, with the parameters that all who give it give."""
    codes: dict[str, set[str]] = {code: {"path", "words"} for code in TROUBLES.values()}
    codes |= {code: {"count", "examples"} for code in ("audit_file", *LEDGER_RULES, *FARM_RULES)}
    codes |= {code: {"failed"} for code in MOVED}
    codes |= REASONS
    for call in find_calls():
        given = {word.arg for word in call.keywords if word.arg}
        if getattr(call.func, "id", "") in ERRORS and isinstance(call.args[0], ast.Constant):
            code = str(call.args[0].value)
            codes[code] = codes.get(code, given) & given
        for word in call.keywords:
            if word.arg == "reason" and isinstance(word.value, ast.Constant) and word.value.value:
                codes.setdefault(str(word.value.value), set())
    return codes


def placeholders(table: dict[str, str]) -> set[str]:
    return set(re.findall(r"\{(\w+)[:}]", table["title"] + table["detail"]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words_and_every_word_a_code(language: str) -> None:
    words, codes = read_words(language), find_codes()
    assert set(words) == set(codes)
    for code, given in codes.items():
        assert set(words[code]) == {"title", "detail"}, code
        assert placeholders(words[code]) <= given, code


def test_languages_say_the_same() -> None:
    tables: list[dict[str, Any]] = [read_words(language) for language in LANGUAGES]
    english, chinese = tables
    assert list(english) == list(chinese)
    for code, table in english.items():
        assert placeholders(table) == placeholders(chinese[code]), code
        assert re.search(r"[\u4e00-\u9fff]", chinese[code]["title"]), code
        assert chinese[code]["detail"].endswith("。"), code
        assert table["detail"].endswith("."), code


@pytest.mark.parametrize("language", LANGUAGES)
def test_money_is_shown_as_yuan(language: str) -> None:
    words = Wording(language).say("purse_too_small", needed_micros=1_500_000, has_micros=200)
    assert "¥1.50" in words.detail
    assert "¥0.0002" in words.detail
    assert "<" not in words.title + words.detail
