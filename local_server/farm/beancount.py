"""Beancount: the ledger as a text that `bean-check` proves (https://beancount.github.io/docs)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from sqlite_utils import Database

from local_server.farm.db import Row, fetch_row, snapshot
from local_server.farm.ledger import WORLD, format_cny
from local_server.farm.statements import Entry, read_entries

ROOTS = {
    "world": "Equity:Minted",
    "pool": "Assets:Pool",
    "available": "Assets:Available",
    "held": "Assets:Held",
    "spent": "Expenses:Rendering",
}
PLAIN = re.compile(r"[a-z0-9][a-z0-9-]*")
LINK = re.compile(r"[A-Za-z0-9\-_/.]+")
HEAD = """\
; 盛世云图 Yuntu: the whole ledger. Prove it with: bean-check FILE
; Every operation is one transaction; every purse is one account and is asserted at the end.
option "title" "Yuntu"
option "operating_currency" "CNY"

{day} commodity CNY
  name: "Chinese Yuan"
"""


@dataclass(frozen=True, slots=True)
class Span:
    """The first day of the ledger, and the day after its last."""

    first: date
    after: date


def export_beancount(db: Database) -> Iterator[str]:
    """Write the whole ledger as Beancount, a directive at a time, on one state of it.

    The connection cannot write until the last line is taken: give it one of its own.
    """
    with snapshot(db):
        span = find_span(db)
        yield HEAD.format(day=span.first)
        for purse in read_purses(db):
            yield open_account(purse, span.first)
        yield "\n"
        for entry in read_entries(db):
            yield write_transaction(entry)
        for purse in read_purses(db):
            yield assert_balance(purse, span.after)


def find_span(db: Database) -> Span:
    """Return the days that the ledger covers, in UTC."""
    row = fetch_row(db, "SELECT min(at_ms) AS first, max(at_ms) AS last FROM operation")
    assert row is not None
    return Span(find_day(row["first"] or 0), find_day(row["last"] or 0) + timedelta(days=1))


def read_purses(db: Database) -> Iterator[Row]:
    """Read every purse, one at a time."""
    for id, owner, micros in db.conn.execute(
        "SELECT id, owner, balance_micros FROM purse ORDER BY id"
    ):
        yield {"id": id, "owner": owner, "balance_micros": micros}


def open_account(purse: Row, day: date) -> str:
    """Return the directive that opens a purse's account, with the owner's name as it is."""
    opening = f"{day} open {name_account(purse['id'], purse['owner'])} CNY\n"
    return opening + (f"  owner: {quote(purse['owner'])}\n" if purse["owner"] else "")


def write_transaction(entry: Entry) -> str:
    """Return the transaction of one operation."""
    link = f" ^{entry.job}" if entry.job and LINK.fullmatch(entry.job) else ""
    frame = "" if entry.frame is None else f"  frame: {entry.frame}\n"
    amount = format_cny(entry.amount_micros)
    return (
        f'{find_day(entry.at_ms)} * "{entry.kind}"{link}\n'
        f"  operation: {quote(entry.id)}\n{frame}"
        f"  {name_account(entry.debit, entry.owner)}  -{amount} CNY\n"
        f"  {name_account(entry.credit, entry.owner)}  {amount} CNY\n\n"
    )


def assert_balance(purse: Row, day: date) -> str:
    """Return the directive that states a purse's balance, to the micro."""
    account = name_account(purse["id"], purse["owner"])
    return f"{day} balance {account}  {format_cny(purse['balance_micros'])} ~ 0 CNY\n"


def name_account(purse: str, owner: str | None) -> str:
    """Return the account of a purse; two purses never share one."""
    if purse == WORLD:
        return ROOTS[WORLD]
    assert owner is not None, "only the world has no owner"
    kind, _, name = purse.partition(":")
    account = f"{ROOTS[kind]}:{name_component(owner)}"
    return account if kind != "held" else f"{account}:{name_component(name)}"


def name_component(text: str) -> str:
    """Return a part of an account's name for any text: `me` is `Me`, other texts get a hash.

    A part begins with an ASCII capital or a digit, and goes on with letters, digits and hyphens.
    Plain ids have no capital after their first letter, and the hash begins with one, so no two
    texts come out the same.
    """
    if PLAIN.fullmatch(text):
        return text[0].upper() + text[1:]
    cleaned = "".join(one if one.isalpha() or one.isdecimal() else "-" for one in text)
    digest = sha256(text.encode()).hexdigest()[:16].upper()
    return f"U-{cleaned}-X{digest}"


def quote(text: str) -> str:
    """Return a Beancount string; control characters become spaces."""
    plain = "".join(one if one.isprintable() else " " for one in text)
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def find_day(at_ms: int) -> date:
    """Return the UTC day of a moment."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).date()
