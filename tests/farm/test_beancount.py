"""Beancount: the real `bean-check` accepts what we write, and would not if it were wrong."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_server.farm import ledger
from local_server.farm.beancount import export_beancount, name_component, quote
from local_server.farm.db import write
from tests.farm.workshop import Workshop

OWNERS = [
    "me",
    "Me",
    "li.wei@studio.cn",
    "王小明",
    "王 小明",
    '"; option',
    "Ünal-9",
    "9-to-5",
    "-",
    "ME",
]


def bean_check(path: Path, text: str) -> str:
    """Run the real bean-check; returns what it complains of, empty when it accepts."""
    path.write_text(text, encoding="utf-8")
    program = Path(sys.executable).with_name("bean-check")
    done = subprocess.run(
        [program, "--no-cache", path], capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert (done.returncode == 0) == (done.stdout + done.stderr == "")
    return done.stdout + done.stderr


@pytest.fixture
def rich(shop: Workshop) -> Workshop:
    """A farm with all kinds of operations, owners and amounts, over several days."""
    for owner in OWNERS[1:]:
        shop.open_account(owner, money=3_000_001)
        shop.now += 86_400_000 // 2
    for number, owner in enumerate(OWNERS):
        shop.submit(f"job-{number}", count=4, hold=2_500, owner=owner)
        shop.render(ms=1_000 - number)
    shop.resume("job-0", add=1_000)
    shop.cancel("job-1")
    shop.submit("free", count=1, hold=0)
    shop.finish(shop.hand(limit=3)[-1], made_for="job-0")
    with write(shop.db):
        ledger.withdraw(shop.db, id='"quoted\\"\n', owner="me", amount_micros=1, at_ms=shop.now)
    return shop


def test_bean_check_accepts_the_ledger(rich: Workshop, tmp_path: Path) -> None:
    text = "".join(export_beancount(rich.db))
    assert bean_check(tmp_path / "ledger.beancount", text) == ""
    for row in rich.db.conn.execute("SELECT id FROM operation WHERE kind <> 'withdraw'"):
        assert text.count(f"  operation: {quote(row[0])}\n") == 1
    assert text.count(" * ") == rich.db.conn.execute("SELECT count(*) FROM operation").fetchone()[0]
    assert (
        text.count(" balance ") == rich.db.conn.execute("SELECT count(*) FROM purse").fetchone()[0]
    )
    assert "Assets:Held:Me:Job-0" in text
    assert ' * "settle" ^job-0\n' in text


def test_bean_check_would_see_a_single_micro(rich: Workshop, tmp_path: Path) -> None:
    text = "".join(export_beancount(rich.db))
    balance = ledger.read_purse(rich.db, purse="spent:me")
    right = f"Expenses:Rendering:Me  {ledger.format_cny(balance)} ~ 0 CNY"
    wrong = f"Expenses:Rendering:Me  {ledger.format_cny(balance + 1)} ~ 0 CNY"
    assert right in text
    assert "Balance failed" in bean_check(tmp_path / "x.beancount", text.replace(right, wrong))
    lost = text.replace(
        "  operation: ", '  operation: "x"\n  Assets:Nothing  0.000001 CNY\n  x: ', 1
    )
    assert bean_check(tmp_path / "y.beancount", lost)


def test_an_empty_ledger_is_accepted(tmp_path: Path, shop: Workshop) -> None:
    shop.db.conn.execute("DROP TRIGGER operation_never_goes")
    shop.db.conn.execute("DROP TRIGGER transfer_never_goes")
    shop.db.conn.execute("PRAGMA foreign_keys = OFF")
    for table in ("operation", "transfer", "purse"):
        shop.db.conn.execute(f"DELETE FROM {table}")
    assert bean_check(tmp_path / "x.beancount", "".join(export_beancount(shop.db))) == ""


def test_it_is_written_piece_by_piece_on_one_state(rich: Workshop) -> None:
    pieces = export_beancount(rich.db)
    assert "commodity CNY" in next(pieces)
    assert rich.db.conn.in_transaction
    pieces.close()  # type: ignore[attr-defined]
    assert not rich.db.conn.in_transaction


@given(st.text(min_size=1, max_size=12), st.text(min_size=1, max_size=12))
def test_two_names_never_share_an_account(one: str, other: str) -> None:
    component = name_component(one)
    assert component[0].isascii()
    assert component[0].isupper() or component[0].isdigit()
    assert all(letter.isalpha() or letter.isdecimal() or letter == "-" for letter in component)
    assert (component == name_component(other)) == (one == other)


@pytest.mark.parametrize(
    ("text", "component"),
    [("me", "Me"), ("job-7", "Job-7"), ("9to5", "9to5"), ("ab3x", "Ab3x")],
)
def test_plain_ids_stay_readable(text: str, component: str) -> None:
    assert name_component(text) == component


def test_other_names_stay_recognisable() -> None:
    assert name_component("王小明").startswith("U-王小明-X")
    assert name_component("li.wei").startswith("U-li-wei-X")
