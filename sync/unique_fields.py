"""Names and addresses, which only one person may have: whose they are, by the treasury's order.

Two machines that were apart may give one name to two people. Then whoever was called so first keeps
it, on every machine; others get a number behind a name, and no address. That is nobody's edit: it
is handed in by no machine, and ends by itself when the other one changes.
"""

import json
from collections.abc import Callable
from typing import Final

from sqlite_utils import Database

from local_server.farm.db import assert_writing, fetch_rows
from local_server.farm.people_tables import fold_name

UNIQUE: Final[dict[str, Callable[[str], str]]] = {"name": fold_name, "email": str.casefold}
"""The fields, with what makes two spellings the same."""


def settle(db: Database, field: str) -> dict[str, str | None]:
    """Return what each account that the treasury knows has of a field; the first claim is first."""
    rows = fetch_rows(
        db,
        "SELECT account, value FROM person_field WHERE field = ? ORDER BY place, account",
        (field,),
    )
    taken: set[str] = set()
    return {row["account"]: choose(field, json.loads(row["value"]), taken) for row in rows}


def choose(field: str, wanted: str | None, taken: set[str]) -> str | None:
    """Return what comes nearest to a wish and is not taken; it is taken then."""
    fold, value, number = UNIQUE[field], wanted, 1
    while value is not None and fold(value) in taken:
        number += 1
        value = f"{wanted}-{number}" if field == "name" else None
    if value is not None:
        taken.add(fold(value))
    return value


def write_settled(db: Database, field: str, before: dict[str, str | None]) -> None:
    """Give every account what it has of a field by now; `before` is what `settle` said last.

    What was edited here and is not handed in yet stays, as far as it is not somebody else's.
    """
    assert_writing(db)
    now = {row["id"]: row[field] for row in fetch_rows(db, f"SELECT id, {field} FROM account")}
    after = {account: value for account, value in settle(db, field).items() if account in now}
    edited = {
        account
        for account in after
        if account in before and now[account] not in (before[account], after[account])
    }
    settled = {account: value for account, value in after.items() if account not in edited}
    taken = {UNIQUE[field](value) for value in settled.values() if value is not None}
    for account in sorted(now.keys() - settled.keys()):
        settled[account] = choose(field, now[account], taken)
    rewrite(db, field, {id: value for id, value in settled.items() if value != now[id]})


def rewrite(db: Database, field: str, values: dict[str, str | None]) -> None:
    """Write a field of several accounts, which may pass it on among each other."""
    fold, none = UNIQUE[field], "char(0) || id" if field == "name" else "NULL"
    db.conn.executemany(
        f"UPDATE account SET {field}_key = {none} WHERE id = ?", [(id,) for id in values]
    )
    db.conn.executemany(
        f"UPDATE account SET {field} = ?, {field}_key = ? WHERE id = ?",
        [(value, None if value is None else fold(value), id) for id, value in values.items()],
    )
