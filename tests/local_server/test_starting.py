"""What keeps a server from starting is told by one code, in words, before anything is changed."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_server.farm.db import open_database
from tests.end_to_end.running_farm import RunningFarm, wait_until

NOT_STARTED = 3
SECONDS_MAX = 60


def fail_to_serve(data: Path, *options: str, language: str = "en") -> dict[str, Any]:
    """Start a server that cannot start; returns the error that it tells of."""
    done = subprocess.run(
        [sys.executable, "-m", "local_server", "serve", "--json", "--data", str(data), *options],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
        env=os.environ | {"YUNTU_LANG": language},
    )
    told = [
        json.loads(line) for line in (done.stdout + done.stderr).splitlines() if line[:1] == "{"
    ]
    assert done.returncode == NOT_STARTED, done.stdout + done.stderr
    assert len(told) == 1 and "Traceback" not in done.stderr, done.stderr
    error: dict[str, Any] = told[0]["error"]
    assert error["title"] and error["detail"] and "<" not in error["detail"]
    return error


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory that a server has made and left."""
    folder = tmp_path / "data"
    with RunningFarm(folder, "--no-node") as farm:
        farm.top_up(1)
    assert not (folder / "server.json").exists()
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB that is its own file system; only root may make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if not sys.platform.startswith("linux") or subprocess.run(mount, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        error = fail_to_serve(tmp_path / "data", "--port", str(port))
    assert (error["code"], error["params"]["port"]) == ("port_taken", port)


def test_a_second_server_of_the_same_data(server: RunningFarm) -> None:
    before = (server.data / "server.json").read_bytes()
    error = fail_to_serve(server.data, language="zh")
    assert error["code"] == "server_running"
    assert str(server.data) in error["detail"] and not error["title"].isascii()
    assert (server.data / "server.json").read_bytes() == before
    assert server.answers(), "the first one is not disturbed"


def test_a_lock_that_a_killed_server_left(tmp_path: Path) -> None:
    farm = RunningFarm(tmp_path / "data", "--no-node")
    with farm:
        farm.top_up(3)
        farm.kill_server()
        assert (farm.data / "server.json").exists(), "it could not clear up"
        farm.start()
        assert farm.get("/balance")["total_micros"] == 3_000_000


def test_a_database_of_a_newer_program(data: Path) -> None:
    db = open_database(data / "farm.db")
    db.conn.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
        " VALUES ('farm', 'm999_from_the_future', '2030-01-01')"
    )
    db.conn.close()
    before = (data / "farm.db").read_bytes()
    error = fail_to_serve(data)
    assert error["code"] == "database_newer"
    assert (data / "farm.db").read_bytes() == before


@pytest.mark.parametrize("damage", ["scribbled", "no database", "cut off"])
def test_a_damaged_database(data: Path, damage: str) -> None:
    path = data / "farm.db"
    whole = path.read_bytes()
    broken = {
        "scribbled": whole[:1024] + b"\xff" * 3072 + whole[4096:],
        "no database": b"this is not a database" * 1000,
        "cut off": whole[: len(whole) // 2 + 100],
    }[damage]
    path.write_bytes(broken)
    error = fail_to_serve(data)
    assert error["code"] == "database_damaged"
    assert str(path) in error["detail"]
    assert path.read_bytes() == broken, "nobody may make it worse"


def test_a_data_folder_that_is_none(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("a file")
    for folder in (in_the_way, in_the_way / "deeper"):
        error = fail_to_serve(folder)
        assert error["code"] == "data_unwritable"
        assert str(in_the_way) in error["detail"]


def test_a_data_folder_that_is_read_only(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mounted"
    folder.mkdir()
    if subprocess.run(["mount", "--bind", str(data), str(folder)], check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        assert fail_to_serve(folder)["code"] == "data_unwritable"
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    data = small_disk / "data"
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * shutil.disk_usage(small_disk).free)
    error = fail_to_serve(data)
    assert error["code"] in ("data_unwritable", "database_disk_full"), error
    filler.unlink()
    with RunningFarm(data, "--no-node") as farm:
        farm.top_up(2)


def test_a_disk_that_fills_up_refuses_and_recovers(small_disk: Path) -> None:
    filler = small_disk / "filler"
    with RunningFarm(small_disk / "data", "--no-node") as farm:
        farm.top_up(5)
        filler.write_bytes(b"x" * shutil.disk_usage(small_disk).free)
        codes = set()
        for number in range(60):
            asked = {"id": f"full-{number}", "amount_micros": 1}
            response = farm.session.post(f"{farm.address}/topups", json=asked, timeout=60)
            codes.add(response.status_code)
            if response.status_code == 503:
                assert response.json()["error"]["code"] == "database_disk_full"
        assert codes <= {201, 503} and 503 in codes
        filler.unlink()
        farm.top_up(1)
        wait_until(lambda: farm.get("/health")["trouble"] is None, seconds=30, what="all is well")
        farm.assert_clean()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to(tmp_path: Path, number: signal.Signals) -> None:
    farm = RunningFarm(tmp_path / "data", "--no-node")
    with farm:
        assert farm.process is not None
        farm.process.send_signal(number)
        assert farm.process.wait(timeout=20) == 0
        assert not (farm.data / "server.json").exists()


def test_it_ends_by_request(tmp_path: Path) -> None:
    with RunningFarm(tmp_path / "data", "--no-node") as farm:
        assert farm.post("/shutdown") == {"status": "ending"}
        assert farm.process is not None and farm.process.wait(timeout=20) == 0
