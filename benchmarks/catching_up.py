"""(l) Catching up: a machine that was away for long, and a store that takes its time to answer."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.folding import begin, hand_over, write_charges
from benchmarks.results import Measurement
from local_server.farm.db import open_database
from sync.drafts import Desk
from sync.engine import Cycle, Engine
from sync.keys import Keys, make_signer
from sync.ledgers import DirectLedger
from sync.memory_store import MemoryStore
from sync.reading_ahead import find
from tests.sync.scribe import STUDIO, Scribe

ENTRIES = 512
ANSWER_SECONDS = 0.02  # of a bucket in the next city
OPERATIONS = 1_000


class SlowStore:
    """A store whose answers take a while, and which counts what it is asked."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.requests = 0

    def get(self, key: str, *, most: int | None = None) -> bytes:
        """Read an object."""
        self.requests += 1
        time.sleep(ANSWER_SECONDS)
        return self.store.get(key, most=most)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write nothing: who catches up has done nothing yet."""
        raise NotImplementedError

    def put_alone(self, key: str, data: bytes) -> bool:
        """Write nothing: who catches up has done nothing yet."""
        raise NotImplementedError


class SlowStoreAhead(SlowStore):
    """The same, asked several things at once."""

    ahead = 8

    def get_each(self, keys: Sequence[str]) -> list[bytes | None]:
        """Read objects at once."""
        with ThreadPoolExecutor(self.ahead) as pool:
            return list(pool.map(lambda key: find(self, key), keys))


def measure_catching_up(folder: Path) -> list[Measurement]:
    """Measure reading many entries one by one and ahead, and what a cycle without news asks."""
    folder.mkdir(parents=True, exist_ok=True)
    store, scribe = MemoryStore(), Scribe()
    begin(scribe)
    write_charges(scribe, ENTRIES * OPERATIONS // 100, first=0, operations=OPERATIONS // 100)
    hand_over(scribe, store)
    singly, _ = catch_up(folder / "singly.db", SlowStore(store))
    ahead, idle = catch_up(folder / "ahead.db", SlowStoreAhead(store))
    name = f"{ENTRIES} entries behind, {ANSWER_SECONDS * 1000:.0f} ms an answer"
    return [
        Measurement(name=f"{name}, one by one", value=singly, unit="s"),
        Measurement(name=f"{name}, ahead", value=ahead, unit="s", aim="a half or less"),
        Measurement(
            name="a cycle without news, two machines", value=idle, unit="requests", aim="4"
        ),
    ]


def catch_up(path: Path, store: SlowStore) -> tuple[float, int]:
    """Return how long it takes to read everything, and how many requests it takes once more."""
    db = open_database(path)
    try:
        desk = Desk(STUDIO, "reader", Keys(make_signer()))
        engine = Engine(store=store, ledger=DirectLedger(db), desk=desk, clock=lambda: 0)
        began = time.perf_counter()
        engine.pull(Cycle())
        seconds, before = time.perf_counter() - began, store.requests
        engine.pull(Cycle())
        return seconds, store.requests - before
    finally:
        db.conn.close()
