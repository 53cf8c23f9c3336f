"""Lines that are not understood: a clear error in the reader's language, and exit code 2."""

import io
import json
from pathlib import Path

import click
import pytest

from local_server.cli.own_version import find_own_version
from local_server.cli.root import SECTIONS, make_root, run
from local_server.cli.spoken import SpokenCommand, SpokenFamily
from local_server.cli.window import SCREENS
from local_server.wording import LANGUAGES, Wording
from tests.cli.yuntu import Ran, Yuntu

COMMANDS = [name for commands in SECTIONS.values() for name in commands]


@pytest.fixture
def line(tmp_path: Path) -> Yuntu:
    """The command line on an empty data directory, where no server will be started."""
    return Yuntu(tmp_path)


def look_up(name: str) -> click.Command:
    """Return a command by its name."""
    found: click.Command | None = make_root()
    for word in name.split():
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), word)
    assert found is not None, name
    return found


def list_lines() -> list[str]:
    """List the commands, and those of families, as they are typed."""
    families = {name: look_up(name) for name in COMMANDS}
    return COMMANDS + [
        f"{name} {verb}"
        for name, family in families.items()
        if isinstance(family, SpokenFamily)
        for verb in family.commands
    ]


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["rendr"], "command_near"),
        (["zzzzz"], "command_unknown"),
        (["render"], "scene_or_package_typed"),
        (["render", "a", "--package", "b"], "scene_or_package_typed"),
        (["upload"], "argument_needed"),
        (["packages", "show"], "argument_needed"),
        (["packages", "list", "x"], "too_many_arguments"),
        (["jobs", "--server", "ftp://x"], "server_wrong"),
        (["--server", "ftp://x", "jobs"], "server_wrong"),
        (["--server", "http://127.0.0.1:1", "jobs", "--server", "ftp://x"], "server_wrong"),
        (["--server", "http://127.0.0.1:1", "stop"], "option_unknown"),
        (["render", "a", "--on", "moon"], "choice_expected"),
        (["jobs", "--server", "http://x/y"], "server_wrong"),
        (["cancel"], "argument_needed"),
        (["studio", "grant", ""], "argument_needed"),
        (["studio", "revoke"], "argument_needed"),
        (["studio", "create", "atelier"], "argument_needed"),
        (["studio", "creat"], "command_near"),
        (["studio", "zzzzz"], "command_unknown"),
        (["studio", "devices", "--mints"], "option_unknown"),
        (["--server", "http://127.0.0.1:1", "studio", "devices"], "option_unknown"),
        (["render", "a", "b"], "too_many_arguments"),
        (["render", "a", "--fram", "1"], "option_near"),
        (["render", "a", "--zzzzz"], "option_unknown"),
        (["render", "a", "--detach=1"], "option_takes_nothing"),
        (["render", "a", "--max-cost", "1.2345678"], "amount_too_precise"),
        (["render", "a", "--max-cost", "dear"], "amount_not_understood"),
        (["render", "a", "--size", "big"], "size_not_understood"),
        (["render", "a", "--priority", "101"], "number_expected"),
        (["render", "a", "--priority", "-1"], "number_expected"),
        (["jobs", "--state", "asleep"], "choice_expected"),
        (["topup", "-5"], "amount_not_understood"),
        (["topup", "0"], "amount_is_zero"),
        (["withdraw", "0"], "withdrawal_is_zero"),
        (["refund", "last", "0", "--reason", "noise"], "refund_is_zero"),
        (["render", "a.blend", "--max-cost", "0"], "limit_is_zero"),
        (["export", "xml"], "choice_expected"),
        (["logs", "last", "--attempt", "1", "x"], "number_expected"),
        (["jobs", "--lang", "fr"], "choice_expected"),
        (["serve", "--port", "70000"], "number_expected"),
    ],
)
def test_bad_lines(line: Yuntu, argv: list[str], code: str) -> None:
    """The code, the words and the exit code; nothing is started."""
    ran = line(*argv, "--json")
    assert (ran.code, ran.error["code"], ran.out) == (2, code, "")
    assert ran.error["title"]
    assert ran.error["detail"]
    assert not list(line.data.iterdir())


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("fr", "frames"),
        ("bal", "balance"),
        ("pri", "priority, prices"),
        ("login", "signin"),
        ("rm", "delete, cancel"),
        ("quit", "stop"),
        ("rendr", "render, refund, renderers"),
    ],
)
def test_what_may_have_been_meant(line: Yuntu, given: str, near: str) -> None:
    """How a name begins counts for more than how like it is."""
    assert line(given, "--json").error["params"]["near"] == near


