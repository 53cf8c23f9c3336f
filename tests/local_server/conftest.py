"""A server without a node, over a database that holds a job with frames."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from flask_openapi3 import OpenAPI

from local_server.app import create_app
from local_server.farm import attempts, frames, jobs, ledger
from local_server.farm.accounts import Role, ensure_account
from local_server.farm.attempts import Result
from local_server.farm.db import open_database, read_clock_ms, write
from local_server.farm.jobs import Plan
from local_server.farm.pricing import load_price_books
from local_server.preparation import Request
from local_server.serve import build_services
from local_server.settings import OWNER, make_settings
from tests.end_to_end.running_farm import RunningFarm, wait_until

JOB = "job-of-three"
YUAN = 1_000_000


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFarm]:
    """A running server without a node; `JOB` has three frames, of which the first is done."""
    running = RunningFarm(tmp_path_factory.mktemp("server") / "data", "--no-node")
    running.data.mkdir()
    fill_database(running.data / "farm.db", out=running.out(JOB))
    with running:
        yield running
        running.assert_clean()
    wait_until(lambda: not running.list_orphans(), seconds=60, what="no orphans")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[OpenAPI]:
    """The application itself, over an empty database, for what no request can bring about."""
    services = build_services(make_settings(data=tmp_path, node=False))
    try:
        yield create_app(services)
    finally:
        services.writer.close()
        services.reader.conn.close()


def fill_database(path: Path, *, out: Path) -> None:
    """Write a job that a server would have: checked, paid for, one of its frames done."""
    db = open_database(path)
    now, book = read_clock_ms(), max(load_price_books().values(), key=lambda one: one.id)
    with write(db):
        ensure_account(db, account=OWNER, name=OWNER, role=Role.ADMIN, at_ms=now)
        ledger.mint(db, id="topup:seed", owner=OWNER, amount_micros=10 * YUAN, at_ms=now)
        jobs.create_job(
            db,
            id=JOB,
            owner=OWNER,
            name=JOB,
            request=asdict(Request(scene="/lost.blend")),
            priority=50,
            at_ms=now,
        )
        jobs.plan_job(
            db,
            job=JOB,
            plan=make_plan(out),
            numbers=(1, 2, 3),
            scene_key="lost",
            at_ms=now,
        )
        jobs.fund_job(db, job=JOB, amount_micros=3 * YUAN, reason="held", at_ms=now)
        handed = frames.hand_frames(db, renderer="blender-0.0", limit=1, jobs_max=1, at_ms=now)
        told: dict[str, Any] = {"job": JOB, "number": 1, "attempt": handed[0].attempt}
        attempts.start_attempt(db, **told, node="node", lease_ms=1000, at_ms=now)
        attempts.finish_attempt(db, **told, result=make_result(), book=book, at_ms=now)
    db.conn.close()


def make_plan(out: Path) -> Plan:
    """Return the plan of a job whose scene is lost."""
    return Plan(
        manifest="0" * 64,
        scene="lost.blend",
        renderer="blender-0.0",
        renderer_version="0.0",
        look={},
        recipe="1" * 64,
        width=32,
        height=32,
        frames="1-3",
        first=1,
        last=3,
        out=str(out),
        naming="lost_####",
        price_book=max(load_price_books()),
        level="standard",
        frame_p90_micros=YUAN,
    )


def make_result() -> Result:
    """Return a finished frame whose picture the store has lost."""
    return Result(
        job=JOB,
        attempt=1,
        node="node",
        picture="2" * 64,
        extension=".png",
        size_bytes=1,
        thumbnail=None,
        width=32,
        height=32,
        render_ms=1000,
        load_ms=0,
        cores=2,
        warnings=("black",),
    )
