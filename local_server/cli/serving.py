"""Commands about processes: serve, stop, node, version."""

import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import platformdirs

from local_server.cli.exits import Exit
from local_server.cli.session import Session
from local_server.cli.spoken import SpokenCommand
from local_server.cli.tables import print_pairs
from local_server.cli.values import Number
from local_server.farm.errors import BadInput, YuntuError
from local_server.settings import STUDIO, make_settings

if TYPE_CHECKING:
    from local_server.node_home import NodeHome

SLOTS_MAX = 256
PID_MAX = 2**31 - 1
KEY_VARIABLE = "YUNTU_QUEUE_KEY"


@click.command("serve", cls=SpokenCommand, takes_server=False)
@click.option("--port", type=Number(0, 65_535), metavar="N", default="0")
@click.option("--queue", metavar="ADDR")
@click.option("--store", metavar="ADDR")
@click.option("--slots", type=Number(1, SLOTS_MAX), metavar="N")
@click.option("--no-node", is_flag=True)
@click.option("--alone", is_flag=True)
@click.option("--origin", multiple=True, metavar="ORIGIN")
@click.option("--parent", type=Number(1, PID_MAX), metavar="PID")
@click.pass_obj
def serve(
    session: Session,
    port: int,
    queue: str | None,
    store: str | None,
    slots: int | None,
    parent: int | None,
    *,
    origin: tuple[str, ...],
    no_node: bool,
    alone: bool,
) -> Exit:
    """Serve a data directory until ended; whatever keeps it from starting ends with one code."""
    from local_server.serve import run_server

    try:
        run_server(
            make_settings(
                data=session.find_data(),
                port=port,
                queue=queue,
                store=store,
                slots=slots,
                parent=parent,
                node=not no_node,
                alone=alone,
                origins=origin,
            )
        )
    except YuntuError as error:
        words = session.say(error.code, **error.params)
        session.tell_error(error.code, words, error.params)
        return Exit.SERVER
    return Exit.DONE


@click.command("node", cls=SpokenCommand, takes_data=False)
@click.option("--invite", metavar="INVITE")
@click.option("--queue", metavar="ADDR")
@click.option("--store", metavar="ADDR")
@click.option("--queue-key-file", metavar="FILE")
@click.option("--slots", type=Number(1, SLOTS_MAX), metavar="N")
@click.option("--owner", metavar="ID")
@click.option("--workdir", metavar="DIR")
@click.option("--name", metavar="NAME")
@click.option("--id", metavar="ID")
@click.option("--parent", type=Number(1, PID_MAX), metavar="PID")
@click.option("--studio", metavar="ID", default=STUDIO)
@click.pass_obj
def node(
    _: Session,
    /,
    invite: str | None,
    queue: str | None,
    store: str | None,
    queue_key_file: str | None,
    slots: int | None,
    owner: str | None,
    workdir: str | None,
    name: str | None,
    id: str | None,
    parent: int | None,
    studio: str,
) -> None:
    """Render what a queue has, until ended; an invited node knows which queue that is."""
    folder = Path(workdir) if workdir else platformdirs.user_data_path("yuntu", False) / "node"
    folder, home = folder.expanduser().absolute(), None
    if queue is None and store is None:
        home = find_home(folder, invite)
        farm, secret = home.farm, home.farm.secret
        queue, store, studio = farm.queue, farm.store, farm.studio
    elif queue is None or store is None or invite is not None:
        raise BadInput("node_wants")
    else:
        secret = read_queue_key(queue_key_file)
    from local_server.node_process import run_node

    run_node(
        queue=queue,
        store=store,
        secret=secret,
        slots=slots,
        owner=owner,
        workdir=folder,
        name=name,
        node_id=id,
        parent=parent,
        studio=studio,
        home=home,
    )


def find_home(folder: Path, invite: str | None) -> "NodeHome":
    """Return what the node of a folder knows, after it has joined by an invite if there is one."""
    from local_server.invites import Guest, read_invite
    from local_server.node_home import join_farm, read_home

    if invite is None:
        return read_home(folder)
    if invite == "-":  # an invite is a secret, and lines can be read by others
        invite = sys.stdin.readline()
    return join_farm(folder, read_invite(invite, guest=Guest.NODE))


def read_queue_key(file: str | None) -> bytes:
    """Return the key that signs queue messages, from a file or the environment.

    It is never an argument: those are there for every user of a machine to read. Raises BadInput
    `queue_key_missing`, `queue_key_unreadable`, `queue_key_wrong`.
    """
    text = os.environ.get(KEY_VARIABLE, "")
    if file is not None:
        try:
            text = Path(file).expanduser().read_text(encoding="ascii")
        except (OSError, ValueError) as error:
            raise BadInput("queue_key_unreadable", path=file, words=str(error)) from error
    if not text.strip():
        raise BadInput("queue_key_missing", variable=KEY_VARIABLE)
    try:
        key = bytes.fromhex(text.strip())
    except ValueError as error:
        raise BadInput("queue_key_wrong") from error
    if len(key) < 16:
        raise BadInput("queue_key_wrong")
    return key


@click.command("stop", cls=SpokenCommand, takes_server=False)
@click.pass_obj
def stop(session: Session) -> None:
    """End the server."""
    from local_server.cli.launching import stop_server

    address = stop_server(session.find_data(), session.wording)
    pid = None if address is None else address.pid
    words = session.say("server_not_running" if pid is None else "server_ended", pid=pid or 0)
    session.answer({"stopped": pid is not None, "pid": pid}, lambda: session.print(words.title))


@click.command("version", cls=SpokenCommand, takes_server=False)
@click.pass_obj
def version(session: Session) -> None:
    """Say which program this is, and which server runs."""
    from local_server.cli.launching import find_server
    from local_server.cli.own_version import find_own_version

    address = find_server(session.find_data(), session.wording)
    answer = {
        "version": find_own_version(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "data": str(session.find_data()),
        "server": None if address is None else {"pid": address.pid, "version": address.version},
    }
    running = session.label("none")
    if address is not None:
        running = session.label("server_told", pid=address.pid, version=address.version)
    pairs = [
        ("version", answer["version"]),
        ("python", answer["python"]),
        ("platform", answer["platform"]),
        ("data", answer["data"]),
        ("server", running),
    ]
    session.answer(answer, lambda: print_pairs(session, pairs))
