"""Shipping: packages of the farm's jobs brought from this machine's store to the farm's."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from gevent.event import Event
from gevent.threadpool import ThreadPool

from local_server.farm.db import Row, read_clock_ms
from local_server.farm.errors import YuntuError
from local_server.farm.sites import list_unsent, note_sent
from local_server.stores import Stores
from local_server.writer import Writer
from sync.blobs import parse_digest
from sync.copies import copy_package
from sync.transfers import Meter

log = logging.getLogger(__name__)
RETRY_SECONDS = (1.0, 5.0, 15.0, 60.0)


@dataclass(kw_only=True, slots=True)
class Shipment:
    """How far a job's package is; `trouble` says why it does not get on."""

    meter: Meter = field(default_factory=Meter)
    trouble: YuntuError | None = None


class Shipping:
    """Sends one package after the other; while the store is away they wait, and go by themselves.

    What was sent before a crash is found there and not sent again.
    """

    def __init__(self, writer: Writer, stores: Stores, *, on_sent: Callable[[], None]) -> None:
        self.writer = writer
        self.stores = stores
        self.on_sent = on_sent
        self.pool = ThreadPool(1)
        self.wanted = Event()
        self.under_way: dict[str, Shipment] = {}
        self.tries = 0
        self.ending = False

    def wake(self) -> None:
        """Say that packages may be waiting."""
        self.wanted.set()

    def end(self) -> None:
        """Stop after the package under way."""
        self.ending = True
        self.wanted.set()

    def run(self) -> None:
        """Send until ended: a greenlet's whole life."""
        while not self.ending:
            self.wanted.clear()
            waiting = self.writer.run(list_unsent) if self.stores.farm else []
            self.under_way = {
                one["id"]: self.under_way.get(one["id"], Shipment()) for one in waiting
            }
            if waiting and self.send(waiting[0]):
                continue
            pause = RETRY_SECONDS[min(self.tries, len(RETRY_SECONDS)) - 1] if self.tries else None
            self.wanted.wait(pause)

    def send(self, job: Row) -> bool:
        """Send one job's package; False when it has to wait."""
        shipment = self.under_way[job["id"]]
        try:
            self.pool.apply(self.carry, (job["manifest"], shipment))
        except Exception as error:  # noqa: BLE001 - network, bucket or disk: it may pass
            self.tries += 1
            shipment.trouble = error if isinstance(error, YuntuError) else YuntuError("internal")
            log.warning("job=%s: its package waits: %s", job["id"], error)
            return False
        self.tries = 0
        self.writer.write(note_sent, job=job["id"], owner=job["owner"], at_ms=read_clock_ms())
        self.under_way.pop(job["id"], None)
        self.on_sent()
        return True

    def carry(self, manifest: str, shipment: Shipment) -> None:
        """Copy what the other store lacks."""
        shipment.meter = Meter()
        assert self.stores.farm is not None
        copy_package(
            parse_digest(manifest),
            source=self.stores.blobs,
            target=self.stores.farm.blobs,
            meter=shipment.meter,
        )
        shipment.trouble = None
