"""The local server: where it is, how it is started, how it is asked. Needs no Blender."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

INSTALLED = Path(__file__).with_name("installed.json")
DATA_VARIABLE = "YUNTU_DATA"
START_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.1
ANSWER_SECONDS_MAX = 60.0
HELLO_SECONDS_MAX = 5.0
START_LOG = "start-blender.log"


class Trouble(Exception):
    """What keeps something from being done: a title, and what to do about it.

    What the server says comes in the reader's language; our own is translated when it is shown.
    """

    def __init__(self, title: str, detail: str = "", *, code: str = "") -> None:
        super().__init__(f"{title} {detail}")
        self.title = title
        self.detail = detail
        self.code = code


@dataclass(frozen=True)
class Address:
    """A running server: its process, its port, and the key of this launch."""

    pid: int
    port: int
    key: str


@dataclass(frozen=True)
class Program:
    """How Yuntu is started: a command, and what its environment needs beside ours."""

    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


def find_data(given: str = "") -> Path:
    """Return the data directory: the one given, `YUNTU_DATA`, or the user's own."""
    chosen = given or os.environ.get(DATA_VARIABLE, "") or read_installed().get("data", "")
    if chosen:
        return Path(chosen).expanduser()
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "yuntu"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "yuntu"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "yuntu"


def read_installed() -> dict[str, Any]:
    """Return what `yuntu blender-addon install` wrote down beside this file; nothing otherwise."""
    try:
        told = json.loads(INSTALLED.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def find_program(given: str = "") -> Program:
    """Return how Yuntu is started. Raises Trouble when it is nowhere to be found."""
    if given:
        return Program(command=(str(Path(given).expanduser()),))
    told = read_installed()
    command = tuple(str(word) for word in told.get("command", ()))
    if command and shutil.which(command[0]):
        return Program(command=command, environment=dict(told.get("environment", {})))
    found = shutil.which("yuntu")
    if found:
        return Program(command=(found,))
    raise Trouble(
        "Yuntu was not found", "Say where it is in this add-on's preferences.", code="no_yuntu"
    )


def read_address(data: Path) -> "Address | None":
    """Return what a server has written about itself in its data directory, or None."""
    try:
        told = json.loads((data / "server.json").read_text(encoding="utf-8"))
        return Address(pid=int(told["pid"]), port=int(told["port"]), key=str(told["key"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find_server(data: Path) -> "Address | None":
    """Return the server of a data directory if it answers, or None."""
    address = read_address(data)
    if address is None:
        return None
    try:
        ask(address, "GET", "/health/live", seconds_max=HELLO_SECONDS_MAX)
    except Trouble:
        return None
    return address


def ensure_server(data: Path, program: str = "", language: str = "en") -> Address:
    """Return the server of a data directory, started if need be. Raises Trouble."""
    return find_server(data) or start_server(data, find_program(program), language)


def start_server(data: Path, program: Program, language: str) -> Address:
    """Start a server that stays when Blender ends, and wait until it answers. Raises Trouble."""
    log = data / "logs" / START_LOG
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*program.command, "serve", "--data", str(data), "--json"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=make_environment(program, language),
                cwd=data,
                **make_detached_options(),
            )
    except OSError as error:
        raise Trouble("Yuntu could not be started", str(error)) from error
    ends = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < ends:
        address = find_server(data)
        if address is not None:
            if address.pid != process.pid:
                process.terminate()  # somebody else's was quicker: ours must not wait for its end
                process.wait()
            process.returncode = 0  # It stays on purpose; Popen would warn that nobody waits.
            return address
        if process.poll() is not None:
            # Two that start at once: one of both is refused, and the other one serves.
            return find_server(data) or tell_start(log)
        time.sleep(LOOK_SECONDS)
    raise Trouble("Yuntu does not answer", str(log))


def tell_start(log: Path) -> Address:
    """Raise Trouble with the words of a server that could not start."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    for line in reversed(lines):
        try:
            told = json.loads(line)["error"]
            raise Trouble(str(told["title"]), str(told["detail"]), code=str(told["code"]))
        except (ValueError, KeyError, TypeError):
            continue
    raise Trouble("Yuntu could not be started", lines[-1] if lines else str(log))


def make_environment(program: Program, language: str) -> "dict[str, str]":
    """Return the environment of another program: Blender's Python is not that one's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, **program.environment, "YUNTU_LANG": language}


def make_detached_options() -> "dict[str, Any]":
    """Return how a process is started that does not end with Blender."""
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        return {"creationflags": flags | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def open_window(program: Program, data: Path, language: str) -> None:
    """Open Yuntu's own window. Raises Trouble."""
    environment = {**make_environment(program, language), DATA_VARIABLE: str(data)}
    try:
        process = subprocess.Popen(
            [*program.command, "desktop"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            **make_detached_options(),
        )
    except OSError as error:
        raise Trouble("Yuntu could not be started", str(error)) from error
    process.returncode = 0


def ask(
    address: Address,
    method: str,
    path: str,
    *,
    body: "dict[str, Any] | None" = None,
    language: str = "en",
    token: str = "",
    seconds_max: float = ANSWER_SECONDS_MAX,
    **query: Any,
) -> Any:
    """Make one request and return its JSON; queries that are None are left out. Raises Trouble."""
    given = {name: value for name, value in query.items() if value is not None}
    tail = "?" + urllib.parse.urlencode(given) if given else ""
    headers = {"Authorization": f"Bearer {token or address.key}", "Accept-Language": language}
    headers["X-Yuntu-Key"] = address.key  # also who signs in here may name this machine's files
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(
        f"http://127.0.0.1:{address.port}/api/v1{path}{tail}",
        data=data,
        headers=headers,
        method=method,
    )
    # A proxy must never see the loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=seconds_max) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            raise read_trouble(error.read()) from None
    except (OSError, ValueError) as error:
        raise Trouble("Yuntu does not answer", str(error), code="lost") from error


def read_trouble(body: bytes) -> Trouble:
    """Return the trouble that an answer tells of."""
    try:
        told = json.loads(body)["error"]
        return Trouble(str(told["title"]), str(told["detail"]), code=str(told["code"]))
    except (ValueError, KeyError, TypeError):
        return Trouble("Yuntu's answer was not understood")
