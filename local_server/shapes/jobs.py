"""Jobs, as they are asked for and shown."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from local_server.farm.job_lists import JobOrder
from local_server.farm.ledger import AMOUNT_MICROS_MAX
from local_server.farm.pricing import PRIORITY_MAX, PRIORITY_MIN
from local_server.farm.sites import Site
from local_server.farm.states import JobState, Verb
from local_server.shapes.errors import ErrorBody
from local_server.shapes.reasons import FindingView, Reason
from local_server.shapes.scenes import SOURCES, EstimateView, RendererName, SceneRequest
from local_server.shapes.shape import NUMBER_MAX, TIME, WHOLE_ID, Body, Page, PageQuery, Shape, show

PREFIX = "^[a-z0-9][a-z0-9-]{0,63}$"


class JobPath(Shape):
    """A job in the address."""

    job: str = Field(description="The job's id", max_length=64)


class JobRequest(SceneRequest):
    """A job to be made. With the same `id`, the same request again changes nothing."""

    model_config = show(
        {"id": "lanterns-1", "scene": "/work/lanterns.blend", "max_cost_micros": 5_000_000},
        oneOf=SOURCES,
    )

    id: str | None = Field(
        None, description="Made by the client, so that a retry is safe", pattern=WHOLE_ID
    )
    name: str | None = Field(None, description="For people; else the scene's name", max_length=200)
    priority: int = Field(50, ge=PRIORITY_MIN, le=PRIORITY_MAX, description="Higher goes first")
    max_cost_micros: int | None = Field(
        None,
        strict=True,
        ge=0,
        le=AMOUNT_MICROS_MAX,
        description="What may be held and spent at most, in micro-yuan",
    )
    fresh: bool = Field(False, description="Render again what was rendered before")
    site: Site = Field(
        Site.HERE, strict=False, description="Where its frames render: here, or on the farm"
    )


JOBS_AT_ONCE_MAX = 500


class Direction(StrEnum):
    """Which end of a list comes first."""

    ASCENDING = "asc"
    DESCENDING = "desc"


class JobListQuery(PageQuery):
    """Which jobs to list, and in which order."""

    state: list[JobState] | None = Field(
        None, description="Only jobs in one of these states", max_length=len(JobState)
    )
    owner: str | None = Field(
        None,
        description="Only this account's jobs; for producers and admins",
        min_length=1,
        max_length=64,
    )
    text: str | None = Field(
        None, description="Only jobs with this in name, scene or id", min_length=1, max_length=200
    )
    prefix: str | None = Field(None, description="Only jobs whose id begins so", pattern=PREFIX)
    sort: JobOrder = Field(JobOrder.CREATED, description="What to sort by")
    order: Direction | None = Field(
        None, description="Else names and states ascend, and the other orders descend"
    )
    limit: int = Field(50, ge=1, le=500, description="How many at most")

    @property
    def is_descending(self) -> bool:
        """Tell which end comes first."""
        if self.order is not None:
            return self.order is Direction.DESCENDING
        return self.sort not in (JobOrder.NAME, JobOrder.STATE)


class ResumeRequest(Body):
    """Consent to spend more."""

    model_config = show({"max_cost_micros": 9_000_000})

    max_cost_micros: int | None = Field(
        None,
        strict=True,
        ge=0,
        le=AMOUNT_MICROS_MAX,
        description="What the whole job may cost from now on, in micro-yuan",
    )


class PriorityRequest(Body):
    """A job's place among the others."""

    model_config = show({"priority": 80})

    priority: int = Field(ge=PRIORITY_MIN, le=PRIORITY_MAX, description="Higher goes first")


class FrameCounts(Shape):
    """A job's frames by state."""

    total: int = Field(description="All of them")
    waiting: int = Field(description="Those that wait for a node")
    rendering: int = Field(description="Those that a node is at")
    done: int = Field(description="Those that are done")
    failed: int = Field(description="Those that failed for good")
    cancelled: int = Field(description="Those that were called off")
    reused: int = Field(description="Those of the done that were found rendered already")


class LiveFrame(Shape):
    """A frame under way."""

    frame: int = Field(description="The frame's number in the scene")
    sample: int = Field(description="The sample that the renderer is at")
    samples: int = Field(description="How many it will do")
    fraction: float = Field(description="How far it is, from 0 to 1", examples=[0.5])
    remaining_ms: int | None = Field(description="How long it still takes, by the renderer")


class DeliveryView(Shape):
    """How many finished frames are not in the artist's folder yet, and why."""

    waiting: int = Field(description="How many")
    problem: Reason | None = Field(description="What keeps them")


