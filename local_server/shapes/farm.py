"""The studio's farm, as this machine knows it."""

from pydantic import Field

from local_server.shapes.reasons import Reason
from local_server.shapes.shape import Shape


class ShipmentView(Shape):
    """A package on its way to the farm's store."""

    job: str = Field(description="Whose package it is", examples=["lanterns-1"])
    sent_bytes: int = Field(description="How much of it is there")
    total_bytes: int = Field(description="How much it is; 0 before it was looked at")
    left_ms: int | None = Field(description="How long it still takes; nothing while unknown")
    trouble: Reason | None = Field(description="Why it does not get on")


class FarmView(Shape):
    """The farm that this machine has joined, and what waits for it."""

    joined: bool = Field(description="Whether jobs can be rendered on a farm")
    queue: str | None = Field(
        description="Its queue, without a password", examples=["redis://farm.example/0"]
    )
    store: str | None = Field(description="Its store", examples=["folder:/mnt/studio"])
    studio: str | None = Field(description="Whose it is", examples=["solo"])
    trouble: Reason | None = Field(description="What keeps frames from going out right now")
    shipments: list[ShipmentView] = Field(description="Packages that are on their way")
