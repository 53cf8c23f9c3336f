"""Servers found, started, refused and ended."""

import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from local_server.cli.launching import read_address
from local_server.cli.root import run
from tests.cli.yuntu import Yuntu


@pytest.fixture
def fresh(tmp_path: Path) -> Yuntu:
    """The command line on a data directory of its own."""
    return Yuntu(tmp_path / "data")


def test_two_commands_start_one_server(fresh: Yuntu) -> None:
    """Whoever comes second uses what the first has started; stop ends it and all its children."""
    with ThreadPoolExecutor() as pool:
        commands = [pool.submit(fresh.start("balance", "--json").communicate) for _ in range(2)]
        answers = [json.loads(command.result(timeout=60)[0]) for command in commands]
    assert answers[0] == answers[1]
    server = psutil.Process(int(fresh.read_server()["pid"]))
    children = server.children(recursive=True)
    assert fresh.json("version")["server"]["pid"] == server.pid
    assert fresh.json("stop") == {"stopped": True, "pid": server.pid}
    assert psutil.wait_procs([server, *children], timeout=10)[1] == []
    assert fresh.json("stop") == {"stopped": False, "pid": None}
    assert "No server is running" in fresh("stop").out


def test_version_starts_nothing(fresh: Yuntu) -> None:
    """What is here, without a server."""
    told = fresh.json("version")
    assert (told["server"], told["data"]) == (None, str(fresh.data))
    assert "Server" in fresh("version").out


def test_what_a_dead_server_left_is_not_believed(fresh: Yuntu) -> None:
    """The process is gone, the file is damaged, or something is missing in it."""
    fresh.data.mkdir()
    file = fresh.data / "server.json"
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    told = {"pid": gone.pid, "port": 1, "key": "k", "version": "1", "started_at_ms": 1}
    for text in (json.dumps(told), "{", "[]", json.dumps({"pid": os.getpid()})):
        file.write_text(text)
        assert read_address(fresh.data) is None
    file.write_text(json.dumps(told | {"pid": os.getpid()}))
    assert read_address(fresh.data) is not None
    assert fresh.json("version")["server"] is None


def test_a_damaged_database(fresh: Yuntu) -> None:
    """The server's own sentence is told, with the exit code for a server that cannot start."""
    fresh.data.mkdir()
    (fresh.data / "farm.db").write_bytes(b"SQLite format 3\0" + b"damaged" * 1000)
    ran = fresh("balance", "--json")
    assert ran.code == 3
    assert ran.error["code"] == "database_damaged"


def test_serve_refuses_a_port_that_is_taken(fresh: Yuntu) -> None:
    """One line of JSON on stderr, exit code 3."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        process = fresh.start("serve", "--no-node", "--port", port, "--json")
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    assert json.loads(errors.splitlines()[-1])["error"]["code"] == "port_taken"


def test_serve_refuses_a_second_server(yuntu: Yuntu) -> None:
    """The data directory belongs to the one that runs; it goes on as if nothing had been."""
    process = yuntu.start("serve", "--no-node", "--json")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    assert json.loads(errors.splitlines()[-1])["error"]["code"] == "server_running"
    assert yuntu("balance").code == 0


def test_node_needs_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the environment or a file, never from the line."""
    monkeypatch.delenv("YUNTU_QUEUE_KEY", raising=False)
    line = ["node", "--json", "--queue", str(tmp_path / "queue.db"), "--store", str(tmp_path)]
    wrong = tmp_path / "wrong"
    wrong.write_text("not a key")
    expected = {
        "queue_key_missing": [],
        "queue_key_wrong": ["--queue-key-file", str(wrong)],
        "queue_key_unreadable": ["--queue-key-file", str(tmp_path / "none")],
    }
    for code, options in expected.items():
        assert run([*line, *options]) == 2
        assert json.loads(capsys.readouterr().err)["error"]["code"] == code


def test_a_server_ends_with_its_parent(fresh: Yuntu) -> None:
    """The demo's server does not outlive the demo."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as parent:
        process = fresh.start("serve", "--no-node", "--parent", str(parent.pid))
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        process.communicate(timeout=60)
    assert process.returncode == 0
