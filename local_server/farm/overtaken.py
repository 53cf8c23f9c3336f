"""Overtaken jobs: a disk was put back from a backup, or copied, and the log went on without it.

What this machine's log says of such a job is more than this disk has: frames that were paid and
are not here. The job ends here, and is found among the jobs elsewhere with all its frames. Its hold
stays for whoever may still be at it, and goes back when nothing was heard of it for a day.
"""

from sqlite_utils import Database

from local_server.farm import ledger
from local_server.farm.db import assert_writing, fetch_rows, fetch_value
from local_server.farm.frames import cancel_frames
from local_server.farm.jobs import find_job, put_job
from local_server.farm.states import OVER_JOB_STATES, JobState

SILENT_MS = 86_400_000

UNKNOWN_FRAMES = """
SELECT 1 FROM operation o
LEFT JOIN frame f ON f.job = o.job AND f.number = o.payload ->> 'frame'
WHERE o.job = ? AND o.kind = 'settle' AND o.device IS NULL AND f.state IS NOT 'done' LIMIT 1
"""

# Earlier refunds do not say whose job they are for.
UNKNOWN_JOB = """
SELECT 1 FROM operation o LEFT JOIN job j ON j.id = o.job
WHERE o.job = ? AND o.kind <> 'refund' AND o.device IS NULL AND j.id IS NULL LIMIT 1
"""


def list_jobs_in_ledger(db: Database) -> set[str]:
    """Return the jobs that money was moved for, in this studio and in no other machine's log."""
    rows = db.conn.execute(
        "SELECT DISTINCT job FROM operation"
        " WHERE device IS NULL AND studio IS NULL AND job IS NOT NULL"
    )
    return {job for (job,) in rows}


def find_overtaken(db: Database, *, job: str) -> bool:
    """Tell whether frames of a job of this machine are paid that are not finished here."""
    return any(fetch_value(db, sql, (job,)) is not None for sql in (UNKNOWN_FRAMES, UNKNOWN_JOB))


def note_overtaken(db: Database, *, job: str, at_ms: int) -> None:
    """Note that this machine's log went on with a job without this disk, and end it here."""
    assert_writing(db)
    db.conn.execute(
        "INSERT INTO overtaken (job, heard_at_ms) VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET heard_at_ms = excluded.heard_at_ms",
        (job, at_ms),
    )
    row = find_job(db, job=job)
    if row is not None and row["state"] not in OVER_JOB_STATES:
        cancel_frames(db, job=job, at_ms=at_ms)
        put_job(db, row, to=JobState.CANCELLED, reason="overtaken", at_ms=at_ms)


def is_overtaken(db: Database, *, job: str) -> bool:
    """Tell whether this machine's log went on with a job without this disk."""
    return fetch_value(db, "SELECT 1 FROM overtaken WHERE job = ?", (job,)) is not None


def release_silent(db: Database, *, at_ms: int) -> list[str]:
    """Give back what is held for overtaken jobs that nobody is at; returns for which."""
    rows = fetch_rows(
        db,
        "SELECT o.job, p.owner FROM overtaken o JOIN purse p ON p.id = 'held:' || o.job"
        " WHERE p.balance_micros > 0 AND o.heard_at_ms < ?",
        (at_ms - SILENT_MS,),
    )
    for row in rows:
        told = {"owner": row["owner"], "job": row["job"], "at_ms": at_ms}
        ledger.release(db, id=f"release:{row['job']}:overtaken:{at_ms}", **told)
    return [row["job"] for row in rows]
