"""What the HTTP interface takes and gives, described once for code and documentation."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from local_server.farm.identifiers import GRAMMAR
from local_server.farm.jobs import PRIORITY_MAX, PRIORITY_MIN
from local_server.farm.ledger import AMOUNT_MICROS_MAX
from local_server.farm.states import FrameState, JobState

WHOLE_ID = f"^{GRAMMAR.pattern}$"  # pydantic searches: without the anchors `../` may follow an id
NUMBER_MAX = 2**63 - 1  # what SQLite can compare with


class Shape(BaseModel):
    """Anything that crosses the interface; unknown fields are refused, so that typos are heard."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class JobPath(Shape):
    """A job in the address."""

    job: str = Field(description="The job's id", max_length=64)


class FramePath(JobPath):
    """A frame in the address."""

    number: int = Field(
        ge=-NUMBER_MAX, le=NUMBER_MAX, description="The frame's number in the scene"
    )


class SceneRequest(Shape):
    """A scene, and how it is to be rendered."""

    scene: str = Field(description="Absolute path of the scene on this machine", max_length=4096)
    frames: str | None = Field(
        None, description="Frames such as `1-20x2,30`; else the scene's own range", max_length=4096
    )
    out: str | None = Field(None, description="Folder for the frames", max_length=4096)
    renderer: str | None = Field(None, description="Name, or name and version", max_length=64)
    allow_missing: bool = Field(False, description="Render although assets are missing")
    width: int | None = Field(None, ge=4, le=65_536, description="Pixels; else the scene's own")
    height: int | None = Field(None, ge=4, le=65_536, description="Pixels; else the scene's own")
    samples: int | None = Field(None, ge=1, le=1_000_000, description="Else the scene's own")


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


class PageQuery(Shape):
    """A page of a long list."""

    limit: int = Field(200, ge=1, le=1_000, description="How many at most")
    cursor: str | None = Field(None, description="`next` of the page before")


class JobListQuery(PageQuery):
    """Which jobs to list."""

    state: JobState | None = Field(None, description="Only jobs in this state")
    limit: int = Field(50, ge=1, le=500, description="How many at most")


class FrameListQuery(PageQuery):
    """Which frames to list."""

    state: FrameState | None = Field(None, description="Only frames in this state")


class EventQuery(Shape):
    """Events above an id."""

    after: int = Field(
        0, ge=0, le=NUMBER_MAX, description="The last event id that is known already"
    )
    limit: int = Field(1_000, ge=1, le=1_000, description="How many at most")
    job: str | None = Field(None, description="Only events of this job")


class LogQuery(Shape):
    """Which attempt's log."""

    attempt: int | None = Field(None, ge=1, le=NUMBER_MAX, description="Else the latest")


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


class TopUpRequest(Shape):
    """Money to bring in. With the same `id`, the same top-up again changes nothing."""

    id: str = Field(description="Made by the client", pattern=WHOLE_ID)
    amount_micros: int = Field(gt=0, description="Micro-yuan: 1,000,000 are one yuan")


class ExportQuery(Shape):
    """How to write the ledger."""

    format: str = Field("beancount", pattern="^(beancount|csv)$", description="beancount or csv")


class ErrorBody(Shape):
    """What went wrong, in the reader's language."""

    code: str
    title: str
    detail: str
    params: dict[str, Any]


class ErrorAnswer(Shape):
    """The one shape of every error."""

    error: ErrorBody


class Reason(Shape):
    """Why something is as it is."""

    code: str
    title: str
    detail: str


class FindingView(Reason):
    """What pre-flight found."""

    severity: str


class FrameCounts(Shape):
    """A job's frames by state."""

    total: int
    waiting: int
    rendering: int
    done: int
    failed: int
    cancelled: int
    reused: int


class RendererName(Shape):
    """Which renderer, in which version."""

    name: str
    version: str


class EstimateView(Shape):
    """What a job is expected to cost and take."""

    p50_micros: int
    p90_micros: int
    frame_p50_ms: int
    frame_p90_ms: int
    frame_p90_micros: int
    job_p50_ms: int
    job_p90_ms: int
    source: str


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


class FrameView(Shape):
    """A frame."""

    frame: int
    state: str
    attempt: int
    failures: int
    node: str | None
    reason: Reason | None
    words: str | None
    reused: bool
    amount_micros: int | None
    path: str | None
    extension: str | None
    size_bytes: int | None
    render_ms: int | None
    load_ms: int | None
    cores: int | None
    warnings: list[Reason]
    has_thumbnail: bool


class AttemptView(Shape):
    """One attempt at a frame."""

    attempt: int
    node: str
    started_at_ms: int
    ended_at_ms: int | None
    outcome: str | None
    reason: Reason | None
    words: str | None


class FrameDetail(FrameView):
    """A frame with its attempts."""

    attempts: list[AttemptView]


class FramePage(Shape):
    """A page of frames."""

    items: list[FrameView]
    next: str | None


class BalanceView(Shape):
    """What the account has, in micro-yuan."""

    total_micros: int
    free_micros: int
    pool_micros: int
    available_micros: int
    held_micros: int
    spent_micros: int
