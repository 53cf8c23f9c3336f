"""Reports of nodes, applied to the database; each may come twice, late, or from the wrong node."""

import logging
from dataclasses import dataclass, field, fields
from typing import Any

import pysqlite3 as sqlite3
from sqlite_utils import Database

from local_server.farm import attempts, nodes
from local_server.farm.attempts import Result
from local_server.farm.db import assert_writing
from local_server.farm.errors import YuntuError
from local_server.farm.jobs import find_job, get_job, read_plan
from local_server.farm.pricing import PriceBook
from local_server.farm.sites import Site
from local_server.farm.states import OPEN_JOB_STATES
from render.protocol import (
    AboutAttempt,
    Beat,
    Done,
    Failed,
    Hello,
    Inspected,
    ProgressMade,
    Started,
)
from sync.records import read_job

log = logging.getLogger(__name__)
LEASE_MS = 15_000
AnyReport = Hello | Beat | Started | ProgressMade | Done | Failed | Inspected


@dataclass(kw_only=True, slots=True)
class Aftermath:
    """What is left to do once the reports are committed."""

    lines: list[tuple[str, int, int, tuple[str, ...]]] = field(default_factory=list)
    progress: list[ProgressMade] = field(default_factory=list)
    inspected: list[Inspected] = field(default_factory=list)
    greeted: list[Hello] = field(default_factory=list)
    unwanted: dict[str, int] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    any: bool = False


def bring_home(report: AnyReport, device: str) -> AnyReport:
    """Return a report with this machine's own ids of its jobs; another machine's keep its name."""
    if isinstance(report, Beat):
        holding = tuple((read_job(device, job), *rest) for job, *rest in report.holding)
        return report.model_copy(update={"holding": holding})
    if not isinstance(report, AboutAttempt):
        return report
    told: dict[str, Any] = {"job": read_job(device, report.job)}
    if isinstance(report, Done):
        first = read_job(device, str(report.result.get("job")))
        told["result"] = report.result | {"job": first}
    return report.model_copy(update=told)


def apply_reports(
    db: Database,
    reports: list[AnyReport],
    *,
    books: dict[str, PriceBook],
    at_ms: int,
    site: Site = Site.HERE,
) -> Aftermath:
    """Apply a batch of reports of a site's nodes in the open transaction.

    A report that cannot be applied is undone alone and logged: the others stand.
    """
    assert_writing(db)
    aftermath = Aftermath(any=bool(reports))
    for report in reports:
        db.conn.execute("SAVEPOINT report")
        try:
            apply_report(db, report, aftermath, books=books, at_ms=at_ms, site=site)
        except (
            YuntuError,
            sqlite3.IntegrityError,
            AssertionError,
            TypeError,
            KeyError,
            ValueError,
        ):
            db.conn.execute("ROLLBACK TO report")
            log.exception("a report could not be applied: %r", report)
        db.conn.execute("RELEASE report")
    return aftermath


def apply_report(
    db: Database,
    report: AnyReport,
    aftermath: Aftermath,
    *,
    books: dict[str, PriceBook],
    at_ms: int,
    site: Site,
) -> None:
    """Apply one report."""
    match report:
        case Hello():
            nodes.greet_node(
                db,
                id=report.node,
                name=report.name,
                pid=report.pid,
                version=report.version,
                renderers=list(report.renderers),
                slots=report.slots,
                at_ms=at_ms,
                site=site,
            )
            aftermath.greeted.append(report)
        case Beat():
            nodes.see_node(db, id=report.node, at_ms=at_ms)
            for job, number, attempt in report.holding:
                held = attempts.renew_lease(
                    db,
                    job=job,
                    number=number,
                    attempt=attempt,
                    node=report.node,
                    lease_ms=LEASE_MS,
                    at_ms=at_ms,
                )
                if not held:
                    note_unwanted(db, aftermath, job=job)
        case Started():
            attempts.start_attempt(
                db, **name_attempt(report), node=report.node, lease_ms=LEASE_MS, at_ms=at_ms
            )
        case ProgressMade():
            aftermath.progress.append(report)
            aftermath.lines.append((report.job, report.number, report.attempt, report.lines))
        case Done():
            result = parse_result(report.result)
            book = books[read_plan(get_job(db, job=report.job)).price_book]
            if not attempts.finish_attempt(
                db, **name_attempt(report), result=result, book=book, at_ms=at_ms
            ):
                log.info("job=%s frame=%s refused: done, late", report.job, report.number)
            aftermath.lines.append((report.job, report.number, report.attempt, report.lines))
        case Failed():
            setback = attempts.fail_attempt(
                db,
                **name_attempt(report),
                node=report.node,
                reason=report.reason,
                words=report.words,
                counts=report.counts,
                at_ms=at_ms,
            )
            if setback is not None and setback.left_out:
                aftermath.left_out.append((report.job, report.node))
            aftermath.lines.append((report.job, report.number, report.attempt, report.lines))
        case Inspected():
            aftermath.inspected.append(report)


def note_unwanted(db: Database, aftermath: Aftermath, *, job: str) -> None:
    """Note a job that a node is at although it rests: its stop mark went down with the queue."""
    row = find_job(db, job=job)
    if row is not None and row["state"] not in OPEN_JOB_STATES:
        aftermath.unwanted[job] = row["run"]


def name_attempt(report: Started | Done | Failed) -> dict[str, Any]:
    """Return which attempt a report is about."""
    return {"job": report.job, "number": report.number, "attempt": report.attempt}


def parse_result(record: dict[str, Any]) -> Result:
    """Return a frame record, as it travels, as the farm's result."""
    names = {one.name for one in fields(Result)}
    known = {name: value for name, value in record.items() if name in names}
    return Result(**known | {"warnings": tuple(record["warnings"])})
