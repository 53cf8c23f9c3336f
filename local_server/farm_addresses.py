"""A farm's address: where its queue and its store are, and what signs its messages."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from local_server.farm.errors import BadInput, Conflict, Unavailable
from render.queue import Queue
from sync.keys import Chest

NAME = "farm"
OLD_FILE = "farm.json"
KEY_BYTES_MIN = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class FarmAddress:
    """What a machine needs to know of a farm; `key` signs its queue's messages, in hex."""

    queue: str
    store: str
    studio: str
    key: str

    @property
    def secret(self) -> bytes:
        """Return the key's bytes."""
        return bytes.fromhex(self.key)


ADDRESS = TypeAdapter(FarmAddress)


def check_address(address: FarmAddress) -> FarmAddress:
    """Return an address that can be meant.

    Raises BadInput `farm_queue_wrong` and `queue_key_wrong`.
    """
    try:
        host = urlsplit(address.queue).hostname
    except ValueError:
        host = None
    if host is None or not address.queue.startswith(("redis://", "rediss://")):
        raise BadInput("farm_queue_wrong", queue=address.queue)
    try:
        long_enough = len(address.secret) >= KEY_BYTES_MIN
    except ValueError:
        long_enough = False
    if not long_enough:
        raise BadInput("queue_key_wrong")
    return address


def try_queue(address: FarmAddress) -> None:
    """See that a farm's queue answers and takes messages.

    Raises Unavailable `farm_queue_silent` and BadInput `farm_queue_wrong`.
    """
    queue = hide_password(address.queue)
    try:
        words = Queue(address.queue, secret=address.secret).try_out()
    except ValueError as error:
        raise BadInput("farm_queue_wrong", queue=queue) from error
    if words:
        raise Unavailable("farm_queue_silent", queue=queue, words=words)


def hide_password(address: str) -> str:
    """Return a queue's address without what only its owner may know: a query may name it too."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def check_vacant(data: Path, chest: Chest, address: FarmAddress) -> None:
    """Raise Conflict `farm_exists` where another farm, or the same with another key, is joined."""
    kept = read_farm_address(data, chest)
    if kept not in (None, address):
        raise Conflict("farm_exists", queue=hide_password(kept.queue))


def read_farm_address(data: Path, chest: Chest) -> FarmAddress | None:
    """Return the farm that a data directory has joined, if any; it is a secret as a whole.

    Raises BadInput `farm_file_wrong`.
    """
    kept, path = chest.get(NAME), data / OLD_FILE
    try:
        if kept is None and path.exists():  # where it was kept before there were invites
            kept = path.read_text(encoding="utf-8")
        return None if kept is None else check_address(ADDRESS.validate_json(kept))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise BadInput("farm_file_wrong", where=str(data)) from error


def keep_farm_address(chest: Chest, address: FarmAddress) -> None:
    """Join a farm."""
    chest.put(NAME, json.dumps(asdict(address)))


def forget_farm_address(data: Path, chest: Chest) -> bool:
    """Leave the farm; False when none was joined."""
    joined = chest.get(NAME) is not None or (data / OLD_FILE).exists()
    chest.drop(NAME)
    (data / OLD_FILE).unlink(missing_ok=True)
    return joined
