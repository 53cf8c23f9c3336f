"""A filled database is one that the farm could have left."""

from pathlib import Path

from benchmarks.filling import fill_frames
from local_server.farm.audit import audit_farm
from local_server.farm.db import fetch_value, open_database
from local_server.farm.ledger import read_balance
from local_server.farm.sealing import list_unsealed

OWNERS = ("anna", "boris", "cheng")


def test_its_books_are_whole_and_everybody_has_some_of_it(tmp_path: Path) -> None:
    fill_frames(tmp_path / "farm.db", frames=6_000, frames_per_job=3, owners=OWNERS)
    db = open_database(tmp_path / "farm.db")
    assert [check for check in audit_farm(db) if not check.ok] == []
    assert fetch_value(db, "SELECT count(*) FROM frame") == 6_000
    assert fetch_value(db, "SELECT count(DISTINCT state) FROM job") == 4
    assert all(read_balance(db, owner=owner).spent_micros for owner in OWNERS)
    assert any(read_balance(db, owner=owner).held_micros for owner in OWNERS)
    assert not list_unsealed(db)
    db.conn.close()
