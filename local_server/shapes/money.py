"""Money, as it is asked for and shown."""

from pydantic import Field

from local_server.shapes.shape import WHOLE_ID, Shape


class TopUpRequest(Shape):
    """Money to bring in. With the same `id`, the same top-up again changes nothing."""

    id: str = Field(description="Made by the client", pattern=WHOLE_ID)
    amount_micros: int = Field(gt=0, description="Micro-yuan: 1,000,000 are one yuan")


class ExportQuery(Shape):
    """How to write the ledger."""

    format: str = Field("beancount", pattern="^(beancount|csv)$", description="beancount or csv")


class BalanceView(Shape):
    """What the account has, in micro-yuan."""

    total_micros: int
    free_micros: int
    pool_micros: int
    available_micros: int
    held_micros: int
    spent_micros: int
