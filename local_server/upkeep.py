"""Upkeep: what a server sees to now and then, when nobody asks: old invites, old blobs."""

import logging
import random
from collections.abc import Callable

from local_server.clearing import Where
from local_server.farm.errors import YuntuError
from local_server.inviting import end_expired
from local_server.services import Services

log = logging.getLogger(__name__)
FIRST_SECONDS = 15 * 60.0
EVERY_SECONDS = 12 * 3600.0


def run_upkeep(services: Services) -> None:
    """See to it for as long as the server runs: a greenlet's whole life."""
    pause = FIRST_SECONDS
    while not services.ended.wait(pause * random.uniform(0.8, 1.2)):
        do_chores(services)
        pause = EVERY_SECONDS


def do_chores(services: Services) -> None:
    """Do each chore; what cannot be done now is done another time."""
    if services.reconciler.desk.keys.minter is not None:
        do_chore("invites", lambda: end_expired(services.reconciler))
    do_chore("clearing", lambda: services.clearer.clear(Where.HERE).removed)


def do_chore(name: str, chore: Callable[[], int]) -> None:
    """Do one chore and log what it came to."""
    try:
        done = chore()
    except YuntuError as error:
        log.warning("chore=%s waits: %s", name, error)
    except Exception:
        log.exception("chore=%s broke", name)
    else:
        if done:
            log.info("chore=%s done=%s", name, done)
