"""Routes that steer jobs: each verb for one job, and any of them for many."""

from flask import Response
from flask_openapi3 import APIBlueprint

from local_server.answers import answer, describe_error
from local_server.document import gives
from local_server.farm.errors import Unfit, YuntuError
from local_server.farm.states import Verb
from local_server.routes.jobs import TAG, show
from local_server.services import here
from local_server.shapes.frames import FramePath
from local_server.shapes.jobs import (
    JobPath,
    JobView,
    OrderOutcome,
    OrderRequest,
    OrderView,
    PriorityRequest,
    ResumeRequest,
)
from local_server.steering import Order, steer

ROUTES = APIBlueprint("steering", __name__, url_prefix="/api/v1", abp_tags=[TAG])
FUNDS = ("no_funds", "purse_too_small", "lease_needed", "device_out")
RESUME_ERRORS = ("job_cannot_move", "budget_needs_consent", "cap_below_hold")
RETRY_ERRORS = ("nothing_to_retry", "job_overtaken")
PRIORITY_ERRORS = {400: "priority_out_of_range", 403: "priority_above_level"}


def give_order(job: str, order: Order) -> Response:
    """Do what an order says and return the job as it is then."""
    steer(here, job, order)
    return answer(show(here.get_job(job)))


@ROUTES.post("/jobs/<job>/pause", **gives(JobView, {409: "job_cannot_move"}))
def pause_job(path: JobPath) -> Response:
    """Pause a job; frames under way are stopped and will be rendered again."""
    return give_order(path.job, Order(verb=Verb.PAUSE))


@ROUTES.post(
    "/jobs/<job>/resume",
    **gives(
        JobView,
        {402: FUNDS, 403: "not_yours", 409: RESUME_ERRORS},
    ),
)
def resume_job(path: JobPath, body: ResumeRequest) -> Response:
    """Let a paused job go on; with `max_cost_micros`, more may be held for it."""
    return give_order(path.job, Order(verb=Verb.RESUME, cap_micros=body.max_cost_micros))


@ROUTES.post("/jobs/<job>/cancel", **gives(JobView, {409: "job_cannot_move"}))
def cancel_job(path: JobPath) -> Response:
    """Cancel a job; what is done stays, what is not costs nothing."""
    return give_order(path.job, Order(verb=Verb.CANCEL))


@ROUTES.post("/jobs/<job>/retry", **gives(JobView, {402: FUNDS, 409: RETRY_ERRORS}))
def retry_job(path: JobPath) -> Response:
    """Give a job's failed frames another try."""
    return give_order(path.job, Order(verb=Verb.RETRY))


@ROUTES.post(
    "/jobs/<job>/frames/<int(signed=True):number>/retry",
    **gives(JobView, {402: FUNDS, 404: "no_frame", 409: ("frame_not_failed", *RETRY_ERRORS)}),
)
def retry_frame(path: FramePath) -> Response:
    """Give one failed frame another try, also while the others of its job go on."""
    return give_order(path.job, Order(verb=Verb.RETRY, frame=path.number))


@ROUTES.post("/jobs/<job>/priority", **gives(JobView, PRIORITY_ERRORS))
def prioritise_job(path: JobPath, body: PriorityRequest) -> Response:
    """Change a job's place among the others."""
    return give_order(path.job, Order(verb=Verb.PRIORITY, priority=body.priority))


@ROUTES.delete("/jobs/<job>", **gives(None, {409: "job_not_over"}, status=204))
def delete_job(path: JobPath) -> Response:
    """Take a job that is over off the lists; its bill stays, and it can be restored."""
    steer(here, path.job, Order(verb=Verb.DELETE))
    return Response(status=204)


@ROUTES.post("/jobs/<job>/restore", **gives(JobView, {409: "job_not_deleted"}))
def restore_job(path: JobPath) -> Response:
    """Put a deleted job back on the lists."""
    return give_order(path.job, Order(verb=Verb.RESTORE))


@ROUTES.post("/orders", **gives(OrderView, {422: "priority_needed"}))
def steer_many(body: OrderRequest) -> Response:
    """Give one order to many jobs; each is done or refused for itself, in the order given."""
    if body.verb is Verb.PRIORITY and body.priority is None:
        raise Unfit("priority_needed")
    order = Order(verb=body.verb, cap_micros=body.max_cost_micros, priority=body.priority)
    return answer(OrderView(items=[try_order(job, order) for job in dict.fromkeys(body.jobs)]))


def try_order(job: str, order: Order) -> OrderOutcome:
    """Do what an order says to one of many jobs, or tell why not."""
    try:
        steer(here, job, order)
    except YuntuError as error:
        return OrderOutcome(id=job, job=None, error=describe_error(error.code, **error.params))
    return OrderOutcome(id=job, job=show(here.get_job(job, right=order.right)), error=None)
