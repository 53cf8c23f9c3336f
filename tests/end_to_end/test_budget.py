"""Money: what may be spent is never passed, and a job that lacks it waits and goes on."""

import time
from typing import Any

import pytest

from tests.end_to_end.conftest import Scenes
from tests.end_to_end.running_farm import RunningFarm

LEAST_MICROS = 200  # what the price book asks at least for a frame


def refuse(farm: RunningFarm, path: str, body: dict[str, Any]) -> tuple[int, str]:
    """POST what must be refused; returns the status and the error's code."""
    response = farm.session.post(farm.address + path, json=body, timeout=30)
    return response.status_code, response.json()["error"]["code"]


@pytest.mark.parametrize("cap", [0, 2 * LEAST_MICROS + 50])
def test_a_cap_is_never_passed(farm: RunningFarm, scenes: Scenes, cap: int) -> None:
    job = f"capped-{cap}"
    farm.submit(job, scenes.turning, frames="1-6", fresh=True, max_cost_micros=cap)
    shown = farm.wait_for_rest(job)
    assert (shown["state"], shown["reason"]["code"]) == ("paused", "budget")
    assert shown["cost_micros"] == cap, "a frame that the cap cuts off is given for the rest"
    done = shown["frames"]["done"]
    assert done == (3 if cap else 0)
    assert refuse(farm, f"/jobs/{job}/resume", {}) == (409, "budget_needs_consent")
    assert refuse(farm, f"/jobs/{job}/resume", {"max_cost_micros": cap}) == (
        409,
        "budget_needs_consent",
    )
    before = farm.frames(job)
    farm.post(f"/jobs/{job}/resume", {"max_cost_micros": 100_000_000})
    shown = farm.wait_for_rest(job)
    assert (shown["state"], shown["frames"]["done"]) == ("completed", 6)
    for number, frame in before.items():
        if frame["state"] == "done":
            assert farm.frames(job)[number]["amount_micros"] == frame["amount_micros"]
    bill = farm.assert_paid_once(job)
    assert bill["total_micros"] <= 100_000_000
    assert bill["released_micros"] == bill["held_micros"] - bill["total_micros"]
    assert farm.get("/balance")["held_micros"] == 0


def test_what_is_held_by_itself_is_what_nine_in_ten_take(farm: RunningFarm, scenes: Scenes) -> None:
    farm.submit("held", scenes.turning, frames="1-6", fresh=True, max_cost_micros=None)
    farm.wait_for_state("held", "queued", "running", "completed", "paused", seconds=60)
    job = farm.get("/jobs/held")
    assert job["held_micros"] == job["estimate"]["p90_micros"] >= 6 * LEAST_MICROS
    rest = farm.wait_for_rest("held")
    assert rest["cost_micros"] <= job["held_micros"]
    if rest["state"] == "paused":  # a busy machine: the tenth case
        farm.post("/jobs/held/cancel")
    assert farm.get("/balance")["held_micros"] == 0


def test_a_job_without_money_waits_for_it(farm: RunningFarm, scenes: Scenes) -> None:
    free = farm.get("/balance")["free_micros"]
    wanted = free + 5_000_000
    farm.submit("dear", scenes.turning, frames="1-2", fresh=True, max_cost_micros=wanted)
    shown = farm.wait_for_rest("dear")
    assert (shown["state"], shown["reason"]["code"]) == ("paused", "funds")
    assert "¥" in shown["reason"]["detail"], "it says how much is needed and how much is there"
    assert (shown["cost_micros"], shown["held_micros"]) == (0, 0)
    assert farm.get("/balance")["free_micros"] == free
    assert refuse(farm, "/jobs/dear/resume", {}) == (402, "no_funds")
    assert farm.get("/jobs/dear")["state"] == "paused"
    farm.top_up(5)  # and it goes on by itself
    shown = farm.wait_for_rest("dear")
    assert (shown["state"], shown["held_micros"]) == ("completed", wanted)
    farm.assert_paid_once("dear")


def test_a_top_up_that_is_sent_twice_counts_once(farm: RunningFarm) -> None:
    before = farm.get("/balance")["total_micros"]
    asked = {"id": f"once-{time.time_ns()}", "amount_micros": 70}
    assert farm.post("/topups", asked) == farm.post("/topups", asked)
    assert farm.get("/balance")["total_micros"] == before + 70
    assert refuse(farm, "/topups", asked | {"amount_micros": 71}) == (409, "operation_differs")
    assert refuse(farm, "/topups", asked | {"id": "too-much", "amount_micros": 10**19}) == (
        400,
        "invalid",
    )
