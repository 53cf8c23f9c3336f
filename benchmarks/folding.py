"""(k) Logs: a million operations from nothing, new ones, and a cycle without news."""

import gc
import random
import time
from hashlib import sha256
from pathlib import Path

from benchmarks.results import Measurement
from local_server.farm.db import open_database
from sync.drafts import Desk
from sync.engine import Engine
from sync.memory_store import MemoryStore
from sync.refold import know_store, take_snapshot
from sync.snapshots import tell_snap
from tests.simulation.machine import Machine, make_keys
from tests.simulation.weather import View, Weather
from tests.sync.scribe import STUDIO, Scribe, money

HISTORY = 1_000_000
NEWS = 100_000
OPERATIONS = 1_000
LINE = {
    "price_book": "2026-01",
    "rate_micros": 3_600_000,
    "discount_basis_points": 0,
    "full_micros": 1_234,
    "render_ms": 1_234,
    "cores": 2,
    "node": "d2345678-4711-1",
    "attempt": 1,
}


def measure_folding(folder: Path) -> list[Measurement]:
    """Measure folding into a ledger on disk, as a machine that joins would."""
    folder.mkdir(parents=True, exist_ok=True)
    store, scribe = MemoryStore(), Scribe()
    begin(scribe)
    write_charges(scribe, HISTORY, first=0)
    hand_over(scribe, store)
    machine = start_machine(folder, store)
    whole, whole_cpu = time_cycle(machine)
    idle = count_requests(machine)
    write_charges(scribe, NEWS, first=HISTORY)
    hand_over(scribe, store)
    news, news_cpu = time_cycle(machine)
    again = count_requests(machine)
    machine.db.conn.close()
    name_snapshot(folder, scribe, store)
    fresh = start_machine(folder / "fresh", store)
    begun, begun_cpu = time_cycle(fresh)
    fresh.db.conn.close()
    return [
        Measurement(name="1,000,000 operations from nothing", value=whole, unit="s", aim="< 60"),
        Measurement(name="the same, by the processor", value=whole_cpu, unit="s"),
        Measurement(name="100,000 new operations", value=news, unit="s", aim="< 3"),
        Measurement(name="the same, by the processor", value=news_cpu, unit="s"),
        Measurement(name="all of it with a snapshot", value=begun, unit="s"),
        Measurement(name="the same, by the processor", value=begun_cpu, unit="s"),
        Measurement(name="a cycle without news, long history", value=idle, unit="requests"),
        Measurement(
            name="the same, ten percent longer", value=again, unit="requests", aim="the same"
        ),
    ]


def begin(scribe: Scribe) -> None:
    """Found a studio with one machine at work and money for it."""
    scribe.begin("busy", "reader")
    scribe.treasury(money("mint", "m", 10**13))
    lease = money("lease", "l", 10**12, device="busy", epoch=1)
    scribe.treasury(lease, by="busy")


def write_charges(scribe: Scribe, count: int, *, first: int, operations: int = OPERATIONS) -> None:
    """Write jobs' charges, so many operations to an entry."""
    for start in range(first, first + count, operations):
        job = f"job{start}"
        hold = money("hold", f"hold:{job}", 2_000 * operations, job=job)
        charges = [
            money("settle", f"frame:{job}:{n}", 1_234, job=job, line={"frame": n, **LINE})
            for n in range(operations - 1)
        ]
        scribe.work("busy", hold, *charges)


def hand_over(scribe: Scribe, store: MemoryStore) -> None:
    """Put all that was written into the store."""
    for (log, seq), data in scribe.objects.items():
        key = "genesis" if log == "g" else f"{log}/{seq:010}"
        store.put_if_absent(f"v1/{STUDIO}/{key}", data)


def start_machine(folder: Path, store: MemoryStore) -> Machine:
    """Return a machine with an empty database on disk."""
    folder.mkdir(parents=True, exist_ok=True)
    weather = Weather(random.Random(0), calm=True)
    machine = Machine(
        name="reader",
        db=open_database(folder / "farm.db"),
        view=View(store, weather, lambda: None),
        weather=weather,
        clock=lambda: 0,
    )
    desk = Desk(STUDIO, "reader", make_keys("reader", minter=False))
    machine.engine = Engine(store=machine.view, ledger=machine, desk=desk, clock=lambda: 0)
    return machine


def name_snapshot(folder: Path, scribe: Scribe, store: MemoryStore) -> None:
    """Put a snapshot of everything into the store, and name it in the treasury."""
    machine = start_machine(folder / "teller", store)
    room = folder / "room"
    room.mkdir()
    machine.sync()
    data = take_snapshot(know_store(machine.view, machine.db, STUDIO), room).read_bytes()
    machine.db.conn.close()
    digest = sha256(data).hexdigest()
    store.put_if_absent(f"v1/{STUDIO}/b/{digest[:2]}/{digest}", data)
    scribe.treasury(tell_snap(digest, at_ms=0))
    hand_over(scribe, store)


def time_cycle(machine: Machine) -> tuple[float, float]:
    """Return how long a cycle takes, by the clock and by the processor, in seconds."""
    gc.collect()
    gc.freeze()  # as the server does once it is ready
    began, worked = time.perf_counter(), time.process_time()
    machine.sync()
    return time.perf_counter() - began, time.process_time() - worked


def count_requests(machine: Machine) -> int:
    """Return how many requests a cycle makes."""
    before = machine.view.requests
    machine.sync()
    return machine.view.requests - before
