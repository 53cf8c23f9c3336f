"""Commands about money: balance, top-up, bills, statement, export, audit."""

import os
from pathlib import Path
from uuid import uuid4

import click

from local_server.cli.exits import Exit
from local_server.cli.job_ids import find_job
from local_server.cli.session import Session
from local_server.cli.spoken import SpokenCommand
from local_server.cli.tables import print_audit, print_balance, print_bill, print_statement
from local_server.cli.values import Amount, Choice, Number
from local_server.farm.errors import BadInput
from local_server.farm.identifiers import make_id

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
@click.pass_obj
def topup(session: Session, amount: int) -> None:
    """Bring money in; the id made here makes a second try after a lost answer safe."""
    if amount == 0:
        raise BadInput("amount_is_zero")
    id = make_id()
    link = session.open_link()
    try:
        answer = link.insist(lambda client: client.top_up(id=id, amount_micros=amount))
    finally:
        link.close()
    session.answer(answer, lambda: print_balance(session, answer))


@click.command("bill", cls=SpokenCommand)
@click.argument("job")
@click.pass_obj
def bill(session: Session, job: str) -> None:
    """Show a job's bill."""
    with session.connect() as client:
        answer = client.get_bill(find_job(client, job))
    session.answer(answer, lambda: print_bill(session, answer))


@click.command("statement", cls=SpokenCommand)
@click.option("--limit", type=Number(1, LIMIT_MAX), metavar="N")
@click.pass_obj
def statement(session: Session, limit: int | None) -> None:
    """List what moved the account's money."""
    with session.connect() as client:
        lines = list(client.list_statement(limit=limit))
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
    target = Path(out).expanduser().absolute()
    write_file(target, text)
    told = {"format": form, "path": str(target), "bytes": len(text.encode())}
    session.answer(told, lambda: session.print(session.label("written", path=str(target))))


def write_file(target: Path, text: str) -> None:
    """Write a text file whole or not at all. Raises BadInput `file_unwritable`."""
    half = target.with_name(f".{target.name}-{uuid4().hex}")
    try:
        half.write_bytes(text.encode())
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
