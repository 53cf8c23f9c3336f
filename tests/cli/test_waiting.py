"""What the logs left no room for: shown, paid by itself when there is money, or let go of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_server.farm.db import open_database, write
from tests.cli.yuntu import Yuntu

CHARGE = "frame:old-job:{}"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Yuntu]:
    """The command line on a data directory of this test's own."""
    yuntu = Yuntu(tmp_path / "data")
    yield yuntu
    yuntu("stop")


def leave_waiting(yuntu: Yuntu, *micros: int) -> None:
    """Have charges wait as they do once the logs of others had no room for them."""
    db = open_database(yuntu.data / "farm.db")
    with write(db):
        for number, amount in enumerate(micros):
            db.conn.execute(
                "INSERT INTO taken_back (id, log, kind, owner, job, payload, at_ms, reason,"
                " taken_at_ms) VALUES (?, 'device', 'settle', 'me', 'old-job',"
                " json_object('amount_micros', ?), 1790000000000, 'cut_off', 1790000000000)",
                (CHARGE.format(number), amount),
            )
    db.conn.close()


def test_what_waits_is_paid_or_let_go_of(own: Yuntu) -> None:
    """Of two charges the money is there for one; the other waits until somebody decides."""
    own.json("topup", "20")
    own.json("stop")
    leave_waiting(own, 15_000_000, 90_000_000)
    standing = own.json("sync")
    assert standing["unfunded"] == 1
    assert "yuntu sync --waiting" in own("sync", "--dry-run", "--lang", "en").out
    [waiting] = own.json("sync", "--waiting")["items"]
    assert (waiting["id"], waiting["amount_micros"]) == (CHARGE.format(1), 90_000_000)
    assert waiting["title"]
    told = own("sync", "--waiting", "--lang", "zh")
    assert CHARGE.format(1) in told.out and "余额不足" in told.out
    assert own.json("sync", "--drop", CHARGE.format(1))["items"] == []
    again = own("sync", "--drop", CHARGE.format(1), "--json")
    assert again.error["code"] == "nothing_waiting"
    assert own.json("balance")["spent_micros"] == 15_000_000


def test_what_waits_is_paid_when_money_comes(own: Yuntu) -> None:
    own.json("topup", "1")
    own.json("stop")
    leave_waiting(own, 5_000_000)
    assert own.json("sync")["unfunded"] == 1
    own.json("topup", "9")
    assert own.json("sync")["unfunded"] == 0
    assert own.json("sync", "--waiting")["items"] == []
