"""People everywhere: what the studio's machines agree on about accounts, field by field.

The treasury orders edits, so of two edits of one field the later place wins on every machine, and
what it replaced is kept. Who may do what can be read by all machines; what is personal (names,
addresses, password hashes) is sealed with a key that only the studio's machines have.
"""

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from local_server.farm import accounts, sealing
from local_server.farm.db import Row, assert_writing, fetch_row, fetch_rows, fetch_value
from local_server.farm.errors import Unavailable
from local_server.farm.sessions import EndReason, end_sessions
from sync.conflicts import Clash, note_conflict
from sync.entry import Operation
from sync.keys import open_text, seal_text
from sync.operations import AT_MS_MAX
from sync.unique_fields import UNIQUE, settle, write_settled

RANK = ("role", "level", "removed_at_ms")
PERSONAL = (
    "name",
    "email",
    "email_verified_at_ms",
    "phone",
    "password",
    "password_changed_at_ms",
    "avatar",
)
PURPOSE = "people"
FORMER = "former"
"""The place of what an account had in another studio."""
TEXT_MAX = 10_000
REPLACED_MAX = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Replaced:
    """What a field of a person was, and when the edit was handed in that took its place."""

    field: str
    value: str | int | None
    at_ms: int | None


def post_people(db: Database, *, secret: str, device: str, ranks: bool, at_ms: int) -> int:
    """Put into the outbox what was changed about people here and no log knows of.

    `ranks` is whether this machine may say who is what. Returns how many letters there are.
    """
    assert_writing(db)
    names = (*RANK, *PERSONAL) if ranks else PERSONAL
    settled = {name: settle(db, name) for name in UNIQUE}
    agreed = read_all_fields(db)
    posted = 0
    for row in fetch_rows(db, f"SELECT id, {', '.join((*RANK, *PERSONAL))} FROM account"):
        known = agreed.get(row["id"], {})
        known |= {name: of[row["id"]] for name, of in settled.items() if row["id"] in of}
        changed = {name: row[name] for name in names if row[name] != known.get(name)}
        if not changed or has_letter(db, account=row["id"]):
            continue
        personal = {name: value for name, value in changed.items() if name in PERSONAL}
        sealed = json.dumps(personal, ensure_ascii=False) if personal else ""
        operation: Operation = {
            "op": "person",
            "id": f"person:{row['id']}:{device}:{at_ms}",
            "at_ms": at_ms,
            "account": row["id"],
            "line": {name: value for name, value in changed.items() if name in RANK},
            "sealed": seal_text(sealed, secret=secret, purpose=PURPOSE) if sealed else "",
        }
        sealing.post_letter(db, log="treasury", operation=operation)
        posted += 1
    return posted


def has_letter(db: Database, *, account: str) -> bool:
    """Tell whether an edit of a person waits for its log already."""
    sql = (
        "SELECT 1 FROM outbox WHERE sealed_in IS NULL AND operation ->> 'op' = 'person'"
        " AND operation ->> 'account' = ?"
    )
    return fetch_value(db, sql, (account,)) is not None


def apply_person(db: Database, told: Operation, *, secret: str, place: str, at_ms: int) -> None:
    """Write an edit of a person, as the treasury has it, into the accounts of this machine.

    A field that was edited here since, and not handed in yet, keeps what it has: it comes later.
    """
    account, fields = told["account"], read_edit(told, secret)
    settled = {name: settle(db, name) for name in UNIQUE if name in fields}
    if fetch_value(db, "SELECT 1 FROM account WHERE id = ?", (account,)) is None:
        name = str(fields.get("name") or account)
        accounts.ensure_account(db, account=account, name=name, at_ms=at_ms)
        agree(db, account=account, but=fields.keys(), place=place)
    row = fetch_row(db, "SELECT * FROM account WHERE id = ?", (account,))
    assert row is not None
    known = read_fields(db, account=account)
    for name in (*RANK, *PERSONAL):
        if name in fields:
            agreed = settled.get(name, {}).get(account, known.get(name))
            edited_here = name in known and row[name] not in (known[name], agreed, fields[name])
            if edited_here:
                where = f"{place}/{account}/{name}"
                note_conflict(db, Clash.PROFILE, about=where, owner=account, at_ms=at_ms)
            keep_field(
                db, account=account, name=name, value=fields[name], place=place, at_ms=told["at_ms"]
            )
            if name not in UNIQUE and not edited_here:
                write_field(db, row, name=name, value=fields[name])
    for name, before in settled.items():
        write_settled(db, name, before)
    if fields.get("removed_at_ms"):
        end_sessions(db, account=account, reason=EndReason.REMOVED, at_ms=at_ms)
    elif "password" in fields and fields["password"] != row["password"]:
        end_sessions(db, account=account, reason=EndReason.PASSWORD, at_ms=at_ms)


