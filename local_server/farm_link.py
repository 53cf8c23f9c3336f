"""The link to a studio's farm: where its queue and store are, kept in a file of this machine."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from local_server.farm.errors import BadInput
from local_server.farm.private_files import write_private_file
from local_server.foreman import Foreman

FILE = "farm.json"
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


@dataclass(frozen=True, kw_only=True, slots=True)
class FarmLink:
    """A farm as a running server uses it."""

    address: FarmAddress
    foreman: Foreman


ADDRESS = TypeAdapter(FarmAddress)


def check_address(address: FarmAddress) -> FarmAddress:
    """Return an address that can be meant.

    Raises BadInput `farm_queue_wrong` and `queue_key_wrong`.
    """
    if not address.queue.startswith(("redis://", "rediss://")):
        raise BadInput("farm_queue_wrong", queue=address.queue)
    try:
        long_enough = len(address.secret) >= KEY_BYTES_MIN
    except ValueError:
        long_enough = False
    if not long_enough:
        raise BadInput("queue_key_wrong")
    return address


def read_farm_address(data: Path) -> FarmAddress | None:
    """Return the farm that a data directory has joined, if any.

    Raises BadInput `farm_file_wrong`.
    """
    path = data / FILE
    if not path.exists():
        return None
    try:
        return check_address(ADDRESS.validate_json(path.read_bytes()))
    except (OSError, ValidationError) as error:
        raise BadInput("farm_file_wrong", path=str(path)) from error


def write_farm_address(data: Path, address: FarmAddress) -> None:
    """Join a farm: its address is there as a whole or not at all, readable by its owner alone."""
    write_private_file(data / FILE, json.dumps(asdict(address)))


def forget_farm_address(data: Path) -> bool:
    """Leave the farm; False when none was joined."""
    path = data / FILE
    if not path.exists():
        return False
    path.unlink()
    return True
