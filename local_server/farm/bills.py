"""Bills: what a job cost, a line per frame, read off the operations that moved its money."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from sqlite_utils import Database

from local_server.farm.db import Row, fetch_rows, fetch_value
from local_server.farm.jobs import get_job
from local_server.farm.ledger import Kind, format_cny
from local_server.farm.pricing import is_least
from local_server.farm.refunds import list_refunds
from local_server.farm.statements import format_line, format_time

NUMBER_MAX = 2**53 - 1
LINE = (
    "frame",
    "render_ms",
    "cores",
    "rate_micros",
    "discount_basis_points",
    "full_micros",
    "amount_micros",
    "node",
    "attempt",
    "price_book",
)
COLUMNS = (
    "job",
    "kind",
    "frame",
    "render_ms",
    "cores",
    "rate_cny",
    "discount_basis_points",
    "full_cny",
    "amount_cny",
    "price_book",
    "node",
    "attempt",
    "reason",
    "at_minimum",
)
LIST_COLUMNS = (
    "job",
    "name",
    "finished",
    "frames",
    "frames_reused",
    "level",
    "discount_basis_points",
    "price_book",
    "total_cny",
    "refunded_cny",
)


def make_bill(db: Database, *, job: str) -> Row:
    """Return a job's bill as plain values; the work grows with this job's frames and nothing else.

    A line's amount is what was paid, `full_micros` what the price book asked: less is paid where
    the hold ran out. Frames that were reused are lines that cost nothing. The rate and discount at
    the head are those of the latest paid frame, None while there is none. Micro-yuan throughout:
    held = total + released + what is held still; what an admin gave back stands beside. Raises
    NotFound `no_job`.
    """
    row = get_job(db, job=job)
    moved, lines = read_operations(db, job=job)
    plan = row["plan"] or {}
    names = ("name", "owner", "created_at_ms", "finished_at_ms", "estimate")
    counts = ("frames_done", "frames_reused", "frames_failed")
    head = {name: row[name] for name in (*names, *counts)}
    head |= {"job": job, "price_book": plan.get("price_book"), "level": plan.get("level")}
    lines += list_reused(db, job=job)
    name_nodes(db, lines)
    return add_up(head, moved, lines) | {"refunds": list_refunds(db, job=job)}


def list_bills(
    db: Database,
    *,
    owner: str,
    from_ms: int | None = None,
    until_ms: int | None = None,
    after: tuple[int, int] | None = None,
    limit: int = -1,
) -> list[Row]:
    """Return the bills of an owner's jobs that ended in a time, the latest first, without lines.

    Jobs of which no frame was done have none; those that were deleted have theirs. `until_ms` is
    the end, left out; `after` the moment and serial of the last bill before, `limit` -1 for all.
    """
    clauses, values = ["owner = :owner"], {"owner": owner, "limit": limit}
    for clause, value in (
        ("finished_at_ms >= :from_ms", from_ms),
        ("finished_at_ms < :until_ms", until_ms),
    ):
        if value is not None:
            clauses.append(clause)
            values[clause.partition(":")[2]] = value
    if after is not None:
        clauses.append("(finished_at_ms, serial) < (:at_ms, :serial)")
        values |= {"at_ms": after[0], "serial": after[1]}
    return fetch_rows(
        db,
        "SELECT serial, id AS job, name, finished_at_ms, frames_done, frames_reused,"
        " plan ->> 'level' AS level, plan ->> 'price_book' AS price_book,"
        " (SELECT payload ->> 'discount_basis_points' FROM operation o WHERE o.job = job.id"
        "  AND kind = 'settle' AND device IS NULL ORDER BY seq DESC LIMIT 1)"
        " AS discount_basis_points, cost_micros AS total_micros, refunded_micros"
        " FROM job INDEXED BY job_billed"
        f" WHERE finished_at_ms IS NOT NULL AND frames_done > 0 AND {' AND '.join(clauses)}"
        " ORDER BY finished_at_ms DESC, serial DESC LIMIT :limit",
        values,
    )


def make_away_bill(
    db: Database, *, device: str | None, job: str, owner: str, told: dict[str, Any]
) -> Row:
    """Return the bill of a job that is not here, from what the logs say of its money.

    `device` None is this machine, whose job went on without this disk. `told` is what its machine
    tells of the job, which may be anything. Frames that were reused have no line: nobody paid for
    them.
    """
    moved, lines = read_operations(db, job=job, device=device)
    head = {
        "job": job,
        "name": str(told.get("name", "")),
        "owner": owner,
        "created_at_ms": read_number(told, "created_at_ms"),
        "finished_at_ms": None,
        "estimate": None,
        "frames_done": read_number(told, "frames_done"),
        "frames_reused": max(0, read_number(told, "frames_done") - len(lines)),
        "frames_failed": read_number(told, "frames_failed"),
        "price_book": lines[-1]["price_book"] if lines else None,
        "level": None,
    }
    return add_up(head, moved, lines) | {"refunds": list_refunds(db, job=job, device=device)}


def sum_away_costs(
    db: Database, jobs: Sequence[tuple[str | None, str]]
) -> dict[tuple[str | None, str], int]:
    """Return what jobs that are not here came to so far, in micros, by device and id.

    A device is as of the job's bill. A job that is not in the answer has cost nothing.
    """
    rows = db.conn.execute(
        "SELECT o.device, o.job, sum(o.payload ->> 'amount_micros') FROM json_each(?) j"
        " JOIN operation o ON o.job = j.value ->> 1 AND o.device IS j.value ->> 0"
        " WHERE o.kind = 'settle' GROUP BY o.device, o.job",
        (json.dumps(jobs),),
    )
    return {(device, job): micros for device, job, micros in rows}


def add_up(head: Row, moved: dict[Kind, int], lines: list[Row]) -> Row:
    """Return a bill of its head, what moved for it and its lines, by frame."""
    lines.sort(key=lambda line: int(line["frame"]))
    for line in lines:
        line.setdefault("node_name", None)
        line["at_minimum"] = not line["reused"] and is_least(line)
    paid = [line for line in lines if not line["reused"]]
    latest: dict[str, Any] = paid[-1] if paid else {}
    return head | {
        "rate_micros": latest.get("rate_micros"),
        "discount_basis_points": latest.get("discount_basis_points"),
        "held_micros": moved[Kind.HOLD],
        "released_micros": moved[Kind.RELEASE],
        "total_micros": moved[Kind.SETTLE],
        "refunded_micros": moved[Kind.REFUND],
        "lines": lines,
    }


def name_nodes(db: Database, lines: list[Row]) -> None:
    """Write into a bill's lines what people call the machines."""
    nodes = {line["node"] for line in lines if line["node"]}
    names = {node: fetch_value(db, "SELECT name FROM node WHERE id = ?", (node,)) for node in nodes}
    for line in lines:
        line["node_name"] = names.get(line["node"])


