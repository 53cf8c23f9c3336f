"""Usage: frames, seconds and money by day, from sums that the database keeps by quarter-hour."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from sqlite_utils import Database

from local_server.farm.ledger import format_cny
from local_server.farm.statements import format_line

QUARTER_MS = 900_000
DAY_MS = 96 * QUARTER_MS


@dataclass(frozen=True, kw_only=True, slots=True)
class DayOfUse:
    """What an account used on one day of its time zone; `day` is `2026-11-05`.

    Only frames that were paid for count: what was reused is free.
    """

    day: str
    frames: int
    render_ms: int
    core_ms: int
    spent_micros: int
    refunded_micros: int


def list_usage(
    db: Database, *, owner: str, from_ms: int, until_ms: int, zone: tzinfo = UTC
) -> list[DayOfUse]:
    """Return the days on which an account used or got back anything, oldest first.

    Whole quarter-hours between the two moments count, so give it the beginnings of days.
    """
    rows = db.conn.execute(
        "SELECT quarter, frames, render_ms, core_ms, spent_micros, refunded_micros FROM usage"
        " WHERE owner = ? AND quarter >= ? AND quarter < ? ORDER BY quarter",
        (owner, from_ms // QUARTER_MS, -(-until_ms // QUARTER_MS)),
    )
    days: dict[str, list[int]] = {}
    for quarter, *counted in rows:
        moment = datetime.fromtimestamp(quarter * QUARTER_MS / 1000, zone)
        sums = days.setdefault(f"{moment:%Y-%m-%d}", [0] * len(counted))
        days[f"{moment:%Y-%m-%d}"] = [one + more for one, more in zip(sums, counted, strict=True)]
    names = DayOfUse.__slots__[1:]
    return [DayOfUse(day=day, **dict(zip(names, sums, strict=True))) for day, sums in days.items()]


def find_zone(offset_minutes: int) -> tzinfo:
    """Return the zone that is so many minutes ahead of UTC."""
    return timezone(timedelta(minutes=offset_minutes))


def begin_of(day: date, zone: tzinfo) -> int:
    """Return the moment at which a day begins in a zone, in ms."""
    return int(datetime.combine(day, time(), zone).timestamp() * 1000)


def write_usage_csv(days: list[DayOfUse]) -> Iterator[str]:
    """Write usage as CSV, a line a day."""
    yield format_line(("day", "frames", "render_ms", "core_ms", "spent_cny", "refunded_cny"))
    for one in days:
        yield format_line(
            (
                one.day,
                one.frames,
                one.render_ms,
                one.core_ms,
                format_cny(one.spent_micros),
                format_cny(one.refunded_micros),
            )
        )
