"""Fixtures that several parts of the tests share."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis


@pytest.fixture(scope="session")
def redis_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real redis-server on a port of its own, as an address; it keeps nothing."""
    program = shutil.which("redis-server")
    assert program, "redis-server is missing: `make test` installs it"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder: Path = tmp_path_factory.mktemp("redis")
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Ready to accept connections" in line:
            break
    client = redis.Redis(port=port)
    assert client.ping()
    client.close()
    yield f"redis://127.0.0.1:{port}/0"
    process.terminate()
    process.wait(timeout=10)
    process.stdout.close()


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A folder that is a disk of its own, of 8 MB."""

    folder: Path

    @property
    def filler(self) -> Path:
        """Return the file that takes all the room."""
        return self.folder / "filler"

    def fill(self) -> None:
        """Leave nothing free."""
        self.filler.write_bytes(b"x" * shutil.disk_usage(self.folder).free)

    def clear(self) -> None:
        """Make room again."""
        self.filler.unlink()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk that is quickly full; where no disk may be mounted, the test is skipped."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if not sys.platform.startswith("linux") or subprocess.run(command, check=False).returncode:
        pytest.skip("only root may mount a disk")
    yield SmallDisk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
