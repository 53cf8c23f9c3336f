"""Commands about the studio: synchronising, its machines, founding and joining one."""

import sys
import time
from functools import partial
from typing import Any

import click

from local_server.cli.elsewhere import print_transfers
from local_server.cli.exits import Exit
from local_server.cli.session import Session
from local_server.cli.spoken import SpokenCommand
from local_server.cli.values import Choice, Number
from local_server.farm.errors import BadInput
from local_server.wording import show_money

VERBS = (
    *("devices", "jobs", "create", "join", "invite", "revoke", "requests", "grant"),
    *("snapshot", "treasurer"),
)
DAYS_MAX = 7
WATCH_SECONDS = 2.0


@click.command("sync", cls=SpokenCommand)
@click.option("--watch", is_flag=True)
@click.option("--dry-run", is_flag=True)
@click.option("--waiting", is_flag=True)
@click.option("--drop", metavar="OPERATION")
@click.option("--refold", is_flag=True)
@click.pass_obj
def sync(
    session: Session, watch: bool, dry_run: bool, waiting: bool, drop: str | None, refold: bool
) -> int:
    """Bring this machine and its studio's store together now."""
    with session.connect() as client:
        if refold:
            told = client.refold()
            session.answer(told, lambda: print_refolded(session, told))
            return Exit.DONE
        if drop is not None or waiting:
            answer = client.drop_waiting(drop) if drop else client.list_waiting()
            session.answer(answer, lambda: print_waiting(session, answer))
            return Exit.DONE
        answer = client.get_sync() if dry_run else client.sync_now()
        session.answer(answer, lambda: print_standing(session, answer, dry_run=dry_run))
        while watch:
            time.sleep(WATCH_SECONDS)
            before, answer = answer, client.get_sync()
            if answer != before:
                session.answer(answer, partial(print_standing, session, answer, dry_run=False))
    return Exit.SERVER if answer["trouble"] and not dry_run else Exit.DONE


@click.command("studio", cls=SpokenCommand, takes_server=False)
@click.argument("verb", type=Choice(*VERBS), metavar="|".join(VERBS))
@click.argument("what", required=False, metavar="NAME|INVITE|DEVICE|ID")
@click.option("--store", metavar="ADDR")
@click.option("--mints", is_flag=True)
@click.option("--take", is_flag=True)
@click.option("--days", type=Number(1, DAYS_MAX), metavar="N", default="1")
@click.pass_obj
def studio(
    session: Session,
    verb: str,
    what: str | None,
    store: str | None,
    days: int,
    *,
    mints: bool,
    take: bool,
) -> None:
    """Found a studio, join one, invite to it, list its machines, take one out."""
    if verb in ("create", "join"):
        change_studio(session, verb, what, store)
        return
    if not what and verb in ("revoke", "grant", "treasurer"):
        wanted = "ID" if verb == "grant" else "DEVICE"
        raise BadInput("studio_wants", wanted=wanted, verb=verb)
    with session.connect() as client:
        if verb == "invite":
            invite = client.make_invite(mints=mints, days=days)
            session.answer(invite, lambda: session.write_raw(invite["invite"] + "\n"))
            return
        if verb == "snapshot":
            taken = client.take_snapshot()
            words = session.say("studio_snapped", **taken)
            session.answer(taken, lambda: session.print(words.title))
            return
        if verb == "jobs":
            elsewhere = client.list_jobs_elsewhere()
            session.answer(elsewhere, lambda: print_elsewhere(session, elsewhere))
            return
        if verb in ("requests", "grant"):
            asked = client.grant_request(str(what)) if verb == "grant" else client.list_requests()
            session.answer(asked, lambda: print_requests(session, asked))
            return
        if verb == "treasurer":
            devices = client.appoint_treasurer(str(what), take=take)
        else:
            devices = client.revoke_device(str(what)) if verb == "revoke" else client.get_studio()
    session.answer(devices, lambda: print_devices(session, devices))


def change_studio(session: Session, verb: str, what: str | None, store: str | None) -> None:
    """Found or join a studio: the server ends for it, and starts again by itself."""
    # Not at the top: a command that only asks the server needs none of the ledger.
    from socket import gethostname

    from local_server.cli.launching import stop_server
    from local_server.invites import Guest, read_invite
    from local_server.moving import create_studio, join_studio

    if what == "-":  # an invite is a secret, and lines can be read by others
        what = sys.stdin.readline()
    if what is None or (verb == "create" and store is None):
        raise BadInput("studio_wants", wanted="NAME --store ADDR", verb=verb)
    invite = read_invite(what, guest=Guest.WORKSTATION) if verb == "join" else None
    data, host = session.find_data(), gethostname()
    stop_server(data, session.wording)
    if invite is not None:
        card = join_studio(data, invite=invite, host=host)
    else:
        card = create_studio(data, store=str(store), name=what, host=host)
    told = {"studio": card.studio, "store": card.store, "account": card.owner}
    words = session.say("studio_entered", studio=card.studio, store=card.store or "")
    session.answer(told, lambda: session.print(f"{words.title}\n{words.detail}"))


def print_standing(session: Session, answer: dict[str, Any], *, dry_run: bool) -> None:
    """Print how this machine and its store stand."""
    if answer["trouble"] is not None and not dry_run:
        session.print(answer["trouble"]["title"], style="bold yellow")
        session.print(answer["trouble"]["detail"])
    for line in answer["plan"]:
        words = session.say("sync_plan", **{name: line[name] for name in ("count", "kind", "log")})
        session.print(words.title)
    code = "sync_waiting" if answer["unfunded"] else "sync_together"
    if answer["unsealed"] and not answer["unfunded"]:
        code = "sync_unsealed"
    if code != "sync_together" or answer["trouble"] is None:
        names = ("studio", "unsealed", "unfunded")
        session.print(session.say(code, **{name: answer[name] for name in names}).title)
    print_transfers(session, answer["transfers"], rules=False)


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


def print_elsewhere(session: Session, answer: dict[str, Any]) -> None:
    """Print the jobs on other machines."""
    if not answer["items"]:
        session.print(session.say("studio_no_jobs").title)
    for one in answer["items"]:
        names = ("id", "name", "state", "frames_total", "came")
        told = {name: one[name] for name in names} | {"done": len(one["frames"])}
        told |= {"cost": show_money(one["cost_micros"])}
        session.print(session.say("studio_job", **told).title)


def print_requests(session: Session, answer: dict[str, Any]) -> None:
    """Print what other machines ask for."""
    if not answer["items"]:
        session.print(session.say("studio_nothing_asked").title)
    for one in answer["items"]:
        names = ("id", "device", "owner", "amount_micros", "studio")
        session.print(session.say("studio_asks", **{name: one[name] for name in names}).title)


def print_devices(session: Session, answer: dict[str, Any]) -> None:
    """Print the studio's machines."""
    session.print(session.say("studio_is", studio=answer["studio"]).title)
    for one in answer["items"]:
        code = "studio_device_here" if one["here"] else f"studio_device_{one['state']}"
        names = ("id", "host", "leased_micros")
        session.print(session.say(code, **{name: one[name] for name in names}).title)
    if answer["treasurer"] is not None:
        session.print(session.say("studio_treasurer", device=answer["treasurer"]).title)
    session.print(answer["keys"])
