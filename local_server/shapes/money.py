"""Money, as it is asked for and shown."""

from pydantic import Field

from local_server.farm.ledger import Kind
from local_server.shapes.jobs import Direction
from local_server.shapes.shape import NUMBER_MAX, WHOLE_ID, PageQuery, Shape


class TopUpRequest(Shape):
    """Money to bring in. With the same `id`, the same top-up again changes nothing."""

    id: str = Field(description="Made by the client", pattern=WHOLE_ID)
    amount_micros: int = Field(gt=0, description="Micro-yuan: 1,000,000 are one yuan")


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

    total_micros: int
    free_micros: int
    pool_micros: int
    available_micros: int
    held_micros: int
    spent_micros: int
