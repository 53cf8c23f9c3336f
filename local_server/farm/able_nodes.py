"""Able nodes: who may have which frame, after who failed what.

A node is able to render a job when it is up, has the job's renderer and is not left out of the
job. A frame that a node failed goes to an able node that has not failed it, by a line of that
node's own; where every able node has failed it, to any of them. Nobody ever gives a message back.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlite_utils import Database

from local_server.farm.db import Row, assert_writing, fetch_rows
from local_server.farm.events import add_event
from local_server.farm.frames import HandedFrame
from local_server.farm.jobs import Plan, get_job, read_plan

SILENT_MS_MAX = 15_000
NODES_MAX = 3
FAILURES_MAX = 3
FAILURES_MOST = 9
IN_A_ROW_MAX = 3
LEFT_OUT_MS = 300_000
LEFT_OUT_MS_MAX = 3_600_000
OF_THE_NODE = frozenset({"not_started"})
"""Reasons that say nothing of a frame: the machine could not even start the renderer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setback:
    """What a failure means: whether it counts against the frame, and ends it; who is left out."""

    counted: bool
    fatal: bool
    left_out: bool


def list_up(db: Database, *, plan: Plan, at_ms: int) -> set[str]:
    """Return the nodes of a plan's site that were heard of lately and have its renderer."""
    rows = fetch_rows(
        db,
        "SELECT node.id FROM node, json_each(node.renderers) AS told"
        " WHERE gone_at_ms IS NULL AND seen_at_ms > ?"
        " AND (told.value ->> 'name') || '-' || (told.value ->> 'version') = ? AND site = ?",
        (at_ms - SILENT_MS_MAX, plan.renderer, plan.site),
    )
    return {row["id"] for row in rows}


