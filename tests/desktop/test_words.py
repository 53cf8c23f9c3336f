"""Every word is there in both languages, with the same placeholders; no word is left over."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from desktop.words import LANGUAGES, Words, find_system_language, read_words

DESKTOP = Path(__file__).parents[2] / "desktop"
KEY = re.compile(r"^[a-z_]+\.[a-z_0-9]+$")
PARTS = {key.partition(".")[0] for key in read_words("en")}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def list_used() -> tuple[set[str], set[str]]:
    """Return the keys that the code spells out, and the beginnings of those it puts together."""
    keys, prefixes = set(), set()
    for path in DESKTOP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                first = node.values[0]
                if isinstance(first, ast.Constant) and str(first.value).partition(".")[0] in PARTS:
                    prefixes.add(str(first.value))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                if KEY.match(node.value) and node.value.partition(".")[0] in PARTS:
                    keys.add(node.value)
                elif node.value.endswith(".") and node.value[:-1] in PARTS:
                    prefixes.add(node.value)
    return keys, prefixes


def list_placeholders(text: str) -> set[str]:
    """Return the names that a text wants filled."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_languages_say_the_same() -> None:
    """Every key is in both; singular forms are English only, as Chinese has none."""
    english, chinese = read_words("en"), read_words("zh")
    singular = {key for key in english if key.endswith("_one")}
    assert english.keys() - chinese.keys() <= singular
    assert not chinese.keys() - english.keys()
    for key, text in chinese.items():
        wanted, dated = list_placeholders(english[key]), key.startswith("units.day")
        assert dated or list_placeholders(text) == wanted, key
    assert all(key.removesuffix("_one") in english for key in singular)


def test_every_word_that_is_asked_for_is_there() -> None:
    """A key that is missing would break the window in the middle of something."""
    keys, prefixes = list_used()
    not_words = {"frame.state", "job.state", "job.deleted", "job.restored", "server.json"}
    assert keys - prefixes - read_words("en").keys() - not_words == set()
    for prefix in prefixes:
        assert any(key.startswith(prefix) for key in read_words("en")), prefix


def test_no_word_is_left_over() -> None:
    """What nobody says would be translated for nothing."""
    keys, prefixes = list_used()
    unused = {
        key
        for key in read_words("en")
        if key.removesuffix("_one") not in keys
        and not any(key.startswith(prefix) for prefix in prefixes)
        and not key.endswith(".title")
    }
    assert unused == set()


def test_chinese_is_chinese() -> None:
    """A text that was forgotten in translation has no Chinese in it."""
    same = {"settings.language_en"}
    for key, text in read_words("zh").items():
        plain = re.sub(r"\{[^}]*\}|[%\W\d]", "", text)
        assert CHINESE.search(text) or not plain or key in same, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_singular(language: str) -> None:
    """One frame is not `1 frames`."""
    words = Words(language)
    one, two = (words.say("submit.render_frames", count=count) for count in (1, 2))
    assert one != two
    assert "frames" not in one


def test_system_language() -> None:
    """The window speaks what the system speaks, as the command line does."""
    assert find_system_language({"LANG": "zh_CN.UTF-8"}) == "zh"
    assert find_system_language({"LANG": "en_GB.UTF-8", "YUNTU_LANG": "zh"}) == "zh"
    assert find_system_language({"LC_ALL": "C", "LANG": "zh_CN"}) == "en"
