"""The language and the command of a line, before it is parsed."""

import pytest

from local_server.cli.first_look import find_command, find_language


@pytest.mark.parametrize(
    ("argv", "environ", "language"),
    [
        (["jobs"], {"LANG": "zh_CN.UTF-8"}, "zh"),
        (["jobs"], {"LANG": "en_GB.UTF-8"}, "en"),
        (["jobs"], {"LANG": "zh_CN", "LC_ALL": "C"}, "en"),
        (["jobs"], {"LANG": "en_GB", "YUNTU_LANG": "zh"}, "zh"),
        (["jobs"], {"LC_ALL": "", "LANG": "zh_TW"}, "zh"),
        (["jobs", "--lang", "en"], {"YUNTU_LANG": "zh"}, "en"),
        (["--lang=zh", "jobs"], {"YUNTU_LANG": "en"}, "zh"),
        (["render", "--", "--lang", "zh"], {"LANG": "en"}, "en"),
        (["jobs", "--lang"], {"LANG": "zh"}, "zh"),
        (["jobs"], {"LANG": "fr_FR"}, "en"),
    ],
)
def test_language(argv: list[str], environ: dict[str, str], language: str) -> None:
    """What is typed beats our variable, which beats the system's."""
    assert find_language(argv, environ) == language


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        (["serve", "--port", "1"], "serve"),
        (["--lang", "zh", "serve"], "serve"),
        (["--lang=zh", "serve"], "serve"),
        (["--server", "http://127.0.0.1:1", "--data", "serve", "--json", "jobs"], "jobs"),
        (["render", "serve"], "render"),
        (["--help"], None),
        ([], None),
    ],
)
def test_command(argv: list[str], command: str | None) -> None:
    """A scene that is called serve does not make a server."""
    assert find_command(argv) == command
