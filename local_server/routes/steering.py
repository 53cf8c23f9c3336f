"""Routes that steer jobs: pause, resume, cancel, retry, re-prioritise, delete."""

from flask import Response
from flask_openapi3 import APIBlueprint

from local_server import consent
from local_server.access import Right
from local_server.answers import answer
from local_server.document import gives
from local_server.farm import jobs
from local_server.farm.db import read_clock_ms
from local_server.routes.jobs import TAG, find_ceilings, show
from local_server.services import here
from local_server.shapes.jobs import (
    JobPath,
    JobView,
    PriorityRequest,
    ResumeRequest,
)

ROUTES = APIBlueprint("steering", __name__, url_prefix="/api/v1/jobs", abp_tags=[TAG])


@ROUTES.post("/<job>/pause", **gives(JobView, {409: "job_cannot_move"}))
def pause_job(path: JobPath) -> Response:
    """Pause a job; frames under way are stopped and will be rendered again."""
    here.get_job(path.job)
    here.writer.write(jobs.pause_job, job=path.job, reason="by_user", at_ms=read_clock_ms())
    here.stop_nodes(path.job)
    return answer(show(here.get_job(path.job)))


@ROUTES.post(
    "/<job>/resume",
    **gives(
        JobView,
        {
            402: ("no_funds", "purse_too_small"),
            403: "not_yours",
            409: ("job_cannot_move", "budget_needs_consent"),
        },
    ),
)
def resume_job(path: JobPath, body: ResumeRequest) -> Response:
    """Let a paused job go on; with `max_cost_micros`, more may be held for it."""
    # More money is the owner's to give, whoever else may let the job go on.
    here.get_job(path.job, right=Right.CREW if body.max_cost_micros is None else Right.OWNER)
    here.writer.write(
        consent.resume, job=path.job, cap_micros=body.max_cost_micros, at_ms=read_clock_ms()
    )
    here.wake.set()
    return answer(show(here.get_job(path.job)))


@ROUTES.post("/<job>/cancel", **gives(JobView, {409: "job_cannot_move"}))
def cancel_job(path: JobPath) -> Response:
    """Cancel a job; what is done stays, what is not costs nothing."""
    here.get_job(path.job)
    here.writer.write(jobs.cancel_job, job=path.job, at_ms=read_clock_ms())
    here.stop_nodes(path.job)
    return answer(show(here.get_job(path.job)))


@ROUTES.post(
    "/<job>/retry",
    **gives(JobView, {402: ("no_funds", "purse_too_small"), 409: "nothing_to_retry"}),
)
def retry_job(path: JobPath) -> Response:
    """Give a job's failed frames another try."""
    here.get_job(path.job)
    here.writer.write(consent.retry, job=path.job, at_ms=read_clock_ms())
    here.wake.set()
    return answer(show(here.get_job(path.job)))


@ROUTES.post("/<job>/priority", **gives(JobView, {400: "priority_out_of_range"}))
def prioritise_job(path: JobPath, body: PriorityRequest) -> Response:
    """Change a job's place among the others."""
    here.get_job(path.job)
    here.writer.write(
        jobs.prioritise_job,
        job=path.job,
        priority=body.priority,
        book=find_ceilings(),
        at_ms=read_clock_ms(),
    )
    here.move_up(path.job)
    return answer(show(here.get_job(path.job)))


@ROUTES.delete("/<job>", **gives(None, {409: "job_not_over"}, status=204))
def delete_job(path: JobPath) -> Response:
    """Take a job that is over off the lists; its bill stays."""
    here.get_job(path.job)
    here.writer.write(jobs.delete_job, job=path.job, at_ms=read_clock_ms())
    return Response(status=204)