def count_lanes(db: Database, *, renderer: str, site: str, cores: int | None, at_ms: int) -> int:
    """Return how many frames of a renderer go on side by side at a site, at least one.

    With `cores` each, as many as a node's slots have room for; else one on every node.
    """
    rows = fetch_rows(
        db,
        "SELECT node.slots FROM node, json_each(node.renderers) AS told"
        " WHERE gone_at_ms IS NULL AND seen_at_ms > ?"
        " AND (told.value ->> 'name') || '-' || (told.value ->> 'version') = ? AND site = ?",
        (at_ms - SILENT_MS_MAX, renderer, site),
    )
    return max(1, sum(max(1, row["slots"] // cores) if cores else 1 for row in rows))


def is_up(db: Database, *, node: str, at_ms: int) -> bool:
    """Tell whether a node was heard of lately."""
    return bool(
        fetch_rows(
            db,
            "SELECT 1 FROM node WHERE id = ? AND gone_at_ms IS NULL AND seen_at_ms > ?",
            (node, at_ms - SILENT_MS_MAX),
        )
    )


def list_left_out(db: Database, *, job: str, at_ms: int) -> set[str]:
    """Return the nodes that are left out of a job now."""
    rows = fetch_rows(
        db, "SELECT node FROM node_failure WHERE job = ? AND until_ms > ?", (job, at_ms)
    )
    return {row["node"] for row in rows}


def list_able(db: Database, job: Row, *, at_ms: int) -> set[str]:
    """Return the nodes that are able to render a job."""
    up = list_up(db, plan=read_plan(job), at_ms=at_ms)
    return up - list_left_out(db, job=job["id"], at_ms=at_ms)


def judge_failure(
    db: Database, job: Row, frame: Row, *, node: str, reason: str, at_ms: int
) -> Setback:
    """Write a failure down, and return what it means.

    Three different nodes end a frame. With no able node left that has not failed it, three
    failures do, by whomever: there is nobody else to ask. A node that cannot start its renderer
    says nothing of the frame as long as another can try. A node that fails several frames of a job
    in a row is left out of it, unless it is the only one that is able.
    """
    assert_writing(db)
    able = list_able(db, job, at_ms=at_ms)
    counted = reason not in OF_THE_NODE or not able - {node}
    db.conn.execute(
        "INSERT INTO frame_failure (job, number, node, counted) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET counted = max(counted, excluded.counted)",
        (job["id"], frame["number"], node, int(counted)),
    )
    left_out = count_in_a_row(db, job, node=node, others=able - {node}, at_ms=at_ms)
    failed_by = list_failed_by(db, job=job["id"], number=frame["number"])
    failures = frame["failures"] + int(counted)
    nobody_else = not able - failed_by.keys()
    fatal = (
        sum(failed_by.values()) >= NODES_MAX
        or (failures >= FAILURES_MAX and nobody_else)
        or failures >= FAILURES_MOST
    )
    return Setback(counted=counted, fatal=counted and fatal, left_out=left_out)


def list_failed_by(db: Database, *, job: str, number: int) -> dict[str, bool]:
    """Return who failed a frame since it was last given a clean record, and whether it counted."""
    rows = fetch_rows(
        db, "SELECT node, counted FROM frame_failure WHERE job = ? AND number = ?", (job, number)
    )
    return {row["node"]: bool(row["counted"]) for row in rows}


def count_in_a_row(
    db: Database, job: Row, *, node: str, others: Collection[str], at_ms: int
) -> bool:
    """Count a node's failure in a job; True when it is left out of it from now on, ever longer.

    What it fails while it is left out it had begun before: that says nothing new.
    """
    if node in list_left_out(db, job=job["id"], at_ms=at_ms):
        return False
    [(in_a_row,)] = db.conn.execute(
        "INSERT INTO node_failure (job, node, in_a_row) VALUES (?, ?, 1)"
        " ON CONFLICT DO UPDATE SET in_a_row = in_a_row + 1 RETURNING in_a_row",
        (job["id"], node),
    ).fetchall()
    if in_a_row < IN_A_ROW_MAX or not others:
        return False
    doublings = min(in_a_row - IN_A_ROW_MAX, LEFT_OUT_MS_MAX.bit_length())
    until = at_ms + min(LEFT_OUT_MS << doublings, LEFT_OUT_MS_MAX)
    db.conn.execute(
        "UPDATE node_failure SET until_ms = ? WHERE job = ? AND node = ?", (until, job["id"], node)
    )
    add_event(
        db,
        kind="node.left_out",
        owner=job["owner"],
        at_ms=at_ms,
        job=job["id"],
        node=node,
        until_ms=until,
        in_a_row=in_a_row,
    )
    return True


def forgive(db: Database, *, job: str, node: str) -> None:
    """Forget a node's failures in a job: it has just rendered a frame of it."""
    assert_writing(db)
    db.conn.execute("DELETE FROM node_failure WHERE job = ? AND node = ?", (job, node))


def address_frames(db: Database, handed: list[HandedFrame], *, at_ms: int) -> list[HandedFrame]:
    """Return frames that were just handed out, those addressed that not everybody may have.

    Of several able nodes the one is chosen that has the fewest addressed frames.
    """
    assert_writing(db)
    loads: Counter[str] | None = None
    addressed: list[HandedFrame] = []
    for job in dict.fromkeys(one.job for one in handed):
        row = get_job(db, job=job)
        left_out = list_left_out(db, job=job, at_ms=at_ms)
        failed = list_failures(db, [one for one in handed if one.job == job])
        if not left_out and not failed:
            continue
        loads = count_addressed(db) if loads is None else loads
        up = list_up(db, plan=read_plan(row), at_ms=at_ms)
        for one in handed:
            able = up - left_out
            able = able - failed.get(one.number, set()) or able
            if one.job == job and able and able != up:
                node = min(able, key=lambda name: (loads[name], name))
                loads[node] += 1
                addressed.append(replace(one, address=node))
    for one in addressed:
        db.conn.execute(
            "UPDATE frame SET address = ? WHERE job = ? AND number = ?",
            (one.address, one.job, one.number),
        )
    by_frame = {(one.job, one.number): one for one in addressed}
    return [by_frame.get((one.job, one.number), one) for one in handed]


def list_failures(db: Database, handed: list[HandedFrame]) -> dict[int, set[str]]:
    """Return who failed which of a job's frames, for those that somebody failed."""
    numbers = [one.number for one in handed]
    rows = fetch_rows(
        db,
        "SELECT number, node FROM frame_failure WHERE job = ? AND number BETWEEN ? AND ?",
        (handed[0].job, min(numbers), max(numbers)),
    )
    failed: dict[int, set[str]] = {}
    for row in rows:
        failed.setdefault(row["number"], set()).add(row["node"])
    return {number: failed[number] for number in numbers if number in failed}


def count_addressed(db: Database) -> "Counter[str]":
    """Count the frames that wait for each node alone."""
    rows = fetch_rows(
        db,
        "SELECT address, count(*) AS count FROM frame"
        " WHERE state = 'waiting' AND handed_at_ms IS NOT NULL AND address IS NOT NULL"
        " GROUP BY address",
    )
    return Counter({row["address"]: row["count"] for row in rows})
