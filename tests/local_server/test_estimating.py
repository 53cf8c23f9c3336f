"""Estimates: what frames take together, where several go on at once."""

import pytest

from local_server.estimating import estimate_job
from local_server.farm.pricing import load_price_books, price_frame

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
    assert together.p50_micros == alone.p50_micros, "what is paid is work, not time"


@pytest.mark.parametrize(("frames", "lanes", "starts"), [(10, 1, 1), (10, 4, 4), (3, 8, 3)])
@pytest.mark.parametrize(("first_ms", "start_ms"), [(0, 2_000), (700, 2_000), (30_000, 60_000)])
def test_every_node_may_be_cold(
    frames: int, lanes: int, starts: int, first_ms: int, start_ms: int
) -> None:
    """The hold is enough where each node's first frame takes as long as a cold one does."""
    told = estimate_job(
        frame_p50_ms=100,
        frame_p90_ms=150,
        first_ms=first_ms,
        frames=frames,
        cores=64,
        book=BOOK,
        level="standard",
        source="measured",
    ).spread(frames, lanes)
    cold = price_frame(BOOK, level="standard", render_ms=start_ms, cores=64).amount_micros
    assert told.p90_micros == frames * told.frame_p90_micros + starts * cold
    assert told.p50_micros < told.p90_micros
