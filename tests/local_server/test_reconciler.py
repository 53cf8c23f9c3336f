"""How the server meets its store."""

import threading
from pathlib import Path

from local_server.reconciler import Reconciler
from local_server.writer import Writer
from sync.drafts import Desk
from sync.keys import Keys, make_signer
from sync.late_store import LateStore
from sync.memory_store import MemoryStore
from sync.store import ObjectInfo


class SilentStore(MemoryStore):
    """A store that answers nobody who looks until it is let go, as a share that hangs."""

    def __init__(self) -> None:
        super().__init__()
        self.freed = threading.Event()

    def head(self, key: str) -> ObjectInfo | None:
        """Wait, then answer."""
        self.freed.wait()
        return super().head(key)


def test_a_look_at_a_store_that_holds_every_thread_ends(tmp_path: Path) -> None:
    silent = SilentStore()
    reconciler = Reconciler(
        writer=Writer(tmp_path / "yuntu.db"),
        store=LateStore("silent", opener=lambda _: silent),
        desk=Desk("studio", "device", Keys(make_signer())),
        founder=False,
        host_name="north",
        on_news=lambda: None,
    )
    aside = reconciler.aside
    count = aside.ahead + 1  # one more may be handed in, and waits for a thread
    waiting = [aside.pool.spawn(silent.head, "v1/s/genesis") for _ in range(count)]
    try:
        reconciler.look_for_store()
    finally:
        silent.freed.set()
    assert [one.get() for one in waiting] == [None] * count
    assert reconciler.standing.trouble is None  # slow, for all that is known
    aside.pool.kill()
