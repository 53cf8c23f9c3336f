"""The fold of one device's log over one epoch: what it leased, holds and has spent.

It depends on nothing but the log itself, the leases that the treasury gave to this epoch, and the
charges that the device's earlier epochs settled; so devices fold in any order, each for itself.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

from sync.entry import NO_PREVIOUS, Operation
from sync.operations import DEVICE_SHAPES, is_sound
from sync.verdict import Verdict


class Ids(Protocol):
    """The ids that have counted in a log's whole life, each with the place where it did."""

    def expect(self, book: str, operations: tuple[Operation, ...]) -> None:
        """Hear whose ids will be asked for next, so that they can be looked up together."""

    def has(self, book: str, id: str) -> bool:
        """Tell whether an id has counted."""

    def add(self, book: str, id: str, place: tuple[int, int]) -> None:
        """Note an id; `place` is epoch and sequence."""

    def forget_after(self, book: str, place: tuple[int, int]) -> None:
        """Forget the ids that counted after a place."""


@dataclass(slots=True)
class MemoryIds:
    """Ids in memory."""

    books: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)

    def expect(self, book: str, operations: tuple[Operation, ...]) -> None:
        """Hear whose ids will be asked for next."""

    def has(self, book: str, id: str) -> bool:
        """Tell whether an id has counted."""
        return id in self.books.get(book, ())

    def add(self, book: str, id: str, place: tuple[int, int]) -> None:
        """Note an id."""
        self.books.setdefault(book, {})[id] = place

    def forget_after(self, book: str, place: tuple[int, int]) -> None:
        """Forget the ids that counted after a place."""
        kept = {id: at for id, at in self.books.get(book, {}).items() if at <= place}
        self.books[book] = kept


@dataclass(frozen=True, slots=True)
class Lease:
    """Money that a treasury entry gave to a device's epoch."""

    seq: int
    owner: str
    amount_micros: int


@dataclass(slots=True)
class DeviceLog:
    """Where the fold of an epoch stands; all amounts in micro-yuan.

    `leases` are those of this epoch by treasury sequence, of which `taken` have been applied: an
    entry sees the leases up to its own `ts` and no others, whatever the reader knows by then.
    `floors` say that entries after a sequence have to know a treasury entry.
    """

    device: str
    epoch: int
    floors: list[tuple[int, int]]
    seq: int = 0
    digest: str = NO_PREVIOUS
    ts: int = 0
    leases: list[Lease] = field(default_factory=list)
    taken: int = 0
    available: dict[str, int] = field(default_factory=dict)
    holds: dict[str, tuple[str, int]] = field(default_factory=dict)
    spent: dict[str, int] = field(default_factory=dict)

    def take_leases(self, ts: int) -> None:
        """Apply the leases up to a treasury sequence."""
        while self.taken < len(self.leases) and self.leases[self.taken].seq <= ts:
            lease = self.leases[self.taken]
            self.available[lease.owner] = self.available.get(lease.owner, 0) + lease.amount_micros
            self.taken += 1
        self.ts = ts

    def floor(self, seq: int) -> int:
        """Return the least `ts` that the entry at a sequence may have."""
        return max(self.ts, *(ts for after, ts in self.floors if seq > after))

    def free(self, owner: str) -> int:
        """Return what an owner's leases have left that is not held, whether taken yet or not."""
        coming = (one.amount_micros for one in self.leases[self.taken :] if one.owner == owner)
        return self.available.get(owner, 0) + sum(coming)

    def apply(self, operation: Operation, ids: Ids) -> Verdict:
        """Do one operation if it may be done, and say what it comes to."""
        kind = operation["op"]
        shape = DEVICE_SHAPES.get(kind)
        if shape is None:
            return Verdict.NOT_ALLOWED
        if not is_sound(operation, shape):
            return Verdict.MALFORMED
        if ids.has(self.device, operation["id"]):
            return Verdict.REPEATED
        move = _MOVES.get(kind)
        verdict = Verdict.GOOD if move is None else move(self, operation)
        if verdict is Verdict.GOOD:
            ids.add(self.device, operation["id"], (self.epoch, self.seq))
        return verdict

    def hold(self, operation: Operation) -> Verdict:
        """Set money of the lease aside for a job."""
        owner, job, amount = operation["owner"], operation["job"], operation["amount_micros"]
        has = self.available.get(owner, 0)
        if amount > has:
            return Verdict.LEASE_TOO_SMALL
        holder, held = self.holds.get(job, (owner, 0))
        if holder != owner:
            return Verdict.HOLD_OF_ANOTHER
        if amount:
            self.available[owner] = has - amount
            self.holds[job] = (owner, held + amount)
        return Verdict.GOOD

    def settle(self, operation: Operation) -> Verdict:
        """Pay out of a job's hold."""
        return self.leave_hold(operation, self.spent)

    def release(self, operation: Operation) -> Verdict:
        """Give money of a job's hold back to the lease."""
        return self.leave_hold(operation, self.available)

    def leave_hold(self, operation: Operation, into: dict[str, int]) -> Verdict:
        """Move money from a job's hold to what its owner has or has spent."""
        owner, job, amount = operation["owner"], operation["job"], operation["amount_micros"]
        holder, held = self.holds.get(job, (owner, 0))
        if holder != owner:
            return Verdict.HOLD_OF_ANOTHER
        if amount > held:
            return Verdict.HOLD_TOO_SMALL
        if amount:
            into[owner] = into.get(owner, 0) + amount
        if held > amount:
            self.holds[job] = (owner, held - amount)
        else:
            self.holds.pop(job, None)  # what is over needs no memory: jobs are many
        return Verdict.GOOD

    def rest(self) -> dict[str, int]:
        """Return what each owner's leases left unspent, held or not, whether taken yet or not."""
        rest: dict[str, int] = {}
        for lease in self.leases:
            rest[lease.owner] = rest.get(lease.owner, 0) + lease.amount_micros
        for owner, spent in self.spent.items():
            rest[owner] = rest.get(owner, 0) - spent
        assert all(micros >= 0 for micros in rest.values()), "more was spent than leased"
        return rest

    def held(self) -> dict[str, int]:
        """Return what each owner has in holds."""
        held: dict[str, int] = {}
        for owner, micros in self.holds.values():
            held[owner] = held.get(owner, 0) + micros
        return held

    def to_dict(self) -> dict[str, Any]:
        """Return the state as JSON has it."""
        told = {name: getattr(self, name) for name in self.__slots__}
        leases = [[one.seq, one.owner, one.amount_micros] for one in self.leases]
        return told | {"leases": leases}

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> "DeviceLog":
        """Return the state that `to_dict` told."""
        leases = [Lease(*one) for one in told["leases"]]
        holds = {job: (owner, micros) for job, (owner, micros) in told["holds"].items()}
        floors = [(after, ts) for after, ts in told["floors"]]
        return cls(**told | {"leases": leases, "holds": holds, "floors": floors})


_MOVES = {
    "hold": DeviceLog.hold,
    "settle": DeviceLog.settle,
    "release": DeviceLog.release,
}
