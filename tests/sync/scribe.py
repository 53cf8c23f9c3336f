"""A scribe: writes the logs of a studio by hand, honestly or not, for tests of the fold."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.entry import NO_PREVIOUS, Header, Operation, digest_entry, name_log, write_entry
from sync.fold import GENESIS, Effect, Fold, start_fold
from sync.treasury import key_id

STUDIO = "studio"


def make_key(name: str) -> Ed25519PrivateKey:
    """Return the same key for the same name."""
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


def public_of(key: Ed25519PrivateKey) -> str:
    """Return a key's public half in hex."""
    return key.public_key().public_bytes_raw().hex()


def money(kind: str, id: str, amount: int, owner: str = "me", **more: Any) -> Operation:
    """Return an operation of money."""
    told = {"op": kind, "id": id, "at_ms": 0, "owner": owner, "amount_micros": amount, "line": {}}
    return told | more


def enrol(role: str, name: str, key: str | None = None) -> Operation:
    """Return an operation that lets a key in."""
    public = public_of(make_key(key or name))
    return {
        "op": "enrol",
        "id": f"enrol:{role}:{name}",
        "at_ms": 0,
        "role": role,
        "name": name,
        "key": public,
        "line": {},
    }


@dataclass
class Scribe:
    """Writes entries into `objects`, by log and sequence."""

    objects: dict[tuple[str, int], bytes] = field(default_factory=dict)
    heads: dict[str, tuple[int, str]] = field(default_factory=dict)

    def begin(self, *devices: str) -> None:
        """Write a genesis with a minter's key `boss` and some devices."""
        operations = (enrol("minter", "boss"), *(enrol("device", one) for one in devices))
        self.write(GENESIS, *operations, by="boss", seq=0)
        self.heads["t"] = (0, digest_entry(self.objects[GENESIS, 0]))

    def write(
        self,
        log: str,
        *operations: Operation,
        by: str,
        ts: int | None = None,
        seq: int | None = None,
        prev: str | None = None,
        forge: bool = False,
    ) -> bytes:
        """Write the next entry of a log; what is given is written, right or wrong."""
        if log == GENESIS:
            last, digest, now = -1, NO_PREVIOUS, 0
        else:
            last, digest = self.heads.get(log, (0, digest_entry(self.objects[GENESIS, 0])))
            now = self.heads["t"][0]
        seq, key = last + 1 if seq is None else seq, make_key(by)
        header = Header(
            studio=STUDIO,
            log=log,
            seq=seq,
            prev=prev or digest,
            ts=now if ts is None else ts,
            signer=key_id(public_of(key)),
            wall_ms=0,
        )
        data = write_entry(header, operations, make_key("forger") if forge else key)
        self.put(log, seq, data)
        return data

    def put(self, log: str, seq: int, data: bytes) -> None:
        """Put any bytes at a place."""
        self.objects[log, seq] = data
        self.heads[log] = (seq, digest_entry(data))

    def treasury(self, *operations: Operation, by: str = "boss", **more: Any) -> None:
        """Write to the treasury."""
        self.write("t", *operations, by=by, **more)

    def work(self, device: str, *operations: Operation, epoch: int = 1, **more: Any) -> None:
        """Write to a device's log."""
        self.write(name_log(device, epoch), *operations, **{"by": device} | more)

    def close(
        self, device: str, *, epoch: int = 1, cut: int | None = None, last: bool = False
    ) -> Operation:
        """Return the operation that closes an epoch, at its head unless told otherwise."""
        place = self.cut(device, epoch=epoch, cut=cut)
        return {"op": "close", "id": f"close:{device}:{epoch}", "at_ms": 0, "last": last} | place

    def cut(self, device: str, *, epoch: int = 1, cut: int | None = None) -> Operation:
        """Return what names a place in a device's log."""
        log = name_log(device, epoch)
        cut = self.heads.get(log, (0, ""))[0] if cut is None else cut
        place = (log, cut) if cut else (GENESIS, 0)
        digest = digest_entry(self.objects[place])
        return {"device": device, "epoch": epoch, "cut": cut, "hash": digest}

    def fold(self, fold: Fold | None = None) -> tuple[Fold, list[Effect]]:
        """Fold all that is written."""
        fold = fold or start_fold(STUDIO)
        told = fold.advance(lambda log, seq: self.objects.get((log, seq)))
        effects = [one for effects in told for one in effects]
        assert fold.check_sums() == []
        return fold, effects
