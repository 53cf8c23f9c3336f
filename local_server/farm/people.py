"""People: their accounts as they and the admins see and change them."""

from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from local_server.farm import sessions
from local_server.farm.accounts import Role, ensure_account, is_name_taken
from local_server.farm.codes import Purpose, end_codes
from local_server.farm.contacts import check_name, check_phone
from local_server.farm.db import assert_writing, fetch_row, fetch_rows, fetch_value
from local_server.farm.errors import Conflict, NotFound
from local_server.farm.events import add_event
from local_server.farm.people_tables import fold_name
from local_server.farm.sessions import EndReason

PAGE_MAX = 500
COLUMNS = (
    "id, name, role, level, email, email_verified_at_ms, phone, password, avatar,"
    " created_at_ms, removed_at_ms"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """An account with all that is known of whoever has it; `password` is a hash or None."""

    id: str
    name: str
    role: Role
    level: str
    email: str | None
    email_verified_at_ms: int | None
    phone: str | None
    password: str | None
    avatar: str | None
    created_at_ms: int
    removed_at_ms: int | None

    @property
    def known(self) -> tuple[str | None, ...]:
        """Return what everybody knows of them, and so what a password must not be made of."""
        return (self.name, self.email, self.phone)


def make_person(row: dict[str, Any]) -> Person:
    """Return a row of the account table as a person."""
    return Person(**{**row, "role": Role(row["role"])})


def find_person(db: Database, *, account: str) -> Person | None:
    """Return a person, removed or not, or None."""
    row = fetch_row(db, f"SELECT {COLUMNS} FROM account WHERE id = ?", (account,))
    return None if row is None else make_person(row)


def get_person(db: Database, *, account: str) -> Person:
    """Return a person, removed or not. Raises NotFound `no_person`."""
    found = find_person(db, account=account)
    if found is None:
        raise NotFound("no_person", person=account)
    return found


def find_by_login(db: Database, *, login: str) -> Person | None:
    """Return who signs in by a name or an e-mail, in whatever spelling; None for the removed."""
    column = "email_key" if "@" in login else "name_key"
    row = fetch_row(
        db,
        f"SELECT {COLUMNS} FROM account WHERE {column} = ? AND removed_at_ms IS NULL",
        (fold_name(" ".join(login.split())),),
    )
    return None if row is None else make_person(row)


def list_people(db: Database, *, after: str = "", removed: bool, limit: int) -> list[Person]:
    """Return people by folded name after the one given, at most `limit`."""
    gone = "" if removed else " AND removed_at_ms IS NULL"
    rows = fetch_rows(
        db,
        f"SELECT {COLUMNS} FROM account WHERE name_key > ?{gone} ORDER BY name_key LIMIT ?",
        (after, min(limit, PAGE_MAX)),
    )
    return [make_person(row) for row in rows]


def sign_up(
    db: Database,
    *,
    id: str,
    name: str,
    password: str,
    email: str | None,
    phone: str | None,
    at_ms: int,
) -> Person:
    """Make a person's account; `password` is its hash.

    Raises Unfit `name_wrong` and `phone_wrong`, Conflict `name_taken`, `email_taken` and
    `account_exists`.
    """
    assert_writing(db)
    if find_person(db, account=id) is not None:
        raise Conflict("account_exists", person=id)
    name = check_name(name)
    if is_name_taken(db, name=name):
        raise Conflict("name_taken", name=name)
    ensure_account(db, account=id, name=name, at_ms=at_ms)
    set_password(db, account=id, password=password, at_ms=at_ms)
    edit_profile(db, account=id, changes={"email": email, "phone": phone}, at_ms=at_ms)
    add_event(db, kind="person.joined", owner=id, at_ms=at_ms, person=id)
    return get_person(db, account=id)


def edit_profile(
    db: Database, *, account: str, changes: dict[str, str | None], at_ms: int
) -> Person:
    """Change what is named of `name`, `email` and `phone`.

    A new e-mail is not verified yet, and codes that went to the old one are worth nothing.

    Raises Unfit `name_wrong` and `phone_wrong`, Conflict `name_taken` and `email_taken`.
    """
    assert_writing(db)
    before = get_person(db, account=account)
    columns: dict[str, str | int | None] = {}
    if changes.get("name") is not None:
        name = check_name(str(changes["name"]))
        if is_name_taken(db, name=name, but_by=account):
            raise Conflict("name_taken", name=name)
        columns |= {"name": name, "name_key": fold_name(name)}
    if "phone" in changes:
        phone = changes["phone"]
        columns["phone"] = check_phone(phone) if phone else None
    if "email" in changes and changes["email"] != before.email:
        columns |= fold_email(db, account=account, email=changes["email"])
        for purpose in Purpose:
            end_codes(db, account=account, purpose=purpose, at_ms=at_ms)
    if columns:
        update_account(db, account, columns)
        add_event(db, kind="person.changed", owner=account, at_ms=at_ms, person=account)
    return get_person(db, account=account)


def fold_email(db: Database, *, account: str, email: str | None) -> dict[str, str | int | None]:
    """Return the columns of a new e-mail. Raises Conflict `email_taken`."""
    key = fold_name(email) if email else None
    taken = "SELECT 1 FROM account WHERE email_key = ? AND id <> ?"
    if key is not None and fetch_value(db, taken, (key, account)) is not None:
        raise Conflict("email_taken")
    return {"email": email or None, "email_key": key, "email_verified_at_ms": None}


def note_email_verified(db: Database, *, account: str, email: str, at_ms: int) -> bool:
    """Note that an e-mail is a person's own; False when they have another one by now."""
    assert_writing(db)
    changed = db.conn.execute(
        "UPDATE account SET email_verified_at_ms = ? WHERE id = ? AND email = ?",
        (at_ms, account, email),
    )
    return changed.rowcount == 1


def set_password(db: Database, *, account: str, password: str, at_ms: int) -> None:
    """Keep a new password's hash."""
    update_account(db, account, {"password": password, "password_changed_at_ms": at_ms})


def change_password(
    db: Database, *, account: str, password: str, but: str | None, at_ms: int
) -> None:
    """Keep a new password's hash and end every session, but the one that asks."""
    set_password(db, account=account, password=password, at_ms=at_ms)
    sessions.end_sessions(db, account=account, reason=EndReason.PASSWORD, but=but, at_ms=at_ms)
    add_event(db, kind="person.password", owner=account, at_ms=at_ms, person=account)


def set_avatar(db: Database, *, account: str, avatar: str | None, at_ms: int) -> None:
    """Keep the digest of a person's picture, or None for no picture."""
    update_account(db, account, {"avatar": avatar})
    add_event(db, kind="person.changed", owner=account, at_ms=at_ms, person=account)


def change_rank(
    db: Database, *, account: str, role: Role | None, level: str | None, at_ms: int
) -> Person:
    """Give a person another role or membership level, where one is named.

    Raises NotFound `no_person` and Conflict `last_admin`.
    """
    person = get_living(db, account=account)
    if role is not None and role != Role.ADMIN:
        keep_an_admin(db, person)
    update_account(db, account, {"role": role or person.role, "level": level or person.level})
    add_event(db, kind="person.changed", owner=account, at_ms=at_ms, person=account)
    return get_person(db, account=account)


def remove_person(db: Database, *, account: str, keeper: str, at_ms: int) -> None:
    """Remove a person: nobody signs in as them, and what is private of them is forgotten.

    Their name, jobs and bills stay: the books speak of them. `keeper` is the workstation's own
    owner, who stays. Raises NotFound `no_person`, Conflict `last_admin` and `owner_stays`.
    """
    person = get_living(db, account=account)
    if account == keeper:
        raise Conflict("owner_stays")
    keep_an_admin(db, person)
    sessions.end_sessions(db, account=account, reason=EndReason.REMOVED, at_ms=at_ms)
    update_account(
        db,
        account,
        dict.fromkeys(("email", "email_key", "email_verified_at_ms", "phone", "password", "avatar"))
        | {"removed_at_ms": at_ms},
    )
    add_event(db, kind="person.removed", owner=account, at_ms=at_ms, person=account)


def get_living(db: Database, *, account: str) -> Person:
    """Return a person who is not removed. Raises NotFound `no_person`."""
    person = get_person(db, account=account)
    if person.removed_at_ms is not None:
        raise NotFound("no_person", person=account)
    return person


def keep_an_admin(db: Database, person: Person) -> None:
    """Raise Conflict `last_admin` where nobody but this person could give out roles."""
    if person.role == Role.ADMIN and count_admins(db, but=person.id) == 0:
        raise Conflict("last_admin")


def count_admins(db: Database, *, but: str = "") -> int:
    """Count the admins who can sign in, leaving one person out."""
    return int(
        fetch_value(
            db,
            "SELECT count(*) FROM account WHERE role = 'admin' AND removed_at_ms IS NULL"
            " AND password IS NOT NULL AND id <> ?",
            (but,),
        )
    )


def update_account(db: Database, account: str, columns: dict[str, str | int | None]) -> None:
    """Set columns of an account, whose names are ours. Raises NotFound `no_person`."""
    assert_writing(db)
    sets = ", ".join(f"{name} = :{name}" for name in columns)
    changed = db.conn.execute(
        f"UPDATE account SET {sets} WHERE id = :id", {**columns, "id": account}
    )
    if changed.rowcount != 1:
        raise NotFound("no_person", person=account)
