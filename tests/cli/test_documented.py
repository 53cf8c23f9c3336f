"""docs/command-line.md and its Chinese sister: every command, option and exit code."""

import re
from pathlib import Path

import click
import pytest

from local_server.cli.exits import Exit
from local_server.cli.spoken import SpokenFamily
from tests.cli.test_usage import list_lines, look_up

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / "command-line.md", ROOT / "docs" / "zh" / "command-line.md"]
COMMON = {"--json", "--data", "--server", "--lang"}


def read_section(page: Path, name: str) -> str:
    """Return what a page says of a command: its heading to the next one.

    A verb of a family may do with its line in the family's table.
    """
    text = page.read_text(encoding="utf-8")
    found = re.search(rf"^####? yuntu {name}\b.*?(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None and " " in name:
        family, _, verb = name.partition(" ")
        row = rf"^\| `{verb}\b.*$"
        found = re.search(row, read_section(page, family), re.MULTILINE)
    assert found, f"{page.name} has no section about {name}"
    return found[0]


@pytest.mark.parametrize("page", PAGES, ids=["en", "zh"])
@pytest.mark.parametrize("name", list_lines())
def test_commands_and_options(page: Path, name: str) -> None:
    """An option that is not in the documentation does not exist for most people."""
    section = read_section(page, name)
    for param in look_up(name).params:
        if isinstance(param, click.Option) and not COMMON & set(param.opts):
            assert f"`{param.opts[0]}" in section, f"{name} {param.opts[0]}"
        elif isinstance(param, click.Argument):
            shown = param.metavar or str(param.name).upper()
            assert shown in section, f"{name} {shown}"


@pytest.mark.parametrize("page", PAGES, ids=["en", "zh"])
def test_no_option_is_made_up(page: Path) -> None:
    """What the documentation promises is there."""
    for name in list_lines():
        options = {option for param in look_up(name).params for option in param.opts}
        rows = re.findall(r"^\| `(--[a-z-]+)", read_section(page, name), re.MULTILINE)
        assert set(rows) <= options, name


@pytest.mark.parametrize("page", PAGES, ids=["en", "zh"])
def test_families(page: Path) -> None:
    """A family's table has its verbs, each with what it takes, and no others; so have headings."""
    text = page.read_text(encoding="utf-8")
    for name in list_lines():
        family = look_up(name)
        if isinstance(family, SpokenFamily):
            lines = {show_line(verb, command) for verb, command in family.commands.items()}
            assert set(re.findall(r"^\| `([a-z][^`]*)`", read_section(page, name), re.M)) == lines
            assert set(re.findall(rf"^#### yuntu {name} (.*)$", text, re.M)) <= lines


def show_line(verb: str, command: click.Command) -> str:
    """Return how a verb is written with what it takes."""
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    return " ".join([verb, *(one.metavar or str(one.name).upper() for one in arguments)])


@pytest.mark.parametrize("page", PAGES, ids=["en", "zh"])
def test_common_options_and_exit_codes(page: Path) -> None:
    """What scripts rely on."""
    text = page.read_text(encoding="utf-8")
    for option in (*COMMON, "--help"):
        assert f"| `{option}" in text, option
    rows = re.findall(r"^\| (\d+) \|", text, re.MULTILINE)
    assert [int(row) for row in rows] == [int(code) for code in Exit]
