"""Every label and remark that the code asks for has words."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_server.cli.following import LinkState
from local_server.farm.ledger import Kind
from local_server.farm.states import FrameState, JobState
from local_server.wording import LANGUAGES, load_tables
from tests.cli.test_usage import list_lines, look_up

FOLDER = Path(__file__).parents[2] / "local_server" / "cli"


def list_asked() -> Iterator[tuple[str, str]]:
    """Give the place and the code of every literal `label`, `say` and `note`."""
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            first = node.args[0] if node.args else None
            if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
                continue
            if node.func.attr in ("label", "say", "note"):
                prefix = "label_" if node.func.attr == "label" else ""
                yield f"{path.name}:{node.lineno}", f"{prefix}{first.value}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_and_remarks(language: str) -> None:
    """A code without words would be shown as it is."""
    tables = load_tables(language)
    assert not [asked for asked in list_asked() if asked[1] not in tables]


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_options_belong_to_one(language: str) -> None:
    """Words under another name than their option's leave it with those of a namesake elsewhere."""
    names = {
        max(param.opts, key=len).removeprefix("--").replace("-", "_")
        for line in ["", *list_lines()]
        for param in look_up(line).params
    }
    told = {
        code.removeprefix("option_")
        for code, words in load_tables(language).items()
        if code.startswith("option_") and "detail" not in words
    }
    assert not [
        one for one in told - {"help"} if not any(f"_{one}".endswith(f"_{name}") for name in names)
    ]


def test_lines_of_help_begin_alike() -> None:
    """Commands stand in one list, each with a line that begins with a capital."""
    tables = load_tables("en")
    told = [tables[f"command_{name.replace(' ', '_')}"] for name in list_lines()]
    assert not [words["title"] for words in told if not words["title"][0].isupper()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_made_up_codes(language: str) -> None:
    """Codes that are put together from a state, a kind or a count."""
    tables = load_tables(language)
    wanted = [f"state_{state}" for state in (*JobState, *FrameState)]
    wanted += [f"label_kind_{kind}" for kind in Kind]
    wanted += [f"link_{state}" for state in LinkState]
    wanted += [f"label_source_{source}" for source in ("measured", "history", "none")]
    wanted += [f"paused_for_{reason}" for reason in ("funds", "budget")]
    counts = ("waiting", "rendering", "done", "failed", "cancelled", "reused")
    wanted += [f"label_count_{name}" for name in counts]
    wanted += [f"label_{severity}" for severity in ("blocker", "warning")]
    assert not [code for code in wanted if code not in tables]


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_many_commands_name_no_option(language: str) -> None:
    """Not every command that cannot write a file, or lacks money, has the same options."""
    tables = load_tables(language)
    for code in ("file_unwritable", "no_funds"):
        assert "--" not in tables[code]["detail"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_remarks_of_two_sentences(language: str) -> None:
    """What is written on one line ends its first sentence."""
    assert load_tables(language)["no_package_yet"]["title"].endswith((".", "。"))
