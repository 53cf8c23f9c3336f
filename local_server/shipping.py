"""Shipping: all that travels between this machine and the stores beyond, and how it stands."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlite_utils import Database

from local_server.carrier import Carrier, Load, Pace
from local_server.farm.errors import YuntuError
from local_server.farm.transfer_rules import TransferRules
from local_server.incoming import Arrivals
from local_server.outgoing import Packages, Portraits, Results
from local_server.reconciler import Reconciler
from local_server.stores import Stores
from local_server.writer import Writer


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How one load stands. `left_ms` is None while nothing can be said."""

    load: Load
    files_left: int
    bytes_left: int
    bytes_per_second: int
    left_ms: int | None
    trouble: YuntuError | None


class Shipping:
    """The carriers; those that need the studio's store wait until the reconciler has met it."""

    def __init__(
        self,
        writer: Writer,
        stores: Stores,
        arrivals: Arrivals,
        reconciler: Reconciler,
        *,
        on_sent: Callable[[], None],
    ) -> None:
        self.pace = Pace()
        together, told = reconciler.is_together, reconciler.note_change
        outgoing = Results(stores, together, device=reconciler.desk.device)
        works = (Packages(stores), outgoing, Portraits(stores, together), arrivals)
        done = {Load.PACKAGES: on_sent, Load.RESULTS: told}
        self.carriers = tuple(
            Carrier(work, writer, self.pace, on_done=done.get(work.load, on_sent), on_away=told)
            for work in works
        )
        reconciler.on_met.append(self.meet)

    def find(self, load: Load) -> Carrier:
        """Return who carries a load."""
        return next(one for one in self.carriers if one.work.load is load)

    def obey(self, rules: TransferRules) -> None:
        """Take rules over: how fast, and whether at all."""
        self.pace.limit(rules.mbps)
        for carrier in self.carriers:
            if rules.paused:
                carrier.pause()
            else:
                carrier.resume()

    def wake(self) -> None:
        """Say that something has happened on this machine."""
        for load in (Load.PACKAGES, Load.RESULTS):
            self.find(load).wake()

    def meet(self, back: bool) -> None:
        """Say that the studio's store was met; `back`: what waited for it need not wait longer.

        Else what keeps one load only, such as a disk with room for logs alone, waits its time.
        """
        for carrier in self.carriers:
            carrier.wake(at_once=back)

    def end(self) -> None:
        """End every carrier."""
        for carrier in self.carriers:
            carrier.end()

    def list_standings(self, db: Database) -> list[Standing]:
        """Return how each load stands that has anything to carry."""
        found = (tell_standing(db, carrier) for carrier in self.carriers)
        return [one for one in found if one.files_left or one.trouble]


def tell_standing(db: Database, carrier: Carrier) -> Standing:
    """Return how one load stands."""
    now = carrier.meter.read()
    measured = carrier.work.measure(db)
    if measured is None:
        files, size_bytes = now.files_total - now.files_done, now.bytes_total - now.bytes_done
        files = max(files, len(carrier.batch))
    else:
        files, size_bytes = measured
        size_bytes -= now.bytes_done - carrier.bytes_noted
    rate, left = now.bytes_per_second, max(0, size_bytes)
    return Standing(
        load=carrier.work.load,
        files_left=files,
        bytes_left=left if files else 0,
        bytes_per_second=rate,
        left_ms=0 if not files else round(left / rate * 1000) if rate else None,
        trouble=carrier.trouble,
    )
