"""Sessions: who is signed in where, and the chain of refresh tokens that keeps each alive.

A refresh token is used once: it is exchanged for the next one. One that comes a second time was
copied, by a thief or from one, and nobody can tell who is who: the whole session ends.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlite_utils import Database

from local_server.farm.accounts import Role
from local_server.farm.db import Row, assert_writing, fetch_row, fetch_rows
from local_server.farm.errors import NotFound, Unauthorized

IDLE_MS_MAX = 30 * 86_400_000
SESSIONS_MAX = 50


class EndReason(StrEnum):
    """Why a session ended before its time."""

    SIGNED_OUT = "signed_out"
    EVERYWHERE = "everywhere"
    PASSWORD = "password"  # noqa: S105 - a word, not a secret
    REUSED = "reused"
    REMOVED = "removed"
    BY_ADMIN = "by_admin"


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """One sign-in. `device` is what the client called itself, `agent` its program."""

    id: str
    account: str
    device: str
    agent: str
    created_at_ms: int
    used_at_ms: int
    expires_at_ms: int
    ended_at_ms: int | None
    end_reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a session and whoever has it stand at this moment."""

    account: str
    role: Role
    removed: bool
    live: bool


def open_session(
    db: Database,
    *,
    id: str,
    account: str,
    password: str,
    token_hash: str,
    device: str,
    agent: str,
    at_ms: int,
) -> Session:
    """Begin a session with its first refresh token; the longest idle beyond fifty end.

    `password` is the hash that was checked: whoever changed it meanwhile meant to keep others
    out. Raises Unauthorized `sign_in_wrong`.
    """
    assert_writing(db)
    row = fetch_row(db, "SELECT password, removed_at_ms FROM account WHERE id = ?", (account,))
    if row is None or row["password"] != password or row["removed_at_ms"] is not None:
        raise Unauthorized("sign_in_wrong")
    db.conn.execute(
        "INSERT INTO session (id, account, device, agent, created_at_ms, used_at_ms, expires_at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (id, account, device, agent, at_ms, at_ms, at_ms + IDLE_MS_MAX),
    )
    add_token(db, session=id, token_hash=token_hash, at_ms=at_ms)
    for old in list_sessions(db, account=account, at_ms=at_ms)[SESSIONS_MAX:]:
        end_session(db, session=old.id, reason=EndReason.SIGNED_OUT, at_ms=at_ms)
    forget_sessions(db, account=account, at_ms=at_ms)
    return get_session(db, session=id)


def forget_sessions(db: Database, *, account: str, at_ms: int) -> None:
    """Drop a person's sessions that were over a month ago, with all that their tokens were."""
    over = (
        "(SELECT id FROM session WHERE account = ?"
        " AND min(expires_at_ms, coalesce(ended_at_ms, expires_at_ms)) < ?)"
    )
    values = (account, at_ms - IDLE_MS_MAX)
    db.conn.execute(f"DELETE FROM refresh_token WHERE session IN {over}", values)
    db.conn.execute(f"DELETE FROM session WHERE id IN {over}", values)


def add_token(db: Database, *, session: str, token_hash: str, at_ms: int) -> None:
    """Note a refresh token that was given out."""
    db.conn.execute(
        "INSERT INTO refresh_token (hash, session, made_at_ms) VALUES (?, ?, ?)",
        (token_hash, session, at_ms),
    )


def exchange_token(db: Database, *, token_hash: str, next_hash: str, at_ms: int) -> Session:
    """Exchange a refresh token for the next one, and return the session.

    A token that was used before ends its session, which is returned ended: raising would undo
    that. Raises Unauthorized `refresh_wrong` for a token that is none, or too old.
    """
    assert_writing(db)
    row = fetch_row(db, "SELECT * FROM refresh_token WHERE hash = ?", (token_hash,))
    if row is None:
        raise Unauthorized("refresh_wrong")
    session = get_session(db, session=row["session"])
    if session.ended_at_ms is not None:
        return session
    if session.expires_at_ms <= at_ms:
        raise Unauthorized("refresh_wrong")
    if row["used_at_ms"] is not None:
        end_session(db, session=session.id, reason=EndReason.REUSED, at_ms=at_ms)
        return get_session(db, session=session.id)
    db.conn.execute("UPDATE refresh_token SET used_at_ms = ? WHERE hash = ?", (at_ms, token_hash))
    add_token(db, session=session.id, token_hash=next_hash, at_ms=at_ms)
    db.conn.execute(
        "DELETE FROM refresh_token WHERE session = ? AND made_at_ms < ?",
        (session.id, at_ms - IDLE_MS_MAX),
    )
    db.conn.execute(
        "UPDATE session SET used_at_ms = ?, expires_at_ms = ? WHERE id = ?",
        (at_ms, at_ms + IDLE_MS_MAX, session.id),
    )
    return get_session(db, session=session.id)


def end_session(db: Database, *, session: str, reason: EndReason, at_ms: int) -> None:
    """End a session; one that has ended stays as it is."""
    assert_writing(db)
    db.conn.execute(
        "UPDATE session SET ended_at_ms = ?, end_reason = ? WHERE id = ? AND ended_at_ms IS NULL",
        (at_ms, reason, session),
    )


def end_sessions(
    db: Database, *, account: str, reason: EndReason, at_ms: int, but: str | None = None
) -> int:
    """End every session of a person's, but one where it is given; returns how many ended."""
    assert_writing(db)
    ended = db.conn.execute(
        "UPDATE session SET ended_at_ms = ?, end_reason = ?"
        " WHERE account = ? AND ended_at_ms IS NULL AND id IS NOT ?",
        (at_ms, reason, account, but),
    )
    return int(ended.rowcount)


def get_session(db: Database, *, session: str) -> Session:
    """Return a session. Raises NotFound `no_session`."""
    row = fetch_row(db, "SELECT * FROM session WHERE id = ?", (session,))
    if row is None:
        raise NotFound("no_session", session=session)
    return Session(**row)


def list_sessions(db: Database, *, account: str, at_ms: int) -> list[Session]:
    """Return the sessions of a person's that go on, the latest used first."""
    rows = fetch_rows(
        db,
        "SELECT * FROM session WHERE account = ? AND ended_at_ms IS NULL AND expires_at_ms > ?"
        " ORDER BY used_at_ms DESC, id",
        (account, at_ms),
    )
    return [Session(**row) for row in rows]


def find_standing(db: Database, *, session: str, at_ms: int) -> Standing | None:
    """Return how a session stands, or None where there is none: one look at every request."""
    row: Row | None = fetch_row(
        db,
        "SELECT s.account, a.role, a.removed_at_ms, s.ended_at_ms, s.expires_at_ms"
        " FROM session s JOIN account a ON a.id = s.account WHERE s.id = ?",
        (session,),
    )
    if row is None:
        return None
    return Standing(
        account=row["account"],
        role=Role(row["role"]),
        removed=row["removed_at_ms"] is not None,
        live=row["ended_at_ms"] is None and row["expires_at_ms"] > at_ms,
    )
