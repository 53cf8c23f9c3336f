"""Outgoing: what this machine brings to other stores: packages, results and portraits."""

from collections.abc import Callable

from sqlite_utils import Database

from local_server.carrier import Carried, Load, carry_each
from local_server.farm import results
from local_server.farm.db import Row, assert_writing
from local_server.farm.sites import list_unsent, note_sent
from local_server.stores import Stores
from sync.blobs import Digest, parse_digest
from sync.copies import copy_blob, copy_package
from sync.records import FrameRecord, name_job, put_record, record_key
from sync.transfers import Meter
from sync.work import post_results

BATCH_MAX = 64


class Packages:
    """Packages of the farm's jobs, the most urgent first; their frames go out when they are there.

    What was sent before a crash is found there and not sent again.
    """

    load = Load.PACKAGES
    whole = True

    def __init__(self, stores: Stores) -> None:
        self.stores = stores

    def is_ready(self) -> bool:
        """Tell whether a farm is joined."""
        return self.stores.farm is not None

    def choose(self, db: Database) -> list[Row]:
        """Return the jobs whose package waits."""
        return list_unsent(db)

    def carry(self, rows: list[Row], meter: Meter) -> Carried:
        """Send the first job's package."""
        farm, row = self.stores.farm, rows[0]
        assert farm is not None
        try:
            farm.store.recover()
            copy_package(
                parse_digest(row["manifest"]),
                source=self.stores.blobs,
                target=farm.blobs,
                meter=meter,
                scratch=self.stores.scratch,
            )
        except Exception as error:  # noqa: BLE001 - network, bucket or disk: it may pass
            return Carried(error=error)
        return Carried(done=[row])

    def note(self, db: Database, carried: Carried, *, at_ms: int) -> None:
        """Let the frames of a job go out."""
        for row in carried.done:
            note_sent(db, job=row["id"], owner=row["owner"], at_ms=at_ms)

    def measure(self, db: Database) -> tuple[int, int] | None:
        """Return nothing: a package's size is in its manifest."""
        del db
        return None


class Results:
    """Finished frames with thumbnail and record, the latest first, and of those small ones first.

    The record goes last: where there is a record, there is a whole picture.
    """

    load = Load.RESULTS
    whole = False

    def __init__(self, stores: Stores, is_together: Callable[[], bool], *, device: str) -> None:
        self.stores = stores
        self.is_together = is_together
        self.device = device

    def is_ready(self) -> bool:
        """Tell whether there is a studio's store beside the near one, and it was met."""
        return self.stores.apart and self.is_together()

    def choose(self, db: Database) -> list[Row]:
        """Return the next frames."""
        rows = results.list_unsent_results(db, limit=BATCH_MAX)
        return sorted(rows, key=lambda row: int(row["result"]["size_bytes"]))

    def carry(self, rows: list[Row], meter: Meter) -> Carried:
        """Send frames, some at once."""
        return carry_each(lambda row: self.send_frame(row, meter), rows, meter)

    def send_frame(self, row: Row, meter: Meter) -> None:
        """Send one frame. Raises NotFound where its files are nowhere, and as stores do."""
        record, far = make_record(row, self.device), self.stores.far
        for digest in dict.fromkeys((record.thumbnail, record.picture)):
            if digest is not None:
                copy_blob(
                    digest,
                    source=self.stores.blobs,
                    target=far.blobs,
                    meter=meter if digest == record.picture else None,
                    scratch=self.stores.scratch,
                )
        # Asked first: to write what is there already costs as much as to write it.
        if far.store.head(record_key(far.studio, record.recipe, record.number)) is None:
            put_record(far.store, far.studio, record)

    def note(self, db: Database, carried: Carried, *, at_ms: int) -> None:
        """Note what the store has, and tell the other machines of it."""
        results.note_results_sent(db, carried.done, at_ms=at_ms)
        results.note_unsendable(db, carried.lost, at_ms=at_ms)
        post_results(db, carried.done, at_ms=at_ms)

    def measure(self, db: Database) -> tuple[int, int] | None:
        """Return how many frames wait, and the bytes of their pictures."""
        return results.measure_unsent(db) if self.stores.apart else (0, 0)


class Portraits:
    """Portraits that people set on this machine; others are brought by their own machines."""

    load = Load.PORTRAITS
    whole = False

    def __init__(self, stores: Stores, is_together: Callable[[], bool]) -> None:
        self.stores = stores
        self.is_together = is_together

    def is_ready(self) -> bool:
        """Tell whether there is a studio's store beside the near one, and it was met."""
        return self.stores.apart and self.is_together()

    def choose(self, db: Database) -> list[Row]:
        """Return the next portraits."""
        return results.list_unsent_portraits(db, limit=BATCH_MAX)

    def carry(self, rows: list[Row], meter: Meter) -> Carried:
        """Send portraits."""
        source, target = self.stores.blobs, self.stores.far.blobs
        return carry_each(
            lambda row: copy_blob(Digest(row["digest"]), source=source, target=target), rows, meter
        )

    def note(self, db: Database, carried: Carried, *, at_ms: int) -> None:
        """Note which portraits are no longer this machine's to send."""
        del at_ms
        assert_writing(db)
        gone = [*carried.done, *(row for row, _ in carried.lost)]
        results.note_portraits_sent(db, [row["digest"] for row in gone])

    def measure(self, db: Database) -> tuple[int, int] | None:
        """Return nothing: they are few and small."""
        del db
        return None


def make_record(row: Row, device: str) -> FrameRecord:
    """Return the record of a frame that is finished on this device, from what is known of it."""
    result = row["result"]
    names = ("attempt", "node", "extension", "size_bytes", "width", "height")
    return FrameRecord(
        recipe=parse_digest(row["recipe"]),
        number=row["number"],
        job=name_job(device, result["job"]),
        picture=parse_digest(result["picture"]),
        thumbnail=None if result["thumbnail"] is None else parse_digest(result["thumbnail"]),
        render_ms=result["render_ms"],
        load_ms=result["load_ms"],
        cores=result["cores"],
        warnings=tuple(result["warnings"]),
        finished_at_ms=row["finished_at_ms"],
        **{name: result[name] for name in names},
    )
