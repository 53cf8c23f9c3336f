"""The commands about the studio's farm: to make one, join one, invite machines to it, leave it."""

import secrets
from functools import partial
from typing import Any

import click
from rich.text import Text

from local_server.cli.serving import read_queue_key
from local_server.cli.session import Session
from local_server.cli.spoken import SpokenFamily
from local_server.cli.tables import make_table, print_pairs
from local_server.cli.values import Number
from local_server.farm.errors import BadInput, NotFound

DAYS_MAX = 7
KEY_BYTES = 32

farm = SpokenFamily("farm", default="show", takes_server=False)


@farm.verb("show")
@click.pass_obj
def look_at_farm(session: Session) -> None:
    """Show the farm that renders for this machine."""
    with session.connect() as client:
        shown = client.get_farm()
    session.answer(shown, lambda: show_farm(session, shown))


@farm.verb("create")
@click.option("--queue", metavar="ADDR", required=True)
@click.option("--store", metavar="ADDR")
@click.option("--studio", metavar="ID")
@click.option("--replace", is_flag=True)
@click.pass_obj
def create(
    session: Session, queue: str, store: str | None, studio: str | None, *, replace: bool
) -> None:
    """Make a farm in the studio's store, with a key of its own."""
    key = secrets.token_bytes(KEY_BYTES)
    join_farm(session, queue, key, store=store, studio=studio, replace=replace)


@farm.verb("join")
@click.argument("invite", metavar="[INVITE]", required=False)
@click.option("--queue", metavar="ADDR")
@click.option("--store", metavar="ADDR")
@click.option("--queue-key-file", metavar="FILE")
@click.option("--studio", metavar="ID")
@click.option("--replace", is_flag=True)
@click.pass_obj
def join(
    session: Session,
    invite: str | None,
    queue: str | None,
    store: str | None,
    queue_key_file: str | None,
    studio: str | None,
    *,
    replace: bool,
) -> None:
    """Join the studio's farm by an admin's invite, or one that is described by hand."""
    if (invite is None) == (queue is None):
        raise BadInput("farm_join_wants")
    if invite is not None:
        take_along(session, invite)
        return
    assert queue is not None
    key = read_queue_key(queue_key_file)
    join_farm(session, queue, key, store=store, studio=studio, replace=replace)


@farm.verb("invite")
@click.option("--days", type=Number(1, DAYS_MAX), metavar="N", default="1")
@click.pass_obj
def invite_node(session: Session, days: int) -> None:
    """Print an invite for one machine that is to render for the farm."""
    with session.connect() as client:
        made = client.invite_node(days=days)
    session.answer(made, lambda: session.write_raw(made["invite"] + "\n"))


@farm.verb("revoke")
@click.argument("node")
@click.pass_obj
def take_node_out(session: Session, node: str) -> None:
    """Take an invited node out of the farm."""
    with session.connect() as client:
        shown = client.take_node_out(find_node(client.get_farm(), node))
    session.answer(shown, lambda: show_farm(session, shown))


@farm.verb("leave")
@click.pass_obj
def leave_farm(session: Session) -> None:
    """Forget the farm; jobs that wait for it go on when it is joined again."""
    from local_server.farm_addresses import forget_farm_address
    from local_server.membership import find_chest
    from local_server.settings import read_device

    data = session.find_data()
    left = forget_farm_address(data, find_chest(data, read_device(data)))
    tell_change(session, "farm_left" if left else "farm_none")


def find_node(shown: dict[str, Any], given: str) -> str:
    """Return which invited node is meant by whatever the lists show of it.

    That is its name, the id of one of its starts, or what its machine is called. Nodes that are
    out already are meant last. Raises BadInput `node_ambiguous` and NotFound `no_node_of_farm`.
    """
    members = [one for one in shown["invited"] if one["state"] == "member"]
    for nodes in (members, shown["invited"]):
        found = [one["node"] for one in nodes if is_start_of(given, one["node"])] or [
            one["node"] for one in nodes if is_machine_of(given, one)
        ]
        if len(found) > 1:
            raise BadInput("node_ambiguous", given=given, found=", ".join(found))
        if found:
            return str(found[0])
    raise NotFound("no_node_of_farm", node=given)


