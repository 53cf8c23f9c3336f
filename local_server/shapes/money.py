"""Money, as it is asked for and shown; amounts are micro-yuan, 1,000,000 are one yuan."""

from datetime import date

from pydantic import Field

from local_server.farm.ledger import AMOUNT_MICROS_MAX, Kind
from local_server.shapes.jobs import Direction
from local_server.shapes.reasons import Reason
from local_server.shapes.shape import NUMBER_MAX, WHOLE_ID, Body, Page, PageQuery, Shape, show


class AmountRequest(Body):
    """Money to bring in or to take out. With the same `id`, the same again changes nothing."""

    model_config = show({"id": "topup-2026-11", "amount_micros": 50_000_000})

    id: str = Field(description="Made by the client, so that a retry is safe", pattern=WHOLE_ID)
    amount_micros: int = Field(
        gt=0, le=AMOUNT_MICROS_MAX, description="Micro-yuan: 1,000,000 are one yuan"
    )
    account: str | None = Field(
        None, description="Whose; else the caller's own", min_length=1, max_length=64
    )


class BalanceQuery(Shape):
    """Whose balance."""

    account: str | None = Field(
        None, description="For admins; else the caller's own", min_length=1, max_length=64
    )


class UsageQuery(BalanceQuery):
    """Which days."""

    since: date = Field(description="The first day, such as 2026-11-01")
    until: date = Field(description="The last day")
    offset_minutes: int = Field(
        480, ge=-840, le=840, description="The days' time zone, minutes ahead of UTC"
    )
    format: str = Field("json", pattern="^(json|csv)$", description="json or csv")


class UsageSums(Shape):
    """Frames, seconds and money that add up. Only frames that were paid for count."""

    frames: int = Field(description="Frames that were paid for")
    render_ms: int = Field(description="How long they rendered")
    core_ms: int = Field(description="The same times their processor threads: what is priced")
    spent_micros: int = Field(description="What they cost, in micro-yuan")
    refunded_micros: int = Field(description="What was given back in this time")


class DayOfUseView(UsageSums):
    """What was used on a day."""

    day: date = Field(description="The day in the zone that was asked for")


class UsageView(Shape):
    """What was used over time."""

    items: list[DayOfUseView] = Field(description="The days on which there was anything")
    total: UsageSums = Field(description="Their sums")


class ExportQuery(Shape):
    """How to write the ledger."""

    format: str = Field("beancount", pattern="^(beancount|csv)$", description="beancount or csv")


class LedgerQuery(PageQuery):
    """A part of what is known of an account's money."""

    from_ms: int | None = Field(
        None, ge=0, le=NUMBER_MAX, description="Only from this moment on, in ms"
    )
    until_ms: int | None = Field(
        None, ge=0, le=NUMBER_MAX, description="Only before this moment, in ms"
    )
    account: str | None = Field(
        None, description="Whose; for admins. Else the caller's own", min_length=1, max_length=64
    )
    format: str = Field("json", pattern="^(json|csv)$", description="json, or csv: all of it")


class StatementQuery(LedgerQuery):
    """Which entries of the ledger to list."""

    kind: list[Kind] | None = Field(
        None, description="Only entries of these kinds", max_length=len(Kind)
    )
    job: str | None = Field(
        None, description="Only entries of this job", min_length=1, max_length=64
    )
    order: Direction = Field(Direction.ASCENDING, description="`desc`: the newest first")


class StatementLine(Shape):
    """An entry of the ledger: an operation and the transfer that it made."""

    seq: int = Field(description="Its place in this machine's ledger")
    id: str = Field(
        description="Made by its cause: the same operation counts once",
        examples=["settle:lanterns-1:7"],
    )
    kind: Kind = Field(description="What the operation did", examples=["settle"])
    job: str | None = Field(description="The job that it is about")
    frame: int | None = Field(description="The frame that it is about")
    reason: str | None = Field(description="Why, where a person gave a reason", examples=[None])
    at_ms: int = Field(description="When, in milliseconds since 1970")
    amount_micros: int = Field(description="How much, in micro-yuan")
    debit: str = Field(description="The purse that it left")
    credit: str = Field(description="The purse that it reached")


class StatementPage(Page):
    """A page of a statement."""

    items: list[StatementLine] = Field(description="Entries by time")


class BalanceView(Shape):
    """What the account has, in micro-yuan."""

    total_micros: int = Field(description="All that is not spent: free, held and away")
    free_micros: int = Field(description="What may be held or withdrawn: pool and available")
    pool_micros: int = Field(description="What no machine has leased")
    available_micros: int = Field(description="What this machine may hold, online or not")
    away_micros: int = Field(description="What other machines have leased")
    held_micros: int = Field(description="What is set aside for jobs under way")
    spent_micros: int = Field(description="What was paid for frames")
    waits: Reason | None = Field(
        description="Why what was brought in or taken out here is not known to the studio yet,"
        " or that this machine was taken out of it",
        examples=[None],
    )


class AuditLine(Shape):
    """One rule that the books are held against."""

    code: str = Field(description="Which rule", examples=["audit_transfers"])
    title: str = Field(
        description="The rule in a few words", examples=["Every transfer has its operation"]
    )
    ok: bool = Field(description="Whether nothing breaks it")
    detail: str = Field(description="What breaks it; empty when nothing does", examples=[""])


class AuditView(Shape):
    """Whether the books are in order."""

    clean: bool = Field(description="Whether every rule holds")
    checks: list[AuditLine] = Field(description="The rules")
