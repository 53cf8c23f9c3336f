"""Refunds: money that an admin gives back for a job or a frame, never more than it cost."""

import json
from typing import Any

from sqlite_utils import Database

from local_server.farm import ledger
from local_server.farm.db import Row, assert_writing, fetch_rows, fetch_value
from local_server.farm.errors import Conflict
from local_server.farm.frames import get_frame
from local_server.farm.jobs import get_job
from local_server.farm.ledger import Kind

REASON_LENGTH_MAX = 500


def refund(
    db: Database,
    *,
    id: str,
    job: str,
    frame: int | None,
    amount_micros: int | None,
    reason: str,
    by: str,
    at_ms: int,
) -> bool:
    """Give money back for a job, or for one frame of it; all that is left where no amount is said.

    The money goes to the pool of the job's owner. Returns False when it was done before. Raises
    NotFound `no_job` and `no_frame`, Conflict `nothing_to_refund`, `refund_too_large` and
    `operation_differs`, and BadInput `amount_out_of_range`.
    """
    assert_writing(db)
    row = get_job(db, job=job)
    standing = ledger.find_operation(db, id=id)
    if standing is not None:
        told = json.loads(standing["payload"])
        amount_micros = amount_micros or told["amount_micros"]
        place = {"device": told["device"]} if "device" in told else {}
    else:
        place = name_machine(db)
        left = measure_left(db, row, frame=frame)
        amount_micros = left if amount_micros is None else amount_micros
        if left == 0:
            raise Conflict("nothing_to_refund", job=job)
        if amount_micros > left:
            raise Conflict("refund_too_large", asked_micros=amount_micros, left_micros=left)
    if frame is not None:
        place["frame"] = frame
    done = ledger.post(
        db,
        Kind.REFUND,
        id=id,
        owner=row["owner"],
        job=job,
        amount_micros=amount_micros,
        at_ms=at_ms,
        reason=reason,
        by=by,
        **place,
    )
    if done:
        db.conn.execute(
            "UPDATE job SET refunded_micros = refunded_micros + ? WHERE id = ?",
            (amount_micros, job),
        )
    return done


def measure_left(db: Database, row: Row, *, frame: int | None) -> int:
    """Return how much of what a job, or one frame of it, cost can still be given back, in micros.

    Raises NotFound `no_frame`.
    """
    left = int(row["cost_micros"] - row["refunded_micros"])
    if frame is None:
        return left
    paid = get_frame(db, job=row["id"], number=frame)["amount_micros"] or 0
    refunds = [one for one in list_refunds(db, job=row["id"]) if one["frame"] == frame]
    given = sum(int(one["amount_micros"]) for one in refunds)
    return min(left, int(paid) - given)


def name_machine(db: Database) -> dict[str, Any]:
    """Return what a refund says of whose job it is for: ids of jobs are each machine's own.

    Every machine reads a refund in the treasury, where no log says whose it is. Earlier ones say
    nothing, and count everywhere as this machine's.
    """
    device = fetch_value(db, "SELECT value FROM setting WHERE key = 'sync.device'")
    return {} if device is None else {"device": device}


def list_refunds(db: Database, *, job: str, device: str | None = None) -> list[Row]:
    """Return a job's refunds, oldest first: id, moment, frame or None, amount, reason, by whom.

    `device` None is this machine.
    """
    return fetch_rows(
        db,
        "SELECT id, at_ms, payload ->> 'frame' AS frame,"
        " payload ->> 'amount_micros' AS amount_micros, payload ->> 'reason' AS reason,"
        " payload ->> 'by' AS by FROM operation WHERE job = ? AND kind = 'refund' AND device IS ?"
        " ORDER BY seq",
        (job, device),
    )
