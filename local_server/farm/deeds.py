"""Deeds: what somebody did by their role, to things that are not theirs; never changed."""

import json
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from local_server.farm.db import Row, assert_writing, fetch_rows

PAGE_MAX = 500
JSON_COLUMNS = ("asked", "before", "after")


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """Who does what by which role. `asked` is the request's body, without its secrets."""

    actor: str
    role: str
    via: str
    action: str
    subject: str | None
    asked: dict[str, Any]


def add_deed(
    db: Database, deed: Deed, *, before: Row | None, after: Row | None, at_ms: int
) -> None:
    """Write a deed into the transaction that does it."""
    assert_writing(db)
    told = {"asked": deed.asked, "before": before, "after": after}
    texts = {
        name: None if value is None else json.dumps(value, ensure_ascii=False)
        for name, value in told.items()
    }
    db.conn.execute(
        "INSERT INTO deed (at_ms, actor, role, via, action, subject, asked, before, after)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            at_ms,
            deed.actor,
            deed.role,
            deed.via,
            deed.action,
            deed.subject,
            texts["asked"],
            texts["before"],
            texts["after"],
        ),
    )


def list_deeds(
    db: Database,
    *,
    before: int | None,
    actor: str | None,
    subject: str | None,
    action: str | None,
    limit: int,
) -> list[Row]:
    """Return deeds below an id, newest first, at most `limit`, with who did them by name."""
    wanted = {"d.actor": actor, "d.subject": subject, "d.action": action}
    filters = "".join(f" AND {column} = :{column[2:]}" for column, it in wanted.items() if it)
    rows = fetch_rows(
        db,
        "SELECT d.*, a.name AS actor_name FROM deed d JOIN account a ON a.id = d.actor"
        f" WHERE d.id < :before{filters} ORDER BY d.id DESC LIMIT :limit",
        {
            "before": before or 2**62,
            "actor": actor,
            "subject": subject,
            "action": action,
            "limit": min(limit, PAGE_MAX),
        },
    )
    for row in rows:
        for name in JSON_COLUMNS:
            row[name] = None if row[name] is None else json.loads(row[name])
    return rows
