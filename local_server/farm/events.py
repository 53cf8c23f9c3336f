"""Events: rows that commit with what they tell, and are pushed to listeners afterwards."""

import json
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlite_utils import Database

from local_server.farm.db import assert_writing, fetch_value

PAGE_MAX = 1_000
COLUMNS = "id, at_ms, kind, owner, job, frame, data"
_JSON: Final = json.JSONDecoder()  # `json.loads` spends more on looking than on reading


class Event(NamedTuple):
    """Something that happened; `id` only ever grows.

    Not a dataclass because pages are full of them: making a frozen one takes three times as long.
    """

    id: int
    at_ms: int
    kind: str
    owner: str
    job: str | None
    frame: int | None
    data: dict[str, Any]


def add_event(
    db: Database,
    *,
    kind: str,
    owner: str,
    at_ms: int,
    job: str | None = None,
    frame: int | None = None,
    **data: Any,
) -> None:
    """Write an event into the open transaction."""
    assert_writing(db)
    db.conn.execute(
        "INSERT INTO event (at_ms, kind, owner, job, frame, data) VALUES (?, ?, ?, ?, ?, ?)",
        (at_ms, kind, owner, job, frame, json.dumps(data, ensure_ascii=False)),
    )


class Scope(StrEnum):
    """Whose events somebody hears of: their own, also those of every job, or all there are."""

    OWN = "own"
    JOBS = "jobs"
    ALL = "all"


SCOPES = {
    Scope.OWN: " AND owner = :owner",
    Scope.JOBS: " AND (owner = :owner OR (job IS NOT NULL AND kind NOT GLOB 'ledger.*'))",
    Scope.ALL: "",
}


def list_events(
    db: Database,
    *,
    after: int,
    job: str | None = None,
    owner: str = "",
    scope: Scope = Scope.ALL,
    limit: int = PAGE_MAX,
) -> list[Event]:
    """Return events with an id above `after`, oldest first, at most `limit`.

    `scope` narrows them to what an `owner` may hear of: money is nobody else's business.
    """
    wanted = ("" if job is None else " AND job = :job") + SCOPES[scope]
    rows = db.conn.execute(
        f"SELECT {COLUMNS} FROM event WHERE id > :after{wanted} ORDER BY id LIMIT :limit",
        {"after": after, "job": job, "owner": owner, "limit": min(limit, PAGE_MAX)},
    )
    return [read_event(row) for row in rows]


def list_last_events(
    db: Database, *, job: str, owner: str = "", scope: Scope = Scope.ALL, limit: int
) -> list[Event]:
    """Return a job's newest events that an `owner` may hear of, oldest first, at most `limit`."""
    rows = db.conn.execute(
        f"SELECT {COLUMNS} FROM event WHERE job = :job{SCOPES[scope]}"
        " ORDER BY id DESC LIMIT :limit",
        {"job": job, "owner": owner, "limit": min(limit, PAGE_MAX)},
    )
    return [read_event(row) for row in rows][::-1]


def read_event(row: tuple[Any, ...]) -> Event:
    """Return an event out of its columns."""
    id, at_ms, kind, owner, job, frame, data = row
    return Event(id, at_ms, kind, owner, job, frame, _JSON.raw_decode(data)[0])


def find_last_event(db: Database) -> int:
    """Return the id of the newest event, 0 when there is none."""
    return int(fetch_value(db, "SELECT coalesce(max(id), 0) FROM event"))
