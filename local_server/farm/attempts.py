"""Attempts: what nodes say of the frames they were given, and what it costs.

A frame has one attempt at a time. A report about any other attempt is refused, so a node that
lost its lease can neither finish nor charge a frame; what it stored is found through the store.
"""

import json
from dataclasses import dataclass

from sqlite_utils import Database

from local_server.farm import jobs, ledger
from local_server.farm.able_nodes import Setback, forgive, judge_failure
from local_server.farm.db import Row, assert_writing, fetch_rows
from local_server.farm.frames import find_frame, move_frame
from local_server.farm.pricing import Price, PriceBook, price_frame
from local_server.farm.sites import Site
from local_server.farm.states import OPEN_JOB_STATES, FrameState, JobState

LOSSES_MAX = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """A frame that was rendered, checked and stored; `job` and `attempt` say for whom."""

    job: str
    attempt: int
    node: str
    picture: str
    extension: str
    size_bytes: int
    thumbnail: str | None
    width: int
    height: int
    render_ms: int
    load_ms: int
    cores: int
    warnings: tuple[str, ...]


def start_attempt(
    db: Database, *, job: str, number: int, attempt: int, node: str, lease_ms: int, at_ms: int
) -> bool:
    """Give a node the lease of a frame it was handed. Returns False when it is refused."""
    frame = find_current(db, job=job, number=number, attempt=attempt)
    if frame is None or frame["state"] != FrameState.WAITING:
        return False
    row = jobs.get_job(db, job=job)
    if row["state"] == JobState.QUEUED:
        jobs.move_job(db, job=job, to=JobState.RUNNING, reason="first_frame_started", at_ms=at_ms)
    move_frame(
        db,
        frame,
        to=FrameState.RENDERING,
        owner=row["owner"],
        at_ms=at_ms,
        node=node,
        lease_until_ms=at_ms + lease_ms,
    )
    db.conn.execute(
        "INSERT INTO attempt (job, number, attempt, node, started_at_ms) VALUES (?, ?, ?, ?, ?)",
        (job, number, attempt, node, at_ms),
    )
    return True


def renew_lease(
    db: Database, *, job: str, number: int, attempt: int, node: str, lease_ms: int, at_ms: int
) -> bool:
    """Prolong a lease by a heartbeat. Returns False when the node does not hold it."""
    assert_writing(db)
    done = db.conn.execute(
        "UPDATE frame SET lease_until_ms = ? WHERE job = ? AND number = ? AND attempt = ?"
        " AND node = ? AND state = 'rendering'",
        (at_ms + lease_ms, job, number, attempt, node),
    )
    return bool(done.rowcount)


def finish_attempt(
    db: Database,
    *,
    number: int,
    attempt: int,
    job: str,
    result: Result,
    book: PriceBook,
    at_ms: int,
) -> bool:
    """Take a frame that a node reports done: frame, money and event together.

    Returns False when the report is refused: another attempt has the frame, it is over, or no
    money is left for it.
    """
    frame = find_current(db, job=job, number=number, attempt=attempt)
    return frame is not None and accept_result(db, frame, result=result, book=book, at_ms=at_ms)


def accept_result(db: Database, frame: Row, *, result: Result, book: PriceBook, at_ms: int) -> bool:
    """Finish an open frame of an open job with a stored result and settle it.

    A result that was made for another job is free. What a frame costs is cut to what is left of
    the hold: the price that was agreed holds, and a hold that is used up pauses the job. Where
    nothing is left from the start the frame is not taken: returns False, and the job is paused.
    """
    job, number = frame["job"], frame["number"]
    row = jobs.get_job(db, job=job)
    assert row["state"] in OPEN_JOB_STATES, f"a job that is {row['state']} takes no results"
    reused = result.job != job
    plan = jobs.read_plan(row)
    price = price_frame(book, level=plan.level, render_ms=result.render_ms, cores=result.cores)
    left = ledger.read_purse(db, purse=f"held:{job}")
    if not reused and price.amount_micros > 0 and left == 0:
        jobs.pause_job(db, job=job, reason="budget", at_ms=at_ms)
        return False
    amount = 0 if reused else min(price.amount_micros, left)
    if not reused:
        settle_frame(db, row, number=number, amount=amount, price=price, result=result, at_ms=at_ms)
    if row["state"] == JobState.QUEUED:
        jobs.move_job(db, job=job, to=JobState.RUNNING, reason="first_frame_found", at_ms=at_ms)
    move_frame(
        db,
        frame,
        to=FrameState.DONE,
        owner=row["owner"],
        at_ms=at_ms,
        result=json.dumps({name: getattr(result, name) for name in Result.__slots__}),
        node=result.node,
        reused=int(reused),
        delivered=int(not plan.out),  # without a folder, a frame is downloaded or not at all
        amount_micros=amount,
        reason=None,
        words=None,
    )
    end_attempt(db, frame, outcome="done", at_ms=at_ms)
    if not reused:
        forgive(db, job=job, node=result.node)
    db.conn.execute(
        "UPDATE job SET cost_micros = cost_micros + ?, render_ms = render_ms + ?,"
        " frames_reused = frames_reused + ? WHERE id = ?",
        (amount, 0 if reused else result.render_ms, int(reused), job),
    )
    over = jobs.finish_job_if_over(db, job=job, at_ms=at_ms)
    if not over and not reused and price.amount_micros > 0 and amount == left:
        jobs.pause_job(db, job=job, reason="budget", at_ms=at_ms)
    return True


