"""A session: what one run of a command has: its words, its data directory, its output."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console, RenderableType
from rich.text import Text

from local_server.settings import find_data_folder
from local_server.wording import Wording, Words

if TYPE_CHECKING:
    from local_server.cli.client import Client
    from local_server.cli.kept_sign_in import KeptSignIn
    from local_server.cli.link import Link

WIDTH_OF_A_PIPE = 10_000  # a table in a file is never cut to fit a screen


class PipedConsole(Console):
    """A console that leaves it to the command what a closed pipe means; rich would exit with 1."""

    def on_broken_pipe(self) -> None:
        """Say that whoever read our output has gone."""
        raise BrokenPipeError


def make_console(file: TextIO) -> Console:
    """Return a console that shows text as it is."""
    width = None if file.isatty() else WIDTH_OF_A_PIPE
    return PipedConsole(file=file, width=width, markup=False, highlight=False, emoji=False)


def make_err_console(out: Console) -> Console:
    """Return the console of what is said beside the answer.

    On a screen it is the answer's own: a moving picture is torn by whatever is written past it.
    """
    return out if out.is_terminal and sys.stderr.isatty() else make_console(sys.stderr)


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """One run of one command. `data` and `server` are what was typed, if anything."""

    wording: Wording
    data: str | None
    server: str | None
    as_json: bool
    out: Console
    err: Console

    @property
    def is_dialogue(self) -> bool:
        """Tell whether somebody sits there who sees a moving picture and can be asked."""
        return not self.as_json and self.out.is_terminal and sys.stdin.isatty()

    def say(self, code: str, **params: Any) -> Words:
        """Return the words for a code."""
        return self.wording.say(code, **params)

    def label(self, name: str, **params: Any) -> str:
        """Return a label's words."""
        return self.wording.say(f"label_{name}", **params).title

    def find_data(self) -> Path:
        """Return the data directory, made if need be. Raises Unavailable `data_unwritable`."""
        return find_data_folder(self.data)

    def open_link(self, data: Path | None = None, *, parent: int | None = None) -> "Link":
        """Return a link to the server that was named, else to the data directory's own.

        That one is started if need be. A `data` given here always means its own server.
        """
        from local_server.cli.link import Link
        from local_server.cli.own_version import find_own_version

        if self.server is not None and data is None:
            from local_server.cli.far_link import FarLink

            return FarLink(self.find_data(), self.wording, url=self.server)
        link = Link(
            data or self.find_data(),
            self.wording,
            parent=parent,
            on_start=self.tell_start if parent is None else lambda _: None,
        )
        theirs, ours = link.client.address.version, find_own_version()
        if theirs != ours:
            self.note("server_version_differs", theirs=theirs, ours=ours)
        return link

    def find_sign_in(self) -> "KeptSignIn":
        """Return where the sign-in for the server of this command is kept."""
        from local_server.cli.far_link import find_folder
        from local_server.cli.kept_sign_in import KeptSignIn

        data = self.find_data()
        return KeptSignIn(data if self.server is None else find_folder(data, self.server))

    @contextmanager
    def connect(self) -> Iterator["Client"]:
        """Return a client of the data directory's server for a few requests."""
        link = self.open_link()
        try:
            yield link.client
        finally:
            link.close()

    def tell_start(self, pid: int) -> None:
        """Say that a server was started and stays: nobody should find it by surprise."""
        self.note("server_started", pid=pid)

    def answer(self, value: Any, show: Callable[[], None]) -> None:
        """Give the command's answer: the value as one line of JSON, or as people read it."""
        if self.as_json:
            self.write_json(value)
        else:
            show()

    def write_json(self, value: Any) -> None:
        """Write a value as one line of JSON."""
        self.out.file.write(json.dumps(value, ensure_ascii=False) + "\n")
        self.out.file.flush()

    def write_raw(self, text: str) -> None:
        """Write text as it is: logs, exports."""
        self.out.file.write(text)
        self.out.file.flush()

    def show(self, renderable: RenderableType) -> None:
        """Write a table; in a pipe, without the blanks that would fill its last column."""
        if self.out.is_terminal:
            self.out.print(renderable)
            return
        with self.out.capture() as capture:
            self.out.print(renderable)
        lines = capture.get().splitlines()
        self.write_raw("".join(f"{line.rstrip()}\n" for line in lines))

    def print(self, text: str, style: str = "") -> None:
        """Write a line of the answer."""
        self.out.print(Text(text, style=style))

    def note(self, code: str, **params: Any) -> None:
        """Write a remark beside the answer."""
        self.err.print(Text(self.say(code, **params).line, style="dim"))

    def tell_error(self, code: str, words: Words, params: dict[str, Any]) -> None:
        """Write an error that does not end the command by itself."""
        tell_error(self.err, as_json=self.as_json, code=code, words=words, params=params)


def tell_error(
    err: Console, *, as_json: bool, code: str, words: Words, params: dict[str, Any]
) -> None:
    """Write an error: what is wrong and what to do, or a line of JSON in the server's shape."""
    if as_json:
        body = {"code": code, "title": words.title, "detail": words.detail, "params": params}
        err.file.write(json.dumps({"error": body}, ensure_ascii=False) + "\n")
        err.file.flush()
        return
    err.print(Text(words.title, style="bold red"))
    if words.detail:
        err.print(Text(words.detail))


def make_absolute(path: str) -> str:
    """Return a path as typed, made absolute: the server's working directory is another."""
    return os.path.abspath(Path(path).expanduser())  # noqa: PTH100 - resolve() follows links
