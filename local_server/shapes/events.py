"""Events, as they are asked for and shown."""

from typing import Any

from pydantic import Field

from local_server.shapes.shape import NUMBER_MAX, TIME, Shape


class EventQuery(Shape):
    """Events above an id."""

    after: int = Field(
        0, ge=0, le=NUMBER_MAX, description="The last event id that is known already"
    )
    limit: int = Field(1_000, ge=1, le=1_000, description="How many at most")
    job: str | None = Field(
        None, description="Only events of this job", min_length=1, max_length=64
    )


class EventView(Shape):
    """Something that happened."""

    id: int = Field(description="The event's number; later events have higher ones")
    at_ms: int = Field(description=TIME)
    kind: str = Field(description="What happened", examples=["job.state"])
    owner: str = Field(description="Whose job or money it is", examples=["me"])
    job: str | None = Field(description="Which job, if it is about one", examples=["lanterns-1"])
    frame: int | None = Field(description="Which frame of it, if it is about one")
    data: dict[str, Any] = Field(
        description="What else there is to say, by kind",
        examples=[{"state": "running", "previous": "queued", "reason": "handed"}],
    )


class EventPage(Shape):
    """A page of events, oldest first."""

    items: list[EventView] = Field(description="The events")
    last: int = Field(description="The newest event there is, whoever may see it")
