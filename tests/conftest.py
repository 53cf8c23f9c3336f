"""Fixtures that several parts of the tests share."""

import errno
import gc
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis


@pytest.fixture(scope="module", autouse=True)
def collect_between() -> None:
    """Where a window has been, Python searches no more by itself: here it does, between the files.

    What a window's tests left is Qt's too, and may not be found in a thread of a later test.
    """
    if not gc.isenabled():
        gc.collect()
        gc.freeze()


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
        """Leave nothing free, while others may be writing too."""
        try:
            self.filler.write_bytes(b"x" * shutil.disk_usage(self.folder).free)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise

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


@pytest.fixture
def exfat_disk(tmp_path: Path) -> Iterator[Path]:
    """A real exFAT disk, as sticks and some shares have: no hard links, and `a` is `A`."""
    mount, make = shutil.which("mount.exfat-fuse"), shutil.which("mkfs.exfat")
    if mount is None or make is None or os.geteuid() != 0:
        pytest.skip("needs exfat-fuse, exfatprogs and the right to mount")
    image, folder = tmp_path / "image", tmp_path / "exfat"
    folder.mkdir()
    with image.open("wb") as opened:
        opened.truncate(64 << 20)
    subprocess.run([make, str(image)], check=True, capture_output=True)
    looped = subprocess.run(
        ["losetup", "--find", "--show", str(image)], check=False, capture_output=True, text=True
    )
    if looped.returncode:
        pytest.skip("there is no loop device")
    device = looped.stdout.strip()
    try:
        if subprocess.run(
            [mount, device, str(folder)], check=False, capture_output=True
        ).returncode:
            pytest.skip("FUSE cannot mount here")
        yield folder
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)
