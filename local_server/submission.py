"""Submission: a pending job's way to the queue, begun again from the start after a crash."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
from sqlite_utils import Database

from local_server.borrowing import Borrowing
from local_server.estimating import Estimate, estimate_job, read_history
from local_server.farm import jobs
from local_server.farm.able_nodes import count_lanes
from local_server.farm.accounts import get_account
from local_server.farm.db import Row, assert_writing, read_clock_ms
from local_server.farm.errors import NoFunds, YuntuError
from local_server.farm.job_lists import find_job_writing_same
from local_server.farm.jobs import Plan
from local_server.farm.pricing import PriceBook, choose_book
from local_server.farm.sites import Site
from local_server.farm.states import JobState
from local_server.findings import describe_finding
from local_server.preparation import Preparation, Prepared, Request, make_recipe
from local_server.writer import Writer
from render.findings import Finding, Severity
from render.frame_ranges import format_frames
from sync.blobs import Blobs
from sync.known_files import KnownFiles
from sync.package import store_package

log = logging.getLogger(__name__)


class Submission:
    """Takes pending jobs through pre-flight, packing, estimate and hold."""

    def __init__(
        self,
        writer: Writer,
        preparation: Preparation,
        blobs: Blobs,
        known: KnownFiles,
        books: dict[str, PriceBook],
        borrowing: Borrowing,
        on_queued: Callable[[], None],
    ) -> None:
        self.writer = writer
        self.preparation = preparation
        self.blobs = blobs
        self.known = known
        self.books = books
        self.borrowing = borrowing
        self.on_queued = on_queued
        self.under_way: dict[str, gevent.Greenlet[..., None]] = {}

    @property
    def book(self) -> PriceBook:
        """Return the price book in force."""
        return choose_book(self.books, at_ms=read_clock_ms())

    def begin(self, job: str) -> None:
        """Start on a pending job unless it is under way; returns at once."""
        if job not in self.under_way:
            self.under_way[job] = gevent.spawn(self.submit, job)
            self.under_way[job].link(lambda _: self.under_way.pop(job, None))

    def abandon(self, job: str) -> None:
        """Stop at once with a job that was cancelled, if it is under way."""
        if job in self.under_way:
            self.under_way[job].kill(block=False)

    def begin_pending(self) -> None:
        """Start on every job that an earlier server left pending."""
        for row in self.writer.run(jobs.list_pending_jobs):
            self.begin(row["id"])

    def submit(self, job: str) -> None:
        """Take one job through; what stops it becomes its state and reason."""
        try:
            self.advance(job)
        except YuntuError as error:
            self.writer.write(
                fail_pending, job=job, code=error.code, params=error.params, at_ms=read_clock_ms()
            )
        except Exception:
            log.exception("job=%s: the submission broke", job)
            self.writer.write(
                fail_pending, job=job, code="internal", params={}, at_ms=read_clock_ms()
            )
        self.on_queued()

    def advance(self, job: str) -> None:
        """Prepare, pack, plan and fund a job."""
        row = self.writer.run(jobs.get_job, job=job)
        if row["plan"] is not None:
            self.writer.write(fund_or_pause, job=job, at_ms=read_clock_ms())
            return
        request = Request(**row["request"])
        level = self.writer.run(get_account, account=row["owner"]).level
        prepared = self.preparation.prepare(
            request, book=self.book, level=level, note=lambda step: self.note(job, step)
        )
        findings = [describe_finding(one) for one in prepared.findings]
        if prepared.blockers:
            self.writer.write(block_job, job=job, findings=findings, at_ms=read_clock_ms())
            return
        self.note(job, "packing")
        manifest = self.preparation.pool.apply(
            store_package, (prepared.package, self.blobs), {"known": self.known}
        )
        recipe = make_recipe(prepared, manifest=manifest)
        if request.site == Site.HERE and not request.fresh:
            self.borrowing.borrow(recipe, prepared.numbers)
        self.writer.write(
            plan_and_fund,
            job=job,
            prepared=prepared,
            findings=findings,
            manifest=manifest,
            recipe=recipe,
            book=self.book,
            level=level,
            at_ms=read_clock_ms(),
        )

    def note(self, job: str, step: str) -> None:
        """Say what a pending job is doing."""
        self.writer.write(jobs.note_step, job=job, step=step, at_ms=read_clock_ms())


def plan_and_fund(
    db: Database,
    *,
    job: str,
    prepared: Prepared,
    findings: list[dict[str, Any]],
    manifest: str,
    recipe: str,
    book: PriceBook,
    level: str,
    at_ms: int,
) -> None:
    """Fix a pending job's plan and hold its money; does nothing when it was cancelled meanwhile."""
    assert_writing(db)
    if jobs.get_job(db, job=job)["state"] != JobState.PENDING:
        return
    scene_key = make_scene_key(prepared)
    estimate = estimate_plan(db, prepared, scene_key=scene_key, book=book, level=level, at_ms=at_ms)
    plan = Plan(
        manifest=manifest,
        scene=prepared.package.scene,
        renderer=prepared.renderer.key,
        renderer_version=prepared.renderer.version,
        look=prepared.request.look,
        recipe=recipe,
        width=prepared.facts["width"],
        height=prepared.facts["height"],
        frames=format_frames(prepared.numbers),
        first=prepared.numbers[0],
        last=prepared.numbers[-1],
        out="" if prepared.out is None else str(prepared.out),
        naming=f"{Path(prepared.request.scene).stem}_####",
        price_book=book.id,
        level=level,
        frame_p90_micros=estimate.frame_p90_micros if estimate else book.minimum_micros,
        site=prepared.request.site,
        start_p90_micros=estimate.p90_micros - estimate.frame_p90_micros * len(prepared.numbers)
        if estimate
        else 0,
    )
    jobs.plan_job(
        db, job=job, plan=plan, numbers=prepared.numbers, scene_key=scene_key, at_ms=at_ms
    )
    if (other := find_job_writing_same(db, job=job)) is not None:
        shared = Finding(
            code="out_shared",
            severity=Severity.WARNING,
            params={"path": plan.out, "job": other},
        )
        findings = [*findings, describe_finding(shared)]
    jobs.note_findings(
        db, job=job, findings=findings, estimate=estimate.to_dict() if estimate else None
    )
    fund_or_pause(db, job=job, at_ms=at_ms)


