"""Commands about an account: withdraw, refund, usage, prices."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from local_server.cli.job_ids import find_job
from local_server.cli.money import move_money, save
from local_server.cli.people import find_account
from local_server.cli.session import Session
from local_server.cli.spoken import SpokenCommand
from local_server.cli.tables import make_table, print_pairs, show_duration, show_time
from local_server.cli.values import FRAME_MAX, Amount, Day, Number
from local_server.farm.errors import BadInput
from local_server.farm.identifiers import make_id
from local_server.farm.pricing import PriceBook, read_price_book
from local_server.wording import show_amounts, show_money

DAYS_SHOWN = 30


@click.command("withdraw", cls=SpokenCommand)
@click.argument("amount", type=Amount(), metavar="¥")
@click.option("--account", metavar="NAME")
@click.pass_obj
def withdraw(session: Session, amount: int, account: str | None) -> None:
    """Take money out."""
    if amount == 0:
        raise BadInput("withdrawal_is_zero")
    move_money(session, "/withdrawals", amount, account)


@click.command("refund", cls=SpokenCommand)
@click.argument("job")
@click.argument("amount", type=Amount(), metavar="[¥]", required=False)
@click.option("--frame", type=Number(-FRAME_MAX, FRAME_MAX), metavar="N")
@click.option("--reason", metavar="TEXT", required=True)
@click.pass_obj
def refund(session: Session, job: str, amount: int | None, frame: int | None, reason: str) -> None:
    """Give money back for a job or a frame."""
    if amount == 0:
        raise BadInput("refund_is_zero")
    body = {"id": make_id(), "reason": reason, "frame": frame, "amount_micros": amount}
    link = session.open_link()
    try:
        path = f"/jobs/{find_job(link.client, job)}/refunds"
        answer = link.insist(lambda client: client.ask("POST", path, body=body))
    finally:
        link.close()
    told = session.label("refund_told", amount=show_money(answer["amount_micros"]))
    session.answer(answer, lambda: session.print(told))


@click.command("usage", cls=SpokenCommand)
@click.option("--since", type=Day(), metavar="DAY")
@click.option("--until", type=Day(), metavar="DAY")
@click.option("--account", metavar="NAME")
@click.option("--csv", "csv", metavar="FILE")
@click.pass_obj
def usage(
    session: Session, since: date | None, until: date | None, account: str | None, csv: str | None
) -> None:
    """Show what was used, by day."""
    until = until or date.today()
    since = since or until - timedelta(days=DAYS_SHOWN)
    offset = datetime.now().astimezone().utcoffset() or timedelta()
    wanted: dict[str, Any] = {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "offset_minutes": offset // timedelta(minutes=1),
    }
    with session.connect() as client:
        wanted["account"] = find_account(client, account)
        if csv is not None:
            data = client.call("GET", "/usage", format="csv", **wanted).content
            save(session, csv, data, form="csv")
            return
        answer = client.ask("GET", "/usage", **wanted)
    session.answer(answer, lambda: print_usage(session, answer))


def print_usage(session: Session, usage: dict[str, Any]) -> None:
    """Print what was used, a line a day, and the sum."""
    columns = ("day", "frames", "render_time", "cost", "refunded")
    table = make_table(session, columns, right=columns[1:])
    lines = [*usage["items"], usage["total"] | {"day": session.label("total")}]
    costs = show_amounts([one["spent_micros"] for one in lines])
    backs = show_amounts([one["refunded_micros"] for one in lines])
    for one, cost, back in zip(lines, costs, backs, strict=True):
        time = show_duration(session, one["render_ms"])
        table.add_row(
            Text(one["day"]), Text(str(one["frames"])), Text(time), Text(cost), Text(back)
        )
    session.show(table)


@click.command("prices", cls=SpokenCommand)
@click.option("--add", metavar="FILE")
@click.pass_obj
def prices(session: Session, add: str | None) -> None:
    """List the versions of the prices, or add one."""
    with session.connect() as client:
        if add is not None:
            client.ask("POST", "/prices", body=read_book(Path(add).expanduser()))
        answer = client.ask("GET", "/prices")
    session.answer(answer, lambda: print_prices(session, answer["items"]))


def read_book(path: Path) -> dict[str, Any]:
    """Return a file of prices as the interface takes it. Raises BadInput as `read_price_book`."""
    return make_body(read_price_book(path))


def make_body(book: PriceBook) -> dict[str, Any]:
    """Return a price book as the interface takes it."""
    return {
        "id": book.id,
        "rate_micros": book.rate_micros,
        "minimum_micros": book.minimum_micros,
        "valid_from_ms": book.valid_from_ms,
        "levels": {
            name: {
                "discount_basis_points": one.discount_basis_points,
                "frames_max": one.frames_max,
                "priority_max": one.priority_max,
            }
            for name, one in book.levels.items()
        },
    }


def print_prices(session: Session, books: list[dict[str, Any]]) -> None:
    """Print every version of the prices with its levels."""
    for book in books:
        mark = session.label("in_force") if book["in_force"] else ""
        rate = session.label("rate_told", rate=show_money(book["rate_micros"]))
        print_pairs(
            session,
            [
                ("prices", f"{book['id']} {mark}"),
                ("begins", show_time(book["valid_from_ms"])),
                ("price", rate),
                ("minimum", show_money(book["minimum_micros"])),
            ],
        )
        columns = ("level", "discount", "frames_side_by_side", "highest_priority")
        table = make_table(session, columns, right=columns[1:])
        for name, one in book["levels"].items():
            table.add_row(
                Text(name),
                Text(f"{one['discount_basis_points'] / 100:g} %"),
                Text(str(one["frames_max"] or session.label("no_limit"))),
                Text(str(one["priority_max"])),
            )
        session.show(table)
        session.print("")
