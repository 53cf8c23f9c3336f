"""Forecasts: what a job will come to, by what its frames have cost so far."""

from dataclasses import dataclass
from math import isqrt

from sqlite_utils import Database

from local_server.farm.db import Row
from local_server.farm.states import OVER_JOB_STATES

FRAMES_LOOKED_AT_MAX = 400
FRAMES_MIN = 3
# The square of the normal distribution's ninth decile, 1.2816, in ten-thousandths.
DECILE_SQUARED, SCALE = 16_424, 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What a whole job will cost: the median, and what it stays under nine times in ten.

    `source` is `bill` for a job that is over, `frames` where its own frames say so, `estimate`
    while too few of them are done.
    """

    p50_micros: int
    p90_micros: int
    source: str


def forecast_cost(db: Database, row: Row) -> Forecast | None:
    """Return what a job will come to, None while nothing is known of it."""
    cost, left = row["cost_micros"], row["frames_waiting"] + row["frames_rendering"]
    if row["state"] in OVER_JOB_STATES:
        return Forecast(p50_micros=cost, p90_micros=cost, source="bill")
    amounts = list_latest_amounts(db, job=row["id"])
    if len(amounts) >= FRAMES_MIN:
        p50, p90 = predict_sum(amounts, left)
        return Forecast(p50_micros=cost + p50, p90_micros=cost + p90, source="frames")
    estimate, total = row["estimate"], row["frames_total"]
    if not estimate or not total or estimate["p50_micros"] is None:
        return None
    p50, p90 = (estimate[name] * left // total for name in ("p50_micros", "p90_micros"))
    return Forecast(p50_micros=cost + p50, p90_micros=cost + p90, source="estimate")


def list_latest_amounts(db: Database, *, job: str) -> list[int]:
    """Return what the latest paid frames of a job cost, in micros: a scene may change on its way.

    However long the job, no more than a few hundred rows are read.
    """
    rows = db.conn.execute(
        "SELECT payload ->> 'amount_micros' FROM operation"
        " WHERE job = ? AND kind = 'settle' ORDER BY seq DESC LIMIT ?",
        (job, FRAMES_LOOKED_AT_MAX),
    )
    return [int(amount) for (amount,) in rows]


def predict_sum(amounts: list[int], count: int) -> tuple[int, int]:
    """Return the median and the ninth decile of what `count` more frames like these will cost.

    The spread is that of a sum of independent frames plus that of the mean itself, which so few
    frames know only roughly: variance x (n + n^2 / m). Whole numbers throughout.
    """
    seen, total = len(amounts), sum(amounts)
    middle = total * count // seen
    # `spread` is m (m - 1) times the sample variance, which so stays a whole number.
    spread = seen * sum(amount * amount for amount in amounts) - total * total
    squared = DECILE_SQUARED * spread * count * (seen + count)
    return middle, middle + isqrt(squared // (SCALE * seen * (seen - 1) * seen))
