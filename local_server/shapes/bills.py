"""Bills and refunds, as they are asked for and shown."""

from pydantic import Field

from local_server.farm.ledger import AMOUNT_MICROS_MAX
from local_server.farm.refunds import REASON_LENGTH_MAX
from local_server.shapes.scenes import EstimateView
from local_server.shapes.shape import NUMBER_MAX, WHOLE_ID, Body, Page, Shape, show


class BillQuery(Shape):
    """How to write a bill."""

    format: str = Field("json", pattern="^(json|csv|pdf)$", description="json, csv or pdf")


class BillLine(Shape):
    """What one frame cost, and why."""

    frame: int = Field(description="The frame's number")
    render_ms: int = Field(description="How long it rendered; loading the scene is free")
    cores: int = Field(description="How many processor threads it was given")
    rate_micros: int = Field(description="The price of a core-hour, in micro-yuan")
    discount_basis_points: int = Field(description="The membership's discount; 1,000 are 10 %")
    full_micros: int = Field(description="Price after the discount; less is paid at a cost limit")
    amount_micros: int = Field(description="What was paid")
    at_minimum: bool = Field(description="Its time came to less than a frame costs at least")
    node: str | None = Field(description="The id of the node that rendered it")
    node_name: str | None = Field(description="What people call that machine, if it is known here")
    attempt: int = Field(description="The attempt that was paid for")
    price_book: str | None = Field(description="The version of the prices; null where it was free")
    reused: bool = Field(description="It had been rendered before, and is free")


class RefundView(Shape):
    """Money that was given back."""

    id: str = Field(
        description="Made by whoever gave it back: it counts once", examples=["refund:refund-7"]
    )
    at_ms: int = Field(description="When, in milliseconds since 1970")
    frame: int | None = Field(description="For which frame; null: for the job")
    amount_micros: int = Field(description="How much, in micro-yuan")
    reason: str = Field(description="Why", examples=["The lantern flickers"])
    by: str = Field(description="The admin's account")


class BillView(Shape):
    """What a job cost: held = total + released + what is held still."""

    job: str = Field(description="The job's id")
    name: str = Field(description="The job's name")
    owner: str = Field(description="The account that pays")
    created_at_ms: int = Field(description="When the job was submitted")
    finished_at_ms: int | None = Field(description="When it ended; null while it goes on")
    price_book: str | None = Field(description="The version of the prices; null before the plan")
    level: str | None = Field(description="The membership level whose discount holds")
    rate_micros: int | None = Field(description="The price of a core-hour of the latest paid frame")
    discount_basis_points: int | None = Field(description="The discount of the latest paid frame")
    held_micros: int = Field(description="What was set aside, over all runs")
    released_micros: int = Field(description="What of it was given back unspent")
    total_micros: int = Field(description="What the frames cost")
    refunded_micros: int = Field(description="What an admin gave back")
    frames_done: int = Field(description="Frames that are done, the free ones among them")
    frames_reused: int = Field(description="Frames that were free")
    frames_failed: int = Field(description="Frames that failed, which cost nothing")
    estimate: EstimateView | None = Field(description="What was expected at the start")
    lines: list[BillLine] = Field(description="A line for every finished frame")
    refunds: list[RefundView] = Field(description="What was given back, oldest first")


class BillSummary(Shape):
    """What a job that is over came to, in micro-yuan."""

    job: str = Field(description="The job's id")
    name: str = Field(description="The job's name")
    finished_at_ms: int = Field(description="When it ended, and what it had cost was settled")
    frames_done: int = Field(description="Frames that are done, the free ones among them")
    frames_reused: int = Field(description="Frames that were free")
    level: str = Field(description="The membership level whose discount holds")
    discount_basis_points: int | None = Field(
        description="The discount of the latest paid frame; null where all were free"
    )
    price_book: str = Field(description="The version of the prices")
    total_micros: int = Field(description="What the frames cost")
    refunded_micros: int = Field(description="What an admin gave back")


class BillPage(Page):
    """A page of bills."""

    items: list[BillSummary] = Field(description="The latest first")


class RefundRequest(Body):
    """Money to give back. With the same `id`, the same refund again changes nothing."""

    model_config = show({"id": "refund-7", "reason": "The lantern flickers", "frame": 7})

    id: str = Field(description="Made by the client", pattern=WHOLE_ID)
    reason: str = Field(
        description="Why; the bill says it", min_length=1, max_length=REASON_LENGTH_MAX
    )
    frame: int | None = Field(
        None, ge=-NUMBER_MAX, le=NUMBER_MAX, description="For which frame; else for the job"
    )
    amount_micros: int | None = Field(
        None,
        gt=0,
        le=AMOUNT_MICROS_MAX,
        description="How much, in micro-yuan; else all that can still be given back",
    )
