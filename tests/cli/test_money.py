"""Commands about money on a data directory of its own, whose server has no job yet."""

import json
from codecs import BOM_UTF8
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.cli.yuntu import Yuntu

BOOK = """
valid_from = 2999-01-01T00:00:00+08:00
rate_micros_per_core_hour = 900_000
minimum_micros_per_frame = 300
[levels.standard]
discount_basis_points = 0
priority_max = 60
"""


@pytest.fixture(scope="module")
def purse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yuntu]:
    """The command line with ten yuan."""
    purse = Yuntu(tmp_path_factory.mktemp("purse"))
    assert purse("topup", "10").code == 0
    yield purse
    purse("stop")


def test_money_comes_and_goes(purse: Yuntu, tmp_path: Path) -> None:
    assert purse.json("withdraw", "2.50")["total_micros"] == 7_500_000
    assert purse("withdraw", "8").code == 4
    lines = purse.json("statement", "--newest")["items"]
    assert [one["kind"] for one in lines] == ["withdraw", "mint"]
    assert len(purse.json("statement", "--kind", "mint", "--since", "2020-01-01")["items"]) == 1
    assert purse.json("statement", "--until", "2020-01-01")["items"] == []
    path = tmp_path / "statement.csv"
    assert purse("statement", "--csv", str(path)).code == 0
    text = path.read_text(encoding="utf-8-sig")
    assert text.count("\n") == 3
    assert path.read_bytes() == BOM_UTF8 + text.replace("\n", "\r\n").encode()
    shown = purse("statement")
    assert "¥10.00" in shown.out
    assert "¥2.50" in shown.out
    assert purse.json("bills", "--since", "2020-01-01") == {"items": []}
    assert "Ended" in purse("bills").out
    assert purse("bills", "--csv", str(path)).code == 0
    assert path.read_text(encoding="utf-8-sig").startswith("job,name,finished,")


def test_an_account_is_named_as_people_name_it(purse: Yuntu) -> None:
    before = purse.json("balance")["total_micros"]
    assert purse.json("topup", "1", "--account", "ME")["total_micros"] == before + 1_000_000
    assert purse.json("withdraw", "1", "--account", "me")["total_micros"] == before
    assert purse("usage", "--account", "me").code == 0
    assert purse("topup", "1", "--account", "Li", "--json").error["code"] == "person_not_found"


def test_usage_and_prices(purse: Yuntu, tmp_path: Path) -> None:
    told = purse.json("usage", "--since", "2026-01-01", "--until", date.today().isoformat())
    assert told["items"] == []
    assert purse("usage").code == 0
    assert "2026-11" in purse("prices").out
    path = tmp_path / "later.toml"
    path.write_text(BOOK, encoding="utf-8")
    books = purse.json("prices", "--add", str(path))["items"]
    assert [(one["id"], one["in_force"]) for one in books] == [("2026-11", True), ("later", False)]


def test_orders_about_jobs_that_are_not_there(purse: Yuntu, tmp_path: Path) -> None:
    for line in (
        ["bill", "nothing", "--pdf", str(tmp_path / "x.pdf")],
        ["refund", "nothing", "--reason", "noise"],
        ["priority", "70", "nothing"],
        ["restore", "nothing"],
        ["download", "nothing", "--zip"],
    ):
        ran = purse(*line, "--json")
        assert json.loads(ran.err)["error"]["code"] == "job_not_found", line
        assert ran.code == 2
    assert purse.json("jobs", "--sort", "cost", "--text", "x", "--state", "paused")["items"] == []
    for option, day in (
        ("--since", "yesterday"),
        ("--since", "0001-01-01"),
        ("--until", "9999-12-31"),
    ):
        assert purse("statement", option, day, "--json").error["code"] == "day_expected"
