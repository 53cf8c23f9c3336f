"""The studio's farm, as this machine knows it."""

from pydantic import Field

from local_server.shapes.reasons import Reason
from local_server.shapes.shape import NAME, Body, Shape, show


class ShipmentView(Shape):
    """A package on its way to the farm's store."""

    job: str = Field(description="Whose package it is", examples=["lanterns-1"])
    sent_bytes: int = Field(description="How much of it is there")
    total_bytes: int = Field(description="How much it is; 0 before it was looked at")
    left_ms: int | None = Field(description="How long it still takes; nothing while unknown")
    trouble: Reason | None = Field(description="Why it does not get on")


class InvitedNodeView(Shape):
    """A node that was invited; only those count in a studio that has invited any."""

    node: str = Field(description="Its name; what it reports begins with it", examples=["r1-5c0e"])
    host: str | None = Field(
        description="What its machine is called; null where it was never heard of here",
        examples=["render-07"],
    )
    state: str = Field(description="`member` or `out`", examples=["member"])


class InvitedNodePath(Shape):
    """An invited node in the address."""

    node: str = Field(description="Its name", pattern=NAME)


class NodeInviteRequest(Body):
    """An invite for one machine that is to render."""

    model_config = show({"days": 1})

    days: int = Field(1, ge=1, le=7, description="For how many days it is good")


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
    invited: list[InvitedNodeView] = Field(description="The nodes that were invited")
