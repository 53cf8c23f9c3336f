"""The command line as tests run it: in this process, in one of its own, and at a terminal."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from local_server.cli.root import run

SECONDS_MAX = 120.0
CONTROL_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
# A process that a shell put into the background ignores Ctrl-C, and so would its children.
HEED_INTERRUPTS = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL);"
    " os.execv(sys.executable, [sys.executable, '-m', 'local_server', *sys.argv[1:]])"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """What a command line left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return the answer, which is one line of JSON."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Return the answer's lines of JSON."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> dict[str, Any]:
        """Return the error that was told as JSON, the last line of what went wrong."""
        told: dict[str, Any] = json.loads(self.err.splitlines()[-1])["error"]
        return told


class Yuntu:
    """Runs command lines on one data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __call__(self, *argv: str) -> Ran:
        """Run a command line in this process."""
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = run([*argv, "--data", str(self.data)])
        return Ran(code=code, out=out.getvalue(), err=err.getvalue())

    def json(self, *argv: str) -> Any:
        """Run a command that must go well, and return its answer."""
        ran = self(*argv, "--json")
        assert ran.code == 0, ran.err
        return ran.json

    def start(self, *argv: str) -> "subprocess.Popen[str]":
        """Start a command line in a process of its own, with pipes."""
        return subprocess.Popen(
            self.make_command(*argv), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def make_command(self, *argv: str) -> list[str]:
        """Return the command of a process that runs a command line."""
        return [sys.executable, "-c", HEED_INTERRUPTS, *argv, "--data", str(self.data)]

    def read_server(self) -> dict[str, Any]:
        """Return what the server tells of itself; empty while there is none."""
        try:
            told: dict[str, Any] = json.loads((self.data / "server.json").read_text())
        except FileNotFoundError:
            return {}
        return told

    def kill_server(self) -> None:
        """Kill the server with SIGKILL."""
        os.kill(int(self.read_server()["pid"]), signal.SIGKILL)


class Terminal:
    """A command line at a terminal of its own; every wait is bounded."""

    def __init__(self, command: list[str]) -> None:
        self.seen = ""
        self.ended = False
        self.pid, self.screen = pty.fork()
        if self.pid == 0:
            os.environ["COLUMNS"] = "100"
            os.execv(command[0], command)

    def __enter__(self) -> "Terminal":
        """Give the terminal itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the terminal; a command that a failed test left there is killed."""
        os.close(self.screen)
        if not self.ended:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def wait_for(self, text: str) -> None:
        """Read until a text has appeared since the last one that was waited for."""
        ends = time.monotonic() + SECONDS_MAX
        start = len(self.seen)
        while text not in self.seen[start:]:
            assert time.monotonic() < ends, f"{text!r} did not appear:\n{self.seen[-2000:]}"
            assert self.read(), f"it ended without {text!r}:\n{self.seen[-2000:]}"

    def press(self, key: str) -> None:
        """Press a key; Ctrl-C is `\\x03`."""
        os.write(self.screen, key.encode())

    def read(self) -> bool:
        """Read what is there; False when the command has ended."""
        ready, _, _ = select.select([self.screen], [], [], 0.5)
        if not ready:
            return True
        try:
            data = os.read(self.screen, 65_536)
        except OSError:  # Linux tells the end of a terminal this way
            return False
        self.seen += CONTROL_CODES.sub("", data.decode(errors="replace"))
        return bool(data)

    def wait(self) -> int:
        """Read to the end and return the exit code."""
        ends = time.monotonic() + SECONDS_MAX
        while self.read():
            assert time.monotonic() < ends, f"it does not end:\n{self.seen[-2000:]}"
        _, status = os.waitpid(self.pid, 0)
        self.ended = True
        return os.waitstatus_to_exitcode(status)
