"""Stories: a job's events as lines of text for people."""

from datetime import UTC, datetime
from typing import Any

from local_server.answers import reader_wording
from local_server.farm.events import PAGE_MAX, list_events, list_last_events
from local_server.log_pages import LogLines
from local_server.services import Services
from local_server.views import show_reason
from local_server.wording import Wording, show_money


def tell_story(services: Services, job: str) -> str:
    """Return all of a job's events as lines of text, times in UTC."""
    lines, after = [], 0
    while (told := tell_lines(services, job, after=after, limit=PAGE_MAX)).lines:
        lines += told.lines
        after = told.next
    return "\n".join(lines) + "\n"


def tell_lines(
    services: Services, job: str, *, after: int, limit: int, tail: int | None = None
) -> LogLines:
    """Return a job's events behind one of them as lines of text, or the last `tail` ones."""
    wording, caller = reader_wording(), services.caller
    heard: dict[str, Any] = {"job": job, "owner": caller.account, "scope": caller.scope}
    if tail is not None:
        page = list_last_events(services.reader, limit=tail, **heard)
    else:
        page = list_events(services.reader, after=after, limit=limit, **heard)
    lines = [
        f"{format_time(one.at_ms)}  {one.kind:<14} {tell(one.data, wording, one.frame)}"
        for one in page
    ]
    return LogLines(lines=lines, next=page[-1].id if page else after)


def tell(data: dict[str, Any], wording: Wording, frame: int | None) -> str:
    """Return an event's data as words."""
    parts = [f"#{frame}"] if frame is not None else []
    if data.get("state"):
        parts.append(wording.say(f"state_{data['state']}").title)
    if data.get("step"):
        parts.append(wording.say(data["step"]).title)
    if data.get("reason"):
        params = {key: value for key, value in data.items() if key not in ("state", "reason")}
        parts.append(show_reason(wording, data["reason"], **params).title)
    if data.get("code"):
        parts.append(wording.say(data["code"]).title)
    if "amount_micros" in data:
        parts.append(show_money(data["amount_micros"]))
    return "  ".join(parts)


def format_time(at_ms: int) -> str:
    """Return a moment as UTC to the millisecond, sortable."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
