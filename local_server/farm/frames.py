"""Frames: the unit of work and of billing; one function moves a frame and counts it."""

import json
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from local_server.farm.db import Row, assert_writing, fetch_row, fetch_rows
from local_server.farm.errors import Conflict, NotFound
from local_server.farm.events import add_event
from local_server.farm.limits import measure_room
from local_server.farm.pricing import PriceBook
from local_server.farm.sites import Site
from local_server.farm.states import FRAME_MOVES, FrameState

PAGE_MAX = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class HandedFrame:
    """A frame that is about to be queued: what its message says beside the job's plan.

    `address` is the line of those who alone may have it; None for everybody's.
    """

    job: str
    number: int
    attempt: int
    run: int
    priority: int
    address: str | None = None


def add_frames(db: Database, *, job: str, numbers: tuple[int, ...], at_ms: int) -> None:
    """Write a job's frames, all waiting."""
    assert_writing(db)
    db.conn.executemany(
        "INSERT INTO frame (job, number, state, changed_at_ms) VALUES (?, ?, 'waiting', ?)",
        ((job, number, at_ms) for number in numbers),
    )


def move_frame(
    db: Database, frame: Row, *, to: FrameState, owner: str, at_ms: int, **columns: Any
) -> None:
    """Move one frame to a state, count it for its job and write its event.

    `columns` are other columns to set; what belongs to the state that is left (lease, hand-out)
    is cleared. Raises Conflict `frame_cannot_move` when the move is not legal.
    """
    assert_writing(db)
    state = FrameState(frame["state"])
    if to not in FRAME_MOVES[state]:
        raise Conflict(
            "frame_cannot_move", job=frame["job"], frame=frame["number"], state=state, to=to
        )
    values = {"handed_at_ms": None, "lease_until_ms": None} | columns
    values |= {"state": to, "changed_at_ms": at_ms}
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    moved = db.conn.execute(
        f"UPDATE frame SET {assignments} WHERE job = :job AND number = :number AND state = :left",
        values | {"job": frame["job"], "number": frame["number"], "left": state},
    )
    assert moved.rowcount == 1, "something else moved the frame after its row was read"
    db.conn.execute(
        f"UPDATE job SET frames_{state} = frames_{state} - 1, frames_{to} = frames_{to} + 1"
        " WHERE id = ?",
        (frame["job"],),
    )
    told = {name: columns[name] for name in ("reason", "node", "amount_micros") if name in columns}
    add_event(
        db,
        kind="frame.state",
        owner=owner,
        at_ms=at_ms,
        job=frame["job"],
        frame=frame["number"],
        state=to,
        previous=state,
        **told,
    )


def take_back_frames(db: Database, *, job: str, at_ms: int) -> None:
    """Let every frame of a job that is handed out wait again; costs what is under way, no more.

    The job's own event tells of it; reports of the attempts that were under way will be refused.
    """
    assert_writing(db)
    stop_attempts(db, job=job, at_ms=at_ms)
    # The `+` keeps SQLite off the primary key, whose scan would cost the whole job.
    db.conn.execute(
        "UPDATE frame SET handed_at_ms = NULL"
        " WHERE +job = ? AND state = 'waiting' AND handed_at_ms IS NOT NULL",
        (job,),
    )
    db.conn.execute(
        "UPDATE frame SET state = 'waiting', lease_until_ms = NULL, changed_at_ms = ?"
        " WHERE +job = ? AND lease_until_ms IS NOT NULL",
        (at_ms, job),
    )
    db.conn.execute(
        "UPDATE job SET frames_waiting = frames_waiting + frames_rendering, frames_rendering = 0"
        " WHERE id = ?",
        (job,),
    )


def cancel_frames(db: Database, *, job: str, at_ms: int) -> None:
    """Cancel every open frame of a job at once; the job's own event tells of it."""
    assert_writing(db)
    stop_attempts(db, job=job, at_ms=at_ms)
    db.conn.execute(
        "UPDATE frame SET state = 'cancelled', lease_until_ms = NULL, handed_at_ms = NULL,"
        " changed_at_ms = ? WHERE job = ? AND state IN ('waiting', 'rendering')",
        (at_ms, job),
    )
    db.conn.execute(
        "UPDATE job SET frames_cancelled = frames_cancelled + frames_waiting + frames_rendering,"
        " frames_waiting = 0, frames_rendering = 0 WHERE id = ?",
        (job,),
    )


