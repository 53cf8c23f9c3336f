"""Routes of money: balance, top-up, statement, export, audit."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from sqlite_utils import Database

from local_server.answers import answer, reader_wording
from local_server.farm import ledger
from local_server.farm.audit import audit_farm
from local_server.farm.beancount import export_beancount
from local_server.farm.db import open_database, read_clock_ms
from local_server.farm.statements import export_csv
from local_server.routes.arguments import parse_cursor
from local_server.services import here
from local_server.shapes.money import BalanceView, ExportQuery, TopUpRequest
from local_server.shapes.shape import PageQuery

T = TypeVar("T")
TAG = Tag(name="money", description="The ledger: every cent, and how to check it")
EXPORTS = {"beancount": (export_beancount, "text/plain"), "csv": (export_csv, "text/csv")}
ROUTES = APIBlueprint("money", __name__, url_prefix="/api/v1", abp_tags=[TAG])


@ROUTES.get("/balance", responses={200: BalanceView})
def get_balance() -> Response:
    """Return what the account has."""
    return answer(show_balance(here.reader, here.caller.account))


@ROUTES.post("/topups", responses={201: BalanceView})
def top_up(body: TopUpRequest) -> Response:
    """Bring money in."""
    here.writer.write(
        ledger.mint,
        id=f"topup:{body.id}",
        owner=here.caller.account,
        amount_micros=body.amount_micros,
        at_ms=read_clock_ms(),
    )
    here.wake.set()
    return answer(show_balance(here.reader, here.caller.account), status=201)


@ROUTES.get("/statement")
def get_statement(query: PageQuery) -> Response:
    """List what moved the account's money, oldest first."""
    rows = ledger.list_statement(
        here.reader,
        owner=here.caller.account,
        after=parse_cursor(query.cursor) or 0,
        limit=query.limit,
    )
    full = len(rows) == query.limit
    return answer({"items": rows, "next": str(rows[-1]["seq"]) if full else None})


@ROUTES.get("/ledger/export")
def export_ledger(query: ExportQuery) -> Response:
    """Write the whole ledger as Beancount or CSV."""
    export, mimetype = EXPORTS[query.format]
    text = here.preparation.pool.apply(read_apart, (here.settings.database, join_lines(export)))
    return Response(text, mimetype=mimetype)


@ROUTES.get("/audit")
def get_audit() -> Response:
    """Check the whole ledger against itself, the jobs and the frames."""
    checks = here.preparation.pool.apply(read_apart, (here.settings.database, audit_farm))
    wording = reader_wording()
    shown = []
    for check in checks:
        words = wording.say(check.code, **check.params)
        detail = "" if check.ok else words.detail
        shown.append({"code": check.code, "title": words.title, "ok": check.ok, "detail": detail})
    return answer({"clean": all(check.ok for check in checks), "checks": shown})


def read_apart(database: Path, read: Callable[[Database], T]) -> T:
    """Read on a connection of its own: what takes seconds must delay neither rounds nor answers."""
    db = open_database(database, migrate=False)
    try:
        return read(db)
    finally:
        db.conn.close()


def join_lines(export: Callable[[Database], Iterator[str]]) -> Callable[[Database], str]:
    """Return a reader that has the whole export as one text."""
    return lambda db: "".join(export(db))


def show_balance(db: Database, owner: str) -> BalanceView:
    """Return an owner's balance as the interface shows it."""
    balance = ledger.read_balance(db, owner=owner)
    return BalanceView(
        **{name: getattr(balance, name) for name in BalanceView.model_fields},
    )
