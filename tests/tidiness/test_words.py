"""Every code has words in every language, with the same placeholders, and its raisers fill them."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from string import Formatter

import pytest

from render.failures import FailureCode
from tests.tidiness.house import ROOT, Module, list_product, refuse

MESSAGES = ROOT / "resources" / "messages"
LANGUAGES = ("en", "zh")
ERRORS = {
    "BadInput",
    "Conflict",
    "NoFunds",
    "NotFound",
    "Refused",
    "TooOften",
    "Unauthorized",
    "Unavailable",
    "Unfit",
    "Unreadable",
    "YuntuError",
}

Words = dict[str, dict[str, str]]


@cache
def read_words(language: str) -> Words:
    """Read all parts of a language's messages."""
    words: Words = {}
    for path in sorted((MESSAGES / language).glob("*.toml")):
        words |= tomllib.loads(path.read_text(encoding="utf-8"))
    return words


def list_placeholders(text: str) -> set[str]:
    """List the names that a text wants filled."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def list_wanted(code: str) -> set[str]:
    """List the names that the words of a code want filled."""
    return set().union(*(list_placeholders(text) for text in read_words("en")[code].values()))


def test_languages_have_the_same_parts() -> None:
    """A part that is written in one language only was forgotten in the other."""
    parts = {name: {path.name for path in (MESSAGES / name).glob("*.toml")} for name in LANGUAGES}
    problems = [
        f"resources/messages/{language}/{part} is missing."
        for language in LANGUAGES
        for part in set().union(*parts.values()) - parts[language]
    ]
    refuse(sorted(problems))


def test_every_code_has_words_in_both_languages() -> None:
    """Both languages always, and nothing empty."""
    english, chinese = read_words("en"), read_words("zh")
    problems = [
        f"[{code}] has no words in {language}."
        for language, words, others in (("en", english, chinese), ("zh", chinese, english))
        for code in others.keys() - words.keys()
    ]
    for language, words in (("en", english), ("zh", chinese)):
        for code, texts in words.items():
            if not texts.keys() <= {"title", "detail"} or "title" not in texts:
                problems.append(f"[{code}] in {language} needs a title, perhaps a detail, no more.")
            problems += [
                f"[{code}] {field} in {language} is empty."
                for field, text in texts.items()
                if not isinstance(text, str) or not text.strip()
            ]
    refuse(sorted(problems))


def test_languages_want_the_same_placeholders() -> None:
    """A number that one language shows must not be lost in the other."""
    english, chinese = read_words("en"), read_words("zh")
    problems = []
    for code in sorted(english.keys() & chinese.keys()):
        for field in sorted(english[code].keys() | chinese[code].keys()):
            pair = english[code].get(field), chinese[code].get(field)
            if pair[0] is None or pair[1] is None:
                problems.append(f"[{code}] has its {field} in one language only.")
                continue
            here, there = list_placeholders(pair[0]), list_placeholders(pair[1])
            if here != there:
                problems.append(
                    f"[{code}] {field} wants {sorted(here)} in en but {sorted(there)} in zh."
                )
    refuse(problems)


def test_every_way_a_render_fails_has_words() -> None:
    """The artist reads why a frame failed, not a code."""
    problems = [
        f"the failure {code} has no title and detail in resources/messages/en/render.toml."
        for code in FailureCode
        if not {"title", "detail"} <= read_words("en").get(code, {}).keys()
    ]
    refuse(problems)


def list_raised(module: Module) -> Iterator[tuple[ast.Call, str, set[str] | None]]:
    """Give each literal code that a module raises or finds, with its parameters' names.

    The names are None where they are not spelled out at the call (`**params`).
    """
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if node.func.id in ERRORS and node.args:
            code, names = node.args[0], None if None in keywords else {str(k) for k in keywords}
        elif node.func.id == "Finding" and "code" in keywords:
            code, names = keywords["code"], read_keys(keywords.get("params"))
        else:
            continue
        if isinstance(code, ast.Constant) and isinstance(code.value, str):
            yield node, code.value, names


def read_keys(node: ast.expr | None) -> set[str] | None:
    """Return a literal dict's keys, an empty set for no dict, None for what cannot be read here."""
    if node is None:
        return set()
    if not isinstance(node, ast.Dict):
        return None
    keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
    return None if None in keys else {str(key) for key in keys}


def test_every_raised_code_has_words_and_fills_them() -> None:
    """An error without words shows its code; a placeholder without a value shows its name."""
    problems = []
    words = read_words("en")
    for module in list_product():
        for node, code, names in list_raised(module):
            if not {"title", "detail"} <= words.get(code, {}).keys():
                problems.append(f"{module.at(node)} gives {code}, which has no title and detail.")
            elif names is not None and list_wanted(code) - names:
                problems.append(
                    f"{module.at(node)} gives {code} without {sorted(list_wanted(code) - names)},"
                    " which its words want."
                )
    refuse(problems)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_code_stands_in_two_parts(language: str) -> None:
    """Which words would win would depend on the files' names."""
    first: dict[str, str] = {}
    problems = []
    for path in sorted((MESSAGES / language).glob("*.toml")):
        for code in tomllib.loads(path.read_text(encoding="utf-8")):
            if code in first:
                problems.append(f"[{code}] stands in {first[code]} and in {path.name}.")
            first.setdefault(code, path.name)
    refuse(problems)