class JobView(Shape):
    """A job."""

    id: str = Field(description="Its id", examples=["lanterns-1"])
    name: str = Field(description="Its name, for people", examples=["lanterns"])
    scene: str = Field(description="Absolute path of its scene", examples=["/work/lanterns.blend"])
    package: str | None = Field(description="The uploaded package that its scene is in")
    out: str | None = Field(
        description="The folder that its frames go to; nothing where they are downloaded"
    )
    renderer: RendererName | None = Field(description="What renders it, once that is known")
    state: str = Field(description="Where it stands", examples=["paused"])
    reason: Reason = Field(description="Why it stands there")
    priority: int = Field(description="Higher goes first")
    range: str | None = Field(description="Its frames", examples=["1-20"])
    site: Site = Field(description="Where its frames render", examples=["here"])
    frames: FrameCounts = Field(description="Its frames by state")
    fraction: float = Field(description="How far it is, from 0 to 1", examples=[0.5])
    eta_ms: int | None = Field(description="How long it still takes; nothing while unknown")
    estimate: EstimateView | None = Field(description="What it was expected to cost and take")
    held_micros: int = Field(description="What is set aside for it, in micro-yuan")
    cost_micros: int = Field(description="What its frames have cost, in micro-yuan")
    refunded_micros: int = Field(description="What of that an admin gave back, in micro-yuan")
    render_ms: int = Field(description="How long its frames were rendered, together")
    findings: list[FindingView] = Field(description="What pre-flight found")
    created_at_ms: int = Field(description=TIME)
    started_at_ms: int | None = Field(description=f"{TIME}; nothing before its first frame")
    finished_at_ms: int | None = Field(
        description=f"{TIME}; nothing while it is not over", examples=[None]
    )
    live: list[LiveFrame] = Field(description="Its frames under way")
    delivery: DeliveryView = Field(description="How its finished frames get to their folder")


class ForecastView(Shape):
    """What a whole job will cost."""

    p50_micros: int = Field(description="The median, in micro-yuan")
    p90_micros: int = Field(description="What it stays under nine times in ten, in micro-yuan")
    source: str = Field(
        description="`frames`: by those that are done; `estimate`: too few are; `bill`: it is over",
        examples=["frames"],
    )


class JobDetail(JobView):
    """A job, with what it will come to."""

    forecast: ForecastView | None = Field(
        description="What it will come to, whatever its limit; nothing while unknown"
    )


class OrderRequest(Body):
    """One order to many jobs."""

    model_config = show({"verb": "pause", "jobs": ["lanterns-1", "lanterns-2"]})

    verb: Verb = Field(strict=False, description="What is to be done to each")
    jobs: list[Annotated[str, Field(max_length=64)]] = Field(
        min_length=1,
        max_length=JOBS_AT_ONCE_MAX,
        description="The jobs' ids; a second one of an id is left out",
    )
    max_cost_micros: int | None = Field(
        None,
        ge=0,
        le=AMOUNT_MICROS_MAX,
        description="For `resume`: what each job may cost from now on, in micro-yuan",
    )
    priority: int | None = Field(
        None, ge=PRIORITY_MIN, le=PRIORITY_MAX, description="For `priority`: the new one"
    )


class OrderOutcome(Shape):
    """What became of one of many jobs: the job as it is now, or the error."""

    id: str = Field(description="The job's id", examples=["lanterns-1"])
    job: JobView | None = Field(description="The job; nothing where the order was refused")
    error: ErrorBody | None = Field(
        description="Why it was refused; nothing where it was done", examples=[None]
    )


class OrderView(Shape):
    """What became of many jobs."""

    items: list[OrderOutcome] = Field(description="One for each id, in the order given")


class LogLinesQuery(Shape):
    """Which lines of a log."""

    after: int = Field(
        0, ge=0, le=NUMBER_MAX, description="`next` of the page before; a page may be empty"
    )
    limit: int = Field(500, ge=1, le=5_000, description="How many lines at most")
    tail: int | None = Field(
        None, ge=1, le=5_000, description="The last so many lines, whatever `after` is"
    )


class LogPage(Shape):
    """Lines of a log. Ask again with `next` to follow it."""

    lines: list[str] = Field(description="Whole lines, oldest first")
    next: int = Field(description="What to give as `after` for the lines behind these")
    ended: bool = Field(description="Whether nothing will come behind what is there now")


class JobPage(Page):
    """A page of jobs."""

    items: list[JobView] = Field(description="The jobs, newest first")
