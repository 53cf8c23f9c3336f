"""Readiness: whether all that the server stands on is in order right now."""

import logging
from collections.abc import Callable

import gevent
from sqlite_utils import Database

from local_server.farm.db import write
from local_server.services import Services

log = logging.getLogger(__name__)
PART_SECONDS_MAX = 3.0
NOBODY = "0" * 64


def list_parts(services: Services) -> list[str]:
    """Return what there is to look at; a server that wants no node of its own needs none."""
    return [name for name in LOOKS if services.settings.node or name != "node"]


def find_unready(services: Services) -> list[str]:
    """Return which parts are not in order, in a fixed order."""
    looks = {name: gevent.spawn(look, services, name) for name in list_parts(services)}
    gevent.joinall(list(looks.values()))
    return [name for name, one in looks.items() if not one.value]


def look(services: Services, name: str) -> bool:
    """Tell whether a part is in order; one that does not say so in time is not."""
    try:
        with gevent.Timeout(PART_SECONDS_MAX):
            return LOOKS[name](services)
    except gevent.Timeout:
        log.warning("part=%s does not answer", name)
    except Exception as error:  # noqa: BLE001 - every backend raises errors of its own
        log.warning("part=%s is not in order: %s", name, error)
    return False


def try_database(services: Services) -> bool:
    """Write into the database, and take it back."""
    services.writer.run(write_nothing)
    return True


def is_node_up(services: Services) -> bool:
    """Tell whether the server's own node has said hello."""
    watch = services.node_watch
    return (
        watch is not None and watch.process is not None and watch.node_id in services.roster.nodes
    )


def try_queue(services: Services) -> bool:
    """Ask the queue whether it is there."""
    return bool(services.preparation.pool.apply(services.foreman.queue.answers))


def try_store(services: Services) -> bool:
    """Ask the store for an object that nobody has."""
    key = f"v1/{services.foreman.studio}/b/{NOBODY[:2]}/{NOBODY}"
    services.preparation.pool.apply(services.foreman.store.head, (key,))
    return True


LOOKS: dict[str, Callable[[Services], bool]] = {
    "database": try_database,
    "node": is_node_up,
    "queue": try_queue,
    "store": try_store,
}


class Undo(Exception):
    """Ends a transaction that was only a try."""


def write_nothing(db: Database) -> None:
    """Begin to write and roll back. Raises what a database that cannot be written raises."""
    try:
        with write(db):
            db.conn.execute("INSERT OR REPLACE INTO setting (key, value) VALUES ('ready', '1')")
            raise Undo
    except Undo:
        return
