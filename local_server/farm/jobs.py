"""Jobs: what an artist submitted, its state, its hold, and every move it may make."""

import json
from dataclasses import dataclass
from typing import Any, Final

from sqlite_utils import Database

from local_server.farm import ledger
from local_server.farm.accounts import get_account
from local_server.farm.db import Row, assert_writing, fetch_row, fetch_rows
from local_server.farm.errors import BadInput, Conflict, NotFound, Refused
from local_server.farm.events import add_event
from local_server.farm.frames import (
    add_frames,
    cancel_frames,
    get_frame,
    reopen_failed_frames,
    take_back_frames,
)
from local_server.farm.job_tables import fold_words
from local_server.farm.pricing import PRIORITY_MAX, PRIORITY_MIN, PriceBook
from local_server.farm.results import keep_unsent, send_after_all
from local_server.farm.sites import Site
from local_server.farm.states import (
    JOB_MOVES,
    OPEN_JOB_STATES,
    OVER_JOB_STATES,
    FrameState,
    JobState,
)

JSON_COLUMNS = ("request", "reason_params", "plan", "findings", "estimate")
_JSON: Final = json.JSONDecoder()  # `json.loads` spends more on looking than on reading


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """All that a node and a bill need to know of a job; fixed when the job is queued.

    `recipe` is the SHA-256 of everything that decides a picture but its frame number: it names
    the results, so that a frame which was rendered once is found again. `naming` holds one run of
    `#` for the frame number, `out` is empty where frames are to be downloaded, `frame_p90_micros`
    sizes the hold, with `start_p90_micros` for the first frames of all nodes together.
    """

    manifest: str
    scene: str
    renderer: str
    renderer_version: str
    look: dict[str, Any]
    recipe: str
    width: int
    height: int
    frames: str
    first: int
    last: int
    out: str
    naming: str
    price_book: str
    level: str
    frame_p90_micros: int
    site: str = Site.HERE
    start_p90_micros: int = 0


def create_job(
    db: Database,
    *,
    id: str,
    owner: str,
    name: str,
    request: dict[str, Any],
    priority: int,
    at_ms: int,
    book: PriceBook | None = None,
) -> Row:
    """Write a job in state `pending`; the same id and request again returns the one that stands.

    Raises Conflict `job_differs` for the same id with another request, and as `check_priority`.
    """
    assert_writing(db)
    standing = find_job(db, job=id)
    if standing is not None:
        if (standing["owner"], standing["request"]) != (owner, request):
            raise Conflict("job_differs", job=id)
        return standing
    check_priority(db, owner=owner, priority=priority, book=book)
    words = fold_words(id, name, request.get("scene"))
    db.conn.execute(
        "INSERT INTO job (id, owner, name, request, words, priority, state, reason, created_at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, 'pending', 'submitted', ?)",
        (id, owner, name, json.dumps(request), words, priority, at_ms),
    )
    add_event(
        db,
        kind="job.state",
        owner=owner,
        at_ms=at_ms,
        job=id,
        state="pending",
        previous=None,
        reason="submitted",
    )
    return get_job(db, job=id)


def note_step(db: Database, *, job: str, step: str, at_ms: int) -> None:
    """Say what a pending job is doing (`inspecting`, `packing`, ...)."""
    assert_writing(db)
    row = get_job(db, job=job)
    if row["state"] != JobState.PENDING or row["reason"] == step:
        return
    db.conn.execute("UPDATE job SET reason = ? WHERE id = ?", (step, job))
    add_event(db, kind="job.step", owner=row["owner"], at_ms=at_ms, job=job, step=step)


def note_findings(
    db: Database, *, job: str, findings: list[dict[str, Any]], estimate: dict[str, Any] | None
) -> None:
    """Keep what pre-flight found and what the job is expected to cost."""
    assert_writing(db)
    db.conn.execute(
        "UPDATE job SET findings = ?, estimate = ? WHERE id = ?",
        (json.dumps(findings), json.dumps(estimate) if estimate else None, job),
    )


def plan_job(
    db: Database, *, job: str, plan: Plan, numbers: tuple[int, ...], scene_key: str, at_ms: int
) -> None:
    """Fix a pending job's plan and write its frames. Call `fund_job` next."""
    row = get_job(db, job=job)
    assert row["state"] == JobState.PENDING, row["state"]
    assert row["plan"] is None, "a plan is fixed once"
    db.conn.execute(
        "UPDATE job SET plan = ?, scene_key = ?, frames_total = ?, frames_waiting = ? WHERE id = ?",
        (
            json.dumps({name: getattr(plan, name) for name in Plan.__slots__}),
            scene_key,
            len(numbers),
            len(numbers),
            job,
        ),
    )
    add_frames(db, job=job, numbers=numbers, at_ms=at_ms)


