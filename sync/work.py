"""Work everywhere: what other machines' jobs are and where their frames lie, as their logs tell.

A job tells of itself whenever its state changes; a frame's result is told once the studio's store
has its picture, so that whoever reads of it can fetch it. On other machines both are kept apart
from their own jobs: an id is its machine's business alone.
"""

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from sqlite_utils import Database

from local_server.farm import jobs, sealing
from local_server.farm.db import Row, assert_writing, fetch_rows, fetch_value
from local_server.farm.overtaken import is_overtaken, release_silent
from local_server.farm.states import OVER_JOB_STATES, JobState
from sync.entry import Operation

TOLD_MAX = 200
PICTURE = ("picture", "thumbnail", "extension", "size_bytes", "width", "height")
NUMBER_MAX = 2**40
FRAME_MAX = 10**10 - 1  # as in a frame record
_DIGEST = re.compile("[0-9a-f]{64}")
_ENDING = re.compile(r"\.?[a-z0-9]{1,8}")  # as in a frame record


def post_jobs(db: Database, *, at_ms: int) -> int:
    """Put into the outbox what jobs of this machine came to since they last told of it.

    Returns how many told.
    """
    assert_writing(db)
    rows = fetch_rows(
        db,
        "SELECT j.*, t.state AS told, coalesce(t.version, 0) AS version FROM job_untold u"
        " JOIN job j USING (serial) LEFT JOIN job_told t ON t.job = j.id"
        " ORDER BY u.serial LIMIT ?",
        (TOLD_MAX,),
    )
    db.conn.executemany(
        "DELETE FROM job_untold WHERE serial = ?", [(row["serial"],) for row in rows]
    )
    changed = [
        row
        for row in rows
        if row["told"] != row["state"]  # some went there and back
        and not is_overtaken(db, job=row["id"])  # whoever went on with it tells of it
    ]
    for row in changed:
        told: Operation = {
            "op": "job",
            "id": f"job:{row['id']}:{row['version'] + 1}",
            "at_ms": at_ms,
            "owner": row["owner"],
            "job": row["id"],
            "line": describe_job(row, json.loads(row["plan"]) if row["plan"] else None),
        }
        sealing.post_letter(db, log="device", operation=told)
        db.conn.execute(
            "INSERT INTO job_told VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET state = excluded.state, version = excluded.version",
            (row["id"], row["state"], row["version"] + 1),
        )
    return len(changed)


def end_silent(db: Database, *, device: str, at_ms: int) -> int:
    """Give back what overtaken jobs hold that nobody is at; the others are told that they ended.

    Returns for how many. Whoever is at one after all tells of it again.
    """
    ended = release_silent(db, at_ms=at_ms)
    for job in ended:
        tell_ended(db, device=device, job=job, at_ms=at_ms)
    return len(ended)


def tell_ended(db: Database, *, device: str, job: str, at_ms: int) -> None:
    """Put into the outbox that an overtaken job ended, unless the log tells of its end already.

    The log numbers what jobs tell further than this disk: what is told here has an id of its own.
    """
    known = fetch_rows(
        db, "SELECT owner, line FROM away_job WHERE device = ? AND job = ?", (device, job)
    )
    row = jobs.find_job(db, job=job)
    if known:
        owner, line = known[0]["owner"], json.loads(known[0]["line"])
        if line.get("state") in OVER_JOB_STATES:
            return
    elif row is not None:
        owner, line = row["owner"], describe_job(row, row["plan"])
    else:
        return
    told: Operation = {
        "op": "job",
        "id": f"job:{job}:silent:{at_ms}",
        "at_ms": at_ms,
        "owner": owner,
        "job": job,
        "line": line | {"state": JobState.CANCELLED, "reason": "overtaken"},
    }
    sealing.post_letter(db, log="device", operation=told)
    note_work(db, told, device=device)


def describe_job(row: Row, plan: dict[str, Any] | None) -> dict[str, Any]:
    """Return what a job tells of itself."""
    names = ("name", "state", "reason", "frames_total", "frames_done", "frames_failed")
    sums = ("cost_micros", "created_at_ms")
    return {name: row[name] for name in (*names, *sums)} | describe_place(plan)


