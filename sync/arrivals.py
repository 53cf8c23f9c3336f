"""Arrivals: other machines' frames that are wanted on this one and have not come yet."""

import json
from typing import Any

from sqlite_utils import Database

from local_server.farm.db import Row, assert_writing, fetch_row, fetch_rows
from local_server.farm.errors import NotFound
from local_server.farm.events import add_event
from local_server.farm.transfer_rules import Wanted
from sync.manifest import fold_path

DUE = "r.came_at_ms IS NULL AND r.trouble IS NULL"
# What somebody asked for, or would rather not have, comes before the rule.
WANTED = """
(j.wanted = 1 OR (j.wanted IS NULL AND (:rule = 'all' OR (:rule = 'own' AND
 (j.owner = :owner OR j.owner IN (SELECT account FROM session))))))
"""


def list_due(db: Database, *, rule: Wanted, owner: str, limit: int) -> list[Row]:
    """Return frames that are wanted here, of the latest job that has any.

    `owner` is whoever this machine belongs to. A row has device, job, frame, the job's owner, what
    the job tells of itself (`told`), the name of its folder if it has one by now, and what its
    machine tells of the frame (`line`).
    """
    latest = fetch_row(
        db,
        "SELECT device, job FROM away_job j INDEXED BY away_job_by_time"
        f" WHERE {WANTED} AND EXISTS (SELECT 1 FROM away_result r INDEXED BY away_result_due"
        f"  WHERE r.device = j.device AND r.job = j.job AND {DUE})"
        " ORDER BY j.at_ms DESC LIMIT 1",
        {"rule": rule, "owner": owner},
    )
    if latest is None:
        return []
    rows = fetch_rows(
        db,
        "SELECT r.device, r.job, r.frame, r.line, j.owner, j.folder, j.line AS told"
        " FROM away_result r JOIN away_job j USING (device, job)"
        f" WHERE r.device = :device AND r.job = :job AND {DUE} ORDER BY r.frame LIMIT :limit",
        latest | {"limit": limit},
    )
    parsed = ("line", "told")
    return [row | {name: json.loads(row[name]) for name in parsed} for row in rows]


def measure_due(db: Database, *, rule: Wanted, owner: str) -> tuple[int, int]:
    """Return how many frames are to come, and how many bytes their machines say that they are.

    The jobs come first, so that the frames of those that nobody wants are not looked at.
    """
    row = fetch_row(
        db,
        "SELECT count(*) AS files, coalesce(sum(r.line ->> 'size_bytes'), 0) AS size_bytes"
        " FROM away_job j CROSS JOIN away_result r INDEXED BY away_result_due"
        f" WHERE r.device = j.device AND r.job = j.job AND {DUE} AND {WANTED}",
        {"rule": rule, "owner": owner},
    )
    assert row is not None
    return int(row["files"]), int(row["size_bytes"])


def get_away_job(db: Database, *, device: str, job: str) -> Row:
    """Return another machine's job. Raises NotFound `no_away_job`."""
    row = fetch_row(db, "SELECT * FROM away_job WHERE device = ? AND job = ?", (device, job))
    if row is None:
        raise NotFound("no_away_job", away_job=f"{device}:{job}")
    told: dict[str, Any] = json.loads(row["line"])
    return row | {"line": told}


def want_job(db: Database, *, device: str, job: str, wanted: bool) -> None:
    """Bring another machine's job here, or leave it there, whatever the rule says.

    What failed to come before is tried again. Raises NotFound `no_away_job`.
    """
    assert_writing(db)
    get_away_job(db, device=device, job=job)
    place = (device, job)
    db.conn.execute("UPDATE away_job SET wanted = ? WHERE device = ? AND job = ?", (wanted, *place))
    db.conn.execute(
        "UPDATE away_result SET trouble = NULL WHERE device = ? AND job = ? AND came_at_ms IS NULL",
        place,
    )


def keep_folder(db: Database, *, device: str, job: str, name: str) -> str:
    """Give a job's frames a folder that no other job's frames are in, on any system.

    Returns its name.
    """
    assert_writing(db)
    rows = db.conn.execute("SELECT folder FROM away_job WHERE folder IS NOT NULL")
    taken = {fold_path(row[0]) for row in rows.fetchall()}
    folder, number = name, 1
    while fold_path(folder) in taken:
        number += 1
        folder = f"{name} {number}"
    db.conn.execute(
        "UPDATE away_job SET folder = ? WHERE device = ? AND job = ?", (folder, device, job)
    )
    return folder


def note_came(db: Database, rows: list[Row], *, at_ms: int) -> None:
    """Note that frames are in their folder."""
    assert_writing(db)
    db.conn.executemany(
        "UPDATE away_result SET came_at_ms = ? WHERE device = ? AND job = ? AND frame = ?",
        ((at_ms, row["device"], row["job"], row["frame"]) for row in rows),
    )
    owners = {(row["device"], row["job"]): row["owner"] for row in rows}
    for (device, job), owner in owners.items():
        count = sum((row["device"], row["job"]) == (device, job) for row in rows)
        told = {"device": device, "away_job": job, "frames": count}
        add_event(db, kind="results.came", owner=owner, at_ms=at_ms, **told)


def note_missed(db: Database, missed: list[tuple[Row, str]]) -> None:
    """Note why frames cannot come; they are not tried again until somebody asks for their job."""
    assert_writing(db)
    db.conn.executemany(
        "UPDATE away_result SET trouble = ? WHERE device = ? AND job = ? AND frame = ?",
        ((code, row["device"], row["job"], row["frame"]) for row, code in missed),
    )
