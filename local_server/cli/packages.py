"""Commands about uploaded scenes: upload, packages."""

from typing import Any

import click
from rich.text import Text

from local_server.cli.exits import Exit
from local_server.cli.far_scenes import plan_scene, tell_findings, upload_package
from local_server.cli.package_ids import find_package
from local_server.cli.session import Session
from local_server.cli.spoken import SpokenCommand
from local_server.cli.tables import make_table, print_pairs, show_bytes, show_time
from local_server.cli.values import Choice, Number
from local_server.farm.errors import BadInput

VERBS = ("list", "show", "remove")
LIMIT_MAX = 1_000_000
PAGE = 500


@click.command("upload", cls=SpokenCommand)
@click.argument("scenes", nargs=-1, required=True, metavar="SCENE...")
@click.option("--name", metavar="TEXT")
@click.option("--allow-missing", is_flag=True)
@click.pass_obj
def upload(
    session: Session, scenes: tuple[str, ...], name: str | None, *, allow_missing: bool
) -> Exit:
    """Bring scenes with all that they need to the server."""
    plans = [plan_scene(session, scene) for scene in scenes]
    if not tell_findings(session, plans, {"allow_missing": allow_missing}):
        return Exit.BLOCKED
    link = session.open_link()
    try:
        sent = [upload_package(session, link, plan, name=name) for plan in plans]
    finally:
        link.close()
    session.answer({"items": sent}, lambda: print_sent(session, sent))
    return Exit.DONE


def print_sent(session: Session, sent: list[dict[str, Any]]) -> None:
    """Print what has arrived, and how it is rendered."""
    for one in sent:
        size = show_bytes(one["size_bytes"])
        session.print(session.label("uploaded", package=one["id"], title=one["name"], size=size))
        told = {"count": one["sent_files"], "size": show_bytes(one["sent_bytes"])}
        told |= {"others": one["spared_files"]}
        code = "upload_sent_rest" if one["spared_files"] else "upload_sent"
        session.note(code if one["sent_files"] else "upload_was_here", **told)
        session.note("upload_render", id=one["id"])


@click.command("packages", cls=SpokenCommand)
@click.argument("verb", type=Choice(*VERBS), metavar="|".join(VERBS), default="list")
@click.argument("packages", nargs=-1, metavar="[PACKAGE...]")
@click.option("--limit", type=Number(1, LIMIT_MAX), metavar="N", default="20")
@click.pass_obj
def packages(session: Session, verb: str, packages: tuple[str, ...], limit: int) -> None:
    """List uploaded scenes, show some of them, or take them off the list."""
    check_words(verb, packages)
    with session.connect() as client:
        if verb == "list":
            found = list(client.list_pages("/packages", min(limit, PAGE), limit))
            session.answer({"items": found}, lambda: print_packages(session, found))
            return
        found = [find_package(client, given) for given in packages]
        if verb == "show":
            session.answer({"items": found}, lambda: print_each(session, found))
            return
        for one in found:
            client.call("DELETE", f"/packages/{one['id']}")
    removed = {"removed": [one["id"] for one in found]}
    session.answer(removed, lambda: session.print(session.label("packages_removed")))


def check_words(verb: str, given: tuple[str, ...]) -> None:
    """Raise BadInput `argument_needed` or `too_many_arguments` for a line that does not fit."""
    if verb == "list" and given:
        raise BadInput("too_many_arguments", given=" ".join(given), command="yuntu packages list")
    if verb != "list" and not given:
        raise BadInput("argument_needed", argument="PACKAGE", command=f"yuntu packages {verb}")


def print_packages(session: Session, found: list[dict[str, Any]]) -> None:
    """Print a line for each package."""
    if not found:
        session.note("no_package_yet")
        return
    table = make_table(
        session, ("id", "name", "files", "bytes", "created"), right=("files", "bytes")
    )
    for one in found:
        table.add_row(
            Text(one["id"]),
            Text(one["name"]),
            Text(str(one["files"])),
            Text(show_bytes(one["size_bytes"])),
            Text(show_time(one["created_at_ms"])),
        )
    session.show(table)


def print_each(session: Session, found: list[dict[str, Any]]) -> None:
    """Print all that is known of packages."""
    for one in found:
        print_pairs(
            session,
            [
                ("id", one["id"]),
                ("name", one["name"]),
                ("scene", one["scene"]),
                ("files", one["files"]),
                ("bytes", show_bytes(one["size_bytes"])),
                ("digest", one["digest"]),
                ("created", show_time(one["created_at_ms"])),
            ],
        )
