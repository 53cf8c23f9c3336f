"""A node's home: the folder that remembers which farm it was invited to, and its own key."""

import json
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from local_server.entering import Entrant, enter
from local_server.farm.errors import BadInput, Refused
from local_server.farm.private_files import write_private_file
from local_server.farm_addresses import FarmAddress, read_farm_address
from local_server.invites import Invite
from sync.keys import Chest, Signer, make_signer, open_chest, read_signer

FILE = "node.json"
KEY = "node-key"


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeHome:
    """What a node knows from its invite; `name` is what the studio knows it by."""

    name: str
    farm: FarmAddress
    signer: Signer
    chest: Chest


def read_home(folder: Path) -> NodeHome:
    """Return what the node of a folder was told. Raises BadInput `node_not_invited`."""
    path = folder / FILE
    if not path.exists():
        raise BadInput("node_not_invited", folder=str(folder))
    name = str(json.loads(path.read_text(encoding="utf-8"))["name"])
    chest = open_chest(folder, space=name)
    farm, signer = read_farm_address(folder, chest), read_signer(chest, KEY)
    if farm is None or signer is None:
        raise BadInput("node_not_invited", folder=str(folder))
    return NodeHome(name=name, farm=farm, signer=signer, chest=chest)


def join_farm(folder: Path, invite: Invite) -> NodeHome:
    """Have the node of a folder join a farm by an invite; a node that was taken out gets a new key.

    Raises as `enter` does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        enter_farm(folder, invite)
    except Refused as error:
        if error.code != "key_taken_back":
            raise
        (folder / FILE).unlink()
        enter_farm(folder, invite)
    return read_home(folder)


def enter_farm(folder: Path, invite: Invite) -> None:
    """Enter the invite's studio as the node that this folder is, or as a new one."""
    path, host = folder / FILE, socket.gethostname()
    if path.exists():
        name = str(json.loads(path.read_text(encoding="utf-8"))["name"])
        chest = open_chest(folder, space=name)
        signer = read_signer(chest, KEY)
    else:
        name, signer = "", None
    if signer is None:
        signer = make_signer()
        name = name_node(host, signer)
        write_private_file(path, json.dumps({"name": name}))
        chest = open_chest(folder, space=name)
        chest.put(KEY, signer.secret)
    enter(invite, Entrant(role="node", name=name, signer=signer, host=host), chest)


def name_node(host: str, signer: Signer) -> str:
    """Return a node's name: its machine's, and enough of its key to be the only one."""
    slug = re.sub(r"[^a-z0-9]+", "-", host.lower()).strip("-")[:40] or "node"
    return f"{slug}-{signer.id[:8]}"
