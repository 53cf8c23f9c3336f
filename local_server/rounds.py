"""Rounds: what the server does all the time, and how it goes on after trouble."""

import logging
import sqlite3

from redis.exceptions import RedisError

from local_server.farm.errors import Unavailable, YuntuError
from local_server.push import Push
from local_server.reports import Aftermath
from local_server.services import Services

log = logging.getLogger(__name__)
ROUND_SECONDS = 0.02
IDLE_SECONDS = 0.1
AWAY_SECONDS = 1.0


def run_rounds(services: Services, push: Push) -> None:
    """Do the foreman's rounds: often while there is work, seldom while there is none."""
    inspections, told = services.preparation.inspections, ""
    while not services.ended.is_set():
        services.wake.clear()
        try:
            busy = do_round(services, push)
        except Exception as error:  # the queue or the store is away, or a disk is full: it may pass
            log.error("a round broke: %s", error, exc_info=str(error) != told)
            if str(error) != told:
                push.send_trouble(explain_trouble(error))
            services.trouble, told = explain_trouble(error), str(error)
            inspections.in_doubt = True
            services.ended.wait(AWAY_SECONDS)
            continue
        if told:
            push.send_trouble(None)
            services.foreman.doubt_queue()
        services.trouble, told = None, ""
        if inspections.in_doubt:
            inspections.ask_again(counted=False)
        services.wake.wait(ROUND_SECONDS if busy else IDLE_SECONDS)


def do_round(services: Services, push: Push) -> bool:
    """Hear what nodes report, hand out what is next; True when there was anything."""
    heard = services.writer.run(services.foreman.hear)
    pass_on(services, push, heard)
    handed = services.writer.run(services.foreman.do_round)
    if push.send_events():
        services.delivery.wake()
        services.reconciler.note_change()
    return handed or heard.any


def pass_on(services: Services, push: Push, heard: Aftermath) -> None:
    """Tell the server's parts what nodes have said, once it is committed."""
    for hello in heard.greeted:
        new = services.roster.hear(hello)
        services.foreman.renderers = sorted(services.roster.renderers)
        watch = services.node_watch
        if new and watch is not None and hello.node == watch.node_id:
            services.preparation.inspections.ask_again()
    for answer in heard.inspected:
        services.preparation.inspections.hear(answer)
    for job, run in heard.unwanted.items():
        services.foreman.call_off(job, run=run)
    services.live.note_progress(heard.progress)
    services.live.note_lines(heard.lines)
    push.send_lines(heard.lines)
    if push.send_events():
        services.delivery.wake()
        services.reconciler.note_change()
    push.send_progress(heard.progress)


def explain_trouble(error: Exception) -> YuntuError:
    """Return what keeps the rounds from going on, for people."""
    if isinstance(error, YuntuError):
        return error
    if isinstance(error, RedisError | sqlite3.Error | ConnectionError | TimeoutError):
        return Unavailable("queue_away", words=str(error))
    return YuntuError("internal")
