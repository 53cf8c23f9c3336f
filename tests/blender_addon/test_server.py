"""How the add-on finds, starts and asks the server, without a Blender."""

import json
import os
import sys
from pathlib import Path

import pytest

from resources.blender_addon import amounts, errands, server
from resources.blender_addon.server import Program, Trouble
from tests.cli.yuntu import Yuntu

ROOT = Path(__file__).parents[2]
OURSELVES = Program(
    command=(sys.executable, "-m", "local_server"), environment={"PYTHONPATH": str(ROOT)}
)


def test_server_is_started_and_stays(tmp_path: Path) -> None:
    """One that runs is found; a second start finds the first."""
    data = tmp_path / "data"
    assert server.find_server(data) is None
    first = server.start_server(data, OURSELVES, "en")
    try:
        assert server.find_server(data) == first
        assert server.start_server(data, OURSELVES, "en") == first
        reach = errands.Reach(data=data, program="", language="zh")
        with pytest.raises(Trouble) as caught:
            errands.check(reach, {"scene": str(tmp_path / "none.blend")}, version="0.0.0")
        assert caught.value.code == "scene_missing"
        assert "不" in caught.value.title, "in the artist's language"
    finally:
        ended = Yuntu(data)("stop")
    assert ended.code == 0, ended.err
    with pytest.raises(Trouble) as caught:
        errands.look(reach, "job", 0, always=True)
    assert caught.value.code == "was_ended"


def test_words_of_a_server_that_cannot_start_are_shown(tmp_path: Path) -> None:
    """The artist reads why, not that it did not work."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "farm.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(Trouble) as caught:
        server.start_server(data, OURSELVES, "en")
    assert caught.value.code == "database_damaged"


def test_program_that_is_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a program nothing is guessed."""
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(Trouble) as caught:
        server.find_program()
    assert caught.value.code == "no_yuntu"


def test_silent_server(tmp_path: Path) -> None:
    """What a killed server left behind is no server."""
    (tmp_path / "server.json").write_text(json.dumps({"pid": 1, "port": 9, "key": "k"}))
    assert server.find_server(tmp_path) is None
    (tmp_path / "server.json").write_text("{")
    assert server.read_address(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("5", 5_000_000),
        ("¥0.53", 530_000),
        ("￥ 1,200.5", 1_200_500_000),
        ("two", None),
        ("", None),
    ],
)
def test_amounts(text: str, micros: int | None) -> None:
    """Exact, or nothing."""
    assert amounts.parse_money(text) == micros


def test_amounts_are_shown_and_rounded_up() -> None:
    """What is shown on the button is never below what the server asks."""
    assert amounts.show_money(1_234_567_891) == "¥1,234.567891"
    assert amounts.round_up(2_211) == 10_000
    assert amounts.parse_money(amounts.show_money(amounts.round_up(530_001))) == 540_000
    assert amounts.show_time(7_500) == "0:08"
    assert amounts.show_time(7_500_000) == "2:05:00"
