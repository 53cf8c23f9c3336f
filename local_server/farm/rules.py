"""Rules that admins set: who may sign up, and whether several people use this machine."""

from dataclasses import dataclass

from sqlite_utils import Database

from local_server.farm.db import assert_writing, fetch_value

SHARED = "people.shared"
SIGN_UP = "people.sign_up"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """`shared`: several people use this machine, so each has to sign in.

    `sign_up`: whoever wants to may make an account; else an admin makes it.
    """

    shared: bool
    sign_up: bool


def is_shared(db: Database) -> bool:
    """Tell whether several people use this machine."""
    return read_flag(db, SHARED)


def read_rules(db: Database) -> Rules:
    """Return the rules; at first one person uses the machine and nobody else gets an account."""
    return Rules(shared=read_flag(db, SHARED), sign_up=read_flag(db, SIGN_UP))


def change_rules(db: Database, *, shared: bool | None, sign_up: bool | None) -> Rules:
    """Change the rules that are given, and return all of them."""
    assert_writing(db)
    for key, value in ((SHARED, shared), (SIGN_UP, sign_up)):
        if value is not None:
            db.conn.execute(
                "INSERT INTO setting (key, value) VALUES (?, ?)"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (key, "yes" if value else "no"),
            )
    return read_rules(db)


def read_flag(db: Database, key: str) -> bool:
    """Return a setting that is yes or no; no where nobody has set it."""
    return bool(fetch_value(db, "SELECT value FROM setting WHERE key = ?", (key,)) == "yes")
