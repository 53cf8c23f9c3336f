"""Borrowing: frames that other machines of the studio have rendered, used again free of charge."""

import logging
from collections.abc import Callable, Sequence
from threading import Event

import gevent
from gevent.threadpool import ThreadPool

from local_server.farm.errors import YuntuError
from local_server.settings import STUDIO
from local_server.stores import Stores
from sync.blobs import Digest
from sync.records import find_record, list_recorded, put_record
from sync.transfers import run_together

log = logging.getLogger(__name__)
SECONDS_MAX = 3.0
THREADS = 8


class Borrowing:
    """Looks for a job's frames in the studio's store before the job is queued.

    Their records come into the near store, where nodes look; the pictures follow when they are
    delivered. While the store is away nobody looks, and a slow one is not waited for.
    """

    def __init__(self, stores: Stores, *, is_together: Callable[[], bool]) -> None:
        self.stores = stores
        self.is_together = is_together
        self.pool = ThreadPool(1)
        self.busy = False

    def borrow(self, recipe: str, numbers: Sequence[int]) -> None:
        """Bring the records of frames that were rendered elsewhere, as many as there is time for.

        What is not found in time is rendered: that costs money, and never a wait.
        """
        if self.busy or not self.stores.apart or not self.is_together():
            return
        enough = Event()
        self.busy = True  # first, for to begin may take a moment in which others come by
        task = self.pool.spawn(self.look, Digest(recipe), frozenset(numbers), enough)
        task.rawlink(self.note_end)
        try:
            gevent.wait([task], timeout=SECONDS_MAX)
        finally:
            enough.set()

    def note_end(self, _: object) -> None:
        """Note that the look is over."""
        self.busy = False

    def look(self, recipe: Digest, numbers: frozenset[int], enough: Event) -> None:
        """Copy the records that the near store lacks until it is enough."""
        near, far = self.stores.near, self.stores.far

        def bring(number: int) -> None:
            if enough.is_set() or find_record(near, STUDIO, recipe, number) is not None:
                return
            record = find_record(far.store, far.studio, recipe, number)
            if record is not None:
                put_record(near, STUDIO, record)

        try:
            there = list_recorded(far.store, far.studio, recipe)
            for _ in run_together(bring, sorted(numbers.intersection(there)), THREADS):
                pass
        except YuntuError as error:
            log.info("recipe=%s: no frames are borrowed: %s", recipe, error)
