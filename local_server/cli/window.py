"""The command that opens the window; without a command `yuntu` does so too, on a screen."""

import os
import runpy
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import click

from local_server.cli.session import Session
from local_server.cli.spoken import SpokenCommand
from local_server.farm.errors import Unavailable

# By its name alone: the window is a client, and nothing here knows what is in it.
WINDOW = "desktop"
TOOLKIT = "PySide6"
LANGUAGE = "YUNTU_LANG"
SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


@click.command("desktop", cls=SpokenCommand, takes_server=False)
@click.argument("scenes", nargs=-1, metavar="SCENE ...")
@click.pass_obj
def desktop(session: Session, scenes: tuple[str, ...]) -> int:
    """Open the window, with scenes that are about to be rendered."""
    data = str(session.find_data())
    os.environ[LANGUAGE] = session.wording.language  # the window asks the environment
    return open_window(["--data", data, *(str(Path(one).absolute()) for one in scenes)])


def open_window(arguments: list[str]) -> int:
    """Show the window until it is closed. Raises Unavailable `no_toolkit` and `no_screen`."""
    if find_spec(TOOLKIT) is None:
        raise Unavailable("no_toolkit")
    if not has_screen(os.environ):
        raise Unavailable("no_screen")
    sys.argv = ["yuntu desktop", *arguments]
    try:
        runpy.run_module(WINDOW, run_name="__main__")
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def has_screen(environ: Mapping[str, str]) -> bool:
    """Tell whether there is a screen to show a window on."""
    return sys.platform in ("win32", "darwin") or any(environ.get(name) for name in SCREENS)


def can_open_window(environ: Mapping[str, str]) -> bool:
    """Tell whether `yuntu` without a command opens the window, and somebody looks."""
    return has_screen(environ) and find_spec(TOOLKIT) is not None
