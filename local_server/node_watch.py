"""The server's own node: started, watched, started again, ended."""

import logging
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import gevent
import psutil

from local_server.settings import STUDIO, Settings
from render.leash import kill_tree
from render.own_command import make_own_command

log = logging.getLogger(__name__)
PAUSE_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
HEALTHY_SECONDS = 30.0
LOG_BYTES_MAX = 4_000_000
END_SECONDS_MAX = 5.0


class NodeWatch:
    """Keeps one node process up; `on_death` hears of each that died, after it is surely dead."""

    def __init__(
        self,
        settings: Settings,
        *,
        device: str,
        secret: bytes,
        on_death: Callable[[str], None],
    ) -> None:
        self.settings = settings
        self.device = device
        self.secret = secret
        self.on_death = on_death
        self.process: subprocess.Popen[bytes] | None = None
        self.node_id = ""
        self.starts = 0
        self.last_error = ""
        self.ending = False

    def run(self) -> None:
        """Keep a node up until `end`: a greenlet's whole life."""
        failures = 0
        while not self.ending:
            began = time.monotonic()
            try:
                self.see_through()
            except Exception as error:  # no memory, a full disk, the queue away: it may pass
                log.exception("node=%s", self.node_id)
                self.last_error = str(error)
            failures = 0 if time.monotonic() - began > HEALTHY_SECONDS else failures + 1
            if not self.ending:
                gevent.sleep(PAUSE_SECONDS[min(failures, len(PAUSE_SECONDS) - 1)])

    def see_through(self) -> None:
        """Start a node and wait for its end, whatever that is."""
        process = self.start()
        code = process.wait()
        self.process = None
        kill_tree(process.pid)
        if not self.ending:
            log.warning("node=%s ended with %s", self.node_id, code)
            self.last_error = f"exit {code}"
            self.on_death(self.node_id)

    def start(self) -> "subprocess.Popen[bytes]":
        """Start a node process; its log goes beside the server's."""
        self.starts += 1
        self.node_id = f"{self.device}-{os.getpid()}-{self.starts}"
        command = [
            *make_own_command("node"),
            *("--queue", self.settings.queue),
            *("--store", self.settings.store),
            *("--studio", STUDIO),
            *("--owner", self.device),
            *("--id", self.node_id),
            *("--workdir", str(self.settings.data / "node")),
            *("--parent", str(os.getpid())),
        ]
        if self.settings.slots is not None:
            command += ["--slots", str(self.settings.slots)]
        path = self.settings.logs / "node.log"
        if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as log_file:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=log_file,
                env=os.environ | {"YUNTU_QUEUE_KEY": self.secret.hex()},
                start_new_session=True,
            )
        log.info("node=%s pid=%s started", self.node_id, self.process.pid)
        return self.process

    def end(self) -> None:
        """End the node: asked first, then killed with all its hosts.

        Windows has no way to ask: there it is killed at once, and what it had under way is found to
        be lost at the next start, as after any kill. None of that was tried on Windows.
        """
        self.ending = True
        process = self.process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=END_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            log.warning("node=%s does not end, so it is killed", self.node_id)
        kill_tree(process.pid)


def kill_stray_node(pid: int, *, started_at_ms: int) -> bool:
    """Kill a node that an earlier server left behind; False when it is gone already.

    A process that began after the node said hello has only inherited its number.
    """
    try:
        process = psutil.Process(pid)
        ours = process.create_time() * 1000 <= started_at_ms + 1000
        if not ours or "node" not in process.cmdline():
            return False
    except psutil.Error:
        return False
    kill_tree(pid)
    return True


def list_log_tail(path: Path, *, lines: int = 20) -> list[str]:
    """Return the last lines of a log."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 16_384))
        return file.read().decode("utf-8", "replace").splitlines()[-lines:]
