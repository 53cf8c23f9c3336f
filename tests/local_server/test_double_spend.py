"""Thirty-two requests at once on one balance: nothing is spent, brought in or given back twice."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import requests

from local_server.farm import jobs
from local_server.farm.accounts import Role, ensure_account
from local_server.farm.db import open_database, read_clock_ms, write
from local_server.farm.states import JobState
from local_server.preparation import Request
from local_server.settings import OWNER
from tests.end_to_end.running_farm import RunningFarm
from tests.local_server.conftest import YUAN, make_plan

AT_ONCE = 32


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[RunningFarm]:
    """A server with no money, and a job for each request that was never given its yuan."""
    running = RunningFarm(tmp_path / "data", "--no-node")
    running.data.mkdir()
    db, now = open_database(running.data / "farm.db"), read_clock_ms()
    with write(db):
        ensure_account(db, account=OWNER, name=OWNER, role=Role.ADMIN, at_ms=now)
        for number in range(AT_ONCE):
            job = f"job-{number}"
            request = asdict(Request(scene="/lost.blend", max_cost_micros=YUAN))
            jobs.create_job(
                db, id=job, owner=OWNER, name=job, request=request, priority=50, at_ms=now
            )
            jobs.plan_job(
                db, job=job, plan=make_plan(tmp_path), numbers=(1,), scene_key="s", at_ms=now
            )
            jobs.move_job(db, job=job, to=JobState.PAUSED, reason="unfunded", at_ms=now)
    db.conn.close()
    with running:
        yield running
        running.assert_clean()


def send_at_once(
    farm: RunningFarm, make: Callable[[int], tuple[str, dict[str, Any]]]
) -> Counter[int]:
    """Send every request at the same moment, on connections of their own; count the statuses."""
    together = Barrier(AT_ONCE)

    def send(number: int) -> int:
        path, body = make(number)
        with requests.Session() as session:
            session.headers.update(farm.session.headers)
            session.get(f"{farm.address}/health", timeout=60)
            together.wait()
            return session.post(farm.address + path, json=body, timeout=60).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(send, range(AT_ONCE)))


def test_holds_take_no_more_than_there_is(farm: RunningFarm) -> None:
    farm.top_up(10)
    told = send_at_once(farm, lambda number: (f"/jobs/job-{number}/resume", {}))
    assert told == {200: 10, 402: 22}
    balance = farm.get("/balance")
    assert (balance["free_micros"], balance["held_micros"]) == (0, 10 * YUAN)


def test_withdrawals_take_no_more_than_there_is(farm: RunningFarm) -> None:
    farm.top_up(10)
    body = {"amount_micros": 3 * YUAN}
    told = send_at_once(farm, lambda number: ("/withdrawals", body | {"id": f"out-{number}"}))
    assert told == {201: 3, 402: 29}
    assert farm.get("/balance")["total_micros"] == YUAN


def test_holds_and_withdrawals_share_one_balance(farm: RunningFarm) -> None:
    farm.top_up(5)

    def make(number: int) -> tuple[str, dict[str, Any]]:
        if number % 2:
            return "/withdrawals", {"id": f"out-{number}", "amount_micros": YUAN}
        return f"/jobs/job-{number}/resume", {}

    told = send_at_once(farm, make)
    assert (told[200] + told[201], told[402]) == (5, 27)
    balance = farm.get("/balance")
    assert (balance["free_micros"], balance["held_micros"]) == (0, told[200] * YUAN)


def test_one_top_up_that_is_sent_by_all_counts_once(farm: RunningFarm) -> None:
    body = {"id": "the-same", "amount_micros": 7 * YUAN}
    assert send_at_once(farm, lambda _: ("/topups", body)) == {201: AT_ONCE}
    assert farm.get("/balance")["total_micros"] == 7 * YUAN


def test_one_id_for_two_amounts_counts_once(farm: RunningFarm) -> None:
    told = send_at_once(
        farm, lambda number: ("/topups", {"id": "the-same", "amount_micros": 1 + number % 2})
    )
    assert told == {201: AT_ONCE // 2, 409: AT_ONCE // 2}
    assert farm.get("/balance")["total_micros"] in (1, 2)
