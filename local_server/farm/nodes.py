"""Nodes: the machines that render, as far as they have been heard of."""

import json
from typing import Any

from sqlite_utils import Database

from local_server.farm.able_nodes import SILENT_MS_MAX
from local_server.farm.attempts import expire_leases
from local_server.farm.db import Row, assert_writing, fetch_rows
from local_server.farm.sites import Site


def greet_node(
    db: Database,
    *,
    id: str,
    name: str,
    pid: int,
    version: str,
    renderers: list[dict[str, Any]],
    slots: int,
    at_ms: int,
    site: Site = Site.HERE,
) -> None:
    """Write down that a node is there, and of which site it is."""
    assert_writing(db)
    db.conn.execute(
        "INSERT INTO node (id, name, pid, version, renderers, slots, started_at_ms, seen_at_ms,"
        " site) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " renderers = excluded.renderers, slots = excluded.slots, seen_at_ms = excluded.seen_at_ms,"
        " gone_at_ms = NULL",
        (id, name, pid, version, json.dumps(renderers), slots, at_ms, at_ms, site),
    )


def see_node(db: Database, *, id: str, at_ms: int) -> None:
    """Note a node's heartbeat."""
    assert_writing(db)
    db.conn.execute("UPDATE node SET seen_at_ms = ? WHERE id = ?", (at_ms, id))


def dismiss_node(db: Database, *, id: str, at_ms: int) -> None:
    """Note that a node is known to be dead, and end its leases."""
    assert_writing(db)
    db.conn.execute("UPDATE node SET gone_at_ms = ? WHERE id = ?", (at_ms, id))
    expire_leases(db, node=id, at_ms=at_ms)


def list_nodes(db: Database, *, at_ms: int) -> list[Row]:
    """Return the nodes heard of lately, newest first."""
    rows = fetch_rows(
        db,
        "SELECT * FROM node WHERE gone_at_ms IS NULL AND seen_at_ms > ?"
        " ORDER BY started_at_ms DESC",
        (at_ms - SILENT_MS_MAX,),
    )
    return [row | {"renderers": json.loads(row["renderers"])} for row in rows]
