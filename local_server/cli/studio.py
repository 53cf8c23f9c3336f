"""The commands about the studio: founding and joining one, its machines, what they ask for."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from local_server.cli.session import Session
from local_server.cli.spoken import SpokenFamily
from local_server.cli.values import Number
from local_server.farm.errors import BadInput, NotFound
from local_server.wording import show_money

if TYPE_CHECKING:
    from local_server.invites import Invite
    from local_server.membership import Card
    from sync.keys import Chest

DAYS_MAX = 7

studio = SpokenFamily("studio", takes_server=False)


@studio.verb("devices")
@click.pass_obj
def list_devices(session: Session) -> None:
    """List the studio's machines."""
    with session.connect() as client:
        devices = client.get_studio()
    session.answer(devices, lambda: print_devices(session, devices))


@studio.verb("jobs")
@click.pass_obj
def list_jobs(session: Session) -> None:
    """List the jobs on other machines."""
    with session.connect() as client:
        elsewhere = client.list_jobs_elsewhere()
    session.answer(elsewhere, lambda: print_elsewhere(session, elsewhere))


@studio.verb("create")
@click.argument("name")
@click.option("--store", metavar="ADDR", required=True)
@click.option("--move", is_flag=True)
@click.pass_obj
def found(session: Session, name: str, *, store: str, move: bool) -> None:
    """Found a studio and move this machine into it."""
    # Not at the top: a command that only asks the server needs none of the ledger.
    from local_server.membership import find_chest
    from local_server.moving import check_founding, create_studio
    from local_server.settings import read_device

    check = partial(check_founding, store=store, name=name, leaving=move)
    with end_server(session, check) as (data, host):
        card = create_studio(data, store=store, name=name, host=host, leaving=move)
    tell_card(session, card)
    tell_kept_key(session, card.store or "", find_chest(data, read_device(data)))


@studio.verb("join")
@click.argument("invite")
@click.pass_obj
def enter(session: Session, invite: str) -> None:
    """Join a studio by invite: `-` reads it, for lines can be read by others."""
    from local_server.moving import check_joining, join_studio

    read = read_guest(invite)
    with end_server(session, partial(check_joining, invite=read)) as (data, host):
        card = join_studio(data, invite=read, host=host)
    tell_card(session, card)


@studio.verb("invite")
@click.option("--mints", is_flag=True)
@click.option("--days", type=Number(1, DAYS_MAX), metavar="N", default="1")
@click.pass_obj
def invite_workstation(session: Session, *, mints: bool, days: int) -> None:
    """Print an invite for one workstation."""
    with session.connect() as client:
        made = client.make_invite(mints=mints, days=days)
    session.answer(made, lambda: session.write_raw(made["invite"] + "\n"))


@studio.verb("revoke")
@click.argument("device")
@click.pass_obj
def take_out(session: Session, device: str) -> None:
    """Take a machine out of the studio."""
    with session.connect() as client:
        items = client.get_studio()["items"]
        choice = [one for one in items if not one["here"] or one["id"] == device]
        devices = client.revoke_device(find_device(choice, device))
    session.answer(devices, lambda: print_devices(session, devices))


@studio.verb("requests")
@click.pass_obj
def list_requests(session: Session) -> None:
    """List the money that machines brought along and ask for."""
    with session.connect() as client:
        asked = client.list_requests()
    session.answer(asked, lambda: print_requests(session, asked))


@studio.verb("grant")
@click.argument("request_id", metavar="ID")
@click.pass_obj
def grant(session: Session, request_id: str) -> None:
    """Bring in the money that a machine asks for."""
    with session.connect() as client:
        asked = client.grant_request(request_id)
    session.answer(asked, lambda: print_granted(session, request_id, asked))


@studio.verb("snapshot")
@click.pass_obj
def take_snapshot(session: Session) -> None:
    """Put what the logs come to into the store."""
    with session.connect() as client:
        taken = client.take_snapshot()
    words = session.say("studio_snapped", **taken)
    session.answer(taken, lambda: session.print(words.title))


@studio.verb("treasurer")
@click.argument("device")
@click.option("--take", is_flag=True)
@click.pass_obj
def appoint_treasurer(session: Session, device: str, *, take: bool) -> None:
    """Hand over the treasury, where one machine alone keeps it."""
    with session.connect() as client:
        found = find_device(client.get_studio()["items"], device)
        devices = client.appoint_treasurer(found, take=take)
    session.answer(devices, lambda: print_devices(session, devices))


def read_guest(text: str) -> "Invite":
    """Return what a workstation's invite says; `-` is on standard input. Raises BadInput."""
    from local_server.invites import Guest, read_invite

    return read_invite(sys.stdin.readline() if text == "-" else text, guest=Guest.WORKSTATION)


def find_device(shown: list[dict[str, Any]], given: str) -> str:
    """Return which machine is meant by whatever the lists show of it: its id or its name.

    Machines that are out already are meant last. Raises BadInput `device_ambiguous` and NotFound
    `no_device`.
    """
    members = [one for one in shown if one["state"] == "member"]
    for devices in (members, shown):
        found = [one["id"] for one in devices if given == one["id"]] or [
            one["id"]
            for one in devices
            if given.casefold() in (one["name"].casefold(), one["host"].casefold())
        ]
        if len(found) > 1:
            raise BadInput("device_ambiguous", given=given, found=", ".join(found))
        if found:
            return str(found[0])
    raise NotFound("no_device", device=given)


@contextmanager
def end_server(session: Session, check: Callable[[Path, str], None]) -> Iterator[tuple[Path, str]]:
    """Give this machine's data and name while no server runs; one that ran is not left ended.

    After a move it starts by itself. `check` raises what is refused while it may go on; after
    whatever is refused later it is started again.
    """
    from socket import gethostname

    from local_server.cli.launching import ensure_server, read_address, stop_server

    data, host = session.find_data(), gethostname()
    if read_address(data) is not None:
        check(data, host)
    ended = stop_server(data, session.wording)
    try:
        yield data, host
    except BaseException:
        if ended is not None:
            ensure_server(data, session.wording)
        raise


def tell_card(session: Session, card: "Card") -> None:
    """Tell which studio this machine belongs to now."""
    told = {"studio": card.studio, "store": card.store, "account": card.owner}
    words = session.say("studio_entered", studio=card.studio, store=card.store or "")
    session.answer(told, lambda: session.print(f"{words.title}\n{words.detail}"))


def tell_kept_key(session: Session, store: str, chest: "Chest") -> None:
    """Tell that what opens a bucket is kept here from now on, if it is."""
    from sync.bucket_address import name_secret, parse_bucket_address

    if store.startswith("oss://"):
        bucket = parse_bucket_address(store).bucket
        if chest.get(name_secret(bucket)) is not None:
            session.note("bucket_key_kept", bucket=bucket)


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


def print_granted(session: Session, id: str, answer: dict[str, Any]) -> None:
    """Print that a request was granted, and what else is asked for."""
    session.print(session.say("studio_granted", id=id).title)
    if answer["items"]:
        print_requests(session, answer)


def print_devices(session: Session, answer: dict[str, Any]) -> None:
    """Print the studio's machines."""
    session.print(session.say("studio_is", studio=answer["studio"]).title)
    for one in answer["items"]:
        code = f"studio_device_{one['state']}" + ("_here" if one["here"] else "")
        names = ("id", "host", "leased_micros")
        session.print(session.say(code, **{name: one[name] for name in names}).title)
    if answer["treasurer"] is not None:
        session.print(session.say("studio_treasurer", device=answer["treasurer"]).title)
    session.print(answer["keys"])
