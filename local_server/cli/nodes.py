"""The command that lists the machines that render."""

from typing import Any

import click
from rich.text import Text

from local_server.cli.session import Session
from local_server.cli.spoken import SpokenCommand
from local_server.cli.tables import make_table, show_time


@click.command("nodes", cls=SpokenCommand)
@click.pass_obj
def nodes(session: Session) -> None:
    """List the nodes that were heard of lately."""
    with session.connect() as client:
        found = client.get_nodes()
    session.answer(found, lambda: print_nodes(session, found["items"]))


def print_nodes(session: Session, found: list[dict[str, Any]]) -> None:
    """Print a line for each node, and below it the jobs that it is left out of."""
    if not found:
        session.note("no_nodes")
        return
    table = make_table(session, ("node", "where", "rendering_now", "renderers"))
    for one in found:
        table.add_row(
            Text(f"{one['name']} ({one['id']})"),
            Text(session.label(f"site_{one['site']}")),
            Text(f"{one['rendering']}/{one['slots']}"),
            Text(" ".join(one["renderers"])),
        )
    session.show(table)
    for one in found:
        for told in one["left_out"]:
            session.note(
                "node_left_out",
                node=one["id"],
                job=told["job"],
                until=show_time(told["until_ms"]),
                count=told["in_a_row"],
            )