def reopen_failed_frames(
    db: Database, *, job: str, owner: str, at_ms: int, frame: int | None = None
) -> None:
    """Let a job's failed frames, or one of them, wait again.

    They and the nodes begin with a clean record; each frame has an event of its own.
    """
    assert_writing(db)
    db.conn.execute("DELETE FROM node_failure WHERE job = ?", (job,))
    failed = fetch_rows(
        db,
        "SELECT * FROM frame WHERE job = :job AND state = 'failed'"
        " AND (:frame IS NULL OR number = :frame) ORDER BY number",
        {"job": job, "frame": frame},
    )
    clean = {"failures": 0, "losses": 0, "reason": None, "words": None}
    for one in failed:
        db.conn.execute(
            "DELETE FROM frame_failure WHERE job = ? AND number = ?", (job, one["number"])
        )
        move_frame(db, one, to=FrameState.WAITING, owner=owner, at_ms=at_ms, **clean)


def stop_attempts(db: Database, *, job: str, at_ms: int) -> None:
    """Write down that the attempts under way of a job were stopped."""
    db.conn.execute(
        "UPDATE attempt SET ended_at_ms = ?, outcome = 'stopped'"
        " WHERE (job, number, attempt) IN (SELECT job, number, attempt FROM frame"
        " WHERE +job = ? AND lease_until_ms IS NOT NULL)",
        (at_ms, job),
    )


def hand_frames(
    db: Database,
    *,
    renderer: str,
    limit: int,
    jobs_max: int,
    at_ms: int,
    site: Site = Site.HERE,
    priority_min: int = 0,
    book: PriceBook | None = None,
) -> list[HandedFrame]:
    """Choose the next frames to queue for a renderer and mark them as handed out.

    Jobs come by priority, those below `priority_min` not at all, then by age; frames by number.
    An owner gets no more than the levels of `book` allow. Each frame gets a new attempt number, so
    that what is still said about an earlier one is refused.
    """
    assert_writing(db)
    room = measure_room(db, book=book)
    clauses, values = choose_open(site, renderer, room)
    jobs = db.conn.execute(
        f"SELECT id, run, priority, owner FROM job WHERE {clauses} AND priority >= :priority_min"
        " ORDER BY priority DESC, serial LIMIT :jobs_max",
        values | {"priority_min": priority_min, "jobs_max": jobs_max},
    ).fetchall()
    handed: list[HandedFrame] = []
    for job, run, priority, owner in jobs:
        count = min(limit - len(handed), room.get(owner, limit))
        if count <= 0:
            continue
        rows = db.conn.execute(
            "UPDATE frame SET handed_at_ms = ?, attempt = attempt + 1, address = NULL"
            " WHERE job = ? AND number IN"
            " (SELECT number FROM frame WHERE job = ? AND state = 'waiting'"
            "  AND handed_at_ms IS NULL ORDER BY number LIMIT ?) RETURNING number, attempt",
            (at_ms, job, job, count),
        ).fetchall()
        if owner in room:
            room[owner] -= len(rows)
        handed += [
            HandedFrame(job=job, number=number, attempt=attempt, run=run, priority=priority)
            for number, attempt in sorted(rows)
        ]
    return handed


def find_priority(
    db: Database,
    *,
    renderer: str,
    below: int,
    site: Site = Site.HERE,
    book: PriceBook | None = None,
) -> int | None:
    """Return the highest priority under `below` at which a renderer has frames to hand out."""
    clauses, values = choose_open(site, renderer, measure_room(db, book=book))
    row = db.conn.execute(
        f"SELECT priority FROM job WHERE {clauses} AND priority < :below"
        " ORDER BY priority DESC LIMIT 1",
        values | {"below": below},
    ).fetchone()
    return None if row is None else int(row[0])


