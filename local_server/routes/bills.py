"""Routes of bills: what a job cost, as data, table or paper, and what is given back of it."""

from functools import partial
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from local_server.answers import answer, reader_wording
from local_server.bill_pdf import write_bill_pdf
from local_server.document import gives
from local_server.farm.bills import list_bills, make_bill, write_bill_csv, write_bills_csv
from local_server.farm.db import Row, read_clock_ms
from local_server.farm.refunds import list_refunds, refund
from local_server.file_names import make_safe, name_attachment
from local_server.reading import read_apart
from local_server.routes.marks import make_mark, parse_place
from local_server.routes.money import choose_account
from local_server.services import here
from local_server.shapes.bills import BillPage, BillQuery, BillView, RefundRequest, RefundView
from local_server.shapes.jobs import JobPath
from local_server.shapes.money import LedgerQuery

TAG = Tag(name="bills", description="What jobs cost, a line per frame")
ROUTES = APIBlueprint("bills", __name__, url_prefix="/api/v1", abp_tags=[TAG])


@ROUTES.get("/jobs/<job>/bill", **gives(BillView, also=("text/csv", "application/pdf")))
def get_bill(path: JobPath, query: BillQuery) -> Response:
    """Return a job's bill, a line per frame: as JSON, as CSV, or as a PDF to print."""
    return send_bill(make_bill(here.reader, job=here.get_job(path.job)["id"]), query.format)


@ROUTES.get(
    "/bills",
    **gives(
        BillPage,
        {403: "not_allowed", 404: "no_account", 422: "cursor_wrong"},
        also=("text/csv",),
    ),
)
def get_bills(query: LedgerQuery) -> Response:
    """List what an account's jobs came to, those that ended last first; as CSV, all of them."""
    find = partial(
        list_bills,
        owner=choose_account(query.account),
        from_ms=query.from_ms,
        until_ms=query.until_ms,
    )
    after = parse_place(query.cursor)
    if query.format == "csv":
        text = read_apart(here, lambda db: "".join(write_bills_csv(find(db))))
        return send_file(text, "text/csv", "bills.csv")
    rows = find(here.reader, after=after, limit=query.limit)
    marks = [make_mark(row["finished_at_ms"], row.pop("serial")) for row in rows]
    following = marks[-1] if len(marks) == query.limit else None
    return answer(BillPage.model_validate({"items": rows, "next": following}))


@ROUTES.post(
    "/jobs/<job>/refunds",
    **gives(
        RefundView,
        {
            400: "amount_out_of_range",
            403: ("device_out", "not_yours", "no_minting_key"),
            404: "no_frame",
            409: ("nothing_to_refund", "refund_too_large", "operation_differs"),
        },
        status=201,
    ),
)
def give_back(path: JobPath, body: RefundRequest) -> Response:
    """Give money back for a job or one of its frames, at most what it cost."""
    job, id = here.get_job(path.job)["id"], f"refund:{body.id}"
    here.reconciler.check_mints()
    here.writer.write(
        refund,
        id=id,
        job=job,
        frame=body.frame,
        amount_micros=body.amount_micros,
        reason=body.reason,
        by=here.caller.account,
        at_ms=read_clock_ms(),
    )
    [given] = [one for one in list_refunds(here.reader, job=job) if one["id"] == id]
    return answer(RefundView(**given), status=201)


def send_bill(bill: Row, form: str) -> Response:
    """Return a bill in the form that was asked for."""
    name = f"bill-{make_safe(bill['job'])}.{form}"
    if form == "csv":
        return send_file("".join(write_bill_csv(bill)), "text/csv", name)
    if form == "pdf":
        arguments: tuple[Any, ...] = (bill, reader_wording())
        data = here.preparation.pool.apply(write_bill_pdf, arguments)
        return send_file(data, "application/pdf", name)
    return answer(BillView(**bill))


def send_file(data: str | bytes, mimetype: str, name: str) -> Response:
    """Return a file that a browser saves under a name."""
    response = Response(data, mimetype=mimetype)
    response.headers["Content-Disposition"] = name_attachment(name)
    return response
