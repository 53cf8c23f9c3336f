"""Consent: how much more may be held when a job goes on after it was paused or failed."""

from sqlite_utils import Database

from local_server.farm import jobs, ledger
from local_server.farm.db import Row, fetch_rows
from local_server.farm.errors import Conflict, NoFunds
from local_server.farm.overtaken import is_overtaken
from local_server.submission import choose_hold, wait_for_money

WITHOUT_HOLD = frozenset({"funds", "lease_needed", "device_out", "unfunded"})


def resume(db: Database, *, job: str, cap_micros: int | None, at_ms: int) -> None:
    """Let a paused job go on. `cap_micros` is what the whole job may cost from now on.

    A job that waited for funds gets the hold it never had; one that used up its hold needs a cap
    above what it cost so far. What is held stays held, so that a cap below it would be no cap.
    Raises Conflict `budget_needs_consent` and `cap_below_hold`, and NoFunds `no_funds`.
    """
    row = jobs.get_job(db, job=job)
    left = ledger.read_purse(db, purse=f"held:{job}")
    if cap_micros is not None:
        add = max(0, cap_micros - row["cost_micros"] - left)
    elif row["reason"] in WITHOUT_HOLD:
        add = max(0, choose_hold(row) - row["cost_micros"] - left)
    else:
        add = 0
    if row["state"] == "paused" and row["reason"] == "budget" and left + add == 0:
        raise Conflict("budget_needs_consent", job=job, expected_micros=expect_rest(row))
    committed = row["cost_micros"] + left
    if row["state"] == "paused" and cap_micros is not None and cap_micros < committed:
        raise Conflict("cap_below_hold", job=job, held_micros=committed)
    jobs.resume_job(db, job=job, add_micros=add, at_ms=at_ms)


def top_up(db: Database, *, id: str, owner: str, amount_micros: int, at_ms: int) -> bool:
    """Bring money in and let jobs go on that waited for it; False when it was done before."""
    brought = ledger.mint(db, id=id, owner=owner, amount_micros=amount_micros, at_ms=at_ms)
    resume_waiting(db, at_ms=at_ms)
    return brought


def resume_waiting(db: Database, *, at_ms: int) -> int:
    """Let jobs go on that waited for money alone, oldest first; returns how many did.

    What is there may be leased to other machines: then a job waits for a lease from now on.
    """
    rows = fetch_rows(
        db,
        "SELECT j.id FROM job j JOIN account a ON a.id = j.owner AND a.removed_at_ms IS NULL"
        " WHERE j.state = 'paused' AND j.reason IN ('funds', 'lease_needed') ORDER BY j.serial",
    )
    resumed = 0
    for row in rows:
        db.conn.execute("SAVEPOINT waiting")
        try:
            resume(db, job=row["id"], cap_micros=None, at_ms=at_ms)
            resumed += 1
        except NoFunds as error:
            db.conn.execute("ROLLBACK TO waiting")
            wait_for_money(db, jobs.get_job(db, job=row["id"]), error, at_ms=at_ms)
        db.conn.execute("RELEASE waiting")
    return resumed


def retry(db: Database, *, job: str, frame: int | None, at_ms: int) -> None:
    """Give failed frames, or one of them, another try, with a hold for just those.

    Raises as `jobs.retry_job` does, and Conflict `job_overtaken`.
    """
    row = jobs.get_job(db, job=job)
    if is_overtaken(db, job=job):
        raise Conflict("job_overtaken", job=job)  # frames may be paid that failed here
    count, amount = row["frames_failed"] if frame is None else 1, 0
    if row["plan"] is not None:
        plan = jobs.read_plan(row)
        amount = plan.frame_p90_micros * count + plan.start_p90_micros
    cap = row["request"]["max_cost_micros"]
    if cap is not None:
        amount = min(amount, max(0, int(cap) - row["cost_micros"]))
    jobs.retry_job(db, job=job, amount_micros=amount, at_ms=at_ms, frame=frame)


def expect_rest(row: Row) -> int:
    """Return what a whole job is expected to cost by the pace of its frames so far, in micros."""
    paid = row["frames_done"] - row["frames_reused"]
    per_frame = row["cost_micros"] // paid if paid else jobs.read_plan(row).frame_p90_micros
    rest = row["frames_waiting"] + row["frames_rendering"]
    return int(row["cost_micros"] + per_frame * rest * 5 // 4)
