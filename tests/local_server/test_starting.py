"""What keeps a server from starting is told by one code, in words, before anything is changed."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local_server.farm.db import open_database
from tests.conftest import SmallDisk
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


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that a server has made and left."""
    folder = tmp_path_factory.mktemp("left") / "data"
    with RunningFarm(folder, "--no-node") as farm:
        farm.top_up(1)
        assert farm.process is not None
        farm.process.send_signal(signal.SIGINT)
        assert farm.process.wait(timeout=20) == 0
    assert not (folder / "server.json").exists()
    return folder


def test_what_keeps_a_server_from_starting(left: Path, tmp_path: Path) -> None:
    folders = {name: tmp_path / name for name in ("port", "newer", "scribbled", "text", "cut")}
    for folder in folders.values():
        shutil.copytree(left, folder)
    make_newer(folders["newer"] / "farm.db")
    for name in ("scribbled", "text", "cut"):
        damage(folders[name] / "farm.db", how=name)
    (tmp_path / "file").write_text("a file")
    folders["none"] = tmp_path / "file" / "deeper"
    before = {name: read_database(folder) for name, folder in folders.items()}
    with socket.create_server(("127.0.0.1", 0)) as other, ThreadPoolExecutor(4) as pool:
        port = str(other.getsockname()[1])
        tries = {
            name: pool.submit(fail_to_serve, folder, *(("--port", port) if name == "port" else ()))
            for name, folder in folders.items()
        }
        errors = {name: one.result() for name, one in tries.items()}
    assert {name: error["code"] for name, error in errors.items()} == {
        "port": "port_taken",
        "newer": "database_newer",
        "scribbled": "database_damaged",
        "text": "database_damaged",
        "cut": "database_damaged",
        "none": "data_unwritable",
    }
    assert port in errors["port"]["detail"]
    for name in ("newer", "scribbled", "text", "cut"):
        assert str(folders[name] / "farm.db") in errors[name]["detail"]
        assert read_database(folders[name]) == before[name], "nobody may make it worse"
    assert str(folders["none"]) in errors["none"]["detail"]


def make_newer(path: Path) -> None:
    """Let a database be one that a later program has changed."""
    db = open_database(path)
    db.conn.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
        " VALUES ('farm', 'm999_from_the_future', '2030-01-01')"
    )
    db.conn.close()


def damage(path: Path, *, how: str) -> None:
    """Damage a database: bytes in it, all of it, or its end."""
    whole = path.read_bytes()
    broken = {
        "scribbled": whole[:1024] + b"\xff" * 3072 + whole[4096:],
        "text": b"this is not a database" * 1000,
        "cut": whole[: len(whole) // 2 + 100],
    }
    path.write_bytes(broken[how])


def read_database(folder: Path) -> bytes:
    """Return the bytes of a folder's database; none where there is no folder."""
    path = folder / "farm.db"
    return path.read_bytes() if folder.is_dir() else b""


def test_a_second_server_of_the_same_data(server: RunningFarm) -> None:
    before = (server.data / "server.json").read_bytes()
    error = fail_to_serve(server.data, language="zh")
    assert error["code"] == "server_running"
    assert str(server.data) in error["detail"] and not error["title"].isascii()
    assert (server.data / "server.json").read_bytes() == before
    assert server.answers(), "the first one is not disturbed"


def test_what_a_killed_server_left_and_a_request_to_end(tmp_path: Path) -> None:
    with RunningFarm(tmp_path / "data", "--no-node") as farm:
        farm.top_up(3)
        farm.kill_server()
        assert (farm.data / "server.json").exists(), "it could not clear up"
        farm.start()
        assert farm.get("/balance")["total_micros"] == 3_000_000
        assert farm.post("/shutdown") == {"status": "ending"}
        assert farm.process is not None and farm.process.wait(timeout=20) == 0
        assert not (farm.data / "server.json").exists()


def test_a_data_folder_that_is_read_only(left: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mounted"
    folder.mkdir()
    if subprocess.run(["mount", "--bind", str(left), str(folder)], check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        assert fail_to_serve(folder)["code"] == "data_unwritable"
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk(small_disk: SmallDisk) -> None:
    farm = RunningFarm(small_disk.folder / "data", "--no-node")
    small_disk.fill()
    assert fail_to_serve(farm.data)["code"] in ("data_unwritable", "database_disk_full")
    small_disk.clear()
    with farm:
        farm.top_up(5)
        small_disk.fill()
        codes = [refuse_or_take(farm, f"full-{number}") for number in range(60)]
        assert codes[-1] == 503 and set(codes) <= {201, 503}
        small_disk.clear()
        wait_until(lambda: farm.get("/health")["trouble"] is None, seconds=60, what="all is well")
        farm.top_up(1)
        assert farm.get("/balance")["total_micros"] == 6_000_000 + codes.count(201)
        farm.assert_clean()


def refuse_or_take(farm: RunningFarm, id: str) -> int:
    """Bring one micro in; returns the status, with the reason looked at where it is refused."""
    asked = {"id": id, "amount_micros": 1}
    response = farm.session.post(f"{farm.address}/topups", json=asked, timeout=60)
    if response.status_code == 503:
        assert response.json()["error"]["code"] == "database_disk_full"
    return response.status_code
