"""Estimates of a job in time and money, from what one frame is expected to take."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlite_utils import Database

from local_server.farm.db import fetch_rows
from local_server.farm.pricing import PriceBook, price_frame

HISTORY_FRAMES_MAX = 2_000
HISTORY_FRAMES_MIN = 3
# What a node's first frame of a scene may take longer, at the least: it loads and compiles what the
# next ones find there. Where it was measured, another machine may take so many times as long.
START_MS_MIN = 2_000
START_SPREAD = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """What a job is expected to cost and take: the median, and what 9 in 10 stay under.

    `start_p90_micros` is what each node may take for its first frame beyond what a frame takes: the
    job's P90 has it in it, so that no job stops at its hold because its nodes were cold.
    """

    p50_micros: int
    p90_micros: int
    frame_p50_ms: int
    frame_p90_ms: int
    frame_p90_micros: int
    start_p90_micros: int
    job_p50_ms: int
    job_p90_ms: int
    source: str

    def spread(self, frames: int, lanes: int) -> "Estimate":
        """Return what is expected where so many frames go on side by side."""
        rounds = -(-frames // lanes)
        return replace(
            self,
            p90_micros=self.frame_p90_micros * frames + self.start_p90_micros * min(frames, lanes),
            job_p50_ms=self.frame_p50_ms * rounds,
            job_p90_ms=self.frame_p90_ms * rounds,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def estimate_job(
    *,
    frame_p50_ms: int,
    frame_p90_ms: int,
    first_ms: int = 0,
    frames: int,
    cores: int,
    book: PriceBook,
    level: str,
    source: str,
) -> Estimate:
    """Multiply one frame's expected time into a job's time and money, frame after frame.

    Frames of a scene err together (one measurement speaks for all), so the job's P90 is that of a
    frame times their number, not the narrower one of independent frames. `first_ms` is what the
    scene's first render took, however small.
    """
    start_ms = max(START_MS_MIN, START_SPREAD * first_ms)
    start = price_frame(book, level=level, render_ms=start_ms, cores=cores).amount_micros
    p50 = price_frame(book, level=level, render_ms=frame_p50_ms, cores=cores).amount_micros
    p90 = price_frame(book, level=level, render_ms=frame_p90_ms, cores=cores).amount_micros
    return Estimate(
        p50_micros=p50 * frames,
        p90_micros=p90 * frames + start,
        frame_p50_ms=frame_p50_ms,
        frame_p90_ms=frame_p90_ms,
        frame_p90_micros=p90,
        start_p90_micros=start,
        job_p50_ms=frame_p50_ms * frames,
        job_p90_ms=frame_p90_ms * frames,
        source=source,
    )


def read_history(db: Database, *, scene_key: str) -> tuple[int, int, int] | None:
    """Return (P50, P90, cores) of a frame's render time in ms from this scene's earlier frames.

    None when too few of them were rendered.
    """
    rows = fetch_rows(
        db,
        "SELECT f.result ->> 'render_ms' AS ms, f.result ->> 'cores' AS cores"
        " FROM job j JOIN frame f ON f.job = j.id"
        " WHERE j.scene_key = ? AND f.state = 'done' AND f.reused = 0"
        " ORDER BY j.serial DESC LIMIT ?",
        (scene_key, HISTORY_FRAMES_MAX),
    )
    if len(rows) < HISTORY_FRAMES_MIN:
        return None
    core_ms = sorted(int(row["ms"]) * int(row["cores"]) for row in rows)
    cores = max(int(row["cores"]) for row in rows)
    return (
        core_ms[len(core_ms) // 2] // cores,
        core_ms[min(len(core_ms) - 1, len(core_ms) * 9 // 10)] // cores,
        cores,
    )
