"""Commands about money: balance, top-up, bills, statement, export, audit."""

import os
from codecs import BOM_UTF8
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from local_server.cli.answers import Answer
from local_server.cli.client import Client
from local_server.cli.elsewhere import find_away_job
from local_server.cli.exits import Exit
from local_server.cli.job_ids import find_job
from local_server.cli.money_tables import (
    print_audit,
    print_balance,
    print_bill,
    print_bills,
    print_statement,
)
from local_server.cli.people import find_account
from local_server.cli.session import Session
from local_server.cli.spoken import SpokenCommand
from local_server.cli.values import Amount, Choice, Day, Number
from local_server.farm.errors import BadInput
from local_server.farm.identifiers import make_id
from local_server.farm.ledger import Kind

LIMIT_MAX = 10_000_000


@click.command("balance", cls=SpokenCommand)
@click.pass_obj
def balance(session: Session) -> None:
    """Show what the account has."""
    with session.connect() as client:
        answer = client.get_balance()
    session.answer(answer, lambda: print_balance(session, answer))


@click.command("topup", cls=SpokenCommand)
@click.argument("amount", type=Amount(), metavar="¥")
@click.option("--account", metavar="NAME")
@click.pass_obj
def topup(session: Session, amount: int, account: str | None) -> None:
    """Bring money in."""
    if amount == 0:
        raise BadInput("amount_is_zero")
    move_money(session, "/topups", amount, account)


def move_money(session: Session, path: str, amount: int, account: str | None) -> None:
    """Bring money in or take it out, and show what there is then.

    The id made here makes a second try after a lost answer safe.
    """
    told: dict[str, Any] = {"id": make_id(), "amount_micros": amount}
    link = session.open_link()
    try:
        told["account"] = find_account(link.client, account)
        answer = link.insist(lambda client: client.ask("POST", path, body=told))
    finally:
        link.close()
    session.answer(answer, lambda: print_balance(session, answer))


@click.command("bill", cls=SpokenCommand)
@click.argument("job")
@click.option("--csv", "csv", metavar="FILE")
@click.option("--pdf", "pdf", metavar="FILE")
@click.pass_obj
def bill(session: Session, job: str, csv: str | None, pdf: str | None) -> None:
    """Show a job's bill, or write it to a file."""
    with session.connect() as client:
        path = find_bill(client, job)
        for form, given in (("csv", csv), ("pdf", pdf)):
            if given is not None:
                data = client.call("GET", path, format=form).content
                save(session, given, data, form=form)
        if csv is not None or pdf is not None:
            return
        answer: Answer = client.call("GET", path).json()
    session.answer(answer, lambda: print_bill(session, answer))


def find_bill(client: Client, job: str) -> str:
    """Return where the bill of a job is, also of another machine's (`DEVICE:JOB`). Raises."""
    if ":" in job:
        return f"/studio/jobs/{find_away_job(client, job)}/bill"
    return f"/jobs/{find_job(client, job)}/bill"


@click.command("bills", cls=SpokenCommand)
@click.option("--since", type=Day(), metavar="DAY")
@click.option("--until", type=Day(), metavar="DAY")
@click.option("--csv", "csv", metavar="FILE")
@click.option("--limit", type=Number(1, LIMIT_MAX), metavar="N")
@click.pass_obj
def bills(
    session: Session, since: date | None, until: date | None, csv: str | None, limit: int | None
) -> None:
    """List what the account's jobs came to."""
    wanted = bound(since, until)
    with session.connect() as client:
        if csv is not None:
            data = client.call("GET", "/bills", format="csv", **wanted).content
            save(session, csv, data, form="csv")
            return
        found = list(client.list_bills(limit=limit, **wanted))
    session.answer({"items": found}, lambda: print_bills(session, found))


@click.command("statement", cls=SpokenCommand)
@click.option("--kind", type=Choice(*Kind), metavar="KIND", multiple=True)
@click.option("--job", metavar="JOB")
@click.option("--since", type=Day(), metavar="DAY")
@click.option("--until", type=Day(), metavar="DAY")
@click.option("--newest", is_flag=True)
@click.option("--csv", "csv", metavar="FILE")
@click.option("--limit", type=Number(1, LIMIT_MAX), metavar="N")
@click.pass_obj
def statement(
    session: Session,
    /,
    kind: tuple[str, ...],
    job: str | None,
    since: date | None,
    until: date | None,
    *,
    newest: bool,
    csv: str | None,
    limit: int | None,
) -> None:
    """List what moved the account's money."""
    wanted: dict[str, Any] = {
        "kind": list(kind) or None,
        "order": "desc" if newest else "asc",
        **bound(since, until),
    }
    with session.connect() as client:
        wanted["job"] = None if job is None else find_job(client, job)
        if csv is not None:
            data = client.call("GET", "/statement", format="csv", **wanted).content
            save(session, csv, data, form="csv")
            return
        lines = list(client.list_statement(limit=limit, **wanted))
    session.answer({"items": lines}, lambda: print_statement(session, lines))


@click.command("export", cls=SpokenCommand)
@click.argument("form", type=Choice("beancount", "csv"), metavar="beancount|csv")
@click.option("--out", metavar="FILE")
@click.pass_obj
def export(session: Session, form: str, out: str | None) -> None:
    """Write the whole ledger."""
    with session.connect() as client:
        text = client.export_ledger(form)
    if out is None:
        answer = {"format": form, "text": text}
        session.answer(answer, lambda: session.write_raw(text))
        return
    save(session, out, text.encode(), form=form)


def save(session: Session, given: str, data: bytes, *, form: str) -> None:
    """Write a file and say where it is; a table begins as spreadsheets want it."""
    target = Path(given).expanduser().absolute()
    written = BOM_UTF8 + data if form == "csv" else data
    write_file(target, written)
    answer = {"format": form, "path": str(target), "bytes": len(written)}
    session.answer(answer, lambda: session.print(session.label("written", path=str(target))))


def bound(since: date | None, until: date | None) -> dict[str, Any]:
    """Return the moments between which days lie, as the interface is asked for them."""
    return {
        "from_ms": None if since is None else begin_of(since),
        "until_ms": None if until is None else begin_of(until + timedelta(days=1)),
    }


def begin_of(day: date) -> int:
    """Return the moment at which a day begins on this machine's clock, in ms."""
    return int(datetime.combine(day, time()).timestamp() * 1000)


def write_file(target: Path, data: bytes) -> None:
    """Write a file whole or not at all. Raises BadInput `file_unwritable`."""
    half = target.with_name(f".{target.name}-{uuid4().hex}")
    try:
        half.write_bytes(data)
        half.replace(target)
    except OSError as error:
        half.unlink(missing_ok=True)
        words = error.strerror or os.strerror(error.errno or 0)
        raise BadInput("file_unwritable", path=str(target), words=words) from error


@click.command("audit", cls=SpokenCommand)
@click.pass_obj
def audit(session: Session) -> Exit:
    """Check the books."""
    with session.connect() as client:
        answer = client.audit()
    session.answer(answer, lambda: print_audit(session, answer))
    return Exit.DONE if answer["clean"] else Exit.NOT_CLEAN
