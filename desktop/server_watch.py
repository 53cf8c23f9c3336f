"""The server watch: finds the local server or starts it, keeps it up, and says why it is not."""

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil
from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from desktop.client import ServerAddress
from desktop.handover import hand_over

log = logging.getLogger(__name__)
PAUSES_MS = (100, 500, 1_000, 3_000, 5_000)
HEALTHY_SECONDS = 30.0
START_MS_MAX = 60_000
LOG_LINES_MAX = 200


class ServerState(StrEnum):
    """How the server is, as far as one can see from here."""

    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    FAILED = "failed"
    STOPPED = "stopped"


class ServerWatch(QObject):
    """Watches over the server of one data directory."""

    changed = Signal(str)
    ready = Signal(object)
    ended = Signal(int, object)  # on Windows a return code is up to 32 bits without a sign

    def __init__(self, data: Path, *, language: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.data = data
        self.language = language
        self.state = ServerState.STOPPED
        self.address: ServerAddress | None = None
        self.failures = 0
        self.began = 0.0
        self.processes: list[subprocess.Popen[bytes]] = []
        self.error: dict[str, str] = {}
        self.files = QFileSystemWatcher(self)
        self.files.directoryChanged.connect(self.look)
        self.patience = QTimer(self, singleShot=True, interval=START_MS_MAX)
        self.patience.timeout.connect(self.give_up)
        self.ended.connect(self.on_end)

    @property
    def is_ours(self) -> bool:
        """Tell whether the server that answers is one that this window started."""
        address = self.address
        return address is not None and any(one.pid == address.pid for one in self.processes)

    @property
    def is_starting(self) -> bool:
        """Tell whether a server is on its way."""
        return self.state in (ServerState.STARTING, ServerState.RESTARTING)

    @property
    def log_file(self) -> Path:
        """Return where the server that this window starts says what it has to say."""
        return self.data / "logs" / "start.log"

    def start(self) -> None:
        """Find the server, or start one. What comes of it comes as signals."""
        (self.data / "logs").mkdir(parents=True, exist_ok=True)
        self.files.addPath(str(self.data))
        self.failures = 0
        self.begin(ServerState.STARTING)

    def begin(self, state: ServerState) -> None:
        """Take the server that runs, or start one."""
        self.began = time.monotonic()
        address = read_address(self.data)
        if address is not None:
            self.adopt(address)
            self.watch_process(address.pid)
            return
        self.set_state(state)
        self.patience.start()
        threading.Thread(target=self.run_server, name="server", daemon=True).start()

    def run_server(self) -> None:
        """Start a server and wait for its end: a thread's whole life."""
        try:
            with self.log_file.open("wb") as output:
                process = subprocess.Popen(
                    [*find_program(), "serve", "--data", str(self.data), "--json"],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=make_environment(self.language),
                    cwd=self.data,
                    **make_detached_options(),
                )
        except OSError as error:
            log.warning("the server cannot be started: %s", error)
            self.error = {"title": "", "detail": str(error)}
            self.tell_end(0, -1)
            return
        self.processes.append(process)
        if self.state == ServerState.STOPPED:
            process.terminate()  # the window was closed in the meantime
        code = process.wait()
        self.processes.remove(process)
        self.tell_end(process.pid, code)

    def watch_process(self, pid: int) -> None:
        """Hear of the end of a server that somebody else started."""

        def wait() -> None:
            with contextlib.suppress(psutil.Error):
                psutil.Process(pid).wait()
            self.tell_end(pid, 0)

        threading.Thread(target=wait, name="server-other", daemon=True).start()

    def tell_end(self, pid: int, code: int) -> None:
        """Let it be known in the window's thread that a server has ended."""
        hand_over(self, lambda: self.ended.emit(pid, code))

    def look(self) -> None:
        """See whether the server has told where it is."""
        if self.is_starting:
            address = read_address(self.data)
            if address is not None:
                self.adopt(address)

    def adopt(self, address: ServerAddress) -> None:
        """Take a server as the one to talk to."""
        self.patience.stop()
        self.address = address
        self.set_state(ServerState.READY)
        self.ready.emit(address)

    def on_end(self, pid: int, code: int) -> None:
        """Start a server again that has ended, unless it keeps doing so or was told to."""
        if self.state in (ServerState.STOPPED, ServerState.FAILED):
            return
        if self.address is not None and pid not in (0, self.address.pid):
            return  # one that was refused because another was quicker
        other = read_address(self.data)
        if other is not None and other.pid != pid:
            self.adopt(other)
            self.watch_process(other.pid)
            return
        log.warning("the server %s ended with %s", pid, code)
        self.address = None
        if time.monotonic() - self.began > HEALTHY_SECONDS:
            self.failures = 0
        self.failures += 1
        if self.failures > len(PAUSES_MS) or self.state == ServerState.STARTING:
            self.fail()
            return
        self.set_state(ServerState.RESTARTING)
        QTimer.singleShot(PAUSES_MS[self.failures - 1], self, self.begin_again)

    def begin_again(self) -> None:
        """Start the server again after a pause, if that is still wanted."""
        if self.state == ServerState.RESTARTING:
            self.begin(ServerState.RESTARTING)

    def give_up(self) -> None:
        """Say that the server takes too long."""
        if self.is_starting:
            self.fail()

    def fail(self) -> None:
        """Say that there is no server, and keep why."""
        self.patience.stop()
        self.error = read_start_error(self.log_file) or self.error
        self.set_state(ServerState.FAILED)

    def step_aside(self) -> None:
        """Leave the server to somebody who ends it; `start` watches over one again."""
        self.patience.stop()
        self.address = None
        self.set_state(ServerState.STOPPED)

    def stop(self, *, ends_server: bool) -> None:
        """Watch no more, over nobody's server; what we started is ended unless still needed.

        It ends in its own time: it gives frames under way back to the queue. Windows has no way to
        ask it: there it is killed, which costs the time of those frames. Not tried on Windows.
        """
        self.patience.stop()
        self.state, self.address = ServerState.STOPPED, None
        if ends_server:
            for process in list(self.processes):  # whose own threads take them off
                process.terminate()

    def set_state(self, state: ServerState) -> None:
        """Keep how the server is, and tell."""
        self.state = state
        self.changed.emit(str(state))


def read_address(data: Path) -> ServerAddress | None:
    """Return what `server.json` tells of a server whose process is alive, or None."""
    try:
        told = json.loads((data / "server.json").read_text(encoding="utf-8"))
        address = ServerAddress(
            pid=int(told["pid"]),
            port=int(told["port"]),
            key=str(told["key"]),
            version=str(told["version"]),
        )
        if psutil.Process(address.pid).status() == psutil.STATUS_ZOMBIE:
            return None
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return address


def find_program() -> list[str]:
    """Return the command of this very installation, without arguments."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-m", "local_server"]


def find_reader(word: str) -> list[str]:
    """Return the command that reads a picture: the bundle itself, or Python with our module."""
    if getattr(sys, "frozen", False):
        return [sys.executable, word]
    return [sys.executable, "-m", "desktop.picture_reader"]


def make_environment(language: str) -> dict[str, str]:
    """Return the environment of a server: it finds what this program finds."""
    paths = os.pathsep.join(dict.fromkeys(str(Path(one or ".").resolve()) for one in sys.path))
    return {**os.environ, "YUNTU_LANG": language, "PYTHONPATH": paths}


def make_detached_options() -> dict[str, Any]:
    """Return how a process is started that outlives the window: jobs go on without it."""
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        return {"creationflags": flags | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def read_tail(path: Path, lines: int = LOG_LINES_MAX) -> list[str]:
    """Return the last lines of a log, none where there is no log."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    except OSError:
        return []


def read_start_error(path: Path) -> dict[str, str]:
    """Return what a server that did not start said: title and detail."""
    lines = read_tail(path)
    for line in reversed(lines):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            told = json.loads(line)["error"]
            return {"title": str(told["title"]), "detail": str(told["detail"])}
    return {"title": "", "detail": "\n".join(lines[-8:])} if lines else {}
