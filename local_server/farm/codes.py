"""One-time codes: shown or sent to a person once, typed by them once, kept only as a hash."""

import hmac
from enum import StrEnum

from sqlite_utils import Database

from local_server.farm.db import Row, assert_writing, fetch_row, fetch_value

TRIES_MAX = 5
SENT_MS = 15 * 60_000
HANDED_MS = 24 * 3_600_000
HOUR_MS = 3_600_000
PER_HOUR_MAX = 5


class Purpose(StrEnum):
    """What a code proves or allows."""

    EMAIL = "email"
    PASSWORD = "password"  # noqa: S105 - a word, not a secret


def add_code(
    db: Database,
    *,
    account: str,
    purpose: Purpose,
    code_hash: str,
    email: str | None,
    lasts_ms: int,
    at_ms: int,
) -> bool:
    """Note a code that is about to be sent or shown; it takes the place of the one before.

    False, and nothing changed, when there were five in the last hour.
    """
    assert_writing(db)
    lately = "SELECT count(*) FROM code WHERE account = ? AND purpose = ? AND made_at_ms > ?"
    if fetch_value(db, lately, (account, purpose, at_ms - HOUR_MS)) >= PER_HOUR_MAX:
        return False
    end_codes(db, account=account, purpose=purpose, at_ms=at_ms)
    db.conn.execute(
        "INSERT INTO code (account, purpose, hash, email, made_at_ms, expires_at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (account, purpose, code_hash, email, at_ms, at_ms + lasts_ms),
    )
    return True


def try_code(
    db: Database, *, account: str, purpose: Purpose, code_hash: str, at_ms: int
) -> Row | None:
    """Use a code up and return its row, or None for a wrong one; the fifth wrong try ends it.

    It raises nothing: a try that was refused has to be counted.
    """
    assert_writing(db)
    row = fetch_row(
        db,
        "SELECT * FROM code WHERE account = ? AND purpose = ? AND ended_at_ms IS NULL"
        " AND expires_at_ms > ? ORDER BY serial DESC",
        (account, purpose, at_ms),
    )
    if row is None:
        return None
    right = hmac.compare_digest(row["hash"], code_hash)
    over = right or row["tries"] + 1 >= TRIES_MAX
    db.conn.execute(
        "UPDATE code SET tries = tries + 1, ended_at_ms = ? WHERE serial = ?",
        (at_ms if over else None, row["serial"]),
    )
    return row if right else None


def end_codes(db: Database, *, account: str, purpose: Purpose, at_ms: int) -> None:
    """Let no code of a purpose be used any more."""
    assert_writing(db)
    db.conn.execute(
        "UPDATE code SET ended_at_ms = ? WHERE account = ? AND purpose = ? AND ended_at_ms IS NULL",
        (at_ms, account, purpose),
    )
