"""A real server with its real node, in processes of their own, for tests to use and to kill."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import requests

START_SECONDS_MAX = 60.0
POLL_SECONDS = 0.05


class RunningFarm:
    """One data directory and the server that serves it; `start` again after a kill."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None
        self.address = ""
        self.session = requests.Session()

    def start(self) -> "RunningFarm":
        """Start the server and wait until it answers."""
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "test-output.log").open("ab") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "local_server", "serve"),
                    *("--data", str(self.data), "--parent", str(os.getpid())),
                    *self.options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        wait_until(self.answers, seconds=START_SECONDS_MAX, what="the server answers")
        return self

    @property
    def pid(self) -> int:
        """Return the server's process id."""
        assert self.process is not None
        return self.process.pid

    def answers(self) -> bool:
        """Tell whether this very process answers; raises when it has ended."""
        assert self.process is not None
        if self.process.poll() is not None:
            tail = (self.data / "test-output.log").read_text(errors="replace")[-2000:]
            raise AssertionError(f"the server ended with {self.process.returncode}: {tail}")
        try:
            told = json.loads((self.data / "server.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        if told["pid"] != self.process.pid:
            return False
        self.address = f"http://127.0.0.1:{told['port']}/api/v1"
        self.session.headers["Authorization"] = f"Bearer {told['key']}"
        return self.session.get(f"{self.address}/health", timeout=10).ok

    def get(self, path: str, **params: Any) -> Any:
        """GET a path and return its JSON."""
        return self.read(self.session.get(self.address + path, params=params, timeout=120))

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """POST JSON to a path and return the answer's JSON."""
        return self.read(self.session.post(self.address + path, json=body or {}, timeout=300))

    def read(self, response: requests.Response) -> Any:
        """Return an answer's JSON; an error is an assertion with its text."""
        assert response.ok, f"{response.status_code} {response.text}"
        return (
            response.json() if "json" in response.headers.get("Content-Type", "") else response.text
        )

    def top_up(self, yuan: int) -> None:
        """Bring money in."""
        self.post("/topups", {"id": f"test-{time.time_ns()}", "amount_micros": yuan * 1_000_000})

    def wait_for_state(self, job: str, *states: str, seconds: float) -> dict[str, Any]:
        """Wait until a job is in one of the states and return it."""
        found: dict[str, Any] = {}

        def is_there() -> bool:
            found.update(self.get(f"/jobs/{job}"))
            return found["state"] in states

        wait_until(is_there, seconds=seconds, what=f"{job} is {states}, not {found.get('state')}")
        return found

    def node(self) -> psutil.Process | None:
        """Return the node's process, or None while there is none."""
        assert self.process is not None
        try:
            children = psutil.Process(self.process.pid).children()
        except psutil.Error:
            return None
        return next((one for one in children if "node" in read_command(one)), None)

    def hosts(self) -> list[psutil.Process]:
        """Return the renderers' processes under the node."""
        node = self.node()
        try:
            return node.children(recursive=True) if node else []
        except psutil.Error:
            return []

    def kill_server(self) -> None:
        """Kill the server with SIGKILL and reap it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End the server as its own shutdown does."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=30)

    def list_orphans(self) -> list[str]:
        """Return the command lines of processes that still use this data directory."""
        found = []
        for process in psutil.process_iter():
            command = read_command(process)
            if str(self.data) in " ".join(command) and process.pid != os.getpid():
                found.append(" ".join(command)[:200])
        return found


def read_command(process: psutil.Process) -> list[str]:
    """Return a process's command line; an ended one has none."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Wait for a condition of another process; fails with what was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(POLL_SECONDS)
