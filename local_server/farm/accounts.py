"""The people who own jobs and money."""

from dataclasses import dataclass
from enum import StrEnum

from sqlite_utils import Database

from local_server.farm.db import assert_writing, fetch_row, fetch_value
from local_server.farm.errors import NotFound
from local_server.farm.ledger import open_purses
from local_server.farm.people_tables import fold_name


class Role(StrEnum):
    """What a person may do beyond their own things."""

    ARTIST = "artist"
    PRODUCER = "producer"
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A person; `level` names the membership discount in the price book."""

    id: str
    name: str
    level: str
    role: Role
    removed: bool


def ensure_account(
    db: Database, *, account: str, name: str, at_ms: int, role: Role = Role.ARTIST
) -> None:
    """Make an account and its purses unless it is there already.

    Where somebody else has the name, a number is added to it: two machines that were apart may
    both have an account of one name.
    """
    assert_writing(db)
    wanted, number = name, 1
    while is_name_taken(db, name=name, but_by=account):
        number += 1
        name = f"{wanted}-{number}"
    db.conn.execute(
        "INSERT INTO account (id, name, name_key, role, created_at_ms) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO NOTHING",
        (account, name, fold_name(name), role, at_ms),
    )
    open_purses(db, owner=account)


def is_name_taken(db: Database, *, name: str, but_by: str = "") -> bool:
    """Tell whether anybody else has a name, in whatever spelling."""
    sql = "SELECT 1 FROM account WHERE name_key = ? AND id <> ?"
    return fetch_value(db, sql, (fold_name(name), but_by)) is not None


def find_account(db: Database, *, account: str) -> Account | None:
    """Return an account, or None."""
    row = fetch_row(
        db,
        "SELECT id, name, level, role, removed_at_ms IS NOT NULL AS removed"
        " FROM account WHERE id = ?",
        (account,),
    )
    if row is None:
        return None
    return Account(**{**row, "role": Role(row["role"]), "removed": bool(row["removed"])})


def get_account(db: Database, *, account: str) -> Account:
    """Return an account. Raises NotFound `no_account`."""
    found = find_account(db, account=account)
    if found is None:
        raise NotFound("no_account", account=account)
    return found
