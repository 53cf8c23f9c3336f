"""The people who own jobs and money."""

from dataclasses import dataclass

from sqlite_utils import Database

from local_server.farm.db import assert_writing, fetch_row
from local_server.farm.errors import NotFound
from local_server.farm.ledger import open_purses


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A person; `level` names the membership discount in the price book."""

    id: str
    name: str
    level: str


def ensure_account(db: Database, *, account: str, name: str, at_ms: int) -> None:
    """Make an account and its purses unless it is there already."""
    assert_writing(db)
    db.conn.execute(
        "INSERT INTO account (id, name, created_at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (account, name, at_ms),
    )
    open_purses(db, owner=account)


def get_account(db: Database, *, account: str) -> Account:
    """Return an account. Raises NotFound `no_account`."""
    row = fetch_row(db, "SELECT id, name, level FROM account WHERE id = ?", (account,))
    if row is None:
        raise NotFound("no_account", account=account)
    return Account(**row)
