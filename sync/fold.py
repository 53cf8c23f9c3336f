"""The fold: what all the logs of a studio come to, a pure function of their objects.

Objects may arrive in any order and in any portions: the state they come to is the same, and so is
what is told of each operation once nothing more can cut it off. A missing object means wait.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from local_server.farm.errors import BadInput, Unavailable
from sync.device_log import DeviceLog, Ids, MemoryIds
from sync.entry import (
    NO_PREVIOUS,
    TREASURY,
    Entry,
    Operation,
    digest_entry,
    name_log,
    read_entry,
    write_canonical,
)
from sync.operations import CUTTING, list_unknown
from sync.treasury import Closed, Key, Treasury
from sync.verdict import Verdict

GENESIS = "g"
Fetch = Callable[[str, int], bytes | None]
"""Returns an object by log and sequence, None while it is not here."""


class Folded(NamedTuple):
    """One operation and what it came to; `device` is None in the treasury.

    Not a dataclass because there are millions: making a frozen one takes three times as long.
    """

    log: str
    seq: int
    device: str | None
    operation: Operation
    verdict: Verdict
    closed: Closed | None = None


@dataclass(frozen=True, slots=True)
class Voided:
    """An object that counts for nothing but keeps its place."""

    log: str
    seq: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class CutOff:
    """What was folded of an epoch after a sequence is void: the epoch was closed before it."""

    device: str
    epoch: int
    seq: int


Effect = Folded | Voided | CutOff


@dataclass(slots=True)
class Fold:
    """The state that the logs have come to, and the rules by which it goes on.

    `stopped` names what asks for a newer program, by log; `holes` the first entry that is missing
    of a log which has to be folded again, where a snapshot stood for it.
    """

    treasury: Treasury
    logs: dict[str, DeviceLog] = field(default_factory=dict)
    ids: Ids = field(default_factory=MemoryIds)
    stopped: dict[str, str] = field(default_factory=dict)
    holes: dict[str, int] = field(default_factory=dict)

    def advance(self, fetch: Fetch) -> Iterator[list[Effect]]:
        """Fold all that can be folded now, giving what each object came to; wait for the rest."""
        moved = True
        while moved:
            moved = False
            for device in sorted(self.logs):
                while (effects := self.fold_device(device, fetch)) is not None:
                    moved = True
                    yield effects
            if (effects := self.fold_treasury(fetch)) is not None:
                moved = True
                yield effects

    def wants(self) -> dict[str, int]:
        """Return the next sequence of every log that can go on."""
        wanted = {TREASURY: self.treasury.seq + 1} if self.treasury.seq >= 0 else {GENESIS: 0}
        for device, log in self.logs.items():
            wanted[name_log(device, log.epoch)] = log.seq + 1
        return wanted

    def fold_treasury(self, fetch: Fetch) -> list[Effect] | None:
        """Fold the next treasury entry; None when it is not here or has to wait."""
        state = self.treasury
        if state.seq < 0:
            return self.fold_genesis(fetch)
        seq = state.seq + 1
        data = fetch(TREASURY, seq)
        if data is None:
            return None
        entry, key, verdict = self.judge(data, TREASURY, seq, state.digest)
        if verdict is Verdict.GOOD and entry and entry.header.ts != seq - 1:
            verdict = Verdict.WRONG_PLACE
        if verdict is not Verdict.GOOD or entry is None or key is None:
            state.seq, state.digest = seq, digest_entry(data)
            return [Voided(TREASURY, seq, verdict)]
        # Only a minter may stop everybody; what machines may not sign is refused as such.
        if key.role == "minter" and (unknown := list_unknown(entry.operations)):
            self.stopped[TREASURY] = unknown[0]
            return None
        effects: list[Effect] = []
        if not self.prepare_closes(entry, key, fetch, effects):
            return None
        self.stopped.pop(TREASURY, None)
        state.seq, state.digest = seq, digest_entry(data)
        for operation in entry.operations:
            told, closed = state.apply(operation, key, self.logs, self.ids)
            effects.append(Folded(TREASURY, seq, None, operation, told, closed))
        return effects

    def fold_genesis(self, fetch: Fetch) -> list[Effect] | None:
        """Fold the object that all begins with; it is signed by the key that it brings.

        Raises Unavailable `genesis_wrong` when it is none: nothing can be built on it.
        """
        data = fetch(GENESIS, 0)
        if data is None:
            return None
        state = self.treasury
        try:
            entry = read_entry(data)
            first = entry.operations[0]
            key = Key("minter", "genesis", str(first.get("key")))
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public))
        except (BadInput, ValueError) as error:
            raise Unavailable("genesis_wrong", studio=state.studio) from error
        place = (entry.header.studio, entry.header.log, entry.header.seq)
        if place != (state.studio, GENESIS, 0) or not entry.is_signed_by(public):
            raise Unavailable("genesis_wrong", studio=state.studio)
        state.seq, state.digest = 0, digest_entry(data)
        state.genesis = state.digest
        effects: list[Effect] = []
        for operation in entry.operations:
            told, closed = state.apply(operation, key, self.logs, self.ids)
            effects.append(Folded(GENESIS, 0, None, operation, told, closed))
        return effects

    def fold_device(
        self, device: str, fetch: Fetch, *, until: int | None = None
    ) -> list[Effect] | None:
        """Fold the next entry of a device's open epoch; None when it is not here or has to wait."""
        log = self.logs[device]
        name, seq = name_log(device, log.epoch), log.seq + 1
        if until is not None and seq > until:
            return None
        data = fetch(name, seq)
        if data is None:
            return None
        entry, _, verdict = self.judge(data, name, seq, log.digest)
        if verdict is Verdict.GOOD and entry:
            if entry.header.ts < log.floor(seq):
                verdict = Verdict.TIME_FELL
            elif entry.header.ts > self.treasury.seq:
                return None
        if verdict is not Verdict.GOOD or entry is None:
            log.seq, log.digest = seq, digest_entry(data)
            return [Voided(name, seq, verdict)]
        if unknown := list_unknown(entry.operations):
            self.stopped[name] = unknown[0]
            return None
        self.stopped.pop(name, None)
        log.seq, log.digest = seq, digest_entry(data)
        log.take_leases(entry.header.ts)
        self.ids.expect(device, entry.operations)
        return [
            Folded(name, seq, device, operation, log.apply(operation, self.ids))
            for operation in entry.operations
        ]

    def judge(
        self, data: bytes, log: str, seq: int, prev: str
    ) -> tuple[Entry | None, Key | None, Verdict]:
        """Read an object and check all that does not depend on its operations.

        Whether a key was taken back is not asked here: that depends on how far the reader is. It
        matters in the treasury, at the entry's place, and for a device in what its cut is.
        """
        try:
            entry = read_entry(data)
        except BadInput:
            return None, None, Verdict.MALFORMED
        header = entry.header
        if (header.studio, header.log, header.seq) != (self.treasury.studio, log, seq):
            return None, None, Verdict.WRONG_PLACE
        if header.prev != prev:
            return None, None, Verdict.WRONG_PREVIOUS
        key = self.treasury.keys.get(header.signer)
        # A device's log takes its own key alone: other keys may be known to one reader already and
        # to another not yet.
        own = log == TREASURY or self.treasury.devices[log.split("/")[1]].key == header.signer
        if key is None or not own:
            return None, None, Verdict.UNKNOWN_SIGNER
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public))
        if not entry.is_signed_by(public):
            return None, None, Verdict.FORGED
        return entry, key, Verdict.GOOD

    def prepare_closes(self, entry: Entry, key: Key, fetch: Fetch, effects: list[Effect]) -> bool:
        """Bring every epoch that an entry closes to its cut; False when that has to wait."""
        late: list[tuple[DeviceLog, int]] = []
        for one in entry.operations:
            if one["op"] not in CUTTING or (
                self.treasury.judge(key, one, self.ids) is not Verdict.GOOD
            ):
                continue
            log, cut = self.logs.get(one["device"]), one["cut"]
            if log is None or log.epoch != one["epoch"]:
                continue
            if log.seq < cut and not self.is_beyond(log, fetch):
                return False
            if log.seq > cut:
                name = name_log(log.device, log.epoch)
                data = fetch(name, cut) if cut else None
                if cut and data is None:
                    self.holes[name] = cut
                    return False
                # Only a cut that names what is there takes anything back.
                there = digest_entry(data) if data else self.treasury.genesis
                if there == one["hash"]:
                    if not self.can_rewind(log, cut, fetch):
                        return False
                    late.append((log, cut))
        effects.extend(self.rewind(log, cut, fetch) for log, cut in late)
        return True

    def can_rewind(self, log: DeviceLog, cut: int, fetch: Fetch) -> bool:
        """Tell whether all entries up to a cut are here, and note the first that is not."""
        name = name_log(log.device, log.epoch)
        self.holes.pop(name, None)
        for seq in range(1, cut + 1):
            if fetch(name, seq) is None:
                self.holes[name] = seq
                return False
        return True

    def is_beyond(self, log: DeviceLog, fetch: Fetch) -> bool:
        """Tell whether a log's next entry leans on a treasury entry that is not folded yet.

        A cut that takes such an entry in can never be reached: it is wrong on every machine.
        """
        name, seq = name_log(log.device, log.epoch), log.seq + 1
        data = fetch(name, seq)
        if data is None:
            return False
        entry, _, verdict = self.judge(data, name, seq, log.digest)
        return verdict is Verdict.GOOD and entry is not None and entry.header.ts > self.treasury.seq

    def rewind(self, log: DeviceLog, cut: int, fetch: Fetch) -> CutOff:
        """Fold an epoch again from its beginning to a cut that came late."""
        fresh = DeviceLog(
            log.device,
            log.epoch,
            log.floors,
            digest=self.treasury.genesis,
            leases=log.leases,
        )
        self.ids.forget_after(log.device, (log.epoch, 0))
        self.logs[log.device] = fresh
        while fresh.seq < cut:
            done = self.fold_device(log.device, fetch, until=cut)
            assert done is not None, "what was folded once can be folded again"
        return CutOff(log.device, log.epoch, cut)

    def make_digest(self) -> str:
        """Return a digest of the whole state: equal where the same objects were folded."""
        told = [self.treasury.to_dict(), {name: log.to_dict() for name, log in self.logs.items()}]
        return sha256(write_canonical(told).encode()).hexdigest()

    def check_sums(self) -> list[str]:
        """Return the invariants that do not hold, as sentences; empty on a sound state."""
        state, problems = self.treasury, []
        for owner in sorted({*state.pools, *state.minted, *state.refunded}):
            came = state.minted.get(owner, 0) + state.refunded.get(owner, 0)
            came -= state.withdrawn.get(owner, 0)
            has = state.pools.get(owner, 0) + state.spent.get(owner, 0)
            for log in self.logs.values():
                has += log.rest().get(owner, 0) + log.spent.get(owner, 0)
            if came != has:
                problems.append(f"{owner}: {came} came in and {has} are accounted for")
        amounts = [state.pools, *(log.available for log in self.logs.values())]
        for table in amounts:
            problems += [f"{owner} is below zero" for owner, micros in table.items() if micros < 0]
        return problems


def start_fold(studio: str, ids: Ids | None = None) -> Fold:
    """Return the fold of nothing."""
    return Fold(Treasury(studio, digest=NO_PREVIOUS), ids=ids or MemoryIds())