def test_version_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"yuntu {find_own_version()}\n"


def test_a_value_that_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """The last option of a line has nothing behind it."""
    assert run(["jobs", "--json", "--limit"]) == 2
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "option_needs_value"
    assert run(["cancel", "--json"]) == 2
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "argument_needed"
    assert run(["node", "--store", "x", "--json"]) == 2
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "node_wants"


def test_what_begins_with_a_minus_is_told_as_it_was_typed(line: Yuntu) -> None:
    for argv in (["render", "a", "--size", "-1"], ["bills", "--since", "-1"]):
        assert "“-1”" in line(*argv).err


def test_errors_are_for_people_too(line: Yuntu) -> None:
    """Title, then what to do; in Chinese where that is asked for."""
    ran = line("topup", "much")
    assert ran.err.splitlines() == [
        "“much” is not an amount",
        "Write yuan with a point and up to six decimals: 12, 12.5 or ¥12.50.",
    ]
    assert line("topup", "much", "--lang", "zh").err.startswith("“much”不是金额")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", list_lines())
def test_every_command_explains_itself(
    name: str, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each option has words of its own in both languages."""
    assert run([*name.split(), "--help", "--lang", language]) == 0
    page = capsys.readouterr().out
    told = Wording(language).say(f"command_{name.replace(' ', '_')}").detail
    assert "".join(told.split()) in "".join(page.split())
    command = look_up(name)
    for param in command.params:
        assert max(param.opts, key=len) in page or not isinstance(param, click.Option)
    assert "option_" not in page, "an option has no words"
    assert "command_" not in page, "a verb has no words"
    if isinstance(command, SpokenFamily):
        assert all(f"  {verb} " in page for verb in command.commands)
        if command.default is None:
            assert run([name, "--lang", language]) == 0
            assert capsys.readouterr().out == page


@pytest.mark.parametrize("language", LANGUAGES)
def test_root_lists_every_command(
    language: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any word, the help page, where there is no screen."""
    for name in SCREENS:
        monkeypatch.delenv(name, raising=False)
    assert run(["--lang", language]) == 0
    page = capsys.readouterr().out
    assert run(["--lang", language, "--help"]) == 0
    assert capsys.readouterr().out == page
    assert all(f"  {name} " in page for name in COMMANDS)
    assert "command_" not in page
    assert "section_" not in page


def test_every_command_takes_the_common_options() -> None:
    """Data directory, language and JSON are the same everywhere."""
    for name in list_lines():
        command = look_up(name)
        assert isinstance(command, SpokenCommand | SpokenFamily)
        options = {option for param in command.params for option in param.opts}
        assert {"--json", "--lang"} <= options, name
        assert ("--data" in options) == (name != "node"), name


@pytest.mark.parametrize("command", ["--help", "stop"])
def test_a_reader_that_has_gone_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """`yuntu jobs | head -1` ends quietly."""

    class Gone(io.TextIOWrapper):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    with (tmp_path / "pipe").open("wb") as file:
        monkeypatch.setattr("sys.stdout", Gone(file, write_through=True))
        monkeypatch.setenv("YUNTU_DATA", str(tmp_path))
        assert run([command]) == 0


def test_ran_reads_errors() -> None:
    """The error is the last line, after remarks."""
    assert Ran(code=2, out="", err='remark\n{"error": {"code": "x"}}\n').error == {"code": "x"}
