"""Routes of jobs: make, list, look at."""

from dataclasses import asdict
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from local_server.answers import answer, reader_wording
from local_server.document import gives
from local_server.downloads import plan_zip, send_zip
from local_server.farm import jobs
from local_server.farm.db import Row, read_clock_ms
from local_server.farm.errors import Unfit
from local_server.farm.forecasts import Forecast, forecast_cost
from local_server.farm.identifiers import make_id
from local_server.farm.job_lists import JobOrder, JobsWanted, Place, find_place
from local_server.farm.job_lists import list_jobs as find_jobs
from local_server.farm.sites import Site
from local_server.farm.states import OVER_JOB_STATES
from local_server.file_names import make_safe
from local_server.routes.marks import make_mark, parse_mark
from local_server.routes.scenes import PATH_ERRORS, REQUEST_ERRORS, name_scene, read_request
from local_server.services import here
from local_server.shapes.jobs import (
    ForecastView,
    JobDetail,
    JobListQuery,
    JobPage,
    JobPath,
    JobRequest,
    JobView,
    LogLinesQuery,
    LogPage,
)
from local_server.steering import find_ceilings
from local_server.stories import tell_lines, tell_story
from local_server.views import list_job_fields

TAG = Tag(name="jobs", description="What artists submit")
KEYS: dict[JobOrder, type] = {
    JobOrder.CREATED: type(None),
    JobOrder.NAME: str,
    JobOrder.STATE: str,
    JobOrder.COST: int,
    JobOrder.PRIORITY: int,
}
"""What a page of jobs ends at, by the order that they come in."""
ROUTES = APIBlueprint("jobs", __name__, url_prefix="/api/v1/jobs", abp_tags=[TAG])


def show(row: Row) -> JobView:
    """Return a job as this request's reader sees it."""
    [fields] = list_fields([row])
    return JobView(**fields)


def list_fields(rows: list[Row]) -> list[dict[str, Any]]:
    """Return the fields of jobs' views for this request's reader."""
    return list_job_fields(
        here.reader,
        rows,
        wording=reader_wording(),
        live=here.live,
        delivery=here.delivery,
    )


@ROUTES.post(
    "",
    **gives(
        JobView,
        {
            400: (*PATH_ERRORS, "priority_out_of_range"),
            403: ("device_out", "priority_above_level", "not_at_this_machine"),
            404: "no_package",
            409: "job_differs",
            422: ("no_farm", "scene_or_package", *REQUEST_ERRORS),
        },
        status=201,
    ),
)
def make_job(body: JobRequest) -> Response:
    """Submit a scene. It is checked, packed, priced and held before a frame is queued."""
    request = read_request(body)
    if body.site is Site.FARM and here.farm is None:
        raise Unfit("no_farm")
    id = body.id or make_id()
    if jobs.find_job(here.reader, job=id) is None:  # the same again stands, whatever became of it
        here.reconciler.check_member()
        here.preparation.check(request)
    row = here.writer.write(
        jobs.create_job,
        id=id,
        owner=here.caller.account,
        name=body.name or name_scene(request),
        request=asdict(request),
        priority=body.priority,
        book=find_ceilings(here),
        at_ms=read_clock_ms(),
    )
    if row["state"] == "pending":
        here.submission.begin(row["id"])
    here.wake.set()
    return answer(show(row), status=201)


@ROUTES.get("", **gives(JobPage, {422: "cursor_wrong"}))
def list_jobs(query: JobListQuery) -> Response:
    """List jobs: the caller's own, and for producers and admins everybody's."""
    order, caller = query.sort, here.caller
    after = None
    if query.cursor is not None:
        key, serial = parse_mark(query.cursor, KEYS[order], int)
        after = Place(key=key, serial=serial)
    wanted = JobsWanted(
        owner=query.owner if caller.sees_every_job else caller.account,
        states=tuple(query.state or ()),
        text=query.text,
        prefix=query.prefix,
    )
    rows = find_jobs(
        here.reader,
        wanted,
        order=order,
        descending=query.is_descending,
        after=after,
        limit=query.limit,
    )
    mark = None
    if len(rows) == query.limit:
        place = find_place(rows[-1], order)
        mark = make_mark(place.key, place.serial)
    return answer(JobPage.model_validate({"items": list_fields(rows), "next": mark}))


@ROUTES.get("/<job>", **gives(JobDetail))
def get_job(path: JobPath) -> Response:
    """Look at one job, and at what it will come to."""
    row = here.get_job(path.job)
    forecast = forecast_cost(here.reader, row)
    shown = None if forecast is None else show_forecast(forecast)
    [fields] = list_fields([row])
    return answer(JobDetail(**fields, forecast=shown))


def show_forecast(forecast: Forecast) -> ForecastView:
    """Return a forecast as the interface shows it."""
    return ForecastView(
        p50_micros=forecast.p50_micros, p90_micros=forecast.p90_micros, source=forecast.source
    )


@ROUTES.get("/<job>/log", **gives("text/plain"))
def get_log(path: JobPath) -> Response:
    """Return a job's own story as text: each of its states, with the time and the reason."""
    here.get_job(path.job)
    return Response(tell_story(here, path.job), mimetype="text/plain")


@ROUTES.get("/<job>/log/lines", **gives(LogPage))
def list_log_lines(path: JobPath, query: LogLinesQuery) -> Response:
    """Return a page of a job's own story: its states and what moved its money, a line each."""
    row = here.get_job(path.job)
    told = tell_lines(here, path.job, after=query.after, limit=query.limit, tail=query.tail)
    return answer(LogPage(lines=told.lines, next=told.next, ended=row["state"] in OVER_JOB_STATES))


@ROUTES.get("/<job>/pictures.zip", **gives("application/zip", {404: "object_missing"}))
def get_zip(path: JobPath) -> Response:
    """Return a job's finished frames as one zip, made while it is sent; with `Range`, a part."""
    row = here.get_job(path.job)
    zipped = plan_zip(
        here.reader,
        here.blobs,
        here.uploads.pool,
        job=path.job,
        plan=jobs.read_plan(row) if row["plan"] else None,
    )
    return send_zip(zipped, name=f"{make_safe(row['name'])}.zip")
