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
    """Return the nodes heard of lately, newest first, with how many frames each has under way."""
    rows = fetch_rows(
        db,
        "SELECT node.*, (SELECT count(*) FROM frame WHERE lease_until_ms IS NOT NULL"
        " AND frame.node = node.id) AS rendering FROM node"
        " WHERE gone_at_ms IS NULL AND seen_at_ms > ? ORDER BY started_at_ms DESC",
        (at_ms - SILENT_MS_MAX,),
    )
    return [row | {"renderers": json.loads(row["renderers"])} for row in rows]


def find_host(db: Database, *, name: str) -> str | None:
    """Return what the machine of an invited node is called, None where it was never heard of.

    Each start of a node has an id of its own, which begins with the node's name and a dot.
    """
    rows = fetch_rows(
        db,
        "SELECT name FROM node WHERE id > ? || '.' AND id < ? || '/'"
        " ORDER BY seen_at_ms DESC LIMIT 1",
        (name, name),
    )
    return str(rows[0]["name"]) if rows else None


def list_left_out(db: Database, *, owner: str | None, at_ms: int) -> list[Row]:
    """Return which nodes are left out of which open jobs: an owner's, or everybody's for None."""
    return fetch_rows(
        db,
        "SELECT f.node, f.job, f.in_a_row, f.until_ms FROM node_failure f"
        " JOIN job ON job.id = f.job WHERE f.until_ms > ? AND (? IS NULL OR job.owner = ?)"
        " AND job.state IN ('queued', 'running', 'paused') ORDER BY f.until_ms",
        (at_ms, owner, owner),
    )
