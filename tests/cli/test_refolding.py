"""`yuntu sync --refold`: proves what a machine has, and mends a database that was damaged."""

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
