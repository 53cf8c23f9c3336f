"""A bill at the terminal: refunds with their reasons, the total of the PDF, what was capped."""

from io import StringIO
from typing import Any

from local_server.cli.money_tables import print_bill
from local_server.cli.session import Session, make_console
from local_server.wording import Wording

FREE = {
    "render_ms": 900,
    "cores": 2,
    "node": "n",
    "node_name": "tower",
    "reused": True,
    "at_minimum": False,
}
FREE |= {"discount_basis_points": 0, "full_micros": 0, "amount_micros": 0}
PAID = FREE | {"reused": False, "full_micros": 5_000, "amount_micros": 5_000}
REFUND = {"at_ms": 0, "frame": 2, "reason": "The lantern flickers", "amount_micros": 1_500}
BILL = {
    "lines": [FREE | {"frame": 1}, PAID | {"frame": 2}],
    "refunds": [],
    "frames_done": 2,
    "frames_reused": 1,
    "frames_failed": 0,
    "rate_micros": None,
    "estimate": None,
    "held_micros": 6_000,
    "released_micros": 1_000,
    "total_micros": 5_000,
    "refunded_micros": 0,
}


def show(bill: dict[str, Any]) -> str:
    """Return a bill as the terminal has it."""
    out = StringIO()
    console = make_console(out)
    session = Session(
        wording=Wording("en"), data=None, server=None, as_json=False, out=console, err=console
    )
    print_bill(session, bill)
    return out.getvalue()


def read_row(shown: str, label: str) -> str:
    """Return what stands beside a label."""
    [row] = [line for line in shown.splitlines() if line.startswith(label)]
    return row.removeprefix(label).strip()


def test_the_total_is_what_is_left_to_pay_and_refunds_say_why() -> None:
    shown = show(BILL | {"refunds": [REFUND], "refunded_micros": 1_500})
    assert read_row(shown, "Cost") == "¥0.005"
    assert read_row(shown, "Refunded") == "-¥0.0015"
    assert read_row(shown, "Total") == "¥0.0035"
    assert "The lantern flickers" in shown
    plain = show(BILL)
    assert read_row(plain, "Total") == "¥0.005" and "Refund" not in plain


def test_a_charge_that_was_capped_says_so() -> None:
    capped = PAID | {"frame": 2, "amount_micros": 3_000}
    shown = show(BILL | {"lines": [FREE | {"frame": 1}, capped]})
    assert "1 frame cost ¥0.002 less than the price" in shown
    assert "less than the price" not in show(BILL)


def test_charges_at_the_least_say_so() -> None:
    least = PAID | {"frame": 2, "at_minimum": True}
    assert "1 frame cost the least that a frame costs" in show(BILL | {"lines": [least]})
    assert "cost the least" not in show(BILL)


def test_the_price_beside_a_discount_has_it_taken_off() -> None:
    header = show(BILL | {"lines": [PAID | {"frame": 1}]}).splitlines()[0]
    assert header.index("Discount") < header.index("After discount") < header.index("Amount")