def fund_job(db: Database, *, job: str, amount_micros: int, reason: str, at_ms: int) -> None:
    """Hold money for a job and queue it. Raises NoFunds `no_funds`."""
    row = get_job(db, job=job)
    ledger.hold(
        db,
        id=f"hold:{job}:{row['run']}",
        owner=row["owner"],
        job=job,
        amount_micros=amount_micros,
        at_ms=at_ms,
    )
    db.conn.execute(
        "UPDATE job SET held_micros = held_micros + ? WHERE id = ?", (amount_micros, job)
    )
    move_job(db, job=job, to=JobState.QUEUED, reason=reason, at_ms=at_ms)


def move_job(
    db: Database, *, job: str, to: JobState, reason: str, at_ms: int, **params: Any
) -> None:
    """Move a job to a state, with its reason and its event; a job that is over gives back its hold.

    Raises Conflict `job_cannot_move` when the move is not legal.
    """
    assert_writing(db)
    row = get_job(db, job=job)
    state = JobState(row["state"])
    if to not in JOB_MOVES[state]:
        raise Conflict("job_cannot_move", job=job, state=state, to=to)
    if to in OVER_JOB_STATES:
        ledger.release(
            db, id=f"release:{job}:{row['run']}", owner=row["owner"], job=job, at_ms=at_ms
        )
    put_job(db, row, to=to, reason=reason, at_ms=at_ms, **params)


def put_job(
    db: Database, row: Row, *, to: JobState, reason: str, at_ms: int, **params: Any
) -> None:
    """Write a job's state, its reason and its event; whose hold it is, is the caller's to know."""
    assert_writing(db)
    over, state = to in OVER_JOB_STATES, JobState(row["state"])
    db.conn.execute(
        "UPDATE job SET state = ?, reason = ?, reason_params = ?, finished_at_ms = ?,"
        " started_at_ms = CASE WHEN ? THEN coalesce(started_at_ms, ?) ELSE started_at_ms END"
        " WHERE id = ?",
        (
            to,
            reason,
            json.dumps(params),
            at_ms if over else None,
            to == JobState.RUNNING,
            at_ms,
            row["id"],
        ),
    )
    told: dict[str, Any] = {"state": to, "previous": state, "reason": reason, **params}
    add_event(db, kind="job.state", owner=row["owner"], at_ms=at_ms, job=row["id"], **told)


def finish_job_if_over(db: Database, *, job: str, at_ms: int) -> bool:
    """End a job that has no open frame left. Returns True when it ended."""
    state, under_way, done, failed = db.conn.execute(
        "SELECT state, frames_waiting + frames_rendering, frames_done, frames_failed"
        " FROM job WHERE id = ?",
        (job,),
    ).fetchone()
    if state not in OPEN_JOB_STATES or under_way:
        return False
    if not failed:
        to, reason = JobState.COMPLETED, "all_frames_done"
    elif done:
        to, reason = JobState.PARTIAL, "some_frames_failed"
    else:
        to, reason = JobState.FAILED, "all_frames_failed"
    move_job(db, job=job, to=to, reason=reason, at_ms=at_ms, failed=failed)
    return True


def pause_job(db: Database, *, job: str, reason: str, at_ms: int) -> None:
    """Pause a job at once; frames under way go back to waiting. The hold stays.

    Raises Conflict `job_cannot_move`, also for a job that is not planned: it could not be resumed.
    """
    row = get_job(db, job=job)
    if row["plan"] is None:
        raise Conflict("job_cannot_move", job=job, state=row["state"], to=JobState.PAUSED)
    move_job(db, job=job, to=JobState.PAUSED, reason=reason, at_ms=at_ms)
    take_back_frames(db, job=job, at_ms=at_ms)


def resume_job(db: Database, *, job: str, add_micros: int, at_ms: int) -> None:
    """Let a paused job go on, with `add_micros` more held for it.

    Raises Conflict `job_cannot_move` unless it is paused, and NoFunds `no_funds`.
    """
    row = get_job(db, job=job)
    if row["state"] != JobState.PAUSED:
        raise Conflict("job_cannot_move", job=job, state=row["state"], to="queued")
    begin_run(db, job=job)
    fund_job(db, job=job, amount_micros=add_micros, reason="resumed", at_ms=at_ms)
    finish_job_if_over(db, job=job, at_ms=at_ms)


def retry_job(
    db: Database, *, job: str, amount_micros: int, at_ms: int, frame: int | None = None
) -> None:
    """Give a job's failed frames another try, or one of them.

    Where the job is over, `amount_micros` is held for them; else they still have their part of
    its hold. Raises Conflict `nothing_to_retry` and `frame_not_failed`, NotFound `no_frame`, and
    NoFunds `no_funds`.
    """
    row = get_job(db, job=job)
    gone = row["state"] == JobState.CANCELLED or row["deleted_at_ms"] is not None
    if frame is not None:
        state = get_frame(db, job=job, number=frame)["state"]
        if state != FrameState.FAILED:
            raise Conflict("frame_not_failed", job=job, frame=frame, state=state)
    if gone or not row["frames_failed"]:
        raise Conflict("nothing_to_retry", job=job, state=row["state"])
    reopen_failed_frames(db, job=job, owner=row["owner"], frame=frame, at_ms=at_ms)
    if row["state"] in OVER_JOB_STATES:
        begin_run(db, job=job)
        fund_job(db, job=job, amount_micros=amount_micros, reason="retried", at_ms=at_ms)


