"""The fold of the treasury log: who belongs to the studio, and whose money is where.

Its entries are totally ordered, so every lease is checked against the pool at its place and the
same ones fit on every machine. The one thing it needs of the devices' logs is what an epoch had
spent when it is closed; `close` waits for exactly those entries.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sync.device_log import DeviceLog, Ids, Lease
from sync.entry import NO_PREVIOUS, TREASURY, Operation
from sync.operations import DEVICE_MAY, INVITE_MAY, INVITED, TREASURY_SHAPES, is_sound
from sync.verdict import Verdict


@dataclass(slots=True)
class Key:
    """A key that may sign: its role, whose it is, and whether it was taken back."""

    role: str
    name: str
    public: str
    void: bool = False


@dataclass(slots=True)
class Device:
    """A machine of the studio: its open epoch, since which treasury entry, or none any more."""

    key: str
    epoch: int
    opened: int
    line: dict[str, Any]
    over: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """What a `close` came to: an epoch's rest went back to the pools, its holds with it."""

    device: str
    epoch: int
    cut: int
    last: bool
    rest: dict[str, int]
    held: dict[str, tuple[str, int]]


@dataclass(slots=True)
class Treasury:
    """Where the fold of the treasury stands; all amounts in micro-yuan by owner.

    `spent` is what closed epochs spent; what open ones spent is in their own logs. `people` has
    the machine that told of an account first, and the account's role.
    """

    studio: str
    genesis: str = NO_PREVIOUS
    seq: int = -1
    digest: str = NO_PREVIOUS
    keys: dict[str, Key] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)
    people: dict[str, tuple[str, str]] = field(default_factory=dict)
    pools: dict[str, int] = field(default_factory=dict)
    minted: dict[str, int] = field(default_factory=dict)
    withdrawn: dict[str, int] = field(default_factory=dict)
    refunded: dict[str, int] = field(default_factory=dict)
    spent: dict[str, int] = field(default_factory=dict)

    @property
    def treasurer(self) -> str | None:
        """Return the one machine that keeps the treasury, None where any may write to it."""
        name = self.policy.get("treasurer")
        return name if isinstance(name, str) and name else None

    def may_sign(self, key: Key, operation: Operation) -> bool:
        """Tell whether a key may sign an operation."""
        kind = operation["op"]
        if key.void:
            return False
        if key.role == "minter":
            return True
        if self.treasurer is not None:
            return False  # it is the treasurer's to write, who has a minter's key
        if key.role in INVITED:
            return kind in INVITE_MAY and operation.get("role") == INVITED[key.role]
        if key.role == "node":
            return False
        if kind == "lease":
            return operation.get("device") == key.name
        return kind in DEVICE_MAY

    def judge(self, key: Key, operation: Operation, ids: Ids) -> Verdict:
        """Say what an operation comes to as far as that depends on no money and no place."""
        if not self.may_sign(key, operation):
            return Verdict.NOT_ALLOWED
        shape = TREASURY_SHAPES.get(operation["op"])
        if shape is None or not is_sound(operation, shape):
            return Verdict.MALFORMED
        return Verdict.REPEATED if ids.has(TREASURY, operation["id"]) else Verdict.GOOD

    def apply(
        self, operation: Operation, key: Key, logs: dict[str, DeviceLog], ids: Ids
    ) -> tuple[Verdict, Closed | None]:
        """Do one operation if it may be done, and say what it comes to.

        `logs` are the devices' open epochs: a lease is handed to one, a close reads one, which has
        been brought to the cut before.
        """
        verdict, closed = self.judge(key, operation, ids), None
        if verdict is not Verdict.GOOD:
            return verdict, None
        kind = operation["op"]
        if kind == "close":
            verdict, closed = self.close(operation, logs)
        elif kind in ("lease", "unlease", "enrol"):
            verdict = _MOVES[kind](self, operation, logs)
            if verdict is Verdict.GOOD and key.role in INVITED:
                key.void = True  # an invite lets one machine in
        elif kind == "person":
            verdict = self.edit_person(operation, key)
        else:
            verdict = self.move(operation)
        if verdict is Verdict.GOOD:
            ids.add(TREASURY, operation["id"], (0, self.seq))
        return verdict, closed

    def move(self, operation: Operation) -> Verdict:
        """Do an operation that concerns the treasury alone."""
        match operation["op"]:
            case "mint" | "refund":
                table = self.minted if operation["op"] == "mint" else self.refunded
                add(table, operation["owner"], operation["amount_micros"])
                add(self.pools, operation["owner"], operation["amount_micros"])
            case "withdraw":
                if operation["amount_micros"] > self.pools.get(operation["owner"], 0):
                    return Verdict.POOL_TOO_SMALL
                add(self.pools, operation["owner"], -operation["amount_micros"])
                add(self.withdrawn, operation["owner"], operation["amount_micros"])
            case "void_key":
                return self.void_key(operation)
            case "policy":
                self.policy |= operation["line"]
        return Verdict.GOOD

    def edit_person(self, operation: Operation, key: Key) -> Verdict:
        """Edit a person: who is what is the minters' to say, and nobody else edits those above.

        Or a machine that turned bad could give itself an admin's password.
        """
        home, role = self.people.get(operation["account"], (key.name, "artist"))
        if key.role != "minter" and (operation["line"] or (role != "artist" and home != key.name)):
            return Verdict.NOT_ALLOWED
        self.people[operation["account"]] = (home, str(operation["line"].get("role", role)))
        return Verdict.GOOD

    def enrol(self, operation: Operation, logs: dict[str, DeviceLog]) -> Verdict:
        """Let a machine, a node, an invite or another minter's key in."""
        id, role, name = key_id(operation["key"]), operation["role"], operation["name"]
        if id in self.keys or (role == "device" and name in self.devices):
            return Verdict.REPEATED
        self.keys[id] = Key(role, name, operation["key"])
        if role == "device":
            self.devices[name] = Device(id, 1, self.seq, operation["line"])
            logs[name] = DeviceLog(name, 1, [(0, self.seq)], digest=self.genesis)
        return Verdict.GOOD

    def void_key(self, operation: Operation) -> Verdict:
        """Take a key back; the last minter's stays, or nobody could ever do anything again."""
        key = self.keys.get(operation["key"])
        if key is None or key.void:
            return Verdict.UNKNOWN_SIGNER
        minters = [one for one in self.keys.values() if one.role == "minter" and not one.void]
        if minters == [key]:
            return Verdict.NOT_ALLOWED
        key.void = True
        return Verdict.GOOD

    def lease(self, operation: Operation, logs: dict[str, DeviceLog]) -> Verdict:
        """Move money from a pool to a device's open epoch."""
        owner, amount = operation["owner"], operation["amount_micros"]
        device = self.devices.get(operation["device"])
        if device is None or device.over or device.epoch != operation["epoch"]:
            return Verdict.UNKNOWN_DEVICE
        if amount > self.pools.get(owner, 0):
            return Verdict.POOL_TOO_SMALL
        add(self.pools, owner, -amount)
        logs[operation["device"]].leases.append(Lease(self.seq, owner, amount))
        return Verdict.GOOD

    def find_cut(self, operation: Operation, logs: dict[str, DeviceLog]) -> DeviceLog | Verdict:
        """Return the open epoch that an operation cuts, brought to the cut; else why not."""
        device = self.devices.get(operation["device"])
        if device is None or device.over or device.epoch != operation["epoch"]:
            return Verdict.UNKNOWN_DEVICE
        log = logs[operation["device"]]
        at_cut = (log.seq, log.digest) == (operation["cut"], operation["hash"])
        return log if at_cut else Verdict.WRONG_CUT

    def unlease(self, operation: Operation, logs: dict[str, DeviceLog]) -> Verdict:
        """Take money back from a device that has it free; what it writes from there on knows."""
        log, owner = self.find_cut(operation, logs), operation["owner"]
        if isinstance(log, Verdict):
            return log
        if operation["amount_micros"] > log.free(owner):
            return Verdict.LEASE_TOO_SMALL
        log.leases.append(Lease(self.seq, owner, -operation["amount_micros"]))
        log.floors.append((log.seq, self.seq))
        add(self.pools, owner, operation["amount_micros"])
        return Verdict.GOOD

    def close(
        self, operation: Operation, logs: dict[str, DeviceLog]
    ) -> tuple[Verdict, Closed | None]:
        """End an epoch: what is not spent at the cut goes back to the pools."""
        log = self.find_cut(operation, logs)
        if isinstance(log, Verdict):
            return log, None
        name, epoch, device = log.device, log.epoch, self.devices[log.device]
        rest = {owner: micros for owner, micros in log.rest().items() if micros}
        for owner, micros in rest.items():
            add(self.pools, owner, micros)
        for owner, micros in log.spent.items():
            add(self.spent, owner, micros)
        closed = Closed(name, epoch, log.seq, operation["last"], rest, dict(log.holds))
        if operation["last"]:
            device.over = True
            del logs[name]
        else:
            device.epoch, device.opened = epoch + 1, self.seq
            logs[name] = DeviceLog(name, epoch + 1, [(0, self.seq)], digest=self.genesis)
        return Verdict.GOOD, closed

    def to_dict(self) -> dict[str, Any]:
        """Return the state as JSON has it."""
        told = {name: getattr(self, name) for name in self.__slots__}
        for table, kind in (("keys", Key), ("devices", Device)):
            told[table] = {
                name: {part: getattr(one, part) for part in kind.__slots__}
                for name, one in told[table].items()
            }
        return told

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> "Treasury":
        """Return the state that `to_dict` told."""
        keys = {id: Key(**one) for id, one in told["keys"].items()}
        devices = {id: Device(**one) for id, one in told["devices"].items()}
        people = {account: (home, role) for account, (home, role) in told["people"].items()}
        return cls(**told | {"keys": keys, "devices": devices, "people": people})


def add(table: dict[str, int], owner: str, micros: int) -> None:
    """Add to an owner's sum."""
    table[owner] = table.get(owner, 0) + micros


def key_id(public: str) -> str:
    """Return the id of a public key given in hex: short, and as good as the key itself."""
    return sha256(bytes.fromhex(public)).hexdigest()[:32]


_MOVES = {"lease": Treasury.lease, "unlease": Treasury.unlease, "enrol": Treasury.enrol}
