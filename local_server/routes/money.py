"""Routes of money: balance, top-up, statement, export, audit."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial

from flask import Response, g
from flask_openapi3 import APIBlueprint, Tag
from sqlite_utils import Database

from local_server import consent
from local_server.answers import answer, reader_wording
from local_server.document import gives
from local_server.farm import ledger, sealing
from local_server.farm.accounts import Role, get_account
from local_server.farm.audit import audit_farm
from local_server.farm.beancount import export_beancount
from local_server.farm.db import read_clock_ms
from local_server.farm.errors import NotFound, Refused
from local_server.farm.statements import Wanted, export_csv, list_statement
from local_server.farm.usage import DAY_MS, begin_of, find_zone, list_usage, write_usage_csv
from local_server.reading import read_apart
from local_server.routes.marks import make_mark, parse_place
from local_server.services import here
from local_server.shapes.jobs import Direction
from local_server.shapes.money import (
    AmountRequest,
    AuditLine,
    AuditView,
    BalanceQuery,
    BalanceView,
    DayOfUseView,
    ExportQuery,
    StatementPage,
    StatementQuery,
    UsageQuery,
    UsageSums,
    UsageView,
)
from local_server.shapes.reasons import Reason
from local_server.views import show_reason
from sync.log import is_out

TAG = Tag(name="money", description="The ledger: every cent, and how to check it")
EXPORTS = {"beancount": (export_beancount, "text/plain"), "csv": (export_csv, "text/csv")}
MOVE_ERRORS: dict[int, str | tuple[str, ...]] = {
    400: "amount_out_of_range",
    403: ("device_out", "not_allowed", "no_minting_key"),
    404: "no_account",
    409: "operation_differs",
}
ROUTES = APIBlueprint("money", __name__, url_prefix="/api/v1", abp_tags=[TAG])


@ROUTES.get("/balance", **gives(BalanceView, {403: "not_allowed", 404: "no_account"}))
def get_balance(query: BalanceQuery) -> Response:
    """Return what the account has."""
    return answer(show_balance(here.reader, choose_account(query.account)))


@ROUTES.post("/topups", **gives(BalanceView, MOVE_ERRORS, status=201))
def top_up(body: AmountRequest) -> Response:
    """Bring money in; an account whose person was removed takes none, only gives what it has."""
    owner = choose_account(body.account)
    if get_account(here.reader, account=owner).removed:
        raise NotFound("no_account", account=owner)
    return move_money("topup", consent.top_up, body)


@ROUTES.post("/withdrawals", **gives(BalanceView, MOVE_ERRORS | {402: "no_funds"}, status=201))
def withdraw(body: AmountRequest) -> Response:
    """Take money out; what is held for jobs stays."""
    return move_money("withdrawal", ledger.withdraw, body)


@ROUTES.get(
    "/statement",
    **gives(
        StatementPage,
        {403: "not_allowed", 404: "no_account", 422: "cursor_wrong"},
        also=("text/csv",),
    ),
)
def get_statement(query: StatementQuery) -> Response:
    """List what moved the account's money; with `format=csv`, all of it as a table."""
    wanted = Wanted(
        owner=choose_account(query.account),
        kinds=tuple(query.kind or ()),
        job=query.job,
        from_ms=query.from_ms,
        until_ms=query.until_ms,
    )
    after = parse_place(query.cursor)
    if query.format == "csv":
        export = partial(export_csv, wanted=wanted)
        text = read_apart(here, join_lines(export))
        return Response(text, mimetype="text/csv")
    rows = list_statement(
        here.reader,
        wanted,
        after=after,
        newest_first=query.order is Direction.DESCENDING,
        limit=query.limit,
    )
    last = rows[-1] if len(rows) == query.limit else None
    mark = None if last is None else make_mark(last["at_ms"], last["seq"])
    return answer(StatementPage.model_validate({"items": rows, "next": mark}))


@ROUTES.get(
    "/usage",
    **gives(UsageView, {403: "not_allowed", 404: "no_account"}, also=("text/csv",)),
)
def get_usage(query: UsageQuery) -> Response:
    """Return what the account used, by day."""
    zone = find_zone(query.offset_minutes)
    days = list_usage(
        here.reader,
        owner=choose_account(query.account),
        from_ms=begin_of(query.since, zone),
        until_ms=begin_of(query.until, zone) + DAY_MS,
        zone=zone,
    )
    if query.format == "csv":
        return Response("".join(write_usage_csv(days)), mimetype="text/csv")
    names = UsageSums.model_fields
    total = {name: sum(getattr(day, name) for day in days) for name in names}
    items = [DayOfUseView(**asdict(day)) for day in days]
    return answer(UsageView(items=items, total=UsageSums(**total)))


@ROUTES.get("/ledger/export", **gives("text/plain", also=("text/csv",)))
def export_ledger(query: ExportQuery) -> Response:
    """Write the whole ledger as Beancount or CSV."""
    export, mimetype = EXPORTS[query.format]
    text = read_apart(here, join_lines(export))
    return Response(text, mimetype=mimetype)


@ROUTES.get("/audit", **gives(AuditView))
def get_audit() -> Response:
    """Check the whole ledger against itself, the jobs and the frames."""
    checks = read_apart(here, audit_farm)
    wording = reader_wording()
    shown = []
    for check in checks:
        words = wording.say(check.code, **check.params)
        detail = "" if check.ok else words.detail
        shown.append(AuditLine(code=check.code, title=words.title, ok=check.ok, detail=detail))
    return answer(AuditView(clean=all(check.ok for check in checks), checks=shown))


def move_money(cause: str, move: Callable[..., bool], body: AmountRequest) -> Response:
    """Do a top-up or a withdrawal once, whatever is sent twice, and return what there is now."""
    here.reconciler.check_mints()
    owner = choose_account(body.account)
    g.beyond_own = ("account", owner)
    here.writer.write(
        move,
        id=f"{cause}:{body.id}",
        owner=owner,
        amount_micros=body.amount_micros,
        at_ms=read_clock_ms(),
    )
    here.wake.set()
    if here.stores.apart:
        here.reconciler.look_for_store()
    return answer(show_balance(here.reader, owner), status=201)


def choose_account(asked: str | None) -> str:
    """Return whose money is meant. Raises Refused `not_allowed`, NotFound `no_account`."""
    caller = here.caller
    if asked is None or asked == caller.account:
        return caller.account
    if not caller.is_admin:
        raise Refused("not_allowed", needed=Role.ADMIN)
    return get_account(here.reader, account=asked).id


def join_lines(export: Callable[[Database], Iterator[str]]) -> Callable[[Database], str]:
    """Return a reader that has the whole export as one text."""
    return lambda db: "".join(export(db))


def show_balance(db: Database, owner: str) -> BalanceView:
    """Return an owner's balance as the interface shows it."""
    balance = ledger.read_balance(db, owner=owner)
    names = BalanceView.model_fields.keys() - {"waits"}
    return BalanceView(
        **{name: getattr(balance, name) for name in names}, waits=find_waits(db, owner)
    )


def find_waits(db: Database, owner: str) -> Reason | None:
    """Return why others do not know what an owner brought in or took out here, if they do not.

    Where this machine was taken out of the studio, that.
    """
    device = here.reconciler.desk.device
    if is_out(db, device):
        return show_reason(reader_wording(), "device_out", device=device)
    away = here.stores.apart and here.reconciler.standing.trouble is not None
    if not (away and sealing.has_unsealed_moves(db, owner=owner)):
        return None
    return show_reason(reader_wording(), "money_waits")
