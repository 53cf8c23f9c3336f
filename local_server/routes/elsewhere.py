"""Routes of what is elsewhere: other machines' jobs, and what travels to the store and from it."""

from pathlib import Path
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from local_server.answers import answer
from local_server.document import gives
from local_server.downloads import send_stored
from local_server.farm.bills import make_away_bill, sum_away_costs
from local_server.farm.db import Row
from local_server.farm.errors import NotFound
from local_server.farm.results import count_unsendable
from local_server.farm.transfer_rules import change_transfer_rules, read_transfer_rules
from local_server.incoming import Picture, find_base, read_picture
from local_server.routes.arguments import check_path
from local_server.routes.bills import send_bill
from local_server.routes.farm import show_trouble
from local_server.routes.frames import MIME_TYPES
from local_server.services import here
from local_server.shapes.bills import BillQuery, BillView
from local_server.shapes.elsewhere import (
    AwayFramePath,
    AwayJobList,
    AwayJobPath,
    AwayJobView,
    FetchRequest,
    TransfersChange,
    TransfersView,
    TransferView,
)
from sync.arrivals import get_away_job, want_job
from sync.work import find_away_result, list_away_frames, list_away_jobs

TAG = Tag(name="elsewhere", description="Other machines' jobs, and what travels between machines")
ROUTES = APIBlueprint("elsewhere", __name__, url_prefix="/api/v1", abp_tags=[TAG])
AWAY_PICTURE_ERRORS = {404: ("no_away_job", "no_picture", "object_missing")}


@ROUTES.patch(
    "/sync/transfers",
    **gives(TransfersView, {400: "out_not_absolute", 403: "not_at_this_machine"}),
)
def change_transfers(body: TransfersChange) -> Response:
    """Pause transfers or go on, limit them, and choose which results come to this machine."""
    changes = body.model_dump(exclude_none=True)
    if body.folder:
        here.check_at_machine()
        check_path(body.folder, "out_not_absolute")
    rules = here.writer.write(change_transfer_rules, **changes)
    here.shipping.obey(rules)
    return answer(show_transfers())


@ROUTES.get("/studio/jobs", **gives(AwayJobList))
def list_jobs_elsewhere() -> Response:
    """List the caller's jobs on other machines; producers and admins see everybody's."""
    owner = None if here.caller.sees_every_job else here.caller.account
    return answer(AwayJobList(items=show_away(list_away_jobs(here.reader, owner=owner))))


@ROUTES.post("/studio/jobs/<away_job>/fetch", **gives(AwayJobView, {404: "no_away_job"}))
def fetch_job(path: AwayJobPath, body: FetchRequest) -> Response:
    """Bring another machine's finished frames here, or leave them there, whatever the rule says.

    What could not be fetched before is tried again.
    """
    row = find_away(path)
    here.writer.write(want_job, device=row["device"], job=row["job"], wanted=body.wanted)
    here.shipping.meet(back=True)
    [shown] = show_away([find_away(path)])
    return answer(shown)


@ROUTES.get(
    "/studio/jobs/<away_job>/bill",
    **gives(BillView, {404: "no_away_job"}, also=("text/csv", "application/pdf")),
)
def get_away_bill(path: AwayJobPath, query: BillQuery) -> Response:
    """Return the bill of another machine's job, as far as its log tells, in any form of a bill."""
    row = find_away(path)
    bill = make_away_bill(
        here.reader,
        device=name_payer(row["device"]),
        job=row["job"],
        owner=row["owner"],
        told=row["line"],
    )
    return send_bill(bill, query.format)


@ROUTES.get(
    "/studio/jobs/<away_job>/frames/<int(signed=True):number>/picture",
    **gives("image/*", AWAY_PICTURE_ERRORS),
)
def get_away_picture(path: AwayFramePath) -> Response:
    """Return a frame's file of another machine's job; it is brought here first if it must be."""
    found = find_picture(path)
    mimetype = MIME_TYPES.get(found.extension, "application/octet-stream")
    pool = here.uploads.pool
    return send_stored(here.blobs, pool, found.digest, mimetype=mimetype, name=None)


