"""Limits: how many frames an owner's membership lets stand with the queue and the nodes at once."""

from sqlite_utils import Database

from local_server.farm.pricing import PriceBook

UNDER_WAY = """
SELECT j.owner, count(*) FROM (
  SELECT job FROM frame WHERE state = 'waiting' AND handed_at_ms IS NOT NULL
  UNION ALL SELECT job FROM frame WHERE lease_until_ms IS NOT NULL
) f JOIN job j ON j.id = f.job GROUP BY j.owner
"""
OPEN_OWNERS = """
SELECT a.id, a.level FROM account a WHERE a.id IN
  (SELECT owner FROM job WHERE job.state IN ('queued', 'running'))
"""


def measure_room(db: Database, *, book: PriceBook | None) -> dict[str, int]:
    """Return how many more frames may be handed out for each owner that has a limit.

    Frames with the queue count like those that render: what is handed out can start at any
    moment. Without a book nobody has a limit.
    """
    if book is None:
        return {}
    limits = {
        owner: book.level(level).frames_max
        for owner, level in db.conn.execute(OPEN_OWNERS).fetchall()
    }
    if all(limit is None for limit in limits.values()):
        return {}
    under_way = dict(db.conn.execute(UNDER_WAY).fetchall())
    return {
        owner: max(0, limit - under_way.get(owner, 0))
        for owner, limit in limits.items()
        if limit is not None
    }
