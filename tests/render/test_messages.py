"""The words of this part: every code has them, in both languages, with the same placeholders."""

import re
import tomllib
from pathlib import Path

import pytest

from render.failures import FailureCode

ROOT = Path(__file__).resolve().parents[2]
PLACEHOLDER = re.compile(r"\{(\w+)\}")
# How a code stands in the source: of a finding, of a frame range, of a renderer problem.
CODES = re.compile(
    r"(?:_blocker|_warning|FrameRangeError|RendererProblem)\(\s*\"(\w+)\""
    r"|\[\"(\w+)\", \"(?:blocker|warning)\""
)
SOURCES = ("preflight.py", "blender_facts.py", "frame_ranges.py", "renderers.py")
# What the words of scenes' files are is the business of `sync`, which raises the same codes.
OF_SYNC = {"scene_missing", "scene_is_folder", "scene_empty", "scene_unreadable"}
OF_SYNC |= {"scene_not_blend", "scene_truncated"}


def read_words(language: str, part: str = "render") -> dict[str, dict[str, str]]:
    path = ROOT / "resources" / "messages" / language / f"{part}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def list_codes() -> set[str]:
    found: set[str] = set()
    for name in SOURCES:
        text = (ROOT / "render" / name).read_text(encoding="utf-8")
        found |= {match.group(1) or match.group(2) for match in CODES.finditer(text)}
    return found


def test_languages_have_the_same_codes_and_placeholders() -> None:
    english, chinese = read_words("en"), read_words("zh")
    assert list(english) == list(chinese)
    for code, words in english.items():
        assert words.keys() == chinese[code].keys() == {"title", "detail"}
        places = set(PLACEHOLDER.findall(words["detail"]))
        assert places == set(PLACEHOLDER.findall(chinese[code]["detail"])), code


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_code_has_words(language: str) -> None:
    words = read_words(language)
    codes = list_codes()
    assert len(codes) > 20
    assert codes - OF_SYNC <= words.keys()
    assert read_words(language, "sync").keys() >= OF_SYNC
    for code in FailureCode:
        assert not PLACEHOLDER.search(words[code]["title"] + words[code]["detail"]), code
