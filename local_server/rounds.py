"""Rounds: what the server does all the time, and how it goes on after trouble."""

import logging
import sqlite3
import time

import gevent
from redis.exceptions import RedisError

from local_server.farm.errors import Unavailable, YuntuError
from local_server.foreman import Foreman
from local_server.push import Push
from local_server.reports import Aftermath
from local_server.services import Services

log = logging.getLogger(__name__)
ROUND_SECONDS = 0.02
IDLE_SECONDS = 0.1
AWAY_SECONDS = 1.0
DOUBT_SECONDS = 5.0


def run_rounds(services: Services, push: Push, foreman: Foreman) -> None:
    """Do a foreman's rounds: often while there is work, seldom while there is none."""
    inspections, told = services.preparation.inspections, ""
    while not services.ended.is_set():
        services.wake.clear()
        try:
            busy = do_round(services, push, foreman)
        except Exception as error:  # the queue or the store is away, or a disk is full: it may pass
            trouble = explain_trouble(error)
            log.error(
                "site=%s: a round broke: %s", foreman.site, error, exc_info=str(error) != told
            )
            if str(error) != told:
                push.send_trouble(trouble)
            foreman.trouble, told = trouble, str(error)
            inspections.in_doubt |= foreman is services.foreman
            wait_for_queue(services, foreman)
            continue
        if told:
            push.send_trouble(None)
            foreman.doubt_queue()
        foreman.trouble, told = None, ""
        if foreman is services.foreman:
            inspections.ask_in_doubt(time.monotonic())
        services.wake.wait(ROUND_SECONDS if busy else IDLE_SECONDS)


def wait_for_queue(services: Services, foreman: Foreman) -> None:
    """Wait until a foreman's queue answers again: rounds would hold up the writer's thread."""
    pool = gevent.get_hub().threadpool
    while not services.ended.wait(AWAY_SECONDS) and not pool.apply(foreman.queue.answers):
        continue


def do_round(services: Services, push: Push, foreman: Foreman) -> bool:
    """Hear what nodes report, hand out what is next; True when there was anything."""
    heard = services.writer.run(foreman.hear)
    pass_on(services, push, foreman, heard)
    handed = services.writer.run(foreman.do_round)
    tell_news(services, push)
    if foreman.doubted and not foreman.asking:
        foreman.asking = True
        gevent.spawn(look_up, services, foreman)
    return handed or heard.any


def look_up(services: Services, foreman: Foreman) -> None:
    """Have a foreman ask its store for what it is in doubt of, while its rounds go on."""
    pool, farm = gevent.get_hub().threadpool, services.stores.farm
    try:
        if farm is not None:
            pool.apply(farm.store.recover)
        pool.apply(foreman.look_up)
    except Exception as error:  # noqa: BLE001 - network or bucket: it may pass
        log.warning("site=%s: frames stay in doubt: %s", foreman.site, error)
        gevent.sleep(DOUBT_SECONDS)
    finally:
        foreman.asking = False


def pass_on(services: Services, push: Push, foreman: Foreman, heard: Aftermath) -> None:
    """Tell the server's parts what nodes have said, once it is committed.

    Scenes are opened where they lie: renderers of the farm's nodes are of no use for that.
    """
    for hello in heard.greeted if foreman is services.foreman else ():
        new = services.roster.hear(hello)
        watch = services.node_watch
        if new and watch is not None and hello.node == watch.node_id:
            services.preparation.inspections.ask_again()
    for answer in heard.inspected:
        services.preparation.inspections.hear(answer)
    for job, run in heard.unwanted.items():
        foreman.notices.call_off(job, run=run)
    services.live.note_progress(heard.progress)
    services.live.note_lines(heard.lines)
    push.send_lines(heard.lines)
    tell_news(services, push)
    push.send_progress(heard.progress)


def tell_news(services: Services, push: Push) -> None:
    """Push what has happened, and wake those who have to carry what came of it."""
    if push.send_events():
        services.delivery.wake()
        services.reconciler.note_change()
        services.shipping.wake()


def explain_trouble(error: Exception) -> YuntuError:
    """Return what keeps the rounds from going on, for people."""
    if isinstance(error, YuntuError):
        return error
    if isinstance(error, RedisError | sqlite3.Error | ConnectionError | TimeoutError):
        return Unavailable("queue_away", words=str(error))
    return YuntuError("internal")
