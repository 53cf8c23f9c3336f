"""Statements: the ledger as CSV that a spreadsheet reads and cannot be made to run."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_server.farm.statements import COLUMNS, defuse, export_csv, format_line
from tests.farm.workshop import Workshop


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_operation_is_a_line_and_they_add_up(shop: Workshop) -> None:
    shop.submit(count=2, hold=5_000)
    shop.render(ms=1_000)
    text = "".join(export_csv(shop.db))
    rows = read(text)
    assert text.splitlines()[0] == ",".join(COLUMNS)
    assert [row["kind"] for row in rows] == ["mint", "lease", "hold", "settle", "settle", "release"]
    assert rows[3] == {
        "sequence": "4",
        "time": "2026-09-21T14:13:20.008Z",
        "operation": "frame:job-1:1",
        "kind": "settle",
        "owner": "me",
        "job": "job-1",
        "frame": "1",
        "debit": "held:job-1",
        "credit": "spent:me",
        "amount_cny": "0.001000",
        "amount_micros": "1000",
    }
    balance = 0
    for row in rows:
        balance += int(row["amount_micros"]) * (
            (row["credit"] == "spent:me") - (row["debit"] == "spent:me")
        )
    assert balance == shop.job()["cost_micros"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_text_runs_as_a_formula(shop: Workshop, start: str) -> None:
    owner = start + 'HYPERLINK("http://evil","x")'
    shop.open_account(owner, money=5)
    [row] = [row for row in read("".join(export_csv(shop.db))) if row["owner"] != "me"]
    assert row["owner"] == f"'{owner}"


def test_numbers_stay_numbers() -> None:
    assert defuse(-5) == -5
    assert format_line((-5, None, "a")) == "-5,,a\r\n"


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\0")), min_size=2))
def test_any_text_comes_back_as_it_was(cells: list[str]) -> None:
    [back] = csv.reader(io.StringIO(format_line(tuple(cells)), newline=""))
    assert [cell.removeprefix("'") for cell in back] == [cell.removeprefix("'") for cell in cells]


def test_an_export_is_of_one_state_and_lets_go_of_it(shop: Workshop) -> None:
    lines = export_csv(shop.db)
    next(lines)
    assert shop.db.conn.in_transaction
    list(lines)
    assert not shop.db.conn.in_transaction
