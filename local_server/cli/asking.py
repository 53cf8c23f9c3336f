"""Asking: what is typed unseen at a terminal, or comes as a line of a pipe; never an argument."""

import sys
from getpass import getpass

import click

from local_server.cli.session import Session
from local_server.farm.errors import BadInput


def ask_secret(session: Session, label: str) -> str:
    """Return a password or code that somebody types, or the next line of what is piped in.

    Arguments are there for every user of a machine to read. Raises BadInput `nothing_typed`.
    """
    prompt = f"{session.label(label)}: "
    try:
        typed = getpass(prompt, stream=sys.stderr) if sys.stdin.isatty() else read_line()
    except EOFError as error:
        raise BadInput("nothing_typed") from error
    if not typed:
        raise BadInput("nothing_typed")
    return typed


def ask_new_password(session: Session) -> str:
    """Return a new password; at a terminal it is typed twice. Raises BadInput `typed_differs`."""
    password = ask_secret(session, "new_password")
    if sys.stdin.isatty() and ask_secret(session, "new_password_again") != password:
        raise BadInput("typed_differs")
    return password


def read_line() -> str:
    """Return the next line of a pipe. Raises EOFError."""
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\r\n")


def confirm(session: Session, code: str, **params: str) -> None:
    """Ask before what cannot be undone, where somebody sits there to ask. Raises Abort."""
    if session.is_dialogue:
        click.confirm(session.say(code, **params).title, abort=True)