def begin_run(db: Database, *, job: str) -> None:
    """Count a job's run up: messages and stop marks of earlier runs no longer concern it."""
    assert_writing(db)
    db.conn.execute("UPDATE job SET run = run + 1 WHERE id = ?", (job,))


def cancel_job(db: Database, *, job: str, at_ms: int) -> None:
    """Cancel a job at once; what is done stays, what is not costs nothing."""
    row = get_job(db, job=job)
    if row["state"] == JobState.CANCELLED:
        return
    cancel_frames(db, job=job, at_ms=at_ms)
    move_job(db, job=job, to=JobState.CANCELLED, reason="by_user", at_ms=at_ms)


def delete_job(db: Database, *, job: str, at_ms: int) -> None:
    """Take a job that is over off the lists; its bill and its ledger entries stay.

    Raises Conflict `job_not_over`.
    """
    assert_writing(db)
    row = get_job(db, job=job)
    if row["state"] not in OVER_JOB_STATES:
        raise Conflict("job_not_over", job=job, state=row["state"])
    db.conn.execute(
        "UPDATE job SET deleted_at_ms = coalesce(deleted_at_ms, ?) WHERE id = ?", (at_ms, job)
    )
    keep_unsent(db, job=job)
    add_event(db, kind="job.deleted", owner=row["owner"], at_ms=at_ms, job=job)


def restore_job(db: Database, *, job: str, at_ms: int) -> None:
    """Put a deleted job back on the lists. Raises Conflict `job_not_deleted`."""
    assert_writing(db)
    row = get_job(db, job=job)
    if row["deleted_at_ms"] is None:
        raise Conflict("job_not_deleted", job=job)
    db.conn.execute("UPDATE job SET deleted_at_ms = NULL WHERE id = ?", (job,))
    send_after_all(db, job=job)
    add_event(db, kind="job.restored", owner=row["owner"], at_ms=at_ms, job=job)


def prioritise_job(
    db: Database, *, job: str, priority: int, at_ms: int, book: PriceBook | None = None
) -> None:
    """Change a job's place among the others. Raises as `check_priority` does."""
    assert_writing(db)
    row = get_job(db, job=job)
    check_priority(db, owner=row["owner"], priority=priority, book=book)
    db.conn.execute("UPDATE job SET priority = ? WHERE id = ?", (priority, job))
    add_event(db, kind="job.priority", owner=row["owner"], at_ms=at_ms, job=job, priority=priority)


def check_priority(db: Database, *, owner: str, priority: int, book: PriceBook | None) -> None:
    """Raise BadInput `priority_out_of_range`, and Refused `priority_above_level`.

    `book` has the ceilings of the membership levels; without one the owner is not bound by them.
    """
    if not PRIORITY_MIN <= priority <= PRIORITY_MAX:
        raise BadInput("priority_out_of_range", lowest=PRIORITY_MIN, highest=PRIORITY_MAX)
    if book is None:
        return
    level = get_account(db, account=owner).level
    highest = book.level(level).priority_max
    if priority > highest:
        raise Refused("priority_above_level", priority=priority, level=level, highest=highest)


def find_job(db: Database, *, job: str) -> Row | None:
    """Return a job's row with its JSON columns parsed, or None."""
    row = fetch_row(db, "SELECT * FROM job WHERE id = ?", (job,))
    return parse_row(row) if row else None


def get_job(db: Database, *, job: str) -> Row:
    """Return a job's row. Raises NotFound `no_job`."""
    row = find_job(db, job=job)
    if row is None:
        raise NotFound("no_job", job=job)
    return row


def read_plan(row: Row) -> Plan:
    """Return the plan of a job's row; the job must have one."""
    assert row["plan"] is not None, "a job without a plan has no frames"
    return Plan(**row["plan"])


def list_pending_jobs(db: Database) -> list[Row]:
    """Return the jobs whose submission is not through, oldest first."""
    rows = fetch_rows(db, "SELECT * FROM job WHERE state = 'pending' ORDER BY serial")
    return [parse_row(row) for row in rows]


def parse_row(row: Row) -> Row:
    """Return a job's row with its JSON columns as values."""
    texts = {name: row[name] for name in JSON_COLUMNS if row[name] is not None}
    return row | {name: _JSON.raw_decode(text)[0] for name, text in texts.items()}
