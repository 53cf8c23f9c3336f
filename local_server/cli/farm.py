"""The command about the studio's farm: which one this machine uses, to join one, to leave it."""

import click

from local_server.cli.exits import Exit
from local_server.cli.serving import read_queue_key
from local_server.cli.session import Session
from local_server.cli.spoken import SpokenCommand
from local_server.cli.tables import print_pairs
from local_server.cli.values import Choice
from local_server.farm.errors import BadInput
from local_server.settings import STUDIO

VERBS = ("show", "join", "leave")


@click.command("farm", cls=SpokenCommand)
@click.argument("verb", type=Choice(*VERBS), metavar="|".join(VERBS), default="show")
@click.option("--queue", metavar="ADDR")
@click.option("--store", metavar="ADDR")
@click.option("--queue-key-file", metavar="FILE")
@click.option("--studio", metavar="ID", default=STUDIO)
@click.pass_obj
def farm(
    session: Session,
    verb: str,
    queue: str | None,
    store: str | None,
    queue_key_file: str | None,
    studio: str,
) -> Exit:
    """Show the farm that renders for this machine, join one, or leave it."""
    if verb == "show":
        return show_farm(session)
    if verb == "leave":
        return leave_farm(session)
    if queue is None or store is None:
        raise BadInput("farm_wants")
    return join_farm(session, queue, store, queue_key_file, studio)


def show_farm(session: Session) -> Exit:
    """Show the farm and what waits for it."""
    with session.connect() as client:
        shown = client.get_farm()
    if not shown["joined"]:
        session.answer(shown, lambda: session.note("farm_none"))
        return Exit.DONE
    pairs = [(name, shown[name]) for name in ("queue", "store", "studio")]
    pairs.append(("shipments", str(len(shown["shipments"]))))
    if shown["trouble"]:
        pairs.append(("trouble", shown["trouble"]["title"]))
    session.answer(shown, lambda: print_pairs(session, pairs))
    return Exit.DONE


def join_farm(
    session: Session, queue: str, store: str, queue_key_file: str | None, studio: str
) -> Exit:
    """Let jobs of this machine be rendered on a farm."""
    from local_server.farm_link import FarmAddress, check_address, write_farm_address
    from sync.store import open_store

    key = read_queue_key(queue_key_file).hex()
    address = check_address(FarmAddress(queue=queue, store=store, studio=studio, key=key))
    open_store(store)
    write_farm_address(session.find_data(), address)
    return tell_change(session, "farm_joined")


def leave_farm(session: Session) -> Exit:
    """Forget the farm; jobs that wait for it go on when it is joined again."""
    from local_server.farm_link import forget_farm_address

    left = forget_farm_address(session.find_data())
    return tell_change(session, "farm_left" if left else "farm_none")


def tell_change(session: Session, code: str) -> Exit:
    """Say what has changed, and end the server that still knows it otherwise: jobs go on later."""
    from local_server.cli.launching import stop_server

    stop_server(session.find_data(), session.wording)
    session.answer({"joined": code == "farm_joined"}, lambda: session.note(code))
    return Exit.DONE
