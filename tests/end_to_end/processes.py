"""The command line in processes of its own, as the people of a studio would run it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

SECONDS_MAX = 120


class Workstation:
    """A data directory and whatever is run on it; `env` is what its owner has set."""

    def __init__(self, data: Path, **env: str) -> None:
        self.data = data
        self.env = env

    def run(self, *argv: str, fine: bool = True) -> Any:
        """Run a command and return its last answer, None where it went wrong and may."""
        done = self.finish(*argv, "--json")
        assert not fine or done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None

    def fail(self, *argv: str) -> str:
        """Run a command that must go wrong and return the error's code."""
        done = self.finish(*argv, "--json")
        assert done.returncode != 0, done.stdout
        return str(json.loads(done.stderr.splitlines()[-1])["error"]["code"])

    def finish(self, *argv: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        return subprocess.run(
            [*(sys.executable, "-m", "local_server"), *argv, "--data", str(self.data)],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS_MAX,
            env=os.environ | self.env,
        )

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the server for something, started where it does not run; None: it was refused."""
        answer = self.request(method, path, body)
        if answer is None:
            self.finish("balance")
            answer = self.request(method, path, body)
        return answer.json() if answer is not None and answer.ok else None

    def fetch(self, path: str) -> requests.Response:
        """Ask the running server for something that is no JSON."""
        answer = self.request("GET", path)
        assert answer is not None, "the server does not run"
        return answer

    def request(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> requests.Response | None:
        """Make a request of the running server; None where there is none, or it was just killed."""
        told = self.read_server()
        if not told:
            return None
        address = f"http://127.0.0.1:{told['port']}/api/v1{path}"
        headers = {"Authorization": f"Bearer {told['key']}"}
        try:
            return requests.request(
                method, address, json=body, headers=headers, timeout=SECONDS_MAX
            )
        except requests.RequestException:
            return None

    def read_server(self) -> dict[str, Any]:
        """Return what the server tells of itself; empty while there is none."""
        try:
            told: dict[str, Any] = json.loads((self.data / "server.json").read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return told


class NodeProcess:
    """`yuntu node` on a machine of its own: all that it knows is in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """Return what it has said."""
        path = self.folder.with_suffix(".log")
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self, *options: str) -> None:
        """Start it."""
        command = [
            *(sys.executable, "-m", "local_server", "node", "--slots", "1"),
            *("--workdir", str(self.folder), *options),
        ]
        with self.folder.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def wait(self) -> int:
        """Wait until it ends by itself, and return its exit code."""
        assert self.process is not None
        return self.process.wait(timeout=SECONDS_MAX)

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None