def read_number(told: dict[str, Any], name: str) -> int:
    """Return a number of what another machine tells, 0 where it is none."""
    value = told.get(name)
    return value if type(value) is int and abs(value) <= NUMBER_MAX else 0


def write_bill_csv(bill: Row) -> Iterator[str]:
    """Write a bill as CSV: a line per frame, what was given back as lines below zero.

    The amounts add up to what the job came to.
    """
    yield format_line(COLUMNS)
    for line in bill["lines"]:
        yield format_line(
            (
                bill["job"],
                "reused" if line["reused"] else "frame",
                line["frame"],
                line["render_ms"],
                line["cores"],
                format_cny(line["rate_micros"]),
                line["discount_basis_points"],
                format_cny(line["full_micros"]),
                format_cny(line["amount_micros"]),
                line["price_book"],
                line["node"],
                line["attempt"],
                None,
                int(line["at_minimum"]),
            )
        )
    for one in bill["refunds"]:
        nothing = (None,) * 5
        amount = Decimal(format_cny(-one["amount_micros"]))
        place = (bill["job"], "refund", one["frame"])
        yield format_line((*place, *nothing, amount, None, None, None, one["reason"], None))


def write_bills_csv(bills: list[Row]) -> Iterator[str]:
    """Write a list of bills as CSV, UTC times."""
    yield format_line(LIST_COLUMNS)
    for bill in bills:
        yield format_line(
            (
                bill["job"],
                bill["name"],
                format_time(bill["finished_at_ms"]),
                bill["frames_done"],
                bill["frames_reused"],
                bill["level"],
                bill["discount_basis_points"],
                bill["price_book"],
                Decimal(format_cny(bill["total_micros"])),
                Decimal(format_cny(bill["refunded_micros"])),
            )
        )


def read_operations(
    db: Database, *, job: str, device: str | None = None
) -> tuple[dict[Kind, int], list[Row]]:
    """Return how much each kind of operation moved for a job, and a line for every settle.

    `device` None is this machine: ids of jobs are each machine's own business.
    """
    moved = dict.fromkeys(Kind, 0)
    lines = []
    for kind, payload in db.conn.execute(
        "SELECT kind, payload FROM operation WHERE job = ? AND device IS ? ORDER BY seq",
        (job, device),
    ):
        content = json.loads(payload)
        moved[Kind(kind)] += content["amount_micros"]
        if kind == Kind.SETTLE:
            lines.append(make_line(content, ours=device is None))
    return moved, lines


def make_line(content: dict[str, Any], *, ours: bool) -> Row:
    """Return a bill's line; another machine's operation may lack anything but its amount."""
    if ours:
        return {name: content[name] for name in LINE} | {"reused": False}
    texts = {name: str(content.get(name, "")) for name in ("node", "price_book")}
    numbers = {name: read_number(content, name) for name in LINE if name not in texts}
    return numbers | texts | {"reused": False}


def list_reused(db: Database, *, job: str) -> list[Row]:
    """Return a line for every frame that was found in the store: who rendered it, and no money."""
    rows = fetch_rows(
        db,
        "SELECT number AS frame, result ->> 'render_ms' AS render_ms, result ->> 'cores' AS cores,"
        " 0 AS rate_micros, 0 AS discount_basis_points, 0 AS full_micros, 0 AS amount_micros,"
        " node, result ->> 'attempt' AS attempt, NULL AS price_book"
        " FROM frame WHERE job = ? AND reused = 1",
        (job,),
    )
    return [row | {"reused": True} for row in rows]
