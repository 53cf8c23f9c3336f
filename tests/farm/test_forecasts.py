"""Forecasts: what a job will come to, by what its frames have cost so far."""

import random
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_server.farm.forecasts import forecast_cost, predict_sum
from tests.farm.workshop import Workshop

amounts = st.lists(st.integers(0, 10**12), min_size=3, max_size=50)


def test_frames_alike_leave_no_doubt(shop: Workshop) -> None:
    shop.submit(count=10, hold=20_000)
    handed = shop.hand()
    for one in handed[:4]:
        shop.start(one)
        shop.finish(one, ms=1_000)
    told = forecast_cost(shop.db, shop.job())
    assert told is not None
    assert (told.p50_micros, told.p90_micros, told.source) == (10_000, 10_000, "frames")


def test_a_job_that_is_over_costs_what_it_cost(shop: Workshop) -> None:
    shop.submit(count=3, hold=20_000)
    shop.render(ms=700)
    told = forecast_cost(shop.db, shop.job())
    assert told is not None
    assert (told.p50_micros, told.p90_micros, told.source) == (2_100, 2_100, "bill")


def test_before_any_frame_the_estimate_speaks(shop: Workshop) -> None:
    shop.submit(count=4)
    assert forecast_cost(shop.db, shop.job()) is None
    row = shop.job() | {"estimate": {"p50_micros": 4_000, "p90_micros": 8_000}}
    told = forecast_cost(shop.db, row)
    assert told is not None
    assert (told.p50_micros, told.p90_micros, told.source) == (4_000, 8_000, "estimate")


@given(amounts=amounts, count=st.integers(0, 10**6))
def test_more_frames_cost_more_and_doubt_never_saves(amounts: list[int], count: int) -> None:
    p50, p90 = predict_sum(amounts, count)
    assert p50 == sum(amounts) * count // len(amounts)
    assert p90 >= p50
    assert predict_sum(amounts, count + 1)[1] >= p90
    if len(set(amounts)) == 1:
        assert p90 == p50


@pytest.mark.parametrize(("seen", "left"), [(5, 5), (10, 100), (40, 10)])
def test_nine_jobs_in_ten_stay_under_the_ninth_decile(seen: int, left: int) -> None:
    dice, under = random.Random(3), []
    for _ in range(2_000):
        costs = [round(dice.gauss(1_000_000, 200_000)) for _ in range(seen + left)]
        under.append(sum(costs[seen:]) <= predict_sum(costs[:seen], left)[1])
    assert 0.84 < mean(under) < 0.94, "few frames know their own spread only roughly"
