"""What server and nodes say to each other: messages out, reports back, all JSON."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class Said(BaseModel):
    """Anything that crosses a queue; never changed once it is said."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class FrameTask(Said):
    """Render one frame. A hint: losing it costs time only.

    `run` is the job's run the frame was handed out in; a stop mark of that run or a later one
    calls it off. `frames_left` lets a node decide whether trying other widths is worth it.
    """

    kind: Literal["frame"] = "frame"
    job: str
    number: int
    attempt: int
    run: int
    manifest: str
    scene: str
    renderer: str
    renderer_version: str
    look: dict[str, Any]
    recipe: str
    width: int
    height: int
    first: int
    last: int
    frames_left: int
    report_to: str


class InspectTask(Said):
    """Open a scene where it lies, say what is in it, and measure what a frame will take.

    With `allow_missing`, files that are not there are warnings, and do not keep it from measuring.
    """

    kind: Literal["inspect"] = "inspect"
    id: str
    scene: str
    renderer: str
    look: dict[str, Any]
    frames: str | None
    measure: bool
    allow_missing: bool = False
    report_to: str


class Hello(Said):
    """A node is up and serves these renderers."""

    kind: Literal["hello"] = "hello"
    node: str
    name: str
    pid: int
    version: str
    renderers: tuple[dict[str, str], ...]
    slots: int


class Beat(Said):
    """A node is alive and still has these attempts: (job, frame, attempt)."""

    kind: Literal["beat"] = "beat"
    node: str
    holding: tuple[tuple[str, int, int], ...]


class AboutAttempt(Said):
    """Any report about one attempt at a frame."""

    node: str
    job: str
    number: int
    attempt: int


def describe_attempt(task: FrameTask, *, node: str) -> dict[str, Any]:
    """Return the fields that every report about an attempt begins with."""
    return {"node": node, "job": task.job, "number": task.number, "attempt": task.attempt}


class Started(AboutAttempt):
    """The node has taken the frame."""

    kind: Literal["started"] = "started"


class ProgressMade(AboutAttempt):
    """How far the frame is, and what the renderer said since the last time."""

    kind: Literal["progress"] = "progress"
    sample: int
    samples: int
    fraction: float
    remaining_ms: int | None
    lines: tuple[str, ...] = ()


class Done(AboutAttempt):
    """The frame is rendered, checked and stored. `result` is the frame record that stands."""

    kind: Literal["done"] = "done"
    result: dict[str, Any]
    lines: tuple[str, ...] = ()


class Failed(AboutAttempt):
    """The attempt failed; `words` are the renderer's own."""

    kind: Literal["failed"] = "failed"
    reason: str
    words: str
    counts: bool = True
    lines: tuple[str, ...] = ()


class Inspected(Said):
    """The answer to an InspectTask: facts and findings, or the failure's code and words."""

    kind: Literal["inspected"] = "inspected"
    id: str
    facts: dict[str, Any] | None
    findings: tuple[dict[str, Any], ...]
    renderer_version: str
    frame_p50_ms: int | None
    frame_p90_ms: int | None
    first_ms: int = 0
    cores: int


Task = Annotated[FrameTask | InspectTask, Field(discriminator="kind")]
Report = Annotated[
    Hello | Beat | Started | ProgressMade | Done | Failed | Inspected,
    Field(discriminator="kind"),
]
TASK: TypeAdapter[FrameTask | InspectTask] = TypeAdapter(Task)
REPORTS: TypeAdapter[list[Hello | Beat | Started | ProgressMade | Done | Failed | Inspected]] = (
    TypeAdapter(list[Report])
)
