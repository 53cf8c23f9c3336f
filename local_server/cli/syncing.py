"""The command that brings this machine and its studio's store together."""

import time
from functools import partial
from typing import Any

import click

from local_server.cli.elsewhere import print_transfers
from local_server.cli.exits import Exit
from local_server.cli.session import Session
from local_server.cli.spoken import SpokenCommand
from local_server.cli.tables import show_time

WATCH_SECONDS = 2.0


@click.command("sync", cls=SpokenCommand)
@click.option("--watch", is_flag=True)
@click.option("--dry-run", is_flag=True)
@click.option("--waiting", is_flag=True)
@click.option("--drop", metavar="OPERATION")
@click.option("--refold", is_flag=True)
@click.option("--refill", is_flag=True)
@click.pass_obj
def sync(
    session: Session,
    *,
    watch: bool,
    dry_run: bool,
    waiting: bool,
    drop: str | None,
    refold: bool,
    refill: bool,
) -> int:
    """Bring this machine and its studio's store together now."""
    with session.connect() as client:
        if refold or refill:
            told = client.refold(refill=refill)
            session.answer(told, lambda: print_refolded(session, told))
            return Exit.DONE
        if drop is not None or waiting:
            answer = client.drop_waiting(drop) if drop else client.list_waiting()
            session.answer(answer, lambda: print_waiting(session, answer))
            return Exit.DONE
        answer = client.get_sync() if dry_run else client.sync_now()
        session.answer(answer, lambda: print_standing(session, answer))
        while watch:
            time.sleep(WATCH_SECONDS)
            before, answer = answer, client.get_sync()
            if answer != before:
                session.answer(answer, partial(print_standing, session, answer))
    return Exit.SERVER if answer["trouble"] and not dry_run else Exit.DONE


def print_standing(session: Session, answer: dict[str, Any]) -> None:
    """Print how this machine and its store stand."""
    if answer["trouble"] is not None:
        session.print(answer["trouble"]["title"], style="bold yellow")
        session.print(answer["trouble"]["detail"])
    for line in answer["plan"]:
        words = session.say("sync_plan", **{name: line[name] for name in ("count", "kind", "log")})
        session.print(words.title)
    code = find_state(answer)
    if code in ("sync_waiting", "sync_unsealed") or answer["trouble"] is None:
        names = ("studio", "unsealed", "unfunded")
        session.print(session.say(code, **{name: answer[name] for name in names}).title)
    if answer["done_at_ms"] is not None:
        session.print(session.say("sync_met", at=show_time(answer["done_at_ms"])).title)
    for name, count in answer["conflicts"].items():
        if count:
            session.print(session.say(f"sync_conflict_{name}", count=count).title)
    print_transfers(session, answer["transfers"], rules=False)


def find_state(answer: dict[str, Any]) -> str:
    """Return the code of the words for how a machine stands to its studio."""
    if answer["unfunded"]:
        return "sync_waiting"
    if answer["unsealed"]:
        return "sync_unsealed"
    return "sync_never" if answer["done_at_ms"] is None else "sync_together"


def print_refolded(session: Session, told: dict[str, Any]) -> None:
    """Print what folding from nothing came to."""
    names = {name: told[name] for name in ("digest", "objects", "operations")}
    for one in told["differences"]:
        words = session.say("refold_differs", what=session.say(f"refold_{one['kind']}").title)
        session.print(f"{words.title} {one['name']}")
    code = "refold_mended" if told["differences"] else "refold_same"
    session.print(session.say(code, **names).title)


def print_waiting(session: Session, answer: dict[str, Any]) -> None:
    """Print what waits for money or for a decision."""
    if not answer["items"]:
        session.print(session.say("sync_nothing_waits").title)
    for one in answer["items"]:
        told = {name: one[name] for name in ("id", "kind", "amount_micros")}
        session.print(session.say("sync_waits", **told, why=one["title"]).title)