def is_start_of(given: str, node: str) -> bool:
    """Tell whether a node's name or the id of one of its starts is given."""
    return given == node or given.startswith(f"{node}.")


def is_machine_of(given: str, node: dict[str, Any]) -> bool:
    """Tell whether a node's machine is given: a node is called after it, behind it of its key."""
    names = (node["node"].rpartition("-")[0], node["host"] or "")
    return given.casefold() in [name.casefold() for name in names]


def show_farm(session: Session, shown: dict[str, Any]) -> None:
    """Print a farm for people."""
    if not shown["joined"]:
        session.note("farm_none")
        return
    pairs = [(name, shown[name]) for name in ("queue", "store", "studio")]
    pairs.append(("shipments", str(len(shown["shipments"]))))
    if shown["trouble"]:
        pairs.append(("trouble", shown["trouble"]["title"]))
    print_pairs(session, pairs)
    if shown["invited"]:
        table = make_table(session, ("node", "machine", "state"))
        for one in shown["invited"]:
            state = session.label(f"node_{one['state']}")
            table.add_row(Text(one["node"]), Text(one["host"] or ""), Text(state))
        session.show(table)


def take_along(session: Session, text: str) -> None:
    """Take the farm along that an admin of this machine's own studio has, and nothing else.

    Raises BadInput `farm_of_another_studio` and `invite_without_farm`, and as `join_studio` does.
    """
    from local_server.cli.studio import end_server, read_guest
    from local_server.farm_addresses import read_farm_address
    from local_server.membership import find_chest
    from local_server.moving import check_joining, join_studio
    from local_server.settings import read_device

    invite = read_guest(text)
    with session.connect() as client:
        studio = client.get_sync()["studio"]
    if invite.studio != studio:
        raise BadInput("farm_of_another_studio", studio=invite.studio, here=studio)
    with end_server(session, partial(check_joining, invite=invite)) as (data, host):
        join_studio(data, invite=invite, host=host)
        if read_farm_address(data, find_chest(data, read_device(data))) is None:
            raise BadInput("invite_without_farm")
    tell_change(session, "farm_joined")


def join_farm(
    session: Session,
    queue: str,
    key: bytes,
    *,
    store: str | None,
    studio: str | None,
    replace: bool,
) -> None:
    """Let jobs of this machine be rendered on a farm, in the studio's own store unless told."""
    from local_server.cli.studio import tell_kept_key
    from local_server.farm_addresses import (
        FarmAddress,
        check_address,
        check_vacant,
        keep_farm_address,
        try_queue,
    )
    from local_server.letters import keep_bucket_keys
    from local_server.membership import find_chest
    from local_server.moving import check_address as check_store
    from local_server.settings import STUDIO, read_device
    from sync.stores import open_store

    with session.connect() as client:
        standing = client.get_sync()
    if store is None and standing["studio"] == STUDIO:
        raise BadInput("farm_wants_studio")  # nobody else reaches this machine's own folder
    data = session.find_data()
    chest = find_chest(data, read_device(data))
    address = FarmAddress(
        queue=queue,
        store=check_store(store) if store else standing["store"],
        studio=studio or standing["studio"],
        key=key.hex(),
    )
    check_address(address)
    if not replace:
        check_vacant(data, chest, address)
    open_store(address.store, chest.get)
    try_queue(address)
    keep_farm_address(chest, address)
    keep_bucket_keys([address.store], chest)
    tell_change(session, "farm_joined")
    tell_kept_key(session, address.store, chest)


def tell_change(session: Session, code: str) -> None:
    """Say what has changed, and end the server that still knows it otherwise: jobs go on later."""
    from local_server.cli.launching import stop_server

    stop_server(session.find_data(), session.wording)
    session.answer({"joined": code == "farm_joined"}, lambda: session.note(code))
