"""Reasons and findings, with their words."""

from typing import Any

from pydantic import Field

from local_server.shapes.shape import Shape


class Reason(Shape):
    """Why something is as it is."""

    code: str = Field(description="Which reason; programs go by it", examples=["by_user"])
    title: str = Field(description="The reason in a few words", examples=["Paused by you"])
    detail: str = Field(description="The reason in a sentence, with what to do; may be empty")


class FindingView(Reason):
    """What pre-flight found."""

    severity: str = Field(
        description="`blocker` stops the job, `warning` does not", examples=["warning"]
    )
    params: dict[str, Any] = Field(
        description="What it speaks of, by name", examples=[{"path": "/work/wood.png"}]
    )
