"""A database filled with jobs as the farm leaves them: it writes a few itself, SQL copies those.

Most jobs are done; some have failed frames, were called off, or are paused with money held. The
books are whole (the audit finds nothing) and belong to a studio that the machine moved out of, so
that none of it waits to be sealed or told.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from local_server.delivery import mark_delivered
from local_server.estimating import estimate_job
from local_server.farm import attempts, jobs, ledger
from local_server.farm.accounts import ensure_account
from local_server.farm.db import fetch_rows, open_database, read_clock_ms, write
from local_server.farm.frames import hand_frames
from local_server.farm.pricing import PriceBook, load_price_books
from local_server.preparation import Request
from local_server.settings import OWNER

FRAMES_PER_JOB = 100
RENDERER = "filler-1.0"  # nobody's: what waits is never handed out
NODE = "filler"
LEVEL = "standard"
MONEY_MICROS = 10**12
APART_MS = 600_000  # a job every ten minutes: 100,000 of them are two years
CACHE_KIB = 262_144
# How twenty jobs end; of the copies, one in a thousand ends as the last of these.
ENDINGS = ("completed",) * 17 + ("partial", "cancelled", "paused")
# In the order that their references allow: the key that the database counts up, if any, and which
# job a row belongs to, in the order that the rows were written.
TABLES = {
    "job": ("serial", "SELECT id AS old, t.* FROM job t"),
    "frame": ("", "SELECT job AS old, t.* FROM frame t"),
    "attempt": ("", "SELECT job AS old, t.* FROM attempt t"),
    "purse": ("", "SELECT substr(id, 6) AS old, t.* FROM purse t WHERE kind = 'held'"),
    "operation": ("seq", "SELECT job AS old, t.* FROM operation t"),
    "transfer": (
        "",
        "SELECT o.job AS old, t.* FROM transfer t JOIN operation o USING (id) ORDER BY o.seq",
    ),
    "event": ("id", "SELECT job AS old, t.* FROM event t"),
}
PURSES = ("debit", "credit")
NAMING_JOBS = ("id", "job", "name", "words", "debit", "credit", "result")
# Number n is a copy of one of the first `often`, seldom of the one behind them.
COPIES = """
CREATE TEMP TABLE copy AS
WITH RECURSIVE counted(n) AS (SELECT :often + 1 UNION ALL SELECT n + 1 FROM counted WHERE n < :last)
SELECT n, printf('filled-%07d', iif(n % 1000 = 999, :often, n % :often)) AS old,
  printf('filled-%07d', n) AS new, n / :often * :often * :apart AS later,
  owner.value AS owner, ':' || owner.value AS mine, ':' || (:owners ->> 0) AS first