def settle_frame(
    db: Database,
    job: Row,
    *,
    number: int,
    amount: int,
    price: Price,
    result: Result,
    at_ms: int,
) -> None:
    """Pay for one frame out of its job's hold; what is written here is a line of the bill."""
    ledger.settle(
        db,
        id=f"frame:{job['id']}:{number}",
        owner=job["owner"],
        job=job["id"],
        amount_micros=amount,
        at_ms=at_ms,
        frame=number,
        price_book=price.book,
        rate_micros=price.rate_micros,
        discount_basis_points=price.discount_basis_points,
        full_micros=price.amount_micros,
        render_ms=result.render_ms,
        cores=result.cores,
        node=result.node,
        attempt=result.attempt,
    )


def fail_attempt(
    db: Database,
    *,
    job: str,
    number: int,
    attempt: int,
    node: str,
    reason: str,
    words: str,
    counts: bool = True,
    at_ms: int,
) -> Setback | None:
    """Take a failure: the frame waits for another try, or has failed for good.

    `counts` is False for what was nobody's fault (its node was told to stop). Returns what the
    failure means, or None when the report is refused.
    """
    frame = find_current(db, job=job, number=number, attempt=attempt)
    if frame is None:
        return None
    row = jobs.get_job(db, job=job)
    setback = Setback(counted=False, fatal=False, left_out=False)
    if counts:
        setback = judge_failure(db, row, frame, node=node, reason=reason, at_ms=at_ms)
    failures = frame["failures"] + int(setback.counted)
    to = FrameState.FAILED if setback.fatal else FrameState.WAITING
    if frame["state"] == FrameState.WAITING and to == FrameState.WAITING:
        db.conn.execute(
            "UPDATE frame SET handed_at_ms = NULL, failures = ? WHERE job = ? AND number = ?",
            (failures, job, number),
        )
        return setback
    move_frame(
        db,
        frame,
        to=to,
        owner=row["owner"],
        at_ms=at_ms,
        failures=failures,
        reason=reason,
        words=words,
        node=node,
    )
    outcome = "failed" if counts else "stopped"
    end_attempt(db, frame, outcome=outcome, reason=reason, words=words, at_ms=at_ms)
    jobs.finish_job_if_over(db, job=job, at_ms=at_ms)
    return setback


def lose_attempt(db: Database, frame: Row, *, at_ms: int) -> None:
    """Let a frame wait again whose lease ran out.

    A node that dies with a frame counts against the frame, or a frame that kills every node would
    be tried for ever; but many losses weigh as much as few failures, for a power cut is no fault
    of a scene.
    """
    row = jobs.get_job(db, job=frame["job"])
    losses = frame["losses"] + 1
    end_attempt(db, frame, outcome="lost", reason="lease_ran_out", at_ms=at_ms)
    move_frame(
        db,
        frame,
        to=FrameState.FAILED if losses >= LOSSES_MAX else FrameState.WAITING,
        owner=row["owner"],
        at_ms=at_ms,
        losses=losses,
        reason="lease_ran_out",
        words="",
    )
    jobs.finish_job_if_over(db, job=frame["job"], at_ms=at_ms)


def end_attempt(
    db: Database,
    frame: Row,
    *,
    outcome: str,
    at_ms: int,
    reason: str | None = None,
    words: str | None = None,
) -> None:
    """Write down how an attempt ended."""
    db.conn.execute(
        "UPDATE attempt SET ended_at_ms = ?, outcome = ?, reason = ?, words = ?"
        " WHERE job = ? AND number = ? AND attempt = ? AND ended_at_ms IS NULL",
        (at_ms, outcome, reason, words, frame["job"], frame["number"], frame["attempt"]),
    )


def find_current(db: Database, *, job: str, number: int, attempt: int) -> Row | None:
    """Return a frame if it is open and this attempt has it."""
    assert_writing(db)
    frame = find_frame(db, job=job, number=number)
    if frame is None or frame["attempt"] != attempt:
        return None
    handed = frame["state"] == FrameState.RENDERING or frame["handed_at_ms"] is not None
    return frame if handed else None


def list_expired(
    db: Database, *, at_ms: int, site: Site = Site.HERE, limit: int = 500
) -> list[Row]:
    """Return a site's frames whose lease ran out, with their job's recipe."""
    return fetch_rows(
        db,
        "SELECT f.*, j.plan ->> 'recipe' AS recipe FROM frame f JOIN job j ON j.id = f.job"
        " WHERE f.lease_until_ms < ? AND j.plan ->> 'site' = ? LIMIT ?",
        (at_ms, site, limit),
    )


def prolong_leases(db: Database, *, until_ms: int) -> None:
    """Prolong every lease up to a moment: nobody could be heard, so nobody's silence counts."""
    assert_writing(db)
    db.conn.execute(
        "UPDATE frame SET lease_until_ms = ? WHERE lease_until_ms < ?", (until_ms, until_ms)
    )


def expire_leases(db: Database, *, node: str, at_ms: int) -> None:
    """End the leases of a node that is known to be dead."""
    assert_writing(db)
    db.conn.execute(
        "UPDATE frame SET lease_until_ms = ? WHERE node = ? AND lease_until_ms > ?",
        (at_ms - 1, node, at_ms),
    )
