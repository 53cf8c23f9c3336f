"""Delivery: finished frames put into the artist's folder, whole or not at all."""

import json
import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from gevent.threadpool import ThreadPool
from sqlite_utils import Database

from local_server.farm.db import assert_writing, fetch_rows
from local_server.farm.errors import YuntuError
from local_server.farm.jobs import get_job, read_plan
from local_server.writer import Writer
from sync.blobs import Blobs, Digest

log = logging.getLogger(__name__)
BATCH_MAX = 200
RETRY_SECONDS = (1, 5, 15, 60)
PADDING = re.compile("#+(?=[^#]*$)")
LEFTOVER = re.compile(r"\.[0-9a-f]{16}\.part")


@dataclass(kw_only=True, slots=True)
class Problem:
    """Why a job's frames cannot be put into its folder right now."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)
    tries: int = 1
    next_try: float = 0.0


class Delivery:
    """Copies pictures from the store to where the artist wants them; tries again for ever.

    A job whose folder cannot be written waits a while, and is in nobody else's way.
    """

    def __init__(self, writer: Writer, blobs: Blobs) -> None:
        self.writer = writer
        self.blobs = blobs
        self.cleared: set[Path] = set()
        self.pool = ThreadPool(1)
        self.wanted = Event()
        self.problems: dict[str, Problem] = {}
        self.ending = False

    def wake(self) -> None:
        """Say that frames may be waiting."""
        self.wanted.set()

    def meet(self, back: bool) -> None:
        """Try at once what waited, where the studio's store is back."""
        if back:
            for problem in self.problems.values():
                problem.next_try = 0.0
            self.wanted.set()

    def run(self) -> None:
        """Deliver until ended: a greenlet's whole life."""
        while not self.ending:
            self.wanted.clear()
            try:
                found = self.deliver_some()
            except Exception:  # the database's disk is full, say: it may pass
                log.exception("delivery waits")
                gevent.sleep(RETRY_SECONDS[0])
                continue
            if not found:
                self.wanted.wait(self.find_pause())

    def deliver_some(self) -> bool:
        """Deliver a batch; False when nothing can be delivered now."""
        now = time.monotonic()
        resting = sorted(job for job, one in self.problems.items() if one.next_try > now)
        waiting = self.writer.run(list_undelivered, BATCH_MAX, resting)
        if not waiting:
            for job in self.problems.keys() - set(resting):
                del self.problems[job]  # nothing of it waits any more
            return False
        delivered = self.pool.apply(self.deliver, (waiting,))
        if delivered:
            self.writer.write(mark_delivered, delivered)
        return True

    def find_pause(self) -> float | None:
        """Return how many seconds until a job's folder is tried again; None when none waits."""
        now = time.monotonic()
        return min((max(0.0, one.next_try - now) for one in self.problems.values()), default=None)

    def note_problem(self, job: str, code: str, params: dict[str, Any]) -> None:
        """Keep why a job cannot be delivered, and try it later and later."""
        tries = self.problems[job].tries + 1 if job in self.problems else 1
        pause = RETRY_SECONDS[min(tries, len(RETRY_SECONDS)) - 1]
        self.problems[job] = Problem(
            code=code, params=params, tries=tries, next_try=time.monotonic() + pause
        )

    def end(self) -> None:
        """Stop after the batch under way."""
        self.ending = True
        self.wanted.set()

    def clear_leftovers(self, folder: Path) -> None:
        """Remove, once a folder, the half files of a server that was killed while it delivered."""
        if folder not in self.cleared:
            self.cleared.add(folder)
            for path in folder.iterdir():
                if LEFTOVER.fullmatch(path.name):
                    path.unlink(missing_ok=True)

    def deliver(self, waiting: list[dict[str, Any]]) -> list[tuple[str, int]]:
        """Write pictures to their final names; a job that cannot be written is left for later."""
        delivered: list[tuple[str, int]] = []
        failed: set[str] = set()
        for one in waiting:
            if one["job"] in failed:
                continue
            target = target_path(one["out"], one["naming"], one["number"], one["extension"])
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                self.clear_leftovers(target.parent)
                self.blobs.fetch(Digest(one["picture"]), target)
            except OSError as error:
                params = {"path": str(target), "words": error.strerror or str(error)}
                self.note_problem(one["job"], "delivery_waits", params)
                failed.add(one["job"])
            except YuntuError as error:
                self.note_problem(one["job"], error.code, error.params)
                failed.add(one["job"])
            else:
                self.problems.pop(one["job"], None)
                delivered.append((one["job"], one["number"]))
        return delivered


def target_path(out: str, naming: str, number: int, extension: str) -> Path:
    """Return a frame's path: the naming's last run of `#` becomes the padded number."""
    run = PADDING.search(naming)
    width = len(run.group()) if run else 4
    padded = f"-{-number:0{width}d}" if number < 0 else f"{number:0{width}d}"
    name = PADDING.sub(padded, naming, count=1) if run else f"{naming}_{padded}"
    return Path(out) / f"{name}{extension}"


def list_undelivered(db: Database, limit: int, without: list[str]) -> list[dict[str, Any]]:
    """Return frames that are done and not yet in their artist's folder."""
    marks = ", ".join("?" * len(without))
    return fetch_rows(
        db,
        "SELECT f.job, f.number, f.result ->> 'picture' AS picture,"
        " f.result ->> 'extension' AS extension, j.plan ->> 'out' AS out,"
        " j.plan ->> 'naming' AS naming FROM frame f INDEXED BY frame_undelivered"
        " JOIN job j ON j.id = f.job"
        f" WHERE f.state = 'done' AND f.delivered = 0 AND f.job NOT IN ({marks}) LIMIT ?",
        (*without, limit),
    )


def mark_delivered(db: Database, delivered: list[tuple[str, int]]) -> None:
    """Note that frames are in their artist's folder."""
    assert_writing(db)
    db.conn.executemany("UPDATE frame SET delivered = 1 WHERE job = ? AND number = ?", delivered)


def count_undelivered(db: Database, jobs: Sequence[str]) -> dict[str, int]:
    """Count the finished frames of some jobs that are not in the artist's folder yet.

    A job that is not in the answer has none.
    """
    rows = db.conn.execute(
        "SELECT job, count(*) FROM frame INDEXED BY frame_undelivered WHERE state = 'done'"
        " AND delivered = 0 AND job IN (SELECT value FROM json_each(?)) GROUP BY job",
        (json.dumps(jobs),),
    )
    return dict(rows.fetchall())


def read_target(db: Database, *, job: str, number: int, extension: str) -> Path:
    """Return where a job's frame belongs."""
    plan = read_plan(get_job(db, job=job))
    return target_path(plan.out, plan.naming, number, extension)
