"""Estimates: the line through two sizes, the spread, and a real scene measured small."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render.estimates import (
    FrameEstimate,
    Sample,
    choose_frames,
    estimate_frame,
    find_growth,
    predict_frame,
)
from render.renderers import Renderer
from tests.render.conftest import Opener

FULL = 1_000_000


def sample(pixels: int, render_ms: int, frame: int = 1) -> Sample:
    return Sample(frame=frame, pixels=pixels, render_ms=render_ms)


def test_fixed_and_growing_parts_are_told_apart() -> None:
    """300 ms for any size and 10 ms for every 1,000 pixels."""
    found = predict_frame([sample(4_000, 340), sample(100_000, 1300)], pixels=FULL)
    assert found.p50_ms == 10_300
    assert found.p90_ms == round(10_300 * 1.25)


def test_frames_that_take_longer_raise_p90_and_the_middle_one_is_p50() -> None:
    samples = [sample(4_000, 340), sample(100_000, 1300)]
    samples += [sample(100_000, ms, frame) for frame, ms in ((2, 1300), (3, 1300), (4, 3900))]
    found = predict_frame(samples, pixels=FULL)
    assert found.p50_ms == 10_300
    assert found.p90_ms == round(10_300 * 3 * 1.25)


def test_sizes_that_tell_nothing_give_a_wide_p90() -> None:
    found = predict_frame([sample(4_000, 500), sample(100_000, 500)], pixels=FULL)
    assert 1_000 < found.p50_ms < 2_000
    assert found.p90_ms == pytest.approx(2 * found.p50_ms, abs=1)


def test_a_single_size_gives_a_wider_one() -> None:
    found = predict_frame([sample(100_000, 500)], pixels=FULL)
    assert 500 < found.p50_ms < 5_000 <= found.p90_ms


@given(st.floats(0, 5000), st.floats(0.001, 1), st.integers(2, 100), st.integers(4_000, 5_000_000))
def test_a_linear_scene_is_predicted(fixed: float, slope: float, growth: int, pixels: int) -> None:
    def take(size: int) -> int:
        return round(fixed + slope * size)

    found = predict_frame(
        [sample(4_000, take(4_000)), sample(4_000 * growth, take(4_000 * growth))], pixels=pixels
    )
    truth = take(pixels)
    # Whole milliseconds of the samples are what limits the slope.
    error = 1.5 * pixels / (4_000 * (growth - 1)) + 2
    assert abs(found.p50_ms - truth) <= error or slope * 4_000 * (growth - 1) < 2
    assert found.p90_ms >= found.p50_ms


def test_the_next_size_is_as_large_as_the_time_left_allows() -> None:
    assert find_growth([sample(100, 1_000)], left_ms=4_000) == 4, "at worst time grows with pixels"
    slow_anyway = [sample(100, 1_000), sample(400, 1_000)]
    assert find_growth(slow_anyway, left_ms=2_000) > 4, "what does not grow is tried much larger"
    by_pixels = [sample(100, 1_000), sample(400, 4_000)]
    assert find_growth(by_pixels, left_ms=8_000) == 2


@pytest.mark.parametrize(
    ("frames", "chosen"),
    [([7], [7]), ([1, 2, 3], [1, 2, 3]), (list(range(1, 101)), [1, 26, 51, 75, 100])],
)
def test_chosen_frames_are_spread(frames: list[int], chosen: list[int]) -> None:
    assert choose_frames(frames, 5) == chosen


def test_real_scene_is_estimated_small_and_leaves_nothing(
    blender: Renderer, scenes: Path, tmp_path: Path, opened: Opener
) -> None:
    host = opened(blender)
    host.open(scenes / "turning.blend")
    facts = host.inspect()
    found = estimate_frame(host, facts, frames=range(1, 13), seconds_max=4, workdir=tmp_path)
    assert isinstance(found, FrameEstimate)
    assert 1 <= found.p50_ms <= found.p90_ms < 60_000
    assert found.first_ms > 0
    assert max(one.pixels for one in found.samples) <= 0.11 * facts.width * facts.height
    assert not list(tmp_path.glob("estimate-*"))
