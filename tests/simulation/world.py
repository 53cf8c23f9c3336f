"""A simulated studio: machines that work, meet in a store, crash, are copied, lost and cheated."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import greenlet
from sqlite_utils import Database

from local_server.farm import ledger
from local_server.farm.beancount import export_beancount
from local_server.farm.errors import YuntuError
from sync.entry import Header, digest_entry, name_log, write_entry
from sync.fold import start_fold
from sync.keys import Signer, make_signer
from sync.memory_store import MemoryStore
from sync.refold import know_store, refold, take_snapshot
from sync.snapshots import tell_snap
from sync.store import Store
from sync.studio import close_epoch, enrol, found_studio, hand_over, revoke_device
from tests.simulation.evil import make_evil
from tests.simulation.machine import (
    OWNERS,
    STUDIO,
    Machine,
    copy_database,
    make_keys,
    make_template,
)
from tests.simulation.weather import Crash, View, Weather

NAMES = ("boss", "one", "two", "evil")


@cache
def template() -> Database:
    """Return the database that every machine begins with."""
    return make_template()


@dataclass
class World:
    """One run, decided by its seed."""

    seed: int
    treasurer: bool = False
    place: Store | None = None
    chance: random.Random = field(init=False)
    weather: Weather = field(init=False)
    store: Store = field(init=False)
    machines: list[Machine] = field(default_factory=list)
    backups: dict[str, tuple[Database, set[str], dict[str, str]]] = field(default_factory=dict)
    now: int = 1_790_000_000_000

    @property
    def objects(self) -> dict[str, bytes]:
        """Return what a store in memory has, to be meddled with."""
        assert isinstance(self.store, MemoryStore)
        return self.store._objects

    def __post_init__(self) -> None:
        """Found the studio and let the machines in."""
        self.chance = random.Random(self.seed)
        self.weather = Weather(random.Random(self.seed + 1))
        self.weather.calm = True
        self.store = self.place or MemoryStore(links=not self.treasurer)
        for name in NAMES[:3]:
            self.add(name)
        boss = self.machines[0]
        keys = make_keys("boss", minter=True)
        found_studio(self.store, studio=STUDIO, device="boss", keys=keys, line={}, at_ms=self.now)
        others = [
            enrol("device", one, make_keys(one, minter=False).own, at_ms=0) for one in NAMES[1:]
        ]
        boss.engine.append(lambda _: others)
        for owner in OWNERS:
            boss.do(ledger.mint, id=f"m:{owner}", owner=owner, amount=1_000)
        self.weather.calm = False

    def add(self, name: str, db: Database | None = None) -> Machine:
        """Set a machine up."""
        view = View(self.store, self.weather, self.let_others)
        machine = Machine(
            name=name,
            db=db or copy_database(template()),
            view=view,
            weather=self.weather,
            clock=self.tick,
            minter=name == "boss" or (self.treasurer and name == "one"),
        )
        self.machines.append(machine)
        return machine

    def tick(self) -> int:
        """Return the next moment of the virtual clock."""
        self.now += 1
        return self.now

    def let_others(self) -> None:
        """Let other machines' requests come between, where several are at it."""
        hub = greenlet.getcurrent().parent
        if hub is not None:
            hub.switch()

    def run(self, steps: int) -> None:
        """Live for some steps, then heal and compare."""
        for _ in range(steps):
            self.step()
            for machine in self.machines:
                machine.check()
        self.heal()

    def step(self) -> None:
        """Let one thing happen."""
        machine = self.chance.choice(self.machines)
        machine.view.online = self.chance.random() < 0.8
        match self.chance.randint(0, 29):
            case 0 | 1 | 2 | 3 | 4 | 5 | 6:
                self.sync_some()
            case 7:
                self.cheat()
            case 8:
                name = machine.name
                copies = (set(machine.charges), dict(machine.holds))
                self.backups[name] = (copy_database(machine.db), *copies)
            case 9 if machine.name in self.backups and self.chance.random() < 0.5:
                self.restore(machine)
            case 10 if len(self.machines) < 6 and self.chance.random() < 0.3:
                twin = self.add(machine.name, copy_database(machine.db))
                twin.holds, twin.made = dict(machine.holds), machine.made
            case 11 | 13 | 14:
                self.sync_some(lambda: self.close(last=False))
            case 12 if self.chance.random() < 0.15:
                self.sync_some(lambda: self.close(last=True))
            case 15 if self.chance.random() < 0.3:
                self.snap()
            case 17 if self.treasurer and self.chance.random() < 0.3:
                self.hand_over()
            case 16 if self.chance.random() < 0.15:
                self.wipe(machine)
            case _:
                for _ in range(self.chance.randint(1, 4)):
                    machine.work(self.chance)

    def restore(self, machine: Machine) -> None:
        """Put a machine back to its backup: what it never synced since is lost with its disk."""
        db, charges, holds = self.backups[machine.name]
        machine.db, machine.charges, machine.holds = copy_database(db), set(charges), dict(holds)
        machine.start()

    def wipe(self, machine: Machine) -> None:
        """Let a machine lose its disk but for its keys."""
        machine.db, machine.charges, machine.holds = copy_database(template()), set(), {}
        machine.start()

    def snap(self) -> None:
        """Let an admin put a snapshot into the store and name it."""
        boss = self.machines[0]
        try:
            with TemporaryDirectory() as folder:
                path = take_snapshot(know_store(boss.view, boss.db, STUDIO), Path(folder))
                digest = sha256(path.read_bytes()).hexdigest()
                boss.view.put_blob(f"v1/{STUDIO}/b/{digest[:2]}/{digest}", path)
            boss.engine.append(lambda _: [tell_snap(digest, at_ms=self.now)])
        except Crash:
            boss.start()
        except YuntuError:
            pass

    def sync_some(self, also: Callable[[], None] | None = None) -> None:
        """Let some machines sync at once, their requests in any order."""
        several = self.chance.sample(self.machines, self.chance.randint(1, len(self.machines)))
        if also is not None:  # it is the first machine's, which cannot do two things at once
            several = [one for one in several if one is not self.machines[0]]
        runs = [greenlet.greenlet(one.sync) for one in several]
        if also is not None:
            runs.append(greenlet.greenlet(also))
        while runs:
            run = self.chance.choice(runs)
            run.switch()
            runs = [one for one in runs if not one.dead]

    def close(self, *, last: bool) -> None:
        """Let an admin end a machine's epoch, or the machine."""
        boss = self.machines[0]
        name = self.chance.choice(NAMES[1:])
        build = (
            revoke_device(name, at_ms=self.now)
            if last
            else close_epoch(name, last=False, at_ms=self.now)
        )
        try:
            boss.engine.append(build)
        except Crash:
            boss.start()
        except YuntuError:
            pass

    def hand_over(self) -> None:
        """Let the treasurer hand its office over, or an admin take it from one that is out."""
        fold = self.machines[0].read_fold()
        if fold.treasury.treasurer is None:
            return  # its disk is new: it has read nothing yet
        keeper = next(one for one in self.machines if one.name == fold.treasury.treasurer)
        to, taking = self.chance.choice(["boss", "one"]), False
        if keeper.name not in fold.logs:
            keeper, to, taking = self.machines[0], "boss", True
        try:
            keeper.engine.append(hand_over(to, at_ms=self.now), taking=taking)
        except Crash:
            keeper.start()
        except YuntuError:
            pass

    def cheat(self) -> None:
        """Let the machine `evil`, which is enrolled, write anything it can think of."""
        fold = start_fold(STUDIO)
        objects: dict[tuple[str, int], bytes] = {}

        def fetch(log: str, seq: int) -> bytes | None:
            key = f"v1/{STUDIO}/genesis" if log == "g" else f"v1/{STUDIO}/{log}/{seq:010}"
            if (log, seq) not in objects and self.store.head(key) is not None:
                objects[log, seq] = self.store.get(key)
            return objects.get((log, seq))

        for _ in fold.advance(fetch):
            pass
        own = fold.logs.get("evil")
        log, seq, prev = "t", fold.treasury.seq + 1, fold.treasury.digest
        if own is not None and self.chance.random() < 0.7:
            log, seq, prev = name_log("evil", own.epoch), own.seq + 1, own.digest
        elif self.chance.random() < 0.2:
            victim = self.chance.choice([*fold.logs.values()])
            log, seq = name_log(victim.device, victim.epoch), victim.seq + 1
        header = Header(
            studio=STUDIO,
            log=log,
            seq=seq,
            prev=prev if self.chance.random() < 0.9 else "ab" * 32,
            ts=max(0, fold.treasury.seq - self.chance.choice([0, 0, 0, 0, 1, 5, -1])),
            signer=self.choose_evil_key().id,
            wall_ms=self.tick(),
        )
        key = self.choose_evil_key()
        epoch = own.epoch if own else 1
        operations = tuple(make_evil(self.chance, epoch=epoch) for _ in range(2))
        data = write_entry(header, operations, key.private)
        self.store.put_alone(f"v1/{STUDIO}/{log}/{seq:010}", data)
        assert digest_entry(data)

    def choose_evil_key(self) -> Signer:
        """Return the key of `evil`, or one that nobody knows."""
        name = "device evil" if self.chance.random() < 0.9 else "stranger"
        return make_keys("evil", minter=False).own if name != "stranger" else make_signer("ab" * 32)

    def heal(self) -> None:
        """Let the weather clear and everybody sync until nothing moves, then compare."""
        self.weather.calm = True
        for machine in self.machines:
            machine.view.online = True
        if self.treasurer:
            self.machines[0].sync()
            if self.machines[0].read_fold().treasury.treasurer == "one":
                self.hand_over()
        for _ in range(6):
            for machine in self.machines:
                machine.sync()
                machine.check()
        digests = {machine.read_fold().make_digest() for machine in self.machines}
        assert len(digests) == 1, "machines disagree"
        ledgers = [machine.list_ledger() for machine in self.machines]
        assert all(one == ledgers[0] for one in ledgers), "ledgers differ"
        whole = [one for one in self.machines if one.is_sealed()]
        texts = {"".join(export_beancount(one.db)) for one in whole}
        assert len(texts) <= 1, "exports differ"
        fold = self.machines[0].read_fold()
        for machine in self.machines:
            out = machine.name not in fold.logs
            fates = {charge: machine.find_fate(charge) for charge in machine.charges}
            allowed = {"settled", "unfunded"} | ({"unsealed"} if out else set())
            assert set(fates.values()) <= allowed, (machine.name, fates)
            if not out:
                machine.check_settled()
        people = [one.list_people() for one in self.machines if one.name in fold.logs]
        assert all(one == people[0] for one in people), "people differ"
        self.prove(self.chance.choice(self.machines))

    def prove(self, machine: Machine) -> None:
        """Compare what a machine has come to bit by bit with what comes of it from nothing."""
        with TemporaryDirectory() as folder:
            known = know_store(machine.view, machine.db, STUDIO)
            told = refold(known, machine.db, Path(folder), device=machine.name)
        assert told.differences == (), (machine.name, told.differences)
