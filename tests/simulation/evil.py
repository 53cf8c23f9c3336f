"""What a machine of the studio writes that turned bad: wrong, greedy, or not meant to be read."""

import json
import random
from typing import Any

from sync.keys import seal_text
from tests.simulation.machine import SECRET

MONEY = ("hold", "hold", "hold", "settle", "settle", "settle", "release", "release")
TREASURY = ("mint", "lease", "lease", "lease", "close", "snap", "void_key")
OTHERS = ("job", "result", "request", "person", "person")
LINES: tuple[dict[str, Any], ...] = (
    {"render_ms": "long", "cores": []},
    {"render_ms": 10**40, "cores": -1},
    {"render_ms": 10**10, "cores": 10**4},
    {"amount_micros": 7, "frame": {}},
    {"frame": 10**40, "picture": "../x"},
    {"frame": "1", "picture": None, "": [[[[]]]]},
    {"frame": 1, "picture": "ab" * 32, "extension": "/etc/x", "size_bytes": 1 << 70},
    {"ask": "mint", "owner": "ann", "amount_micros": -1},
    {"ask": ["mint"], "owner": 5, "name": "\x7f\u2028", "state": {}},
)
EDITS: tuple[Any, ...] = (
    {"name": 5},
    {"name": "\ud800"},
    {"name": None, "phone": [1], "avatar": {"x": 1}},
    {"removed_at_ms": "now", "role": "admin"},
    {"password_changed_at_ms": 10**40, "email_verified_at_ms": -1},
    {"phone": "evil"},
    ["name"],
    None,
)


def make_evil(chance: random.Random, *, epoch: int) -> dict[str, Any]:
    """Return an operation that is wrong, or right but greedy."""
    kind = chance.choice([*MONEY, *TREASURY, *OTHERS])
    if chance.random() < 0.01:
        return {"op": "teleport", "id": f"t{chance.randint(0, 9)}", "at_ms": 0}
    told: dict[str, Any] = {
        "op": kind,
        "id": chance.choice(["m:boss-1-1", "m:ann", "x", f"e{chance.randint(0, 30)}"]),
        "at_ms": chance.choice([0, 0, 1_790_000_000_000, 1 << 53, 253_370_764_800_000]),
    }
    if kind in OTHERS:
        told |= make_letter(chance, kind)
    elif kind == "snap":
        told["digest"] = "ab" * 32
    elif kind == "void_key":
        told["key"] = "ab" * 16
    else:
        told |= {
            "owner": chance.choice(["ann", "bo", "nobody"]),
            "amount_micros": chance.choice([0, 1, 5, 30, 10**9]),
            "line": choose_line(chance),
        }
    if kind in MONEY:
        told["job"] = f"evil-{told['owner']}"
    if kind == "lease":
        told |= {"device": chance.choice(["evil", "evil", "evil", "one"]), "epoch": epoch}
    return told


def choose_line(chance: random.Random) -> dict[str, Any]:
    """Return a line, mostly an innocent one."""
    return chance.choice(LINES) if chance.random() < 0.4 else {}


def make_letter(chance: random.Random, kind: str) -> dict[str, Any]:
    """Return the rest of an operation that moves no money."""
    if kind == "request":
        return {"line": chance.choice(LINES)}
    if kind == "person":
        sealed = seal_text(json.dumps(chance.choice(EDITS)), secret=SECRET, purpose="people")
        return {
            "account": chance.choice(["ann", "bo", "evil"]),
            "line": {} if chance.random() < 0.7 else {"role": "admin"},
            "sealed": sealed if chance.random() < 0.8 else "00ff",
        }
    return {"owner": "ann", "job": "evil-ann", "line": choose_line(chance)}
