"""Frames and their attempts, as they are shown."""

from pydantic import Field

from local_server.farm.states import FrameState
from local_server.shapes.jobs import JobPath, LogLinesQuery
from local_server.shapes.reasons import Reason
from local_server.shapes.shape import NUMBER_MAX, TIME, Page, PageQuery, Shape


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


class FrameLogQuery(LogLinesQuery, LogQuery):
    """Which lines of which attempt's log."""


class FrameView(Shape):
    """A frame."""

    frame: int = Field(description="The frame's number in the scene")
    state: str = Field(description="Where it stands", examples=["done"])
    attempt: int = Field(description="The number of its latest attempt, begun or about to be")
    tries: int = Field(description="How many attempts were begun")
    failures: int = Field(description="How many of them failed")
    node: str | None = Field(description="The node that has it or had it last")
    reason: Reason | None = Field(description="Why it is in its state, if there is more to say")
    words: str | None = Field(description="What the renderer itself said of it")
    reused: bool = Field(description="Whether it was found rendered already, and is free")
    amount_micros: int | None = Field(description="What was paid for it, in micro-yuan")
    path: str | None = Field(description="Where it lies, once it is in the output folder")
    name: str | None = Field(
        description="What its file is called, by the scene's own naming", examples=["shot_0001.png"]
    )
    digest: str | None = Field(description="The SHA-256 of its file, which is its mark too")
    extension: str | None = Field(description="How its file's name ends", examples=[".png"])
    size_bytes: int | None = Field(description="How large its file is")
    render_ms: int | None = Field(description="How long it was rendered")
    load_ms: int | None = Field(description="How long the scene was loaded for it")
    cores: int | None = Field(description="On how many cores")
    warnings: list[Reason] = Field(description="What is odd about the picture")
    has_thumbnail: bool = Field(description="Whether there is a small picture of it")


class AttemptView(Shape):
    """One attempt at a frame."""

    attempt: int = Field(description="Which attempt, from 1")
    node: str = Field(description="The node that made it")
    node_name: str | None = Field(description="What people call that machine, if it is known here")
    started_at_ms: int = Field(description=TIME)
    ended_at_ms: int | None = Field(description=f"{TIME}; nothing while it is under way")
    outcome: str | None = Field(description="How it ended", examples=["done"])
    reason: Reason | None = Field(description="Why it ended so, if there is more to say")
    words: str | None = Field(description="What the renderer itself said")


class FrameDetail(FrameView):
    """A frame with its attempts."""

    attempts: list[AttemptView] = Field(description="Every attempt at it, oldest first")


class FramePage(Page):
    """A page of frames."""

    items: list[FrameView] = Field(description="The frames, by number")
