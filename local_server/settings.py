"""What a server is told at its start, and where it keeps things."""

import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from local_server.farm.errors import BadInput, Unavailable
from local_server.farm.identifiers import make_id
from local_server.farm.private_files import write_private_file

OWNER = "me"
STUDIO = "solo"
"""A lone workstation's studio, and the name in every machine's own store, whatever it joins."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """One server's settings.

    `store` is the address of this machine's own store, which is never that of a studio of many;
    `slots` None: how many frames run side by side is measured. `origins`: whose pages may use this
    server from a browser, beside its own. A live connection is asked every `ping_seconds` whether
    it is there, and has `pong_seconds` to say so.
    """

    data: Path
    port: int
    queue: str
    store: str
    slots: int | None
    parent: int | None
    node: bool
    alone: bool = False
    origins: tuple[str, ...] = ()
    ping_seconds: float = 20.0
    pong_seconds: float = 15.0

    @property
    def pid(self) -> int:
        """Return this process's id."""
        return os.getpid()

    @property
    def host_name(self) -> str:
        """Return this machine's name, for people."""
        return socket.gethostname()

    @property
    def database(self) -> Path:
        """Return the farm's database file."""
        return self.data / "farm.db"

    @property
    def logs(self) -> Path:
        """Return the folder of logs."""
        return self.data / "logs"


def find_data_folder(given: str | None) -> Path:
    """Return the data directory: the one given, `YUNTU_DATA`, or the user's own.

    Raises Unavailable `data_unwritable`.
    """
    chosen = given or os.environ.get("YUNTU_DATA")
    data = Path(chosen).expanduser() if chosen else platformdirs.user_data_path("yuntu", False)
    with explained_errors(data):
        data.mkdir(parents=True, exist_ok=True)
        if os.name == "posix":
            data.chmod(0o700)
    return data.resolve()


@contextmanager
def explained_errors(data: Path) -> Iterator[None]:
    """Raise Unavailable `data_unwritable` for what a disk or its rights do not allow."""
    try:
        yield
    except OSError as error:
        raise Unavailable(
            "data_unwritable", path=str(data), words=error.strerror or str(error)
        ) from error


def make_settings(
    *,
    data: Path,
    port: int = 0,
    queue: str | None = None,
    store: str | None = None,
    slots: int | None = None,
    parent: int | None = None,
    node: bool = True,
    alone: bool = False,
    origins: tuple[str, ...] = (),
) -> Settings:
    """Check what was asked and fill in what was not. Raises BadInput and Unavailable."""
    if not 0 <= port <= 65_535:
        raise BadInput("port_out_of_range", port=port)
    if slots is not None and not 1 <= slots <= 256:
        raise BadInput("slots_out_of_range", slots=slots)
    for origin in origins:
        check_origin(origin)
    if store is None:
        with explained_errors(data):
            (data / "store").mkdir(exist_ok=True)
    return Settings(
        data=data,
        port=port,
        queue=queue or str(data / "queue.db"),
        store=store or f"folder:{data / 'store'}",
        slots=slots,
        parent=parent,
        node=node,
        alone=alone,
        origins=origins,
    )


def check_origin(origin: str) -> None:
    """Raise BadInput `origin_wrong` for what no browser would send as an Origin."""
    if re.fullmatch(r"https?://[a-z0-9.\-\[\]:]+(?<![:/])", origin) is None:
        raise BadInput("origin_wrong", origin=origin)


def read_or_make(path: Path, text: str) -> str:
    """Return a small private file's text, writing `text` into it when it is not there.

    It is there as a whole or not at all: a device without a name or an empty key would be worse.
    The server's lock keeps others from writing it at the same time.
    """
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    write_private_file(path, text)
    return text


def read_queue_secret(data: Path) -> bytes:
    """Return the key that signs queue messages, made once per data directory."""
    return bytes.fromhex(read_or_make(data / "queue.key", secrets.token_hex(32)))


def read_device(data: Path) -> str:
    """Return this data directory's device id, made once."""
    return read_or_make(data / "device", f"d{make_id()}")
