"""Sites: where a job's frames render, on this machine or on the studio's farm."""

from enum import StrEnum

from sqlite_utils import Database

from local_server.farm.db import Row, assert_writing, fetch_rows
from local_server.farm.events import add_event


class Site(StrEnum):
    """Where frames render."""

    HERE = "here"
    FARM = "farm"


def list_unsent(db: Database) -> list[Row]:
    """Return the jobs (id, owner, manifest) whose package the farm's store does not have yet."""
    return fetch_rows(
        db,
        "SELECT id, owner, plan ->> 'manifest' AS manifest FROM job INDEXED BY job_unsent"
        " WHERE state IN ('queued', 'running') AND sent_at_ms IS NULL"
        " AND plan ->> 'site' = 'farm' ORDER BY priority DESC, serial",
    )


def note_sent(db: Database, *, job: str, owner: str, at_ms: int) -> None:
    """Note that all a node needs for a job is in the farm's store: its frames may be handed out."""
    assert_writing(db)
    db.conn.execute(
        "UPDATE job SET sent_at_ms = ? WHERE id = ? AND sent_at_ms IS NULL", (at_ms, job)
    )
    add_event(db, kind="job.sent", owner=owner, at_ms=at_ms, job=job)


def list_renderers(db: Database, *, site: Site) -> list[str]:
    """Return the renderers that open jobs of a site want; one look at the index for each."""
    found: list[str] = []
    while True:
        row = db.conn.execute(
            "SELECT plan ->> 'renderer' FROM job INDEXED BY job_open"
            " WHERE state IN ('queued', 'running') AND plan ->> 'site' = ?"
            " AND plan ->> 'renderer' > ? ORDER BY plan ->> 'renderer' LIMIT 1",
            (site, found[-1] if found else ""),
        ).fetchone()
        if row is None:
            return found
        found.append(str(row[0]))
