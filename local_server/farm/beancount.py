"""Beancount: the ledger as a text that `bean-check` proves (https://beancount.github.io/docs)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from sqlite_utils import Database

from local_server.farm.db import fetch_row, fetch_value, snapshot
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

    Every machine of a studio writes the same text once all of them have synchronised: operations
    in the order of their moments, and everything under the name that all know it by. The
    connection cannot write until the last line is taken: give it one of its own.
    """
    with snapshot(db):
        span = find_span(db)
        here = fetch_value(db, "SELECT value FROM setting WHERE key = 'sync.device'")
        yield HEAD.format(day=span.first)
        purses = read_purses(db, here)
        for account, owner, _ in purses:
            yield open_account(account, owner, span.first)
        yield "\n"
        for entry in read_entries(db, canonical=True):
            yield write_transaction(entry, here)
        for account, _, micros in purses:
            yield assert_balance(account, micros, span.after)


def find_span(db: Database) -> Span:
    """Return the days that the ledger covers, in UTC."""
    row = fetch_row(
        db, "SELECT min(at_ms) AS first, max(at_ms) AS last FROM operation WHERE studio IS NULL"
    )
    assert row is not None
    return Span(find_day(row["first"] or 0), find_day(row["last"] or 0) + timedelta(days=1))


def read_purses(db: Database, here: str | None) -> list[tuple[str, str | None, int]]:
    """Return account, owner and balance in micros of every purse that money ever went through."""
    rows = db.conn.execute(
        "WITH moved AS (SELECT debit, credit, amount_micros FROM transfer JOIN operation USING (id)"
        " WHERE studio IS NULL)"
        " SELECT p.id, p.owner, sum(m.micros) FROM (SELECT debit AS id, -amount_micros AS micros"
        " FROM moved UNION ALL SELECT credit, amount_micros FROM moved) m"
        " JOIN purse p ON p.id = m.id GROUP BY p.id"
    )
    return sorted((name_account(id, owner, here), owner, micros) for id, owner, micros in rows)


def open_account(account: str, owner: str | None, day: date) -> str:
    """Return the directive that opens a purse's account, with the owner's name as it is."""
    opening = f"{day} open {account} CNY\n"
    return opening + (f"  owner: {quote(owner)}\n" if owner else "")


def write_transaction(entry: Entry, here: str | None) -> str:
    """Return the transaction of one operation."""
    link = f" ^{entry.job}" if entry.job and LINK.fullmatch(entry.job) else ""
    frame = "" if entry.frame is None else f"  frame: {entry.frame}\n"
    amount = format_cny(entry.amount_micros)
    return (
        f'{find_day(entry.at_ms)} * "{entry.kind}"{link}\n'
        f"  operation: {quote(entry.id)}\n{frame}"
        f"  {name_account(entry.debit, entry.owner, here)}  -{amount} CNY\n"
        f"  {name_account(entry.credit, entry.owner, here)}  {amount} CNY\n\n"
    )


def assert_balance(account: str, micros: int, day: date) -> str:
    """Return the directive that states a purse's balance, to the micro."""
    return f"{day} balance {account}  {format_cny(micros)} ~ 0 CNY\n"


def name_account(purse: str, owner: str | None, here: str | None = None) -> str:
    """Return the account of a purse; two purses never share one.

    What a machine has leased or holds is that machine's: `here` is the one whose purses say so by
    saying nothing.
    """
    if purse == WORLD:
        return ROOTS[WORLD]
    assert owner is not None, "only the world has no owner"
    kind, _, name = purse.partition(":")
    parts = [ROOTS[kind], name_component(owner)]
    if kind in ("available", "held"):
        base, device = split_device(name, owner if kind == "available" else None)
        parts += [name_component(base)] if kind == "held" else []
        parts += [name_component(one) for one in (device or here,) if one]
    return ":".join(parts)


def split_device(name: str, owner: str | None) -> tuple[str, str]:
    """Return what a purse's name is about, and the other machine that it is of, if any."""
    if owner is not None:  # an owner's id may hold any sign
        return owner, name.removeprefix(owner).removeprefix("@")
    base, _, device = name.partition("@")
    return base, device


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
