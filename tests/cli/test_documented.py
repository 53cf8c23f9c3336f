"""docs/command-line.md and its Chinese sister: every command, option and exit code."""

import re
from pathlib import Path

import click
import pytest

from local_server.cli.exits import Exit
from local_server.cli.root import SECTIONS
from tests.cli.test_usage import look_up

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / "command-line.md", ROOT / "docs" / "zh" / "command-line.md"]
COMMANDS = [name for commands in SECTIONS.values() for name in commands]
COMMON = {"--json", "--data", "--server", "--lang"}


def read_section(page: Path, name: str) -> str:
    """Return what a page says of a command: its heading to the next one."""
    text = page.read_text(encoding="utf-8")
    found = re.search(rf"^### yuntu {name}\b.*?(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{page.name} has no section about {name}"
    return found[0]


@pytest.mark.parametrize("page", PAGES, ids=["en", "zh"])
@pytest.mark.parametrize("name", COMMANDS)
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
    for name in COMMANDS:
        options = {option for param in look_up(name).params for option in param.opts}
        rows = re.findall(r"^\| `(--[a-z-]+)", read_section(page, name), re.MULTILINE)
        assert set(rows) <= options, name


@pytest.mark.parametrize("page", PAGES, ids=["en", "zh"])
def test_common_options_and_exit_codes(page: Path) -> None:
    """What scripts rely on."""
    text = page.read_text(encoding="utf-8")
    for option in (*COMMON, "--help"):
        assert f"| `{option}" in text, option
    rows = re.findall(r"^\| (\d+) \|", text, re.MULTILINE)
    assert [int(row) for row in rows] == [int(code) for code in Exit]
