"""What is one person's reaches nobody else: every list and page, read by all the others."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from local_server.access import DOCUMENTS, RIGHTS, Right, name_route
from local_server.farm import jobs, ledger
from local_server.farm.db import read_clock_ms
from local_server.farm.jobs import Plan
from local_server.submission import fund_or_pause
from tests.local_server.cast import Studio, assert_refused, open_studio
from tests.local_server.conftest import JOB, fill_database, make_plan

DEAR, DEAR_MICROS = "job-beyond-means", 200_000_000
EMAIL, PHONE, TOP_UP = "owner@studio.cn", "+8613800138000", "topup-of-owner"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio in which `owner` has a job, money, and ways to be reached."""
    data: Path = tmp_path_factory.mktemp("isolation")
    fill_database(data / "farm.db", out=data / "out")
    with open_studio(data, "another", "producer", "admin") as studio:
        studio.add_person("owner", email=EMAIL, phone=PHONE)
        run, write = studio.services.writer.run, studio.services.writer.write
        for table in ("job", "event"):
            run(lambda db, it: db.conn.execute(f"UPDATE {it} SET owner = 'owner'"), table)
        now = read_clock_ms()
        write(ledger.mint, id=TOP_UP, owner="owner", amount_micros=123_454_321, at_ms=now)
        write(add_dear_job, plan=make_plan(data), at_ms=now)
        yield studio


def add_dear_job(db: Database, *, plan: Plan, at_ms: int) -> None:
    """Give the owner a job that waits for more money than there is."""
    request = {"scene": "/lost.blend", "frames": "1", "max_cost_micros": DEAR_MICROS}
    named: dict[str, Any] = {"id": DEAR, "owner": "owner", "name": DEAR}
    jobs.create_job(db, **named, request=request, priority=50, at_ms=at_ms)
    jobs.plan_job(db, job=DEAR, plan=plan, numbers=(1,), scene_key="s", at_ms=at_ms)
    fund_or_pause(db, job=DEAR, at_ms=at_ms)


def read_everything(studio: Studio, name: str) -> dict[str, str]:
    """Return every page that needs no id, as a person reads it."""
    token = studio.get_access(name)
    pages = {}
    for rule in studio.app.url_map.iter_rules():
        if rule.arguments or rule.rule.startswith(DOCUMENTS) or "GET" not in (rule.methods or ()):
            continue
        if RIGHTS[name_route("GET", rule.rule)] in (Right.PERSON, Right.ANYONE, Right.PRODUCER):
            pages[rule.rule] = studio.open("GET", rule.rule, token).text
    return pages


def test_artists_see_nothing_of_each_other(studio: Studio) -> None:
    session = str(studio.sign_in("owner")["session"])
    for path, page in read_everything(studio, "another").items():
        for secret in (JOB, EMAIL, PHONE, TOP_UP, session, "123454321", '"owner"'):
            assert secret not in page, f"{path} tells of {secret}"


def test_producers_see_jobs_and_names_but_no_money_and_no_numbers(studio: Studio) -> None:
    session = str(studio.sign_in("owner")["session"])
    pages = read_everything(studio, "producer")
    for path, page in pages.items():
        for secret in (EMAIL, PHONE, TOP_UP, session, "123454321"):
            assert secret not in page, f"{path} tells of {secret}"
    assert JOB in pages["/api/v1/jobs"] and JOB in pages["/api/v1/events"]
    assert '"owner"' in pages["/api/v1/people"]


def test_producers_see_what_jobs_cost_but_never_what_there_is(studio: Studio) -> None:
    token = studio.get_access("producer")
    told = studio.call("GET", f"/jobs/{JOB}", token).get_json()
    assert (told["cost_micros"], told["held_micros"]) == (333, 3_000_000)
    assert '"amount_micros":333' in studio.call("GET", f"/jobs/{JOB}/frames", token).text
    for way in ("", "/frames", "/log", "/log/lines"):
        page = studio.call("GET", f"/jobs/{DEAR}{way}", token).text
        assert "123454321" not in page and "123.45" not in page, page
    refused = studio.call("POST", f"/jobs/{DEAR}/resume", token, json={})
    assert_refused(refused, 402, "no_funds")
    assert refused.get_json()["error"]["params"] == {"needed_micros": DEAR_MICROS}
    ledger_lines = studio.call("GET", f"/jobs/{JOB}/log", studio.get_access("admin")).text
    assert "ledger.hold" in ledger_lines
    assert "ledger." not in studio.call("GET", f"/jobs/{JOB}/log", token).text
    for page in (
        "/balance?",
        "/statement?",
        "/bills?",
        "/usage?since=2026-01-01&until=2026-02-01&",
    ):
        assert_refused(studio.call("GET", f"{page}account=owner", token), 403, "not_allowed")
    assert_refused(studio.call("GET", f"/jobs/{JOB}/bill", token), 403, "not_yours")


def test_owners_and_admins_see_what_is_theirs(studio: Studio) -> None:
    pages = read_everything(studio, "owner")
    assert JOB in pages["/api/v1/jobs"] and JOB in pages["/api/v1/events"]
    assert TOP_UP in pages["/api/v1/statement"] and EMAIL in pages["/api/v1/me"]
    admin = read_everything(studio, "admin")
    assert EMAIL in admin["/api/v1/people"] and "ledger.mint" in admin["/api/v1/events"]
