"""Estimates: what frames take together, where several go on at once."""

import pytest

from local_server.estimating import estimate_job
from local_server.farm.pricing import load_price_books

BOOK = max(load_price_books().values(), key=lambda one: one.id)


@pytest.mark.parametrize(
    ("frames", "lanes", "rounds"), [(10, 1, 10), (10, 4, 3), (10, 10, 1), (1, 8, 1), (9, 2, 5)]
)
def test_frames_side_by_side_take_rounds(frames: int, lanes: int, rounds: int) -> None:
    alone = estimate_job(
        frame_p50_ms=100,
        frame_p90_ms=150,
        frames=frames,
        cores=2,
        book=BOOK,
        level="standard",
        source="measured",
    )
    together = alone.spread(frames, lanes)
    assert (together.job_p50_ms, together.job_p90_ms) == (100 * rounds, 150 * rounds)
    assert together.p90_micros == alone.p90_micros, "what is paid is work, not time"
