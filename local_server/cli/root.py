"""The root of the command line: all commands, and how every one of them may end."""

import contextlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

from local_server.cli.exits import Exit, find_error_exit
from local_server.cli.failure import ClientError
from local_server.cli.first_look import find_language
from local_server.cli.own_version import find_own_version
from local_server.cli.session import make_console, tell_error
from local_server.cli.spoken import SpokenRoot
from local_server.cli.values import show_option
from local_server.cli.window import can_open_window, desktop
from local_server.farm.errors import BadInput, YuntuError
from local_server.wording import Wording, Words

PROGRAM = "yuntu"
SECTIONS = {
    "scenes": {
        "demo": "demo",
        "render": "rendering",
        "check": "rendering",
        "upload": "packages",
        "packages": "packages",
        "renderers": "rendering",
    },
    "watching": {
        "jobs": "jobs",
        "job": "jobs",
        "watch": "rendering",
        "frames": "jobs",
        "logs": "logs",
        "sheet": "jobs",
        "download": "downloading",
    },
    "steering": dict.fromkeys(
        ("pause", "resume", "cancel", "retry", "priority", "delete", "restore"), "steering"
    ),
    "money": dict.fromkeys(
        ("balance", "topup", "bill", "bills", "statement", "export", "audit"), "money"
    )
    | dict.fromkeys(("withdraw", "refund", "usage", "prices"), "accounts"),
    "you": dict.fromkeys(
        ("signup", "signin", "signout", "sessions", "whoami", "password", "profile"), "signing"
    ),
    "studio": {
        **dict.fromkeys(("people", "rules", "deeds"), "people"),
        "sync": "syncing",
        "studio": "studio",
        **dict.fromkeys(("transfers", "fetch"), "elsewhere"),
        "farm": "farm",
        "nodes": "nodes",
    },
    "processes": {
        "desktop": "window",
        "serve": "serving",
        "stop": "serving",
        "node": "serving",
        "store": "stores",
        "version": "serving",
        "blender-addon": "blender_addon",
    },
}


def make_root() -> click.Group:
    """Return the command `yuntu` with all its commands."""
    root = SpokenRoot(PROGRAM, sections=SECTIONS)
    root.params.append(make_version_option())
    if can_open_window(os.environ):
        root.callback = open_alone
    return root


@click.pass_context
def open_alone(ctx: click.Context, /, **_: Any) -> Any:
    """Open the window where no command was typed, by the options that were."""
    if ctx.invoked_subcommand is not None:
        return None
    with desktop.make_context(str(desktop.name), [], parent=ctx) as inner:
        return desktop.invoke(inner)


def make_version_option() -> click.Option:
    """Return `--version`, which says no more than that; `yuntu version` says more."""

    def tell(ctx: click.Context, _: click.Parameter, value: object) -> None:
        if value:
            click.echo(f"{PROGRAM} {find_own_version()}")
            ctx.exit()

    return click.Option(
        ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=tell
    )


def run(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    wording = Wording(find_language(argv, os.environ))
    as_json = "--json" in argv
    try:
        code = make_root().main(
            args=list(argv), prog_name=PROGRAM, standalone_mode=False, obj=wording
        )
        sys.stdout.flush()
        return int(code or Exit.DONE)
    except BrokenPipeError:
        # Whoever read our output has gone; the interpreter must not try to flush it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except (KeyboardInterrupt, click.Abort):
        return Exit.INTERRUPTED
    except ClientError as error:
        tell(as_json, error.code, error.words, error.params)
        return find_error_exit(error.status)
    except click.UsageError as error:
        return tell_ours(as_json, translate(error), wording)
    except YuntuError as error:
        return tell_ours(as_json, error, wording)
    except Exception:  # noqa: BLE001 - the last resort: what nobody foresaw is shown whole
        tell(as_json, "internal", wording.say("internal"), {})
        traceback.print_exc()
        return Exit.INTERNAL


def tell_ours(as_json: bool, error: YuntuError, wording: Wording) -> int:
    """Tell of an error whose words are ours to find; returns the exit code."""
    tell(as_json, error.code, wording.say(error.code, **error.params), error.params)
    return find_error_exit(error.status)


def tell(as_json: bool, code: str, words: Words, params: dict[str, Any]) -> None:
    """Write an error where errors go."""
    tell_error(make_console(sys.stderr), as_json=as_json, code=code, words=words, params=params)


def translate(error: click.UsageError) -> YuntuError:
    """Return click's complaint about a line as one of ours, which speaks the reader's language."""
    command = error.ctx.command_path if error.ctx is not None else PROGRAM
    if isinstance(error, click.NoSuchOption):
        return translate_unknown(error, command)
    if isinstance(error, click.MissingParameter):
        return BadInput("argument_needed", argument=show_option(error.param), command=command)
    if isinstance(error, click.BadOptionUsage):
        code = "option_takes_nothing" if is_flag(error) else "option_needs_value"
        return BadInput(code, option=error.option_name, command=command)
    return BadInput("usage_wrong", words=error.format_message(), command=command)


def translate_unknown(error: click.NoSuchOption, command: str) -> YuntuError:
    """Return the error for an option that does not exist, with what may have been meant."""
    given = error.option_name
    if error.possibilities:
        near = ", ".join(error.possibilities)
        return BadInput("option_near", given=given, near=near, command=command)
    return BadInput("option_unknown", given=given, command=command)


def is_flag(error: click.BadOptionUsage) -> bool:
    """Tell whether a complaint is about an option that takes no value."""
    params = error.ctx.command.params if error.ctx is not None else []
    return any(
        isinstance(one, click.Option) and one.is_flag and error.option_name in one.opts
        for one in params
    )