def read_edit(told: Operation, secret: str) -> dict[str, Any]:
    """Return the fields that an edit changes, but for what cannot be meant.

    A machine of the studio can write anything there; no other machine may stop for it.
    """
    fields: dict[str, Any] = {name: told["line"][name] for name in RANK if name in told["line"]}
    if told["sealed"]:
        try:
            personal = json.loads(open_text(told["sealed"], secret=secret, purpose=PURPOSE))
        except (Unavailable, ValueError, RecursionError):
            personal = None
        if isinstance(personal, dict):
            fields |= {name: personal[name] for name in PERSONAL if name in personal}
    return {name: value for name, value in fields.items() if is_meant(name, value)}


def is_meant(name: str, value: Any) -> bool:
    """Tell whether a field of a person may have a value."""
    if name.endswith("_at_ms"):
        return value is None or (type(value) is int and 0 <= value <= AT_MS_MAX)
    if name == "role":
        return value in list(accounts.Role)
    if value is None:
        return name not in ("name", "level")
    return type(value) is str and len(value) <= TEXT_MAX and is_text(value)


def is_text(value: str) -> bool:
    """Tell whether a string is text, and no half of a character is in it."""
    return value != "" and not any("\ud800" <= sign <= "\udfff" for sign in value)


def agree(db: Database, *, account: str, place: str, but: Collection[str] = ()) -> None:
    """Note that what an account has is no edit made here, but for some fields."""
    row = fetch_row(db, "SELECT * FROM account WHERE id = ?", (account,))
    assert row is not None
    for name in (*RANK, *PERSONAL):
        if name not in but:
            keep_field(db, account=account, name=name, value=row[name], place=place)


def read_fields(db: Database, *, account: str) -> dict[str, Any]:
    """Return what the treasury says of a person, by field."""
    rows = fetch_rows(db, "SELECT field, value FROM person_field WHERE account = ?", (account,))
    return {row["field"]: json.loads(row["value"]) for row in rows}


def read_all_fields(db: Database) -> dict[str, dict[str, Any]]:
    """Return what the treasury says of everybody, by account and field."""
    people: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in fetch_rows(db, "SELECT account, field, value FROM person_field"):
        people[row["account"]][row["field"]] = json.loads(row["value"])
    return people


def keep_field(
    db: Database, *, account: str, name: str, value: Any, place: str, at_ms: int | None = None
) -> None:
    """Keep what the treasury says of a field, and what that replaces in the history.

    `at_ms` is when the edit was handed in that replaces it.
    """
    db.conn.execute(
        "INSERT INTO person_history (account, field, value, place, until, at_ms)"
        " SELECT account, field, value, place, ?, ? FROM person_field"
        " WHERE account = ? AND field = ? AND value <> ?",
        (place, at_ms, account, name, json.dumps(value)),
    )
    db.conn.execute(
        "INSERT INTO person_field (account, field, value, place) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET value = excluded.value,"
        " place = iif(value = excluded.value AND place <> ?, place, excluded.place)",
        (account, name, json.dumps(value), place, FORMER),
    )


def list_replaced(db: Database, *, account: str) -> list[Replaced]:
    """Return what fields of a person were before another edit took their place, latest first.

    A password is told of without its hash, and what follows from another field not at all.
    """
    rows = fetch_rows(
        db,
        "SELECT field, value, at_ms FROM person_history WHERE account = ?"
        " AND field NOT IN ('email_verified_at_ms', 'password_changed_at_ms')"
        " ORDER BY number DESC LIMIT ?",
        (account, REPLACED_MAX),
    )
    return [
        Replaced(
            field=row["field"],
            value=None if row["field"] == "password" else json.loads(row["value"]),
            at_ms=row["at_ms"],
        )
        for row in rows
    ]


def write_field(db: Database, row: Row, *, name: str, value: Any) -> None:
    """Write one field of an account."""
    db.conn.execute(f"UPDATE account SET {name} = ? WHERE id = ?", (value, row["id"]))
