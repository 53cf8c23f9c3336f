"""Tables of money for people: balances, bills, statements, the audit."""

from rich.text import Text

from local_server.charges import explain_charges
from local_server.cli.answers import Answer
from local_server.cli.session import Session
from local_server.cli.tables import (
    make_table,
    print_pairs,
    show_duration,
    show_estimate,
    show_time,
)
from local_server.wording import show_amounts, show_money


def print_balance(session: Session, balance: Answer) -> None:
    """Print what the account has."""
    print_pairs(
        session,
        [
            ("free", show_money(balance["free_micros"])),
            ("held", show_money(balance["held_micros"])),
            ("elsewhere", show_money(balance["away_micros"]) if balance["away_micros"] else None),
            ("spent", show_money(balance["spent_micros"])),
            ("total", show_money(balance["total_micros"])),
        ],
    )
    if balance["waits"] is not None:
        session.print(balance["waits"]["title"], style="bold yellow")
        session.print(balance["waits"]["detail"])


def print_bill(session: Session, bill: Answer) -> None:
    """Print a bill with a line per frame."""
    columns = ("frame", "render_time", "cores", "discount", "full_price", "amount", "node")
    table = make_table(session, columns, right=columns[:-1])
    full = show_amounts([line["full_micros"] for line in bill["lines"]])
    paid = show_amounts([line["amount_micros"] for line in bill["lines"]])
    for line, full_price, amount in zip(bill["lines"], full, paid, strict=True):
        discount = session.label("reused")
        if not line["reused"]:
            discount = f"{line['discount_basis_points'] / 100:g} %"
        table.add_row(
            Text(str(line["frame"])),
            Text(show_duration(session, line["render_ms"])),
            Text(str(line["cores"])),
            Text(discount),
            Text(full_price),
            Text(amount),
            Text(line["node_name"] or line["node"] or "-"),
        )
    if bill["lines"]:
        session.show(table)
        session.print("")
    if bill["refunds"]:
        show_refunds(session, bill["refunds"])
        session.print("")
    print_bill_summary(session, bill)


def show_refunds(session: Session, refunds: list[Answer]) -> None:
    """Print what was given back, and why."""
    table = make_table(session, ("refund", "frame", "reason", "amount"), right=("frame", "amount"))
    amounts = show_amounts([-one["amount_micros"] for one in refunds])
    for one, amount in zip(refunds, amounts, strict=True):
        table.add_row(
            Text(show_time(one["at_ms"])),
            Text("-" if one["frame"] is None else str(one["frame"])),
            Text(one["reason"]),
            Text(amount),
        )
    session.show(table)


def print_bill_summary(session: Session, bill: Answer) -> None:
    """Print what a bill comes to, beside what was expected."""
    frames = [session.label("count_done", count=bill["frames_done"])]
    for name, count in (("reused", bill["frames_reused"]), ("failed", bill["frames_failed"])):
        if count:
            frames.append(session.label(f"count_{name}", count=count))
    price = None
    if bill["rate_micros"] is not None:
        rate = session.label("rate_told", rate=show_money(bill["rate_micros"]))
        price = f"{rate} ({bill['price_book']})"
    refunded = bill["refunded_micros"]
    print_pairs(
        session,
        [
            ("frames", session.label("list_comma").join(frames)),
            ("price", price),
            ("estimate", show_estimate(session, bill["estimate"])),
            ("held", show_money(bill["held_micros"])),
            ("given_back", show_money(bill["released_micros"])),
            ("cost", show_money(bill["total_micros"]) if refunded else None),
            ("refunded", show_money(-refunded) if refunded else None),
            ("total_cost", Text(show_money(bill["total_micros"] - refunded), style="bold")),
        ],
    )
    for told in explain_charges(bill["lines"], session.wording):
        session.print(told)


def print_bills(session: Session, bills: list[Answer]) -> None:
    """Print what jobs came to, a line each."""
    columns = ("ended", "job", "name", "frames", "discount", "price_book", "cost", "refunded")
    table = make_table(session, columns, right=("frames", "discount", "cost", "refunded"))
    costs = show_amounts([bill["total_micros"] for bill in bills])
    refunds = show_amounts([-bill["refunded_micros"] for bill in bills])
    for bill, cost, refunded in zip(bills, costs, refunds, strict=True):
        discount = bill["discount_basis_points"]
        table.add_row(
            Text(show_time(bill["finished_at_ms"])),
            Text(bill["job"]),
            Text(bill["name"]),
            Text(str(bill["frames_done"])),
            Text(session.label("reused") if discount is None else f"{discount / 100:g} %"),
            Text(bill["price_book"]),
            Text(cost),
            Text(refunded if bill["refunded_micros"] else "-"),
        )
    session.show(table)


def print_statement(session: Session, lines: list[Answer]) -> None:
    """Print the account's transfers."""
    columns = ("number", "time", "what", "job", "amount", "from", "to")
    table = make_table(session, columns, right=("number", "amount"))
    amounts = show_amounts([line["amount_micros"] for line in lines])
    for line, amount in zip(lines, amounts, strict=True):
        table.add_row(
            Text(str(line["seq"])),
            Text(show_time(line["at_ms"])),
            Text(session.label(f"kind_{line['kind']}")),
            Text(line["job"] or "-"),
            Text(amount),
            Text(line["debit"]),
            Text(line["credit"]),
        )
    session.show(table)


def print_audit(session: Session, audit: Answer) -> None:
    """Print what the audit looked at."""
    for check in audit["checks"]:
        style = "green" if check["ok"] else "bold red"
        mark = session.label("sound" if check["ok"] else "unsound")
        session.out.print(Text(mark, style=style), Text(check["title"]), Text(check["detail"]))
    words = session.say("audit_clean" if audit["clean"] else "audit_unclean")
    session.print(words.title, style="green" if audit["clean"] else "bold red")
    if words.detail:
        session.print(words.detail)
