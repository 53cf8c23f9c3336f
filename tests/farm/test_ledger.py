"""The ledger: what it refuses, what counts once, and what the database itself forbids."""

import pysqlite3 as sqlite3
import pytest

from local_server.farm import ledger
from local_server.farm.db import write
from local_server.farm.errors import BadInput, Conflict, NoFunds, NotFound, YuntuError
from local_server.farm.ledger import AMOUNT_MICROS_MAX, Balance, Kind
from local_server.farm.statements import Wanted, list_statement
from tests.farm.workshop import Workshop


def test_money_takes_its_way(shop: Workshop) -> None:
    shop.submit(hold=4_000_000)
    with write(shop.db):
        ledger.settle(shop.db, id="s", owner="me", job="job-1", amount_micros=1_500_000, at_ms=1)
        assert ledger.release(shop.db, id="r", owner="me", job="job-1", at_ms=1) == 2_500_000
        ledger.withdraw(shop.db, id="w", owner="me", amount_micros=6_000_000, at_ms=1)
    balance = ledger.read_balance(shop.db, owner="me")
    assert balance == Balance(
        pool_micros=0, available_micros=2_500_000, held_micros=0, spent_micros=1_500_000
    )
    assert balance.total_micros == balance.free_micros == 2_500_000
    assert ledger.read_purse(shop.db, purse="world") == -4_000_000


def test_a_hold_leases_only_what_is_lacking(shop: Workshop) -> None:
    with write(shop.db):
        now = shop.tick()
        ledger.lease(shop.db, id="l", owner="me", amount_micros=300, at_ms=now)
        ledger.hold(shop.db, id="h", owner="me", job="job-1", amount_micros=1_000, at_ms=now)
    entries = list_statement(shop.db, Wanted(owner="me"))
    assert [(one["kind"], one["amount_micros"]) for one in entries[1:]] == [
        ("lease", 300),
        ("lease", 700),
        ("hold", 1_000),
    ]


def test_the_same_operation_counts_once(shop: Workshop) -> None:
    def repeat() -> list[bool]:
        with write(shop.db):
            return [
                ledger.mint(shop.db, id="m", owner="me", amount_micros=5, at_ms=shop.tick()),
                ledger.hold(
                    shop.db, id="h", owner="me", job="j", amount_micros=5, at_ms=shop.tick()
                ),
                ledger.settle(
                    shop.db, id="s", owner="me", job="j", amount_micros=2, at_ms=1, frame=7
                ),
            ]

    assert repeat() == [True, True, True]
    before = shop.dump()
    assert repeat() == [False, False, False]
    assert shop.dump() == before


@pytest.mark.parametrize("change", [{"amount_micros": 6}, {"frame": 8}, {"job": "other"}])
def test_the_same_id_with_other_content_is_refused(
    shop: Workshop, change: dict[str, int | str]
) -> None:
    content = {"owner": "me", "job": "j", "amount_micros": 5, "frame": 7}
    with write(shop.db):
        for job in ("j", "other"):
            ledger.hold(shop.db, id=f"h{job}", owner="me", job=job, amount_micros=10, at_ms=1)
        ledger.post(shop.db, Kind.SETTLE, id="s", at_ms=1, **content)  # type: ignore[arg-type]
    before = shop.dump()
    with pytest.raises(Conflict, match="operation_differs"), write(shop.db):
        ledger.post(shop.db, Kind.SETTLE, id="s", at_ms=1, **content | change)  # type: ignore[arg-type]
    assert shop.dump() == before


