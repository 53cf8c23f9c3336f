"""Conflicts: where what was done here met what another machine did, and one of them gave way.

Nothing is lost by any of them. An entry of ours whose place another machine's had taken is made
anew behind it; of two edits of one field the later stands, and the other is in the history.
"""

from enum import StrEnum

from sqlite_utils import Database

from local_server.farm.db import assert_writing, fetch_rows
from local_server.farm.events import add_event

SHOWN_MS = 7 * 86_400_000


class Clash(StrEnum):
    """What gave way: an entry of this machine's, or an edit of somebody's profile."""

    ENTRY = "entry"
    PROFILE = "profile"


def note_conflict(db: Database, clash: Clash, *, about: str, owner: str = "", at_ms: int) -> None:
    """Keep a conflict and tell of it, once. `about` is its place in the logs, and which field.

    What is too old to be counted is forgotten.
    """
    assert_writing(db)
    db.conn.execute("DELETE FROM conflict WHERE at_ms <= ?", (at_ms - SHOWN_MS,))
    noted = db.conn.execute(
        "INSERT INTO conflict (kind, about, at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (clash, about, at_ms),
    )
    if noted.rowcount:
        add_event(db, kind="sync.conflict", owner=owner, at_ms=at_ms, clash=str(clash), about=about)


def count_conflicts(db: Database, *, at_ms: int) -> dict[Clash, int]:
    """Return how many conflicts there were in the last seven days, by what gave way."""
    rows = fetch_rows(
        db,
        "SELECT kind, count(*) AS count FROM conflict WHERE at_ms > ? GROUP BY kind",
        (at_ms - SHOWN_MS,),
    )
    count = {row["kind"]: int(row["count"]) for row in rows}
    return {clash: count.get(clash, 0) for clash in Clash}
