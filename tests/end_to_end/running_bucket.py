"""A bucket in a process of its own, on a port that it keeps, for tests to take away."""

import socket
import subprocess
import sys
from pathlib import Path

BUCKET = "studio"
REGION = "cn-hangzhou"
KEY = ("test-key", "test-secret")


class RunningBucket:
    """The OSS test server with one bucket, whose contents outlive it; `start` it after a kill."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id, self.secret = KEY
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        """Return the store's address; the key is no part of it."""
        endpoint = f"http://127.0.0.1:{self.port}"
        return f"oss://{BUCKET}/yuntu?region={REGION}&endpoint={endpoint}"

    def write_key(self, path: Path) -> Path:
        """Write the bucket's key as `YUNTU_BUCKET_KEY_FILE` has it."""
        path.write_text(f"{self.id}\n{self.secret}\n", encoding="utf-8")
        return path

    def start(self, *options: str) -> "RunningBucket":
        """Start it and wait until it answers."""
        command = [
            *(sys.executable, "-m", "tests.oss_server", "--port", str(self.port)),
            *("--access-key-id", self.id, "--access-key-secret", self.secret),
            *("--bucket", BUCKET, "--folder", str(self.folder), *options),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        started = self.process.stdout.readline().startswith("http")
        if not started:
            self.kill()
        assert started, "the bucket did not start"
        return self

    def kill(self) -> None:
        """End it at once; what it has stored is on its disk."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None