@pytest.mark.parametrize(
    ("kind", "owner", "job", "amount", "error", "code"),
    [
        (Kind.MINT, "me", None, 0, BadInput, "amount_out_of_range"),
        (Kind.MINT, "me", None, AMOUNT_MICROS_MAX + 1, BadInput, "amount_out_of_range"),
        (Kind.HOLD, "me", "job-1", -1, BadInput, "amount_out_of_range"),
        (Kind.MINT, "nobody", None, 1, NotFound, "no_purse"),
        (Kind.SETTLE, "me", "nothing", 0, NotFound, "no_purse"),
        (Kind.SETTLE, "other", "job-1", 1, Conflict, "purse_of_another"),
        (Kind.HOLD, "other", "job-1", 1, Conflict, "purse_of_another"),
        (Kind.RELEASE, "other", "job-1", 1, Conflict, "purse_of_another"),
        (Kind.SETTLE, "me", "job-1", 10_001, NoFunds, "purse_too_small"),
        (Kind.WITHDRAW, "me", None, 10_000_001, NoFunds, "purse_too_small"),
        (Kind.LEASE, "other", None, 1_001, NoFunds, "purse_too_small"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(
    shop: Workshop,
    kind: Kind,
    owner: str,
    job: str | None,
    amount: int,
    error: type[YuntuError],
    code: str,
) -> None:
    shop.submit(hold=10_000)
    shop.open_account("other", money=1_000)
    before = shop.dump()
    with pytest.raises(error, match=code), write(shop.db):
        ledger.post(shop.db, kind, id="x", owner=owner, job=job, amount_micros=amount, at_ms=1)
    assert shop.dump() == before


def test_a_hold_without_the_money_says_what_is_needed_and_not_what_there_is(shop: Workshop) -> None:
    with pytest.raises(NoFunds) as caught, write(shop.db):
        ledger.hold(shop.db, id="h", owner="me", job="j", amount_micros=10_000_001, at_ms=1)
    assert caught.value.code == "no_funds"
    assert caught.value.params == {"needed_micros": 10_000_001}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE transfer SET amount_micros = 1",
        "UPDATE transfer SET debit = 'pool:me' WHERE id = 'topup:1'",
        "DELETE FROM transfer",
        "INSERT OR REPLACE INTO transfer VALUES ('topup:1', 'world', 'pool:me', 1, 'mint', 1)",
        "UPDATE operation SET payload = '{}'",
        "UPDATE operation SET sealed_in = NULL, owner = 'you'",
        "DELETE FROM operation",
        "INSERT OR REPLACE INTO operation (id, log, kind, owner, payload, at_ms)"
        " VALUES ('topup:1', 'treasury', 'mint', 'me', '{}', 1)",
        "REPLACE INTO operation (seq, id, log, kind, owner, payload, at_ms)"
        " VALUES (1, 'x', 'treasury', 'mint', 'me', '{}', 1)",
        "UPDATE purse SET balance_micros = -1 WHERE id = 'pool:me'",
        "UPDATE purse SET balance_micros = 1 WHERE id = 'world'",
        "DELETE FROM purse WHERE id = 'pool:me'",
        "INSERT INTO transfer VALUES ('x', 'world', 'pool:nobody', 1, 'mint', 1)",
        "INSERT INTO transfer VALUES ('x', 'pool:me', 'pool:me', 1, 'mint', 1)",
        "INSERT INTO transfer VALUES ('x', 'world', 'pool:me', -1, 'mint', 1)",
        "INSERT INTO transfer VALUES ('x', 'world', 'pool:me', 1, 'mint', 1)",  # no operation
        "INSERT INTO transfer VALUES ('x', 'pool:me', 'spent:me', 99999999999, 'settle', 1)",
    ],
)
def test_the_database_itself_refuses(shop: Workshop, sql: str) -> None:
    before = shop.dump()
    with pytest.raises(sqlite3.IntegrityError), write(shop.db):
        shop.db.conn.execute(sql)
    assert shop.dump() == before
    assert not shop.db.conn.in_transaction


def test_an_operation_is_sealed_once(shop: Workshop) -> None:
    with write(shop.db):
        shop.db.conn.execute("UPDATE operation SET sealed_in = 't/0000000001'")
    with pytest.raises(sqlite3.IntegrityError), write(shop.db):
        shop.db.conn.execute("UPDATE operation SET sealed_in = 't/0000000002'")


def test_a_statement_is_read_in_pages(shop: Workshop) -> None:
    for money in range(1, 6):
        shop.top_up("me", money)
    shop.open_account("other", money=99)
    first = list_statement(shop.db, Wanted(owner="me"), limit=4)
    rest = list_statement(
        shop.db, Wanted(owner="me"), after=(first[-1]["at_ms"], first[-1]["seq"]), limit=4
    )
    assert [one["amount_micros"] for one in first + rest] == [10_000_000, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("micros", "text"),
    [(0, "0.000000"), (1, "0.000001"), (-1_234_567, "-1.234567"), (10**15, "1000000000.000000")],
)
def test_amounts_are_written_to_the_micro(micros: int, text: str) -> None:
    assert ledger.format_cny(micros) == text
