"""Stories: a job's events as lines of text for people."""

from datetime import UTC, datetime
from typing import Any

from local_server.answers import reader_wording
from local_server.farm.events import list_events
from local_server.services import Services
from local_server.views import show_reason
from local_server.wording import Wording, show_money


def tell_story(services: Services, job: str) -> str:
    """Return a job's events as lines of text, times in UTC."""
    wording, lines, after = reader_wording(), [], 0
    while page := list_events(services.reader, after=after, job=job):
        after = page[-1].id
        for event in page:
            told = tell(event.data, wording, event.frame)
            lines.append(f"{format_time(event.at_ms)}  {event.kind:<14} {told}")
    return "\n".join(lines) + "\n"


def tell(data: dict[str, Any], wording: Wording, frame: int | None) -> str:
    """Return an event's data as words."""
    parts = [f"#{frame}"] if frame is not None else []
    parts += [str(data[name]) for name in ("state", "step") if data.get(name)]
    if data.get("reason"):
        params = {key: value for key, value in data.items() if key not in ("state", "reason")}
        parts.append(show_reason(wording, data["reason"], **params).title)
    if "amount_micros" in data:
        parts.append(show_money(data["amount_micros"]))
    return "  ".join(parts)


def format_time(at_ms: int) -> str:
    """Return a moment as UTC to the millisecond, sortable."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
