"""Frames and their attempts, as they are shown."""

from pydantic import Field

from local_server.farm.states import FrameState
from local_server.shapes.jobs import JobPath
from local_server.shapes.reasons import Reason
from local_server.shapes.shape import NUMBER_MAX, PageQuery, Shape


class FramePath(JobPath):
    """A frame in the address."""

    number: int = Field(
        ge=-NUMBER_MAX, le=NUMBER_MAX, description="The frame's number in the scene"
    )


class FrameListQuery(PageQuery):
    """Which frames to list."""

    state: FrameState | None = Field(None, description="Only frames in this state")


class LogQuery(Shape):
    """Which attempt's log."""

    attempt: int | None = Field(None, ge=1, le=NUMBER_MAX, description="Else the latest")


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
