"""Routes of money: balance, top-up, statement, export, audit."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from sqlite_utils import Database

from local_server.answers import answer, reader_wording
from local_server.farm import ledger
from local_server.farm.audit import audit_farm
from local_server.farm.beancount import export_beancount
from local_server.farm.db import read_clock_ms
from local_server.farm.statements import export_csv
from local_server.routes.jobs import parse_cursor
from local_server.services import here
from local_server.shapes import BalanceView, ExportQuery, PageQuery, TopUpRequest

TAG = Tag(name="money", description="The ledger: every cent, and how to check it")
ROUTES = APIBlueprint("money", __name__, url_prefix="/api/v1", abp_tags=[TAG])


@ROUTES.get("/balance", responses={200: BalanceView})
def get_balance() -> Response:
    """Return what the account has."""
    return answer(show_balance(here.reader, here.owner))


@ROUTES.post("/topups", responses={201: BalanceView})
def top_up(body: TopUpRequest) -> Response:
    """Bring money in."""
    here.writer.write(
        ledger.mint,
        id=f"topup:{body.id}",
        owner=here.owner,
        amount_micros=body.amount_micros,
        at_ms=read_clock_ms(),
    )
    here.wake.set()
    return answer(show_balance(here.reader, here.owner), status=201)


@ROUTES.get("/statement")
def get_statement(query: PageQuery) -> Response:
    """List what moved the account's money, oldest first."""
    rows = ledger.list_statement(
        here.reader,
        owner=here.owner,
        after=parse_cursor(query.cursor) or 0,
        limit=query.limit,
    )
    full = len(rows) == query.limit
    return answer({"items": rows, "next": str(rows[-1]["seq"]) if full else None})


@ROUTES.get("/ledger/export")
def export_ledger(query: ExportQuery) -> Response:
    """Write the whole ledger as Beancount or CSV."""
    if query.format == "csv":
        return Response("".join(export_csv(here.reader)), mimetype="text/csv")
    return Response("".join(export_beancount(here.reader)), mimetype="text/plain")


@ROUTES.get("/audit")
def get_audit() -> Response:
    """Check the whole ledger against itself, the jobs and the frames."""
    checks = here.writer.run(audit_farm)
    wording = reader_wording()
    shown = []
    for check in checks:
        words = wording.say(check.code, **check.params)
        shown.append(
            {"code": check.code, "title": words.title, "ok": check.ok, "detail": check.detail}
        )
    return answer({"clean": all(check.ok for check in checks), "checks": shown})


def show_balance(db: Database, owner: str) -> BalanceView:
    """Return an owner's balance as the interface shows it."""
    balance = ledger.read_balance(db, owner=owner)
    return BalanceView(
        **{name: getattr(balance, name) for name in BalanceView.model_fields},
    )
