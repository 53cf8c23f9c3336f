"""Money, as it is asked for and shown; amounts are micro-yuan, 1,000,000 are one yuan."""

from pydantic import ConfigDict, Field

from local_server.farm.ledger import AMOUNT_MICROS_MAX, Kind
from local_server.shapes.jobs import Direction
from local_server.shapes.scenes import EstimateView
from local_server.shapes.shape import NUMBER_MAX, WHOLE_ID, Body, PageQuery, Shape


class TopUpRequest(Body):
    """Money to bring in. With the same `id`, the same top-up again changes nothing."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": "topup-2026-11", "amount_micros": 50_000_000}]}
    )

    id: str = Field(description="Made by the client, so that a retry is safe", pattern=WHOLE_ID)
    amount_micros: int = Field(gt=0, le=AMOUNT_MICROS_MAX, description="How much, in micro-yuan")


class ExportQuery(Shape):
    """How to write the ledger."""

    format: str = Field("beancount", pattern="^(beancount|csv)$", description="beancount or csv")


class StatementQuery(PageQuery):
    """Which entries of the ledger to list."""

    kind: list[Kind] | None = Field(
        None, description="Only entries of these kinds", max_length=len(Kind)
    )
    job: str | None = Field(None, description="Only entries of this job", max_length=64)
    from_ms: int | None = Field(
        None, ge=0, le=NUMBER_MAX, description="Only entries from this moment on, in ms"
    )
    until_ms: int | None = Field(
        None, ge=0, le=NUMBER_MAX, description="Only entries before this moment, in ms"
    )
    account: str | None = Field(
        None, description="Whose; for admins. Else the caller's own", max_length=64
    )
    order: Direction = Field(Direction.ASCENDING, description="`desc`: the newest first")
    format: str = Field("json", pattern="^(json|csv)$", description="json, or csv: all of it")


class StatementLine(Shape):
    """An entry of the ledger: an operation and the transfer that it made."""

    seq: int = Field(description="Its place in this machine's ledger")
    id: str = Field(description="Made by its cause: the same operation counts once")
    kind: Kind = Field(description="What the operation did")
    job: str | None = Field(description="The job that it is about")
    frame: int | None = Field(description="The frame that it is about")
    reason: str | None = Field(description="Why, where a person gave a reason")
    at_ms: int = Field(description="When, in milliseconds since 1970")
    amount_micros: int = Field(description="How much, in micro-yuan")
    debit: str = Field(description="The purse that it left")
    credit: str = Field(description="The purse that it reached")


class StatementPage(Shape):
    """A page of a statement."""

    items: list[StatementLine] = Field(description="Entries by time")
    next: str | None = Field(description="The cursor of the next page, null at the end")


class BalanceView(Shape):
    """What the account has, in micro-yuan."""

    total_micros: int = Field(description="All that is not spent: free and held")
    free_micros: int = Field(description="What may be held or withdrawn: pool and available")
    pool_micros: int = Field(description="What no machine has leased")
    available_micros: int = Field(description="What this machine may hold, online or not")
    held_micros: int = Field(description="What is set aside for jobs under way")
    spent_micros: int = Field(description="What was paid for frames")


class BillLine(Shape):
    """What one frame cost, and why."""

    frame: int = Field(description="The frame's number in the scene")
    render_ms: int = Field(description="How long it was rendered")
    cores: int = Field(description="On how many cores")
    rate_micros: int = Field(description="Micro-yuan for a core's hour")
    discount_basis_points: int = Field(description="The membership's discount; 100 are 1 %")
    full_micros: int = Field(description="What the price book asked, in micro-yuan")
    amount_micros: int = Field(description="What was paid, in micro-yuan")
    node: str = Field(description="The node that rendered it")
    attempt: int = Field(description="Which attempt was paid")
    price_book: str | None = Field(description="The price book's version", examples=["2026-11"])
    reused: bool = Field(description="Whether it was found rendered already, and is free")


class BillView(Shape):
    """What a job cost: held = total + released + what is held still."""

    job: str = Field(description="The job's id", examples=["lanterns-1"])
    name: str = Field(description="The job's name", examples=["lanterns"])
    owner: str = Field(description="Who pays", examples=["me"])
    price_book: str | None = Field(description="The price book's version", examples=["2026-11"])
    rate_micros: int | None = Field(description="The latest paid frame's rate")
    discount_basis_points: int | None = Field(description="The latest paid frame's discount")
    held_micros: int = Field(description="All that was ever held for it")
    released_micros: int = Field(description="What of it went back")
    total_micros: int = Field(description="What was paid: the sum of the lines")
    frames_done: int = Field(description="How many frames are done")
    frames_reused: int = Field(description="How many of them were found rendered already")
    frames_failed: int = Field(description="How many failed, and cost nothing")
    estimate: EstimateView | None = Field(description="What it was expected to cost")
    lines: list[BillLine] = Field(description="A line for every frame that is done, by number")


class AuditLine(Shape):
    """One rule that the books are held against."""

    code: str = Field(description="Which rule")
    title: str = Field(description="The rule in a few words")
    ok: bool = Field(description="Whether nothing breaks it")
    detail: str = Field(description="What breaks it; empty when nothing does")


class AuditView(Shape):
    """Whether the books are in order."""

    clean: bool = Field(description="Whether every rule holds")
    checks: list[AuditLine] = Field(description="The rules")