@ROUTES.get(
    "/studio/jobs/<away_job>/frames/<int(signed=True):number>/thumbnail",
    **gives("image/*", AWAY_PICTURE_ERRORS),
)
def get_away_thumbnail(path: AwayFramePath) -> Response:
    """Return a frame's thumbnail of another machine's job."""
    found = find_picture(path)
    if found.thumbnail is None:
        raise NotFound("no_picture", job=path.away_job, frame=path.number)
    small = found.thumbnail == found.digest  # a small picture is its own
    mimetype = MIME_TYPES.get(found.extension if small else ".jpg", "application/octet-stream")
    return send_stored(here.blobs, here.uploads.pool, found.thumbnail, mimetype=mimetype, name=None)


def find_away(path: AwayJobPath) -> Row:
    """Return the job in the address. Raises NotFound `no_away_job`."""
    device, _, job = path.away_job.partition(":")
    return get_away_job(here.reader, device=device, job=job)


def name_payer(device: str) -> str | None:
    """Return a machine as the ledger names it; None is this one, whose job went on elsewhere."""
    return None if device == here.reconciler.desk.device else device


def find_picture(path: AwayFramePath) -> Picture:
    """Return the frame in the address. Raises NotFound `no_away_job` and `no_picture`."""
    row = find_away(path)
    line = find_away_result(here.reader, device=row["device"], job=row["job"], frame=path.number)
    if line is None:
        raise NotFound("no_picture", job=path.away_job, frame=path.number)
    return read_picture(line)


def show_transfers() -> TransfersView:
    """Return what travels, as the interface shows it."""
    rules = read_transfer_rules(here.reader)
    items = [
        TransferView(
            load=one.load,
            files_left=one.files_left,
            bytes_left=one.bytes_left,
            bytes_per_second=one.bytes_per_second,
            left_ms=one.left_ms,
            trouble=show_trouble(one.trouble),
        )
        for one in here.shipping.list_standings(here.reader)
    ]
    return TransfersView(
        paused=rules.paused,
        mbps=rules.mbps,
        results=rules.results,
        folder=str(find_base(rules, here.settings.data)),
        lost=count_unsendable(here.reader),
        items=items,
    )


def show_away(rows: list[Row]) -> list[AwayJobView]:
    """Return other machines' jobs as the interface shows them; what they tell may be anything.

    What their rows lack is read for all at once.
    """
    frames = list_away_frames(here.reader, rows)
    costs = sum_away_costs(here.reader, [(name_payer(row["device"]), row["job"]) for row in rows])
    base = find_base(read_transfer_rules(here.reader), here.settings.data)
    return [
        show_away_job(
            row,
            frames=frames.get((row["device"], row["job"]), []),
            cost_micros=costs.get((name_payer(row["device"]), row["job"]), 0),
            base=base,
        )
        for row in rows
    ]


def show_away_job(row: Row, *, frames: list[Row], cost_micros: int, base: Path) -> AwayJobView:
    """Return another machine's job as the interface shows it."""
    line: dict[str, Any] = row["line"]
    total = line.get("frames_total")
    return AwayJobView(
        id=f"{row['device']}:{row['job']}",
        device=row["device"],
        job=row["job"],
        owner=row["owner"],
        name=str(line.get("name", "")),
        state=str(line.get("state", "")),
        frames_total=total if type(total) is int else 0,
        frames=[one["frame"] for one in frames],
        came=sum(one["came_at_ms"] is not None for one in frames),
        missed=sum(one["trouble"] is not None for one in frames),
        folder=None if row["folder"] is None else str(base / row["folder"]),
        wanted=None if row["wanted"] is None else bool(row["wanted"]),
        cost_micros=cost_micros,
        at_ms=row["at_ms"],
    )