def fund_or_pause(db: Database, *, job: str, at_ms: int) -> None:
    """Hold the P90 of a planned job, or the artist's own cap; without the money it waits paused."""
    row = jobs.get_job(db, job=job)
    if row["state"] != JobState.PENDING:
        return
    amount = choose_hold(row)
    try:
        jobs.fund_job(db, job=job, amount_micros=amount, reason="held", at_ms=at_ms)
    except NoFunds as error:
        wait_for_money(db, row, error, at_ms=at_ms)


def wait_for_money(db: Database, row: Row, error: NoFunds, *, at_ms: int) -> None:
    """Let a job without a hold wait, paused, for what `error` says is lacking."""
    reason = "funds" if error.code == "no_funds" else error.code
    if row["reason"] != reason:
        jobs.put_job(db, row, to=JobState.PAUSED, reason=reason, at_ms=at_ms, **error.params)


def choose_hold(row: Row) -> int:
    """Return what to hold for a job, in micros: the artist's own cap, else the P90."""
    cap = row["request"]["max_cost_micros"]
    if cap is not None:
        return int(cap)
    plan = jobs.read_plan(row)
    return plan.frame_p90_micros * int(row["frames_total"]) + plan.start_p90_micros


def estimate_plan(
    db: Database,
    prepared: Prepared,
    *,
    scene_key: str,
    book: PriceBook,
    level: str,
    at_ms: int,
) -> Estimate | None:
    """Return an estimate from frames that this very scene has rendered, else the measured one.

    The nodes that are up share the frames, as far as the membership lets them.
    """
    frames, cores = len(prepared.numbers), None
    estimate, history = prepared.estimate, read_history(db, scene_key=scene_key)
    if history is not None:
        p50, p90, cores = history
        estimate = estimate_job(
            frame_p50_ms=p50,
            frame_p90_ms=p90 + p90 // 4,
            frames=frames,
            cores=cores,
            book=book,
            level=level,
            source="history",
        )
    if estimate is None:
        return None
    site, renderer = prepared.request.site, prepared.renderer.key
    lanes = count_lanes(db, renderer=renderer, site=site, cores=cores, at_ms=at_ms)
    return estimate.spread(frames, min(lanes, book.level(level).frames_max or lanes))


def make_scene_key(prepared: Prepared) -> str:
    """Return what makes two jobs' frames comparable in time: scene, renderer and look."""
    look = prepared.request.look
    size = f"{prepared.facts['width']}x{prepared.facts['height']}"
    key = f"{prepared.request.scene}|{prepared.renderer.key}|{size}|{look['samples']}"
    seen = [look["camera"] or "", *look.get("view_layers", ())]
    return f"{key}|{'|'.join(seen)}" if any(seen) else key


def block_job(db: Database, *, job: str, findings: list[dict[str, Any]], at_ms: int) -> None:
    """Fail a pending job that pre-flight stops; nothing was held for it."""
    if jobs.get_job(db, job=job)["state"] != JobState.PENDING:
        return
    jobs.note_findings(db, job=job, findings=findings, estimate=None)
    jobs.move_job(db, job=job, to=JobState.FAILED, reason="preflight", at_ms=at_ms)


def fail_pending(
    db: Database, *, job: str, code: str, params: dict[str, str | int], at_ms: int
) -> None:
    """Fail a pending job for a reason that came before any finding."""
    if jobs.get_job(db, job=job)["state"] == JobState.PENDING:
        jobs.move_job(db, job=job, to=JobState.FAILED, reason=code, at_ms=at_ms, **params)
