"""Results on their way out: which finished frames the studio's store has, and which it lacks."""

import json

from sqlite_utils import Database

from local_server.farm.db import Row, assert_writing, fetch_row, fetch_rows, fetch_value
from local_server.farm.events import add_event

DELETED = "deleted"
UNSENT = "state = 'done' AND sent_at_ms IS NULL AND unsendable IS NULL"


def list_unsent_results(db: Database, *, limit: int) -> list[Row]:
    """Return finished frames that the studio's store may lack, the latest first.

    A row has job, number, owner, recipe, finished_at_ms and the result.
    """
    rows = fetch_rows(
        db,
        "SELECT f.job, f.number, f.result, f.changed_at_ms AS finished_at_ms, j.owner,"
        " j.plan ->> 'recipe' AS recipe FROM frame f INDEXED BY frame_unsent"
        f" JOIN job j ON j.id = f.job WHERE f.{UNSENT.replace('AND ', 'AND f.')}"
        " ORDER BY f.changed_at_ms DESC LIMIT ?",
        (limit,),
    )
    return [row | {"result": json.loads(row["result"])} for row in rows]


def measure_unsent(db: Database) -> tuple[int, int]:
    """Return how many frames are to be sent, and how many bytes their pictures are."""
    row = fetch_row(
        db,
        "SELECT count(*) AS files, coalesce(sum(result ->> 'size_bytes'), 0) AS size_bytes"
        f" FROM frame INDEXED BY frame_unsent WHERE {UNSENT}",
    )
    assert row is not None
    return int(row["files"]), int(row["size_bytes"])


def note_results_sent(db: Database, rows: list[Row], *, at_ms: int) -> None:
    """Note that the studio's store has these frames, picture, thumbnail and record."""
    assert_writing(db)
    db.conn.executemany(
        "UPDATE frame SET sent_at_ms = ? WHERE job = ? AND number = ?",
        ((at_ms, row["job"], row["number"]) for row in rows),
    )
    owners = {row["job"]: row["owner"] for row in rows}
    for job, owner in owners.items():
        count = sum(row["job"] == job for row in rows)
        # Not of the job's own story, which ends with its last frame.
        add_event(db, kind="results.sent", owner=owner, at_ms=at_ms, sent_job=job, frames=count)


def note_unsendable(db: Database, lost: list[tuple[Row, str]], *, at_ms: int) -> None:
    """Note that these frames can never be sent, with the code of the reason: it is told once."""
    assert_writing(db)
    for row, code in lost:
        job, number = row["job"], row["number"]
        db.conn.execute(
            "UPDATE frame SET unsendable = ? WHERE job = ? AND number = ?", (code, job, number)
        )
        told = {"job": job, "frame": number, "code": code}
        add_event(db, kind="results.lost", owner=row["owner"], at_ms=at_ms, **told)


def count_unsendable(db: Database) -> int:
    """Count the frames whose files are lost here, so that no other machine ever gets them."""
    return int(
        fetch_value(
            db,
            "SELECT count(*) FROM frame INDEXED BY frame_unsendable"
            " WHERE unsendable IS NOT NULL AND unsendable <> ?",
            (DELETED,),
        )
    )


def keep_unsent(db: Database, *, job: str) -> None:
    """Leave out what was not sent yet of a job that is deleted."""
    db.conn.execute(f"UPDATE frame SET unsendable = ? WHERE +job = ? AND {UNSENT}", (DELETED, job))


def send_after_all(db: Database, *, job: str) -> None:
    """Send the rest of a job that was deleted and is restored."""
    db.conn.execute(
        "UPDATE frame SET unsendable = NULL WHERE job = ? AND unsendable = ?", (job, DELETED)
    )


def forget_sent(db: Database) -> None:
    """Begin anew: another studio's store has nothing of ours."""
    assert_writing(db)
    db.conn.execute("UPDATE frame SET sent_at_ms = NULL WHERE sent_at_ms IS NOT NULL")
    db.conn.execute("DELETE FROM sent_portrait")


def list_unsent_portraits(db: Database, *, limit: int) -> list[Row]:
    """Return the portraits (digest) that the studio's store may lack."""
    return fetch_rows(
        db,
        "SELECT DISTINCT avatar AS digest FROM account WHERE avatar IS NOT NULL"
        " AND avatar NOT IN (SELECT digest FROM sent_portrait) LIMIT ?",
        (limit,),
    )


def note_portraits_sent(db: Database, digests: list[str]) -> None:
    """Note that the studio's store has portraits, or that another machine is to bring them."""
    assert_writing(db)
    db.conn.executemany(
        "INSERT INTO sent_portrait VALUES (?) ON CONFLICT DO NOTHING", ((one,) for one in digests)
    )
