"""Rules of transfers: whose results come to this machine, where they go, how fast, or not now."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from sqlite_utils import Database

from local_server.farm.db import assert_writing, fetch_value

KEY = "transfers"


class Wanted(StrEnum):
    """Which other machines' results come here by themselves.

    own: of whoever the workstation belongs to and of everybody who has signed in here.
    """

    NONE = "none"
    OWN = "own"
    ALL = "all"


@dataclass(frozen=True, kw_only=True, slots=True)
class TransferRules:
    """`folder` is where results go, empty for the usual place; `mbps` 0 is no limit."""

    results: Wanted = Wanted.OWN
    folder: str = ""
    paused: bool = False
    mbps: float = 0.0


def read_transfer_rules(db: Database) -> TransferRules:
    """Return the rules of this machine."""
    text = fetch_value(db, "SELECT value FROM setting WHERE key = ?", (KEY,))
    told: dict[str, Any] = json.loads(text) if text else {}
    return TransferRules(**told | {"results": Wanted(told.get("results", Wanted.OWN))})


def change_transfer_rules(db: Database, /, **changes: Any) -> TransferRules:
    """Change the rules that are given, and return all of them."""
    assert_writing(db)
    rules = TransferRules(**asdict(read_transfer_rules(db)) | changes)
    db.conn.execute(
        "INSERT INTO setting VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        (KEY, json.dumps(asdict(rules))),
    )
    return rules
