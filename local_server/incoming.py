"""Incoming: other machines' finished frames, brought into folders of this one.

They are called as the scene calls them. What other machines tell may be anything: names are made
safe, and no word of theirs says where a folder is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
from sqlite_utils import Database

from local_server.carrier import Carried, Load, carry_each
from local_server.farm.db import Row
from local_server.farm.errors import BadInput, Unavailable
from local_server.farm.transfer_rules import TransferRules, read_transfer_rules
from local_server.file_names import make_safe, name_frame
from local_server.stores import Stores
from sync import arrivals
from sync.blobs import Digest, digest_file
from sync.transfers import Meter
from sync.work import is_result

BATCH_MAX = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A frame as another machine tells of it, checked."""

    digest: Digest
    thumbnail: Digest | None
    extension: str
    size_bytes: int


class Arrivals:
    """Other machines' frames that this machine's rule or somebody here wants."""

    load = Load.ARRIVALS
    whole = False

    def __init__(
        self, stores: Stores, *, owner: str, data: Path, is_together: Callable[[], bool]
    ) -> None:
        self.stores = stores
        self.owner = owner
        self.data = data
        self.is_ready = is_together

    def choose(self, db: Database) -> list[Row]:
        """Return the next frames, each with the `path` that it gets."""
        rules = read_transfer_rules(db)
        base = find_base(rules, self.data)
        rows = arrivals.list_due(db, rule=rules.results, owner=self.owner, limit=BATCH_MAX)
        folders: dict[tuple[str, str], str] = {}
        for row in rows:
            of = (row["device"], row["job"])
            if of not in folders:
                folders[of] = row["folder"] or arrivals.keep_folder(
                    db, device=of[0], job=of[1], name=name_folder(row)
                )
            row["path"] = find_target(base / folders[of], row)
        return rows

    def carry(self, rows: list[Row], meter: Meter) -> Carried:
        """Fetch frames, some at once, each verified and whole or not there."""
        return carry_each(lambda row: self.fetch_frame(row, meter), rows, meter)

    def fetch_frame(self, row: Row, meter: Meter) -> None:
        """Fetch one frame's picture into its folder, and its thumbnail into the near store."""
        picture, target = read_picture(row["line"]), row["path"]
        if target is None:
            raise BadInput("record_malformed")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            words = error.strerror or str(error)
            raise Unavailable("target_unwritable", path=str(target), words=words) from error
        near = self.stores.blobs
        source = near if near.has(picture.digest) else self.stores.far.blobs
        place = find_place(target, picture.digest)
        if not place.is_file():
            source.fetch(picture.digest, place, meter.note_bytes)
        if picture.thumbnail is not None:
            near.bring(picture.thumbnail)

    def note(self, db: Database, carried: Carried, *, at_ms: int) -> None:
        """Note what came, and what cannot."""
        arrivals.note_came(db, carried.done, at_ms=at_ms)
        arrivals.note_missed(db, carried.lost)

    def measure(self, db: Database) -> tuple[int, int] | None:
        """Return how many frames are to come, and their bytes as their machines tell them."""
        rules = read_transfer_rules(db)
        return arrivals.measure_due(db, rule=rules.results, owner=self.owner)


def find_base(rules: TransferRules, data: Path) -> Path:
    """Return where results go: as the rules say, else with the user's other pictures.

    A data directory of its own keeps them to itself.
    """
    if rules.folder:
        return Path(rules.folder)
    if data == platformdirs.user_data_path("yuntu", False).resolve():
        return platformdirs.user_pictures_path() / "Yuntu"
    return data / "results"


def find_place(target: Path, digest: Digest) -> Path:
    """Return where a picture goes, or lies already: no other file is ever written over."""
    place, number = target, 1
    while place.exists() and digest_file(place)[0] != digest:
        number += 1
        place = target.with_stem(f"{target.stem} ({number})")
    return place


def name_folder(row: Row) -> str:
    """Return what a job's folder is called: as its machine calls it, else as the job is."""
    told: dict[str, Any] = row["told"]
    return make_safe(str(told.get("folder") or told.get("name") or row["job"]))


def find_target(folder: Path, row: Row) -> Path | None:
    """Return a frame's path in a folder; None where its machine tells nonsense of it."""
    if not is_result(row["line"]):
        return None
    naming = str(row["told"].get("naming") or f"{row['job']}_####")[:200]
    return folder / name_frame(naming, row["frame"], row["line"]["extension"])


def read_picture(line: dict[str, Any]) -> Picture:
    """Return a frame as another machine tells of it. Raises BadInput `record_malformed`."""
    if not is_result(line):
        raise BadInput("record_malformed")
    thumbnail = line.get("thumbnail")
    return Picture(
        digest=Digest(line["picture"]),
        thumbnail=None if thumbnail is None else Digest(thumbnail),
        extension=line["extension"],
        size_bytes=line["size_bytes"],
    )
