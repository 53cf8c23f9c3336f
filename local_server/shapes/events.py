"""Events, as they are asked for and shown."""

from pydantic import Field

from local_server.shapes.shape import NUMBER_MAX, Shape


class EventQuery(Shape):
    """Events above an id."""

    after: int = Field(
        0, ge=0, le=NUMBER_MAX, description="The last event id that is known already"
    )
    limit: int = Field(1_000, ge=1, le=1_000, description="How many at most")
    job: str | None = Field(None, description="Only events of this job")
