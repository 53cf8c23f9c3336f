"""Jobs, as they are asked for and shown."""

from enum import StrEnum

from pydantic import Field

from local_server.farm.job_lists import JobOrder
from local_server.farm.ledger import AMOUNT_MICROS_MAX
from local_server.farm.pricing import PRIORITY_MAX, PRIORITY_MIN
from local_server.farm.states import JobState
from local_server.shapes.reasons import FindingView, Reason
from local_server.shapes.scenes import EstimateView, RendererName, SceneRequest
from local_server.shapes.shape import WHOLE_ID, PageQuery, Shape


class JobPath(Shape):
    """A job in the address."""

    job: str = Field(description="The job's id", max_length=64)


class JobRequest(SceneRequest):
    """A job to be made. With the same `id`, the same request again changes nothing."""

    id: str | None = Field(
        None, description="Made by the client, so that a retry is safe", pattern=WHOLE_ID
    )
    name: str | None = Field(None, description="For people; else the scene's name", max_length=200)
    priority: int = Field(50, ge=PRIORITY_MIN, le=PRIORITY_MAX, description="Higher goes first")
    max_cost_micros: int | None = Field(
        None,
        ge=0,
        le=AMOUNT_MICROS_MAX,
        description="What may be held and spent at most, in micro-yuan",
    )
    fresh: bool = Field(False, description="Render again what was rendered before")


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
        None, description="Only this account's jobs; for producers and admins", max_length=64
    )
    text: str | None = Field(
        None, description="Only jobs with this in name, scene or id", min_length=1, max_length=200
    )
    prefix: str | None = Field(
        None, description="Only jobs whose id begins so", pattern="^[a-z0-9][a-z0-9-]{0,63}$"
    )
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


class ResumeRequest(Shape):
    """Consent to spend more."""

    max_cost_micros: int | None = Field(
        None,
        ge=0,
        le=AMOUNT_MICROS_MAX,
        description="What the whole job may cost from now on, in micro-yuan",
    )


class PriorityRequest(Shape):
    """A job's place among the others."""

    priority: int = Field(ge=PRIORITY_MIN, le=PRIORITY_MAX, description="Higher goes first")


class FrameCounts(Shape):
    """A job's frames by state."""

    total: int
    waiting: int
    rendering: int
    done: int
    failed: int
    cancelled: int
    reused: int


class LiveFrame(Shape):
    """A frame under way."""

    frame: int
    sample: int
    samples: int
    fraction: float
    remaining_ms: int | None


class DeliveryView(Shape):
    """How many finished frames are not in the artist's folder yet, and why."""

    waiting: int
    problem: Reason | None


class JobView(Shape):
    """A job."""

    id: str
    name: str
    scene: str
    out: str | None
    renderer: RendererName | None
    state: str
    reason: Reason
    priority: int
    range: str | None
    frames: FrameCounts
    fraction: float
    eta_ms: int | None
    estimate: EstimateView | None
    held_micros: int
    cost_micros: int
    render_ms: int
    findings: list[FindingView]
    created_at_ms: int
    started_at_ms: int | None
    finished_at_ms: int | None
    live: list[LiveFrame]
    delivery: DeliveryView


class JobPage(Shape):
    """A page of jobs."""

    items: list[JobView]
    next: str | None
