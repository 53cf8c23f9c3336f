"""The studio: how it begins, who is let in, and how a machine leaves it."""

from collections.abc import Callable
from typing import Any

from local_server.farm.errors import Conflict, NotFound, YuntuError
from sync.entry import NO_PREVIOUS, READ_BYTES_MAX, Header, Operation, write_entry
from sync.fold import GENESIS, Fold
from sync.keys import Keys, Signer
from sync.store import NO_LINKS, Store, check_name

Build = Callable[[Fold], list[Operation]]
"""Returns the operations to append, as they have to be after what is folded by then."""


def found_studio(
    store: Store,
    *,
    studio: str,
    device: str,
    keys: Keys,
    line: dict[str, Any],
    at_ms: int,
    alone: bool = False,
) -> None:
    """Write the object that a studio begins with; harmless when it is ours already.

    `line` tells of the first machine, which keeps the treasury `alone` where the store is a folder
    that cannot tell who of two writers was first. Raises Conflict `studio_exists` when another
    machine was first, and as the store does.
    """
    assert keys.minter is not None, "whoever founds a studio can mint"
    operations = (
        enrol("minter", "genesis", keys.minter, at_ms=at_ms),
        enrol("device", check_name(device), keys.own, at_ms=at_ms, line=line),
        *([appoint(device, at_ms=at_ms)] if alone else []),
    )
    header = Header(
        studio=studio,
        log=GENESIS,
        seq=0,
        prev=NO_PREVIOUS,
        ts=0,
        signer=keys.minter.id,
        wall_ms=at_ms,
    )
    key = f"v1/{check_name(studio)}/genesis"
    put = store.put_alone if alone else store.put_if_absent
    try:
        put(key, write_entry(header, operations, keys.minter.private))
    except YuntuError as error:
        if error.code == NO_LINKS and not alone:
            told: dict[str, Any] = {"studio": studio, "device": device, "keys": keys, "line": line}
            found_studio(store, **told, at_ms=at_ms, alone=True)
            return
        if not is_there(store, key):
            raise error from None
    # Its own key in it says whose it is: the moment may differ after an answer that was lost.
    if keys.minter.public.encode() not in store.get(key, most=READ_BYTES_MAX):
        raise Conflict("studio_exists", studio=studio)


def appoint(device: str, *, at_ms: int, number: int = 0) -> Operation:
    """Return what makes a machine the one that keeps the treasury; `number` tells times apart."""
    line = {"treasurer": check_name(device)}
    return {"op": "policy", "id": f"treasurer:{number}:{device}", "at_ms": at_ms, "line": line}


def hand_over(device: str, *, at_ms: int) -> Build:
    """Return what makes another machine of the studio its treasurer.

    Raises NotFound `no_device` and Conflict `no_treasurer`.
    """

    def build(fold: Fold) -> list[Operation]:
        if device not in fold.logs:
            raise NotFound("no_device", device=device)
        if fold.treasury.treasurer is None:
            raise Conflict("no_treasurer", studio=fold.treasury.studio)
        return [appoint(device, at_ms=at_ms, number=fold.treasury.seq + 1)]

    return build


def is_there(store: Store, key: str) -> bool:
    """Tell whether an object can be read."""
    try:
        store.get(key, most=READ_BYTES_MAX)
    except NotFound:
        return False
    return True


def enrol(
    role: str, name: str, signer: Signer, *, at_ms: int, line: dict[str, Any] | None = None
) -> Operation:
    """Return the operation that lets a key in."""
    return {
        "op": "enrol",
        "id": f"enrol:{signer.id}",
        "at_ms": at_ms,
        "role": role,
        "name": name,
        "key": signer.public,
        "line": line or {},
    }


def close_epoch(device: str, *, last: bool, at_ms: int) -> Build:
    """Return what ends a machine's epoch where its log is folded to; `last` ends the machine."""

    def build(fold: Fold) -> list[Operation]:
        log = fold.logs.get(device)
        if log is None:
            raise NotFound("no_device", device=device)
        return [
            {
                "op": "close",
                "id": f"close:{device}:{log.epoch}",
                "at_ms": at_ms,
                "device": device,
                "epoch": log.epoch,
                "cut": log.seq,
                "hash": log.digest,
                "last": last,
            }
        ]

    return build


def revoke_device(device: str, *, at_ms: int) -> Build:
    """Return what ends a machine that is lost or no longer trusted, and takes its key back."""
    close = close_epoch(device, last=True, at_ms=at_ms)

    def build(fold: Fold) -> list[Operation]:
        key = fold.treasury.devices[device].key if device in fold.treasury.devices else ""
        void = {"op": "void_key", "id": f"void:{device}", "at_ms": at_ms, "key": key}
        return [*close(fold), void]

    return build


def void_keys(keys: list[str], *, at_ms: int) -> Build:
    """Return what takes keys back, by their ids; those that count no more are left as they are."""

    def build(fold: Fold) -> list[Operation]:
        known = fold.treasury.keys
        return [
            {"op": "void_key", "id": f"void:{key}", "at_ms": at_ms, "key": key}
            for key in keys
            if key in known and not known[key].void
        ]

    return build
