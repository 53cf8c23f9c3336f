"""Jobs over the interface: lists, bulk orders, undo, logs by the page, forecasts."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
import requests

from local_server.farm import jobs
from local_server.farm.db import open_database, read_clock_ms, write
from local_server.preparation import Request
from local_server.settings import OWNER
from tests.end_to_end.running_farm import RunningFarm
from tests.local_server.conftest import JOB, fill_database

NAMES = ("Lanterns", "tea", "Tea 2", "灯笼")


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFarm]:
    """A server with a running job and four cancelled ones."""
    running = RunningFarm(tmp_path_factory.mktemp("jobs") / "data", "--no-node")
    running.data.mkdir()
    fill_database(running.data / "farm.db", out=running.out(JOB))
    db, now = open_database(running.data / "farm.db"), read_clock_ms()
    with write(db):
        for number, name in enumerate(NAMES):
            jobs.create_job(
                db,
                id=f"over-{number}",
                owner=OWNER,
                name=name,
                request=asdict(Request(scene=f"/scenes/{number}.blend")),
                priority=number * 10,
                at_ms=now,
            )
            jobs.cancel_job(db, job=f"over-{number}", at_ms=now)
    db.conn.close()
    with running:
        log = running.data / "logs" / "jobs" / JOB / "1-1.log"
        log.parent.mkdir(parents=True)
        log.write_text("".join(f"line {number}\n" for number in range(1, 11)) + "half a li")
        yield running
        running.assert_clean()


def list_ids(farm: RunningFarm, **query: Any) -> list[str]:
    """Return the ids of a list."""
    return [one["id"] for one in farm.get("/jobs", **query)["items"]]


def order(farm: RunningFarm, verb: str, *ids: str, **more: Any) -> list[dict[str, Any]]:
    """Give an order to many jobs and return what became of each."""
    items: list[dict[str, Any]] = farm.post("/orders", {"verb": verb, "jobs": ids, **more})["items"]
    return items


def test_lists_are_chosen_and_sorted(farm: RunningFarm) -> None:
    assert list_ids(farm) == ["over-3", "over-2", "over-1", "over-0", JOB]
    assert list_ids(farm, order="asc", limit=2) == [JOB, "over-0"]
    assert list_ids(farm, sort="name") == [JOB, "over-0", "over-1", "over-2", "over-3"]
    assert list_ids(farm, sort="priority", limit=1) == [JOB]
    assert list_ids(farm, state=["running", "paused"]) == [JOB]
    assert list_ids(farm, text="TEA") == ["over-2", "over-1"]
    assert list_ids(farm, text="灯") == ["over-3"]
    assert list_ids(farm, text="/scenes/0") == ["over-0"]
    assert list_ids(farm, prefix="over-2") == ["over-2"]
    assert list_ids(farm, owner="nobody") == []
    page = farm.get("/jobs", sort="name", limit=2)
    assert list_ids(farm, sort="name", limit=2, cursor=page["next"]) == ["over-1", "over-2"]


def test_a_mark_of_another_order_is_refused(farm: RunningFarm) -> None:
    mark = farm.get("/jobs", sort="name", limit=1)["next"]
    half = "WyJcdWQ4MDAiLDFd"  # ["\ud800",1]: half of a character, which no database looks up
    for order, cursor in (("cost", mark), ("name", half)):
        query = {"sort": order, "cursor": cursor}
        response = farm.session.get(f"{farm.address}/jobs", params=query, timeout=60)
        assert response.json()["error"]["code"] == "cursor_wrong"


def test_one_order_for_many_jobs(farm: RunningFarm) -> None:
    told = order(farm, "priority", JOB, "nobody", "over-1", JOB, priority=77)
    assert [one["id"] for one in told] == [JOB, "nobody", "over-1"]
    assert [one["job"]["priority"] if one["job"] else None for one in told] == [77, None, 77]
    assert told[1]["error"]["code"] == "no_job"
    told = order(farm, "pause", JOB, "over-0")
    assert told[0]["job"]["state"] == "paused"
    assert told[1]["error"]["code"] == "job_cannot_move"
    assert "Cancelled" in told[1]["error"]["detail"] or "cancelled" in told[1]["error"]["detail"]
    told = order(farm, "resume", JOB, max_cost_micros=1)
    assert told[0]["error"]["code"] == "cap_below_hold", "what is set aside may be spent"
    told = order(farm, "resume", JOB)
    assert told[0]["job"]["state"] == "queued"


def test_states_are_told_in_the_readers_language(farm: RunningFarm) -> None:
    response = farm.session.post(
        f"{farm.address}/jobs/over-0/pause", headers={"Accept-Language": "zh"}, timeout=60
    )
    assert "已取消" in response.json()["error"]["detail"]
    assert "cancelled" not in response.json()["error"]["detail"]


def test_what_was_deleted_comes_back(farm: RunningFarm) -> None:
    farm.session.delete(f"{farm.address}/jobs/over-2", timeout=60).raise_for_status()
    assert "over-2" not in list_ids(farm)
    assert order(farm, "restore", "over-2", "over-1")[1]["error"]["code"] == "job_not_deleted"
    assert "over-2" in list_ids(farm)
    told = order(farm, "delete", "over-1", "over-2", JOB)
    assert [one["error"] and one["error"]["code"] for one in told] == [None, None, "job_not_over"]
    farm.post("/jobs/over-1/restore")
    order(farm, "restore", "over-2")
    assert len(list_ids(farm)) == 5


@pytest.mark.parametrize(
    "body",
    [
        {"verb": "pause", "jobs": []},
        {"verb": "pause", "jobs": ["x"] * 501},
        {"verb": "explode", "jobs": [JOB]},
        {"verb": "priority", "jobs": [JOB], "priority": 101},
        {"verb": "resume", "jobs": [JOB], "max_cost_micros": -1},
    ],
)
def test_orders_that_make_no_sense(farm: RunningFarm, body: dict[str, Any]) -> None:
    response = farm.session.post(f"{farm.address}/orders", json=body, timeout=60)
    assert response.json()["error"]["code"] == "invalid"


def test_a_log_is_followed_by_the_page(farm: RunningFarm) -> None:
    path = f"/jobs/{JOB}/frames/1/log/lines"
    first = farm.get(path, limit=4)
    assert first["lines"] == ["line 1", "line 2", "line 3", "line 4"]
    rest = farm.get(path, after=first["next"])
    assert rest["lines"] == [f"line {number}" for number in range(5, 11)], "whole lines only"
    assert farm.get(path, after=rest["next"])["lines"] == []
    assert farm.get(path, tail=2) | {"ended": True} == {
        "lines": ["line 9", "line 10"],
        "next": rest["next"],
        "ended": True,
    }
    with (farm.data / "logs" / "jobs" / JOB / "1-1.log").open("a") as file:
        file.write("ne\n")
    assert farm.get(path, after=rest["next"])["lines"] == ["half a line"]
    assert farm.get(path, after=2**50)["lines"] == []


def test_a_story_is_read_by_the_page(farm: RunningFarm) -> None:
    path = f"/jobs/{JOB}/log"
    whole = requests.get(
        farm.address + path,
        headers={"Authorization": farm.session.headers["Authorization"]},
        timeout=60,
    ).text.splitlines()
    first = farm.get(f"{path}/lines", limit=3)
    rest = farm.get(f"{path}/lines", after=first["next"])
    assert first["lines"] + rest["lines"] == whole
    assert farm.get(f"{path}/lines", tail=2)["lines"] == whole[-2:]
    assert not first["ended"]


def test_a_job_tells_what_it_will_come_to(farm: RunningFarm) -> None:
    job = farm.get(f"/jobs/{JOB}")
    assert job["forecast"] is None, "one frame says nothing, and there was no estimate"
    assert job["refunded_micros"] == 0
    assert farm.get("/jobs/over-0")["forecast"] == {
        "p50_micros": 0,
        "p90_micros": 0,
        "source": "bill",
    }