FROM counted JOIN json_each(:owners) AS owner ON owner.key = n % json_array_length(:owners)
"""


def fill_frames(
    path: Path,
    *,
    frames: int,
    frames_per_job: int = FRAMES_PER_JOB,
    owners: Sequence[str] = (OWNER,),
) -> None:
    """Write jobs of so many frames each, until there are `frames` frames.

    Job number n is `filled-<n>`, in seven digits, and belongs to the owner number n.
    """
    count = frames // frames_per_job
    db = open_database(path)
    db.conn.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    began = read_clock_ms() - (count + len(ENDINGS)) * APART_MS
    models = min(count, len(ENDINGS))
    with write(db):
        for owner in owners:
            ensure_account(db, account=owner, name=owner, at_ms=began)
            money: dict[str, Any] = {"owner": owner, "amount_micros": MONEY_MICROS, "at_ms": began}
            ledger.mint(db, id=f"topup:{owner}", **money)
            ledger.lease(db, id=f"lease:{owner}", **money)  # so that no hold needs one
        for number in range(models):
            at_ms = began + number * APART_MS
            write_job(db, number, frames=frames_per_job, owner=owners[0], at_ms=at_ms)
        if count > models:
            copy_jobs(db, models=models, jobs=count, owners=owners)
        db.conn.execute(
            "UPDATE operation SET studio = 'former', sealed_in = 'former/' || id"
            " WHERE sealed_in IS NULL"
        )
        db.conn.execute("INSERT INTO job_told SELECT id, state, 1 FROM job")
        db.conn.execute("DELETE FROM job_untold")
    db.conn.execute("PRAGMA optimize")
    db.conn.close()


def write_job(db: Database, number: int, *, frames: int, owner: str, at_ms: int) -> None:
    """Let the farm write one job, with everything that happens to it until it ends."""
    job, ending = f"filled-{number:07d}", ENDINGS[number % len(ENDINGS)]
    book = max(load_price_books().values(), key=lambda one: one.id)
    request = asdict(Request(scene=f"/nowhere/shots/scene-{number}.blend"))
    told: dict[str, Any] = {"id": job, "owner": owner, "name": job, "request": request}
    jobs.create_job(db, **told, priority=50, at_ms=at_ms)
    estimate = estimate_job(
        frame_p50_ms=2_000,
        frame_p90_ms=3_000,
        frames=frames,
        cores=2,
        book=book,
        level=LEVEL,
        source="samples",
    )
    jobs.note_findings(db, job=job, findings=[], estimate=estimate.to_dict())
    plan, numbers = make_plan(book, frames), tuple(range(1, frames + 1))
    jobs.plan_job(db, job=job, plan=plan, numbers=numbers, scene_key=job, at_ms=at_ms)
    jobs.fund_job(db, job=job, amount_micros=estimate.p90_micros, reason="held", at_ms=at_ms)
    good = {"completed": frames, "partial": frames - 1}.get(ending, frames // 2)
    for frame in numbers[:good]:
        render_frame(db, job, frame, book=book, at_ms=at_ms + frame * 1_000)
    mark_delivered(db, [(job, frame) for frame in numbers[:good]])
    if ending == "partial":
        while not jobs.get_job(db, job=job)["finished_at_ms"]:
            fail_frame(db, job, frames, at_ms=at_ms)
    elif ending == "cancelled":
        jobs.cancel_job(db, job=job, at_ms=at_ms)
    elif ending == "paused":
        jobs.pause_job(db, job=job, reason="by_user", at_ms=at_ms)


def make_plan(book: PriceBook, frames: int) -> jobs.Plan:
    """Return the plan of a job of so many frames."""
    return jobs.Plan(
        manifest="0" * 64,
        scene="scene.blend",
        renderer=RENDERER,
        renderer_version="1.0",
        look={"width": None, "height": None, "samples": None, "camera": None},
        recipe="1" * 64,
        width=1920,
        height=1080,
        frames=f"1-{frames}",
        first=1,
        last=frames,
        out="/nowhere/out",
        naming="scene_####",
        price_book=book.id,
        level=LEVEL,
        frame_p90_micros=1_000,
    )


def render_frame(db: Database, job: str, frame: int, *, book: PriceBook, at_ms: int) -> None:
    """Let a node render a job's next frame, and pay for it."""
    attempt = begin_frame(db, job, frame, at_ms=at_ms)
    result = attempts.Result(
        job=job,
        attempt=attempt,
        node=NODE,
        picture="2" * 64,
        extension=".png",
        size_bytes=1_234_567,
        thumbnail="3" * 64,
        width=1920,
        height=1080,
        render_ms=2_000 + frame % 7,
        load_ms=0,
        cores=2,
        warnings=(),
    )
    told: dict[str, Any] = {"job": job, "number": frame, "attempt": attempt}
    attempts.finish_attempt(db, **told, result=result, book=book, at_ms=at_ms + 900)


def fail_frame(db: Database, job: str, frame: int, *, at_ms: int) -> None:
    """Let a node fail a job's next frame."""
    attempt = begin_frame(db, job, frame, at_ms=at_ms)
    told: dict[str, Any] = {"job": job, "number": frame, "attempt": attempt, "node": NODE}
    attempts.fail_attempt(db, **told, reason="crashed", words="", at_ms=at_ms)


def begin_frame(db: Database, job: str, frame: int, *, at_ms: int) -> int:
    """Hand a job's next frame to a node, which begins it; returns the attempt."""
    [handed] = hand_frames(db, renderer=RENDERER, limit=1, jobs_max=1, at_ms=at_ms)
    told: dict[str, Any] = {"job": job, "number": frame, "attempt": handed.attempt}
    attempts.start_attempt(db, **told, node=NODE, lease_ms=60_000, at_ms=at_ms)
    return handed.attempt


def copy_jobs(db: Database, *, models: int, jobs: int, owners: Sequence[str]) -> None:
    """Copy the first jobs, all that they left included, until there are so many."""
    values = {"often": models - 1, "last": jobs - 1, "apart": APART_MS}
    db.conn.execute(COPIES, values | {"owners": json.dumps(owners)})
    for table, (counted, models_of) in TABLES.items():
        columns = [row["name"] for row in fetch_rows(db, f"PRAGMA table_info({table})")]
        copied = [name for name in columns if name != counted]
        made = ", ".join(tell_copied(name) for name in copied)
        db.conn.execute(f"CREATE TEMP TABLE model AS {models_of}")
        db.conn.execute("CREATE INDEX temp.model_by_job ON model (old)")
        db.conn.execute(
            f"INSERT INTO {table} ({', '.join(copied)}) SELECT {made} FROM copy"
            " CROSS JOIN model AS m ON m.old = copy.old ORDER BY copy.n, m.rowid"
        )
        db.conn.execute("DROP TABLE model")
    db.conn.execute("DROP TABLE copy")


def tell_copied(column: str) -> str:
    """Return the SQL of a column's value in a copy; transfers bring the purses' balances."""
    if column == "owner":
        return "copy.owner"
    if column == "balance_micros":
        return "0"
    if column.endswith("at_ms"):
        return f"m.{column} + copy.later"
    if column in NAMING_JOBS:
        of_job = f"replace(m.{column}, copy.old, copy.new)"
        return f"replace({of_job}, copy.first, copy.mine)" if column in PURSES else of_job
    return f"m.{column}"
