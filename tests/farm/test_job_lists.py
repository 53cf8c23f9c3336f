"""Lists of jobs: every order page by page, stable under changes, and never by reading them all."""

import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_server.farm.db import write
from local_server.farm.job_lists import (
    JobOrder,
    JobsWanted,
    Place,
    find_job_writing_same,
    find_place,
    list_jobs,
)
from local_server.farm.states import JobState
from tests.farm.workshop import Workshop

NAMES = ["灯笼", "Lanterns", "lanterns 2", "tea", "Tea", "ärger", "50% off", "a_b"]
EVERYTHING = JobsWanted()


@pytest.fixture
def full(shop: Workshop) -> Workshop:
    """Forty jobs of two owners, many of them alike."""
    shop.open_account("you")
    dice = random.Random(7)
    for number in range(40):
        job = f"job-{number:02}"
        shop.create(job, owner=("me", "you")[number % 2])
        values = (dice.choice(NAMES), dice.choice(list(JobState)), dice.randrange(4) * 10)
        with write(shop.db):
            shop.db.conn.execute(
                "UPDATE job SET name = ?, words = lower(?1), state = ?, priority = ?,"
                " cost_micros = ?3, finished_at_ms = 1 WHERE id = ?",
                (*values, job),
            )
    return shop


def read_all(shop: Workshop, wanted: JobsWanted, *, size: int, **how: object) -> list[str]:
    """Return the ids of a list, page by page."""
    found, after = [], None
    order = how.get("order", JobOrder.CREATED)
    assert isinstance(order, JobOrder)
    while page := list_jobs(shop.db, wanted, limit=size, after=after, **how):  # type: ignore[arg-type]
        found += [row["id"] for row in page]
        after = find_place(page[-1], order)
    return found


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("order", JobOrder)
@pytest.mark.parametrize(
    "wanted", [EVERYTHING, JobsWanted(owner="me"), JobsWanted(owner="you", text="LANTERNS")]
)
def test_pages_make_up_the_whole_list(
    full: Workshop, wanted: JobsWanted, order: JobOrder, descending: bool
) -> None:
    whole = read_all(full, wanted, size=500, order=order, descending=descending)
    assert len(whole) == len(set(whole)) > 0
    for size in (1, 3, 7):
        assert read_all(full, wanted, size=size, order=order, descending=descending) == whole
    mirrored = read_all(full, wanted, size=500, order=order, descending=not descending)
    assert mirrored == whole[::-1]


def test_what_is_chosen(full: Workshop) -> None:
    rows = list_jobs(full.db, EVERYTHING, limit=500)
    states = (JobState.FAILED, JobState.PAUSED)
    chosen = list_jobs(full.db, JobsWanted(states=states), limit=500)
    assert [row["id"] for row in chosen] == [row["id"] for row in rows if row["state"] in states]
    for text in ("灯", "TEA", "%", "_", "nothing of the kind"):
        chosen = list_jobs(full.db, JobsWanted(text=text), limit=500)
        wanted = [row["id"] for row in rows if text.lower() in row["words"]]
        assert [row["id"] for row in chosen] == wanted
    chosen = list_jobs(full.db, JobsWanted(prefix="job-1"), limit=500)
    assert {row["id"] for row in chosen} == {f"job-1{digit}" for digit in range(10)}
    assert list_jobs(full.db, JobsWanted(prefix="job-10", owner="you"), limit=500) == []


def test_a_page_neither_repeats_nor_hides_what_stays(full: Workshop) -> None:
    """Jobs that come, go and change while a list is read do not move the others."""
    changed = {"job-03", "job-10", "job-22"}
    whole = [
        id
        for id in read_all(full, EVERYTHING, size=500, order=JobOrder.COST, descending=True)
        if id not in changed
    ]
    first = list_jobs(full.db, EVERYTHING, order=JobOrder.COST, limit=10)
    with write(full.db):
        full.db.conn.execute("UPDATE job SET cost_micros = 25 WHERE id = 'job-03'")
        full.db.conn.execute("UPDATE job SET cost_micros = 0 WHERE id = 'job-22'")
        full.db.conn.execute("UPDATE job SET deleted_at_ms = 1 WHERE id = 'job-10'")
    full.create("job-new")
    place = find_place(first[-1], JobOrder.COST)
    rest = list_jobs(full.db, EVERYTHING, order=JobOrder.COST, limit=500, after=place)
    seen = [row["id"] for row in first + rest]
    assert [id for id in seen if id not in changed | {"job-new"}] == whole


@settings(max_examples=30, deadline=None)
@given(text=st.text(min_size=1, max_size=8), serial=st.integers(-(2**63), 2**63 - 1))
def test_any_words_and_any_place_are_an_answer(text: str, serial: int) -> None:
    shop = Workshop.fresh()
    try:
        shop.create("job-1")
        place = Place(key=text, serial=serial)
        list_jobs(shop.db, JobsWanted(text=text), order=JobOrder.NAME, after=place)
    finally:
        shop.db.conn.close()


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("owner", ["me", None])
@pytest.mark.parametrize("order", JobOrder)
def test_no_order_sorts_or_reads_every_job(
    shop: Workshop, order: JobOrder, owner: str | None, descending: bool
) -> None:
    shop.submit("job-1", count=1)
    row = shop.job()
    wants: list[dict[str, Any]] = [{}, {"states": (JobState.RUNNING,)}]
    if order is JobOrder.CREATED:  # what is found in other orders is sorted
        wants += [one | {"text": "job"} for one in wants]
    for wanted in [JobsWanted(owner=owner, **more) for more in wants]:
        for after in (None, find_place(row, order)):
            statements: list[str] = []
            shop.db.conn.set_trace_callback(statements.append)
            list_jobs(shop.db, wanted, order=order, descending=descending, after=after)
            shop.db.conn.set_trace_callback(None)
            [sql] = statements
            inner = re.search(r"serial IN \((SELECT serial .* LIMIT \d+)\)", sql)
            assert inner is not None
            plan = [row[3] for row in shop.db.conn.execute(f"EXPLAIN QUERY PLAN {inner[1]}")]
            looks = [step for step in plan if step.startswith(("SCAN", "SEARCH"))]
            assert all("COVERING INDEX" in step for step in looks), (inner[1], plan)
            assert not [step for step in plan if "TEMP B-TREE" in step], (inner[1], plan)


def test_only_a_job_under_way_that_writes_the_same_files_is_in_the_way(shop: Workshop) -> None:
    for job in ("first", "second", "away"):
        shop.submit(job, count=2)
    shop.db.conn.execute("UPDATE job SET plan = json_set(plan, '$.out', '') WHERE id = 'away'")
    assert find_job_writing_same(shop.db, job="second") == "first"
    assert find_job_writing_same(shop.db, job="away") is None, "its pictures stay in the store"
    shop.db.conn.execute("UPDATE frame SET number = number + 2 WHERE job = 'second'")
    assert find_job_writing_same(shop.db, job="second") is None
    shop.db.conn.execute("UPDATE frame SET number = number - 2 WHERE job = 'second'")
    shop.cancel("first")
    assert find_job_writing_same(shop.db, job="second") is None