def describe_place(plan: dict[str, Any] | None) -> dict[str, Any]:
    """Return how a job's frames are called and the name of their folder, but not where it is.

    A farm's job names its package as well: the studio's store has it for as long.
    """
    if plan is None:
        return {}
    windows = "\\" in plan["out"]
    out = PureWindowsPath(plan["out"]) if windows else PurePosixPath(plan["out"])
    package = {"manifest": plan["manifest"]} if plan.get("site") == "farm" else {}
    return {"naming": plan["naming"], "folder": out.name} | package


def post_results(db: Database, rows: list[Row], *, at_ms: int) -> None:
    """Put into the outbox where frames lie whose pictures the studio's store has.

    A row has job, number, owner and the result.
    """
    assert_writing(db)
    for row in rows:
        told: Operation = {
            "op": "result",
            "id": f"result:{row['job']}:{row['number']}",
            "at_ms": at_ms,
            "owner": row["owner"],
            "job": row["job"],
            "line": {"frame": row["number"]} | {name: row["result"][name] for name in PICTURE},
        }
        sealing.post_letter(db, log="device", operation=told)


def note_work(db: Database, told: Operation, *, device: str) -> None:
    """Keep what another machine tells of its jobs and frames."""
    line = json.dumps(told["line"], ensure_ascii=False)
    if told["op"] == "job":
        db.conn.execute(
            "INSERT INTO away_job (device, job, owner, line, at_ms) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET"
            " owner = excluded.owner, line = excluded.line, at_ms = excluded.at_ms",
            (device, told["job"], told["owner"], line, told["at_ms"]),
        )
    elif is_result(told["line"]):
        db.conn.execute(
            "INSERT INTO away_result (device, job, frame, line) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (device, told["job"], told["line"]["frame"], line),
        )


def is_result(line: dict[str, Any]) -> bool:
    """Tell whether a line tells of a frame as this program does: other machines may write anything.

    Digests and ending become names of files.
    """
    texts = {"picture": _DIGEST, "extension": _ENDING}
    if line.get("thumbnail") is not None:
        texts["thumbnail"] = _DIGEST
    numbers = {name: line.get(name) for name in ("frame", "size_bytes", "width", "height")}
    return (
        all(type(one) is int and abs(one) <= NUMBER_MAX for one in numbers.values())
        and abs(line["frame"]) <= FRAME_MAX
        and all(line[name] >= 0 for name in numbers if name != "frame")
        and all(
            type(line.get(name)) is str and pattern.fullmatch(line[name]) is not None
            for name, pattern in texts.items()
        )
    )


def list_away_jobs(db: Database, *, owner: str | None, limit: int = 500) -> list[Row]:
    """Return other machines' jobs, the newest first; `owner` None is everybody's."""
    rows = fetch_rows(
        db,
        "SELECT * FROM away_job WHERE owner = coalesce(?, owner)"
        " ORDER BY at_ms DESC, device, job LIMIT ?",
        (owner, limit),
    )
    return [row | {"line": json.loads(row["line"])} for row in rows]


def list_away_frames(db: Database, away: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    """Return the frames that the studio's store has of other machines' jobs, by number.

    They are told by device and job, as the jobs' rows have them. A row says when it came here, and
    why it did not.
    """
    rows = fetch_rows(
        db,
        "SELECT r.device, r.job, r.frame, r.came_at_ms, r.trouble FROM json_each(?) j"
        " JOIN away_result r ON r.device = j.value ->> 0 AND r.job = j.value ->> 1"
        " ORDER BY r.frame",
        (json.dumps([(job["device"], job["job"]) for job in away]),),
    )
    frames: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        frames[row["device"], row["job"]].append(row)
    return frames


def find_away_result(db: Database, *, device: str, job: str, frame: int) -> dict[str, Any] | None:
    """Return what another machine tells of a frame of its own, or None."""
    text = fetch_value(
        db,
        "SELECT line FROM away_result WHERE device = ? AND job = ? AND frame = ?",
        (device, job, frame),
    )
    line: dict[str, Any] | None = None if text is None else json.loads(text)
    return line
