"""Operations as logs carry them: which there are, what each must hold, and in which log it may be.

What an operation means is the business of `treasury` and `device_log`; here it is only whether it
can be understood at all.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from local_server.farm.ledger import AMOUNT_MICROS_MAX
from sync.entry import NUMBER_MAX, Operation

Check = Callable[[Any], object]
"""Gives what is true for a value that fits; raises TypeError, or gives what is not, for others."""

_id: Check = re.compile(r"[^\s\x00-\x1f]{1,200}").fullmatch
# What becomes a part of a purse's name may hold no character that such names are built with.
_name: Check = re.compile(r"[^\s\x00-\x1f:@/|]{1,100}").fullmatch
_device: Check = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}").fullmatch
_digest: Check = re.compile(r"[0-9a-f]{64}").fullmatch
_key_id: Check = re.compile(r"[0-9a-f]{32}").fullmatch


def _number(least: int, most: int) -> Check:
    return lambda value: type(value) is int and least <= value <= most


def _table(value: Any) -> bool:
    return type(value) is dict


def _short(value: Any) -> bool:
    return type(value) is str and len(value) <= 10_000


_some = _number(1, AMOUNT_MICROS_MAX)
_any_amount = _number(0, AMOUNT_MICROS_MAX)  # a reused frame is free, and its job holds 0
_sequence, _epoch = _number(0, NUMBER_MAX), _number(1, 9999)
_ROLES: Final = ("device", "invite", "minter", "node", "node_invite")
# A moment that no calendar has would break every export on every machine.
AT_MS_MAX: Final = 253_370_764_800_000  # the first day of the year 9999
_MADE: Final[dict[str, Check]] = {"id": _id, "at_ms": _number(0, AT_MS_MAX)}
_MONEY: Final[dict[str, Check]] = {**_MADE, "owner": _name, "amount_micros": _some, "line": _table}
_CUT: Final[dict[str, Check]] = {
    "device": _device,
    "epoch": _epoch,
    "cut": _sequence,
    "hash": _digest,
}
_WORK: Final[dict[str, Check]] = {**_MADE, "owner": _name, "job": _name, "line": _table}

TREASURY_SHAPES: Final[dict[str, dict[str, Check]]] = {
    "enrol": {
        **_MADE,
        "role": lambda value: value in _ROLES,
        "name": _device,
        "key": _digest,
        "line": _table,
    },
    "void_key": {**_MADE, "key": _key_id},
    "policy": {**_MADE, "line": _table},
    "mint": _MONEY,
    "withdraw": _MONEY,
    "refund": {**_MONEY, "job": _name},
    "lease": {**_MONEY, "device": _device, "epoch": _epoch},
    "unlease": {**_MONEY, **_CUT},
    "close": {
        **_MADE,
        **_CUT,
        "last": lambda value: type(value) is bool,
    },
    "snap": {**_MADE, "digest": _digest},
    "refuse": {**_MADE, "device": _device, "request": _id, "reason": _name},
    "person": {**_MADE, "account": _name, "line": _table, "sealed": _short},
}
DEVICE_SHAPES: Final[dict[str, dict[str, Check]]] = {
    "hold": {**_WORK, "amount_micros": _any_amount},
    "settle": {**_WORK, "amount_micros": _any_amount},
    "release": {**_WORK, "amount_micros": _some},
    "job": _WORK,
    "edit": _WORK,
    "result": _WORK,
    "request": {**_MADE, "line": _table},
}
# What names a place in a device's log, and holds from there on. What a key may sign is told for
# machines and invites; a minter's key is the studio's own and may sign anything, and a node's signs
# reports, which are in no log.
CUTTING: Final = frozenset({"close", "unlease"})
DEVICE_MAY: Final = frozenset({"lease", "person"})
INVITE_MAY: Final = frozenset({"enrol"})
INVITED: Final = {"invite": "device", "node_invite": "node"}
"""What an invite's key lets in, once, by the key's role."""


def list_unknown(operations: tuple[Operation, ...]) -> list[str]:
    """Return the kinds of operations that this program does not know in any log."""
    return sorted({one["op"] for one in operations} - TREASURY_SHAPES.keys() - DEVICE_SHAPES.keys())


def is_device(value: Any) -> bool:
    """Tell whether a value can be a machine's id."""
    return bool(_device(value))


def is_sound(operation: Operation, shape: dict[str, Check]) -> bool:
    """Tell whether an operation has exactly the fields of its shape, each as it must be."""
    if len(operation) != len(shape) + 1:
        return False
    try:
        for name, check in shape.items():
            if not check(operation[name]):
                return False
    except (KeyError, TypeError):
        return False
    return True
