"""Requests that may come twice: claimed with what they do, and answered the same again."""

from dataclasses import dataclass

from sqlite_utils import Database

from local_server.farm.db import Row, assert_writing, fetch_row
from local_server.farm.errors import Conflict

KEPT_MS = 24 * 3_600_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A request of an account's: `key` was made by the client, `content` is a SHA-256 of it."""

    account: str
    key: str
    content: str


def claim_request(db: Database, claim: Claim, *, at_ms: int) -> None:
    """Note that a request is being done, in the transaction that does it.

    Raises Conflict `repeat_done` when it was claimed before: it must not be done twice.
    """
    assert_writing(db)
    db.conn.execute("DELETE FROM repeat WHERE at_ms < ?", (at_ms - KEPT_MS,))
    if find_request(db, account=claim.account, key=claim.key) is not None:
        raise Conflict("repeat_done")
    db.conn.execute(
        "INSERT INTO repeat (account, key, content, at_ms) VALUES (?, ?, ?, ?)",
        (claim.account, claim.key, claim.content, at_ms),
    )


def keep_answer(db: Database, claim: Claim, *, status: int, mimetype: str, body: bytes) -> None:
    """Keep how a request was answered; nothing happens where it was never claimed."""
    assert_writing(db)
    db.conn.execute(
        "UPDATE repeat SET status = ?, mimetype = ?, body = ?"
        " WHERE account = ? AND key = ? AND content = ?",
        (status, mimetype, body, claim.account, claim.key, claim.content),
    )


def find_request(db: Database, *, account: str, key: str) -> Row | None:
    """Return what is known of a request by its key, or None."""
    return fetch_row(db, "SELECT * FROM repeat WHERE account = ? AND key = ?", (account, key))
