"""Results on their way out: whole or not there, the record last, what is lost told apart."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from local_server.carrier import carry_each
from local_server.farm.errors import BadInput, Unavailable
from local_server.outgoing import Results, make_record
from local_server.settings import STUDIO
from local_server.stores import Beyond, Stores, clear_scratch
from sync.blobs import Blobs, Digest, digest_bytes
from sync.copies import NearBlobs
from sync.folder_store import FolderStore
from sync.late_store import LateStore
from sync.records import find_record
from sync.transfers import Meter, TransferCancelled
from tests.local_server.conftest import make_result

RECIPE = Digest("1" * 64)


class Fickle(FolderStore):
    """A folder that takes so many objects and is full then."""

    room = 1_000

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write an object while there is room."""
        self.take_room()
        return super().put_if_absent(key, data)

    def send_blob(self, key: str, source: Path, on_bytes: Any) -> bool:
        """Write a blob while there is room."""
        self.take_room()
        return super().send_blob(key, source, on_bytes)

    def take_room(self) -> None:
        """Have less room. Raises Unavailable `store_full`."""
        if self.room == 0:
            raise Unavailable("store_full", folder=str(self.root))
        self.room -= 1


class House:
    """A near and a far store in folders, and what sends from one to the other."""

    def __init__(self, folder: Path) -> None:
        for name in ("near", "far"):
            (folder / name).mkdir()
        self.there = Fickle(folder / "far")
        far = Beyond(store=LateStore("far", opener=lambda _: self.there), studio="atelier")
        near = FolderStore(folder / "near")
        blobs = NearBlobs(near, STUDIO, beyond=[far.blobs], scratch=folder / "arriving")
        stores = Stores(near=near, blobs=blobs, far=far, farm=None, scratch=folder / "arriving")
        self.near, self.far = blobs, Blobs(self.there, "atelier")
        self.results = Results(stores, lambda: True, device="desk")

    def make_row(self, number: int, picture: bytes, *, kept: bool = True) -> dict[str, Any]:
        """Return a finished frame; its files are in the near store, if they are `kept`."""
        digest = self.near.add_bytes(picture) if kept else digest_bytes(picture)
        result = asdict(make_result()) | {"picture": digest, "size_bytes": len(picture)}
        row = {"job": "tea", "number": number, "recipe": RECIPE, "finished_at_ms": 7}
        return row | {"owner": "me", "result": result | {"thumbnail": digest}}

    def has_record(self, number: int) -> bool:
        """Tell whether the far store has a frame's record."""
        return find_record(self.there, "atelier", RECIPE, number) is not None


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A near store, and a far one that is there."""
    return House(tmp_path)


def test_frames_are_over_there_with_their_records(house: House) -> None:
    rows = [house.make_row(number, b"picture %d" % number) for number in range(20)]
    meter = Meter()
    carried = house.results.carry(rows, meter)
    assert (len(carried.done), carried.lost, carried.error) == (20, [], None)
    assert meter.read().files_done == 20
    for row in rows:
        assert house.far.read(row["result"]["picture"]).startswith(b"picture")
        record = find_record(house.there, "atelier", RECIPE, row["number"])
        assert record == make_record(row, "desk")
    again = house.results.carry(rows, Meter())
    assert len(again.done) == 20, "what is there costs a question"


@pytest.mark.parametrize("room", range(8))
def test_where_it_is_cut_off_no_record_is_without_its_picture(house: House, room: int) -> None:
    rows = [house.make_row(number, b"picture %d" % number) for number in range(4)]
    house.there.room = room
    carried = house.results.carry(rows, Meter())
    assert getattr(carried.error, "code", "") == "store_full"
    for row in rows:
        if house.has_record(row["number"]):
            assert house.far.has(row["result"]["picture"])
        assert (row in carried.done) <= house.has_record(row["number"])
    house.there.room = 1_000
    house.results.stores.far.store.probe()
    assert len(house.results.carry(rows, Meter()).done) == 4


def test_what_cannot_be_read_now_is_carried_later() -> None:
    """A disk that stumbles once makes nothing unsendable, and holds nothing else up."""
    rows = [{"number": number} for number in range(8)]
    stumbles = [BadInput("asset_unreadable", path="/disk", words="Input/output error")]

    def carry(row: dict[str, Any]) -> None:
        if row["number"] == 3 and stumbles:
            raise stumbles.pop()

    carried = carry_each(carry, rows, Meter())
    assert (len(carried.done), carried.lost) == (7, [])
    assert getattr(carried.error, "code", "") == "asset_unreadable"
    assert len(carry_each(carry, rows, Meter()).done) == 8


def test_what_is_nowhere_is_lost_and_in_nobodys_way(house: House) -> None:
    rows = [house.make_row(1, b"one"), house.make_row(2, b"two", kept=False)]
    carried = house.results.carry(rows, Meter())
    assert [row["number"] for row in carried.done] == [1]
    assert [(row["number"], code) for row, code in carried.lost] == [(2, "object_missing")]
    assert carried.error is None and not house.has_record(2)


def test_what_is_damaged_here_is_lost_too(house: House, tmp_path: Path) -> None:
    row = house.make_row(1, b"one")
    digest = row["result"]["picture"]
    (tmp_path / "near" / "v1" / STUDIO / "b" / digest[:2] / digest).write_bytes(b"eno")
    carried = house.results.carry([row], Meter())
    assert [code for _, code in carried.lost] == ["blob_damaged"]
    assert not house.has_record(1)


def test_a_pause_ends_it_between_two_pieces(house: House) -> None:
    rows = [house.make_row(number, b"picture %d" % number) for number in range(4)]
    meter = Meter()
    meter.cancel()
    carried = house.results.carry(rows, meter)
    assert isinstance(carried.error, TransferCancelled)
    assert not carried.done and not carried.lost


def test_what_a_killed_server_left_is_cleared_but_not_what_goes_on(tmp_path: Path) -> None:
    (tmp_path / "0123-half").write_bytes(b"x")
    (tmp_path / ".0123.part").write_bytes(b"x")
    clear_scratch(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".0123.part"]
