"""Stores: which kind an address means, and the one that is opened for it."""

import re
from pathlib import Path

from local_server.farm.errors import BadInput
from sync.bucket_address import Lookup, find_nothing
from sync.folder_store import FolderStore
from sync.memory_store import MemoryStore
from sync.store import Store

_SCHEME = re.compile(r"[a-z][a-z0-9+-]+:")  # two letters or more, so that C:\ stays a path


def open_store(address: str, kept: Lookup = find_nothing) -> Store:
    """Open the store at an address: a path, `folder:<path>`, `oss://...`, `memory:` for tests.

    `kept` looks up secrets by name: the bucket's key may be one.

    Opening touches nothing; `probe` says whether the store works. Raises `BadInput`
    (`store_address_unknown`) for any other kind of address, `Unavailable`
    (`store_key_missing`, `store_sdk_missing`) for a bucket that nothing here can open.
    """
    if address == "memory:":
        return MemoryStore()
    if address.startswith("folder:"):
        return FolderStore(Path(address.removeprefix("folder:")))
    if address.startswith("oss://"):
        # What a bucket needs takes a while to load, and most stores are folders.
        from sync.oss_store import open_oss_store

        return open_oss_store(address, kept)
    if not address.strip() or _SCHEME.match(address):
        raise BadInput("store_address_unknown", address=address[:200])
    return FolderStore(Path(address))
