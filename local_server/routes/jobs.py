"""Routes of jobs: make, list, look at, and every verb."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from local_server import consent
from local_server.answers import answer, reader_wording
from local_server.farm import jobs
from local_server.farm.bills import make_bill
from local_server.farm.db import Row, read_clock_ms
from local_server.farm.errors import BadInput
from local_server.farm.events import list_events
from local_server.farm.identifiers import make_id
from local_server.preparation import Request
from local_server.services import Services, here
from local_server.shapes import (
    NUMBER_MAX,
    JobListQuery,
    JobPage,
    JobPath,
    JobRequest,
    JobView,
    PriorityRequest,
    ResumeRequest,
)
from local_server.views import show_job, show_reason
from local_server.wording import Wording, show_money

TAG = Tag(name="jobs", description="What artists submit")
ROUTES = APIBlueprint("jobs", __name__, url_prefix="/api/v1/jobs", abp_tags=[TAG])


def show(row: Row) -> JobView:
    """Return a job as this request's reader sees it."""
    return show_job(
        here.reader,
        row,
        wording=reader_wording(),
        live=here.live,
        delivery=here.delivery,
    )


@ROUTES.post("", responses={201: JobView})
def make_job(body: JobRequest) -> Response:
    """Submit a scene. It is checked, packed, priced and held before a frame is queued."""
    asked = body.model_dump(exclude={"id", "name", "priority"})
    request = {name: asked[name] for name in Request.__slots__}
    check_path(body.scene, "scene_not_absolute")
    if body.out is not None:
        check_path(body.out, "out_not_absolute")
    row = here.writer.write(
        jobs.create_job,
        id=body.id or make_id(),
        owner=here.owner,
        name=body.name or Path(body.scene).stem,
        request=request,
        priority=body.priority,
        at_ms=read_clock_ms(),
    )
    if row["state"] == "pending":
        here.submission.begin(row["id"])
    here.wake.set()
    return answer(show(row), status=201)


@ROUTES.get("", responses={200: JobPage})
def list_jobs(query: JobListQuery) -> Response:
    """List jobs, newest first."""
    rows = jobs.list_jobs(
        here.reader,
        owner=here.owner,
        before=parse_cursor(query.cursor),
        state=query.state,
        limit=query.limit,
    )
    full = len(rows) == query.limit
    page = JobPage(
        items=[show(row) for row in rows], next=str(rows[-1]["serial"]) if full else None
    )
    return answer(page)


@ROUTES.get("/<job>", responses={200: JobView})
def get_job(path: JobPath) -> Response:
    """Look at one job."""
    return answer(show(here.get_job(path.job)))


@ROUTES.post("/<job>/pause", responses={200: JobView})
def pause_job(path: JobPath) -> Response:
    """Pause a job; frames under way are stopped and will be rendered again."""
    here.get_job(path.job)
    here.writer.write(jobs.pause_job, job=path.job, reason="by_user", at_ms=read_clock_ms())
    here.stop_nodes(path.job)
    return answer(show(here.get_job(path.job)))


@ROUTES.post("/<job>/resume", responses={200: JobView})
def resume_job(path: JobPath, body: ResumeRequest) -> Response:
    """Let a paused job go on; with `max_cost_micros`, more may be held for it."""
    here.get_job(path.job)
    here.writer.write(
        consent.resume, job=path.job, cap_micros=body.max_cost_micros, at_ms=read_clock_ms()
    )
    here.wake.set()
    return answer(show(here.get_job(path.job)))


@ROUTES.post("/<job>/cancel", responses={200: JobView})
def cancel_job(path: JobPath) -> Response:
    """Cancel a job; what is done stays, what is not costs nothing."""
    here.get_job(path.job)
    here.writer.write(jobs.cancel_job, job=path.job, at_ms=read_clock_ms())
    here.stop_nodes(path.job)
    return answer(show(here.get_job(path.job)))


@ROUTES.post("/<job>/retry", responses={200: JobView})
def retry_job(path: JobPath) -> Response:
    """Give a job's failed frames another try."""
    here.get_job(path.job)
    here.writer.write(consent.retry, job=path.job, at_ms=read_clock_ms())
    here.wake.set()
    return answer(show(here.get_job(path.job)))


@ROUTES.post("/<job>/priority", responses={200: JobView})
def prioritise_job(path: JobPath, body: PriorityRequest) -> Response:
    """Change a job's place among the others."""
    here.get_job(path.job)
    here.writer.write(
        jobs.prioritise_job, job=path.job, priority=body.priority, at_ms=read_clock_ms()
    )
    here.move_up(path.job)
    return answer(show(here.get_job(path.job)))


@ROUTES.delete("/<job>", responses={204: None})
def delete_job(path: JobPath) -> Response:
    """Take a job that is over off the lists; its bill stays."""
    here.get_job(path.job)
    here.writer.write(jobs.delete_job, job=path.job, at_ms=read_clock_ms())
    return Response(status=204)


@ROUTES.get("/<job>/bill")
def get_bill(path: JobPath) -> Response:
    """Return a job's bill, a line per frame."""
    here.get_job(path.job)
    return answer(make_bill(here.reader, job=path.job))


@ROUTES.get("/<job>/log")
def get_log(path: JobPath) -> Response:
    """Return a job's own story as text: each of its states, with the time and the reason."""
    here.get_job(path.job)
    return Response(tell_story(here, path.job), mimetype="text/plain; charset=utf-8")


def check_path(path: str, code: str) -> None:
    """Raise BadInput with this code for what cannot be a path, or depends on a working folder."""
    if "\0" in path or not Path(path).is_absolute():
        raise BadInput(code, path=path.replace("\0", ""))


def parse_cursor(cursor: str | None) -> int | None:
    """Return a cursor's number. Raises BadInput `cursor_wrong`."""
    if cursor is None:
        return None
    try:
        number = int(cursor)
    except ValueError as error:
        raise BadInput("cursor_wrong", cursor=cursor[:40]) from error
    if abs(number) > NUMBER_MAX:
        raise BadInput("cursor_wrong", cursor=cursor[:40])
    return number


def tell_story(services: Services, job: str) -> str:
    """Return a job's events as lines of text, times in UTC."""
    wording, lines, after = reader_wording(), [], 0
    while page := list_events(services.reader, after=after, job=job):
        after = page[-1].id
        for event in page:
            told = tell(event.data, wording, event.frame)
            lines.append(f"{format_time(event.at_ms)}  {event.kind:<14} {told}")
    return "\n".join(lines) + "\n"


def tell(data: dict[str, Any], wording: Wording, frame: int | None) -> str:
    """Return an event's data as words."""
    parts = [f"#{frame}"] if frame is not None else []
    parts += [str(data[name]) for name in ("state", "step") if data.get(name)]
    if data.get("reason"):
        params = {key: value for key, value in data.items() if key not in ("state", "reason")}
        parts.append(show_reason(wording, data["reason"], **params).title)
    if "amount_micros" in data:
        parts.append(show_money(data["amount_micros"]))
    return "  ".join(parts)


def format_time(at_ms: int) -> str:
    """Return a moment as UTC to the millisecond, sortable."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
