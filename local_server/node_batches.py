"""Batches of a node's reports: signed by the node's own key, and checked by their owner.

The queue's key says that somebody of the farm wrote a message; a node's key says which node.
"""

import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlite_utils import Database

from local_server.farm.db import fetch_value
from local_server.farm.errors import Refused
from sync.keys import Signer


@dataclass(frozen=True, slots=True)
class NodeKey:
    """A node that was invited: its name, its public key in hex, and whether it was taken out."""

    name: str
    public: str
    out: bool


def sign_batch(signer: Signer, to: str, batch: list[Any]) -> dict[str, str]:
    """Return a batch of reports for an owner's line, signed."""
    text = json.dumps(batch, separators=(",", ":"), ensure_ascii=False)
    signature = signer.private.sign(make_message(to, text)).hex()
    return {"key": signer.id, "text": text, "signature": signature}


def read_batch(value: Any, to: str, nodes: dict[str, NodeKey]) -> Any:
    """Return the reports of a batch that may count, unparsed.

    In a studio that has invited nodes, only what an invited one signed counts, and only about
    itself. Raises Refused `node_unknown`, `node_out` and `report_forged`, ValueError for no JSON.
    """
    signed = isinstance(value, dict)
    if not nodes:
        return json.loads(str(value.get("text"))) if signed else value
    node = nodes.get(str(value.get("key"))) if signed else None
    if node is None:
        raise Refused("node_unknown")
    if node.out:
        raise Refused("node_out", node=node.name)
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(node.public))
    text = str(value.get("text"))
    try:
        public.verify(bytes.fromhex(str(value.get("signature"))), make_message(to, text))
    except (InvalidSignature, ValueError) as error:
        raise Refused("report_forged", node=node.name) from error
    reports = json.loads(text)
    if not isinstance(reports, list) or not all(is_by(one, node.name) for one in reports):
        raise Refused("report_forged", node=node.name)
    return reports


def is_by(report: Any, name: str) -> bool:
    """Tell whether a report is about a node of that name; each of its starts has an id."""
    id = report.get("node", name) if isinstance(report, dict) else None
    return isinstance(id, str) and (id == name or id.startswith(f"{name}."))


def make_message(to: str, text: str) -> bytes:
    """Return what is signed: the reports, and whose they are."""
    return f"{to}\n{text}".encode()


def read_nodes(db: Database) -> dict[str, NodeKey]:
    """Return the studio's invited nodes by their key's id, those taken out among them."""
    text = fetch_value(db, "SELECT value FROM setting WHERE key = 'sync.nodes'")
    return {id: NodeKey(*one) for id, one in json.loads(text or "{}").items()}
