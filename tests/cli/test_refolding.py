"""`yuntu sync --refold`: proves what a machine has, and mends a database that was damaged."""

import shutil
from pathlib import Path

from local_server.farm.db import open_database
from tests.cli.yuntu import Yuntu


def test_a_damaged_ledger_is_mended(yuntu: Yuntu) -> None:
    """Found, told, put right from the store; nothing is left to mend the second time."""
    yuntu("topup", "20")
    yuntu("sync")
    assert yuntu.json("sync", "--refold")["differences"] == []
    assert "snapshot" in yuntu("studio", "snapshot").out
    yuntu("stop")
    db = open_database(yuntu.data / "farm.db")
    db.conn.execute("UPDATE purse SET balance_micros = balance_micros + 7 WHERE id LIKE 'pool:%'")
    db.conn.close()
    assert yuntu("audit").code != 0
    told = yuntu("sync", "--refold")
    assert "pool:" in told.out
    assert yuntu.json("sync", "--refold")["differences"] == []
    assert yuntu.json("audit")["clean"] is True
    yuntu("stop")


def test_a_store_that_was_emptied_gets_back_what_is_known(yuntu: Yuntu) -> None:
    """Nothing is written there until it is asked for, and when it was met last is not forgotten."""
    yuntu("topup", "20")
    met = yuntu.json("sync")["done_at_ms"]
    yuntu("stop")
    logs = yuntu.data / "store" / "v1"
    there = list_entries(logs)
    shutil.rmtree(logs)
    yuntu("topup", "7")
    standing = yuntu("sync", "--json").json
    assert standing["trouble"]["code"] == "store_behind"
    assert standing["done_at_ms"] >= met
    assert not logs.exists()
    assert "--refold" in yuntu("sync", "--dry-run").out
    assert yuntu.json("sync", "--refold", "--refill")["differences"] == []
    assert there <= list_entries(logs)
    assert yuntu.json("sync")["unsealed"] == 0
    yuntu("stop")


def list_entries(logs: Path) -> set[str]:
    """Return what a store has of its logs."""
    files = [path.relative_to(logs).as_posix() for path in logs.rglob("*") if path.is_file()]
    return {name for name in files if "/b/" not in name}
