"""The command that puts the add-on into Blenders, and takes it out."""

import json
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from local_server.cli.session import Session
from local_server.cli.spoken import SpokenCommand
from local_server.cli.tables import make_table
from local_server.cli.values import Choice
from local_server.farm.errors import NotFound, Unavailable
from render.own_command import find_import_path, make_own_command
from render.renderers import Origin, Renderer, find_renderers, read_specs

SECONDS_MAX = 300
MARK = "@yuntu "
WHERE_WE_ARE = "installed.json"


@click.command("blender-addon", cls=SpokenCommand, takes_server=False)
@click.argument("verb", type=Choice("install", "remove"))
@click.option("--blender", metavar="FILE")
@click.pass_obj
def blender_addon(session: Session, verb: str, blender: str | None) -> None:
    """Put the add-on into every Blender that is here, or into one; or take it out."""
    found = list_blenders(session, blender)
    done = [change_blender(one, verb) for one in found]
    if verb == "install":
        for one in done:
            write_where_we_are(Path(one["place"]), data=session.data)
    session.answer({"items": done}, lambda: print_changes(session, verb, done))


def list_blenders(session: Session, named: str | None) -> list[Renderer]:
    """Return the Blenders that are installed here, or the one named. Raises NotFound."""
    environ = {} if named is None else {"YUNTU_BLENDER": str(Path(named).expanduser().absolute())}
    specs = [one for one in read_specs(session.find_data() / "renderers") if one.name == "blender"]
    found = find_renderers(specs, env=environ or None)
    installed = [one for one in found if one.origin is Origin.INSTALLED]
    if not installed:
        raise NotFound("no_blender_here", path=named or "-")
    return installed


def change_blender(blender: Renderer, verb: str) -> dict[str, Any]:
    """Let a Blender install or remove the add-on itself: it knows where its folders are.

    Raises Unavailable `blender_refused` with its words when it does not.
    """
    resources = Path(str(files("resources")))
    command = [*blender.command, "-b", "-noaudio", "--python-exit-code", "1"]
    command += ["--python", str(resources / "blender_setup.py"), "--"]
    try:
        ran = subprocess.run(
            [*command, verb, str(resources / "blender_addon")],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            errors="replace",
            timeout=SECONDS_MAX,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable("blender_refused", path=blender.command[0], words=str(error)) from error
    told = next((line for line in ran.stdout.splitlines() if line.startswith(MARK)), None)
    if ran.returncode != 0 or told is None:
        last = (ran.stdout + ran.stderr).strip().splitlines()[-1:]
        raise Unavailable("blender_refused", path=blender.command[0], words="".join(last))
    answer = json.loads(told.removeprefix(MARK))
    return {"blender": blender.command[0], "version": blender.version, **answer}


def write_where_we_are(place: Path, *, data: str | None) -> None:
    """Tell the add-on how this very program is started, and which data directory was named."""
    told = {
        "command": make_own_command(),
        "environment": find_import_path(),
        "data": "" if data is None else str(Path(data).expanduser().absolute()),
    }
    (place / WHERE_WE_ARE).write_text(json.dumps(told, indent=1), encoding="utf-8")


def print_changes(session: Session, verb: str, done: list[dict[str, Any]]) -> None:
    """Print what became of each Blender, and what to do next."""
    table = make_table(session, ("version", "executable", "addon"))
    for one in done:
        told = one["place"] if verb == "install" or one["done"] else session.label("none")
        table.add_row(Text(one["version"]), Text(one["blender"]), Text(told))
    session.show(table)
    session.note("addon_installed" if verb == "install" else "addon_removed")