def choose_open(site: Site, renderer: str, room: dict[str, int]) -> tuple[str, dict[str, Any]]:
    """Return the clauses of SQL for jobs that a renderer can have frames of, and their values."""
    full = {f"full_{place}": owner for place, owner in enumerate(room) if room[owner] == 0}
    without = f" AND owner NOT IN ({', '.join(f':{name}' for name in full)})" if full else ""
    return (
        "job.state IN ('queued', 'running') AND plan ->> 'site' = :site"
        f" AND plan ->> 'renderer' = :renderer{without}"
        " AND (:site = 'here' OR sent_at_ms IS NOT NULL)"
        " AND frames_waiting > 0 AND EXISTS (SELECT 1 FROM frame"
        " WHERE frame.job = job.id AND state = 'waiting' AND handed_at_ms IS NULL)",
        {"site": site, "renderer": renderer, **full},
    )


def count_handed(
    db: Database, *, renderer: str, site: Site = Site.HERE, priority_min: int = 0
) -> int:
    """Count a renderer's frames that are with the queue, or with a node that has not begun."""
    row = db.conn.execute(
        "SELECT count(*) FROM frame f JOIN job j ON j.id = f.job"
        " WHERE f.handed_at_ms IS NOT NULL AND f.state = 'waiting' AND j.plan ->> 'site' = ?"
        " AND j.plan ->> 'renderer' = ? AND j.priority >= ?",
        (site, renderer, priority_min),
    ).fetchone()
    return int(row[0])


def take_back(db: Database, *, job: str, number: int) -> None:
    """Let a frame whose message is lost be handed out again."""
    assert_writing(db)
    db.conn.execute(
        "UPDATE frame SET handed_at_ms = NULL WHERE job = ? AND number = ? AND state = 'waiting'",
        (job, number),
    )


def find_frame(db: Database, *, job: str, number: int) -> Row | None:
    """Return a frame's row with its result parsed, or None."""
    row = fetch_row(db, "SELECT * FROM frame WHERE job = ? AND number = ?", (job, number))
    return parse_row(row) if row else None


def get_frame(db: Database, *, job: str, number: int) -> Row:
    """Return a frame's row. Raises NotFound `no_frame`."""
    row = find_frame(db, job=job, number=number)
    if row is None:
        raise NotFound("no_frame", job=job, frame=number)
    return row


def list_frames(
    db: Database, *, job: str, after: int | None = None, state: str | None = None, limit: int = 200
) -> list[Row]:
    """Return a job's frames by number, those above `after`; `tries` is how many were begun."""
    clauses = ["job = :job"]
    if after is not None:
        clauses.append("number > :after")
    if state is not None:
        clauses.append("state = :state")
    rows = fetch_rows(
        db,
        "SELECT *, (SELECT count(*) FROM attempt WHERE attempt.job = frame.job"
        " AND attempt.number = frame.number) AS tries"
        f" FROM frame WHERE {' AND '.join(clauses)} ORDER BY number LIMIT :limit",
        {"job": job, "after": after, "state": state, "limit": min(limit, PAGE_MAX)},
    )
    return [parse_row(row) for row in rows]


def list_pictures(db: Database, *, job: str) -> list[tuple[int, str, str, int, int]]:
    """Return number, digest, extension, size in bytes and date of each finished frame."""
    found: list[tuple[int, str, str, int, int]] = db.conn.execute(
        "SELECT number, result ->> 'picture', result ->> 'extension', result ->> 'size_bytes',"
        " changed_at_ms FROM frame WHERE job = ? AND state = 'done' ORDER BY number",
        (job,),
    ).fetchall()
    return found


def list_attempts(db: Database, *, job: str, number: int) -> list[Row]:
    """Return every attempt at a frame, oldest first, with its node's name if that is known."""
    return fetch_rows(
        db,
        "SELECT a.*, n.name AS node_name FROM attempt a LEFT JOIN node n ON n.id = a.node"
        " WHERE a.job = ? AND a.number = ? ORDER BY a.attempt",
        (job, number),
    )


def parse_row(row: Row) -> Row:
    """Return a frame's row with its result as a value."""
    return row | {"result": json.loads(row["result"]) if row["result"] else None}
