"""Launching: finds the server of a data directory, starts one in the background, ends it."""

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from local_server.cli.client import Client, ServerAddress
from local_server.cli.failure import ClientError
from local_server.farm.errors import Unavailable
from local_server.wording import Wording, Words
from render.own_command import find_import_path, make_own_command

START_SECONDS_MAX = 60.0
OTHER_SECONDS_MAX = 15.0
END_SECONDS_MAX = 20.0
LOOK_SECONDS = 0.05
START_LOG = "start.log"
INTERNAL = "internal"
SECOND_SERVER = "server_running"


@dataclass(frozen=True, kw_only=True, slots=True)
class Launched:
    """A server that answers, and whether it was started for this command."""

    address: ServerAddress
    started: bool


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
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return address if is_running(address.pid) else None


def was_ended(data: Path) -> bool:
    """Tell whether the last server ended on purpose: one that was killed leaves its file."""
    return not (data / "server.json").exists()


def is_running(pid: int) -> bool:
    """Tell whether a process is there and not a zombie."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def find_server(data: Path, wording: Wording) -> ServerAddress | None:
    """Return the server of a data directory if it answers, or None."""
    address = read_address(data)
    if address is None:
        return None
    client = Client(address, wording)
    try:
        health = client.get_health()
    except ClientError:
        return None
    finally:
        client.close()
    return address if health["pid"] == address.pid else None


def ensure_server(data: Path, wording: Wording, *, parent: int | None = None) -> Launched:
    """Return the running server, starting one when there is none.

    With `parent`, a server that is started here ends with that process. Raises Unavailable
    `server_not_ready`, or ClientError with the server's own words why it cannot start.
    """
    address = find_server(data, wording)
    if address is not None:
        return Launched(address=address, started=False)
    return start_server(data, wording, parent=parent)


def start_server(data: Path, wording: Wording, *, parent: int | None) -> Launched:
    """Start a server in the background and wait until one answers: it, or a quicker one."""
    logs = data / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    own_log = logs / f"start-{os.getpid()}.log"  # two that start at once must not mix their words
    with own_log.open("wb") as log_file:
        process = subprocess.Popen(
            make_own_command(*make_arguments(data, parent)),
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=log_file,
            env=make_environment(wording),
            cwd=data,
            **make_detached_options(),
        )
    try:
        return await_server(data, wording, process, own_log)
    finally:
        with contextlib.suppress(OSError):  # Windows does not rename what is open
            own_log.replace(logs / START_LOG)


def await_server(
    data: Path, wording: Wording, process: "subprocess.Popen[bytes]", own_log: Path
) -> Launched:
    """Wait until a data directory's server answers, or the one that was started has ended."""
    ends = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < ends:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = process.wait(timeout=LOOK_SECONDS)
            address = find_other_server(data, wording, own_log, code)
            return Launched(address=address, started=False)
        found = find_server(data, wording)
        if found is not None and not is_of(process, found.pid):
            # A quicker one serves: this one must not begin when that one ends.
            process.kill()
            process.wait()
            return Launched(address=found, started=False)
        if found is not None:
            # It outlives this command on purpose; Popen would warn that nobody waits for it.
            process.returncode = 0
            return Launched(address=found, started=True)
    log = str(own_log.with_name(START_LOG))
    raise Unavailable("server_not_ready", seconds=int(START_SECONDS_MAX), log=log)


def is_of(process: "subprocess.Popen[bytes]", pid: int) -> bool:
    """Tell whether a process is the one that was started, or the one that a launcher started."""
    with contextlib.suppress(psutil.Error):
        return pid == process.pid or psutil.Process(pid).ppid() == process.pid
    return False


def make_arguments(data: Path, parent: int | None) -> list[str]:
    """Return the arguments that make this program serve a data directory."""
    arguments = ["serve", "--data", str(data), "--json"]
    return arguments if parent is None else [*arguments, "--parent", str(parent)]


def make_environment(wording: Wording) -> dict[str, str]:
    """Return the environment of a server: this program is found from any working directory."""
    return os.environ | find_import_path() | {"YUNTU_LANG": wording.language}


def make_detached_options() -> dict[str, Any]:
    """Return how a process is started that Ctrl-C and a closed terminal do not reach."""
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        return {"creationflags": flags | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def find_other_server(data: Path, wording: Wording, own_log: Path, code: int) -> ServerAddress:
    """Return the server that was quicker than the one started here, or raise why there is none.

    Two commands that start at once both start a server, and one of the two is refused.
    """
    error = read_start_error(own_log, wording, code)
    if error.code == SECOND_SERVER:
        ends = time.monotonic() + OTHER_SECONDS_MAX
        while time.monotonic() < ends:
            address = find_server(data, wording)
            if address is not None:
                return address
            time.sleep(LOOK_SECONDS)
    raise error


def read_start_error(own_log: Path, wording: Wording, code: int) -> ClientError:
    """Return the error that a server told of as it failed to start: one JSON line."""
    from local_server.node_watch import list_log_tail

    lines = list_log_tail(own_log, lines=200)
    for line in reversed(lines):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            told = json.loads(line)["error"]
            if told["code"] == INTERNAL:
                break  # the traceback in the log says more than that
            words = Words(title=str(told["title"]), detail=str(told["detail"]))
            params = dict(told["params"])
            return ClientError(code=str(told["code"]), status=503, words=words, params=params)
    shown = str(own_log.with_name(START_LOG))
    params = {"exit": code, "log": shown, "words": lines[-1] if lines else ""}
    words = wording.say("server_not_starting", **params)
    return ClientError(code="server_not_starting", status=503, words=words, params=params)


def stop_server(data: Path, wording: Wording) -> ServerAddress | None:
    """End the server of a data directory and wait until it is gone; None when none ran.

    Raises Unavailable `server_silent` and `server_not_ending`.
    """
    address = read_address(data)
    if address is None:
        return None
    client = Client(address, wording)
    try:
        client.shut_down()
    except ClientError as error:
        if not error.lost:
            raise
        if is_running(address.pid):
            raise Unavailable("server_silent", pid=address.pid, port=address.port) from error
    finally:
        client.close()
    ends = time.monotonic() + END_SECONDS_MAX
    while is_running(address.pid):  # `wait` would wait for its burial, which some containers forget
        if time.monotonic() > ends:
            raise Unavailable("server_not_ending", pid=address.pid, seconds=int(END_SECONDS_MAX))
        time.sleep(LOOK_SECONDS)
    return address
