"""Who may call what: one row per route, and the one check of whose object it is.

A route without a row keeps the server from starting. What the addresses speak of (`<job>`, ...)
is checked before a route's own code runs, so that no route can forget it.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import cache

from flask import Flask
from sqlite_utils import Database

from local_server.callers import Caller, Via, is_key
from local_server.farm.accounts import Role
from local_server.farm.db import fetch_value
from local_server.farm.errors import NotFound, Refused

API = "/api/v1"
DOCUMENTS = "/openapi"


class Right(StrEnum):
    """Who may call a route.

    anyone: whoever reaches the server, with nothing to show;
    machine: whoever holds this launch's key, whoever sits there, and admins;
    person: everybody who is known; the answer is about themselves;
    crew: the object's owner, producers and admins;
    owner: the object's owner and admins: money and privacy;
    producer: producers and admins;
    admin: admins.
    """

    ANYONE = "anyone"
    MACHINE = "machine"
    PERSON = "person"
    CREW = "crew"
    OWNER = "owner"
    PRODUCER = "producer"
    ADMIN = "admin"


RIGHTS: dict[str, Right] = {
    # --- the server ---
    "GET /health": Right.ANYONE,
    "GET /health/live": Right.ANYONE,
    "GET /health/ready": Right.ANYONE,
    "GET /metrics": Right.MACHINE,
    "GET /connections": Right.ADMIN,
    "GET /renderers": Right.PERSON,
    "GET /farm": Right.PERSON,
    "POST /farm/invites": Right.ADMIN,
    "DELETE /farm/nodes/<node>": Right.ADMIN,
    "GET /nodes": Right.PERSON,
    "POST /checks": Right.PERSON,
    "GET /events": Right.PERSON,
    "POST /shutdown": Right.MACHINE,
    # --- people ---
    "POST /sessions": Right.ANYONE,
    "POST /tokens": Right.ANYONE,
    "GET /sessions": Right.PERSON,
    "DELETE /sessions": Right.PERSON,
    "DELETE /sessions/<session>": Right.OWNER,
    "POST /passwords/forgotten": Right.ANYONE,
    "POST /passwords/reset": Right.ANYONE,
    "GET /me": Right.PERSON,
    "PATCH /me": Right.PERSON,
    "PUT /me/password": Right.PERSON,
    "POST /me/email/code": Right.PERSON,
    "POST /me/email/verify": Right.PERSON,
    "PUT /me/avatar": Right.PERSON,
    "DELETE /me/avatar": Right.PERSON,
    "POST /people": Right.ANYONE,  # whether everyone may sign up is one of the rules
    "GET /people": Right.PRODUCER,
    "GET /people/<person>": Right.CREW,
    "GET /people/<person>/avatar": Right.PERSON,
    "GET /people/<person>/history": Right.OWNER,
    "PATCH /people/<person>": Right.ADMIN,
    "DELETE /people/<person>": Right.ADMIN,
    "POST /people/<person>/code": Right.ADMIN,
    "POST /people/<person>/email/code": Right.ADMIN,
    "DELETE /people/<person>/sessions": Right.ADMIN,
    "GET /rules": Right.ANYONE,
    "PATCH /rules": Right.ADMIN,
    "GET /deeds": Right.ADMIN,
    # --- jobs and frames ---
    "GET /jobs": Right.PERSON,
    "POST /jobs": Right.PERSON,
    "GET /jobs/<job>": Right.CREW,
    "DELETE /jobs/<job>": Right.OWNER,
    "POST /jobs/<job>/pause": Right.CREW,
    "POST /jobs/<job>/resume": Right.CREW,
    "POST /jobs/<job>/cancel": Right.CREW,
    "POST /jobs/<job>/priority": Right.CREW,
    "POST /jobs/<job>/retry": Right.OWNER,
    "POST /jobs/<job>/frames/<number>/retry": Right.OWNER,
    "POST /jobs/<job>/restore": Right.OWNER,
    "POST /orders": Right.PERSON,
    "GET /jobs/<job>/log": Right.CREW,
    "GET /jobs/<job>/log/lines": Right.CREW,
    "GET /jobs/<job>/frames/<number>/log/lines": Right.CREW,
    "GET /jobs/<job>/bill": Right.OWNER,
    "GET /jobs/<job>/frames": Right.CREW,
    "GET /jobs/<job>/frames/<number>": Right.CREW,
    "GET /jobs/<job>/frames/<number>/log": Right.CREW,
    "GET /jobs/<job>/frames/<number>/picture": Right.CREW,
    "GET /jobs/<job>/frames/<number>/thumbnail": Right.CREW,
    "GET /jobs/<job>/frames/<number>/picture/address": Right.CREW,
    "GET /jobs/<job>/pictures.zip": Right.CREW,
    # --- uploads ---
    "POST /blobs/missing": Right.PERSON,
    "GET /uploads/<blob>": Right.PERSON,
    "PUT /uploads/<blob>": Right.PERSON,
    "DELETE /uploads/<blob>": Right.PERSON,
    "GET /packages": Right.PERSON,
    "POST /packages": Right.PERSON,
    "GET /packages/<package>": Right.OWNER,
    "DELETE /packages/<package>": Right.OWNER,
    # --- money ---
    "GET /balance": Right.PERSON,
    "POST /topups": Right.ADMIN,
    "POST /withdrawals": Right.ADMIN,
    "POST /jobs/<job>/refunds": Right.ADMIN,
    "GET /usage": Right.PERSON,
    "GET /prices": Right.PERSON,
    "POST /prices": Right.ADMIN,
    "GET /statement": Right.PERSON,
    "GET /bills": Right.PERSON,
    "GET /ledger/export": Right.ADMIN,
    "GET /audit": Right.ADMIN,
    # --- the studio and its store ---
    "GET /sync": Right.PERSON,
    "POST /sync": Right.PERSON,
    "POST /sync/refold": Right.ADMIN,
    "GET /sync/waiting": Right.ADMIN,
    "POST /sync/waiting/<operation>/retry": Right.ADMIN,
    "DELETE /sync/waiting/<operation>": Right.ADMIN,
    "POST /store/cleaning": Right.ADMIN,
    "GET /studio": Right.PERSON,
    "POST /studio/invites": Right.ADMIN,
    "PATCH /sync/transfers": Right.ADMIN,
    "GET /studio/jobs": Right.PERSON,
    "POST /studio/jobs/<away_job>/fetch": Right.CREW,
    "GET /studio/jobs/<away_job>/bill": Right.OWNER,
    "GET /studio/jobs/<away_job>/frames/<number>/picture": Right.CREW,
    "GET /studio/jobs/<away_job>/frames/<number>/thumbnail": Right.CREW,
    "POST /studio/snapshots": Right.ADMIN,
    "PUT /studio/treasurer": Right.ADMIN,
    "GET /studio/requests": Right.ADMIN,
    "POST /studio/requests/<asking>/grant": Right.ADMIN,
    "DELETE /studio/devices/<device>": Right.ADMIN,
}


def find_job_owner(db: Database, job: str) -> str | None:
    """Return whose a job is, or None where there is no such job."""
    found: str | None = fetch_value(db, "SELECT owner FROM job WHERE id = ?", (job,))
    return found


def find_session_owner(db: Database, session: str) -> str | None:
    """Return whose a session is, or None where there is no such session."""
    found: str | None = fetch_value(db, "SELECT account FROM session WHERE id = ?", (session,))
    return found


def find_person_owner(db: Database, person: str) -> str | None:
    """Return the person, who is their own, or None where there is no such person."""
    found: str | None = fetch_value(db, "SELECT id FROM account WHERE id = ?", (person,))
    return found


def find_package_owner(db: Database, package: str) -> str | None:
    """Return whose an uploaded package is, or None where there is no such package."""
    found: str | None = fetch_value(db, "SELECT owner FROM package WHERE id = ?", (package,))
    return found


def find_away_job_owner(db: Database, away_job: str) -> str | None:
    """Return whose another machine's job is, or None where nothing is known of such a job."""
    device, _, job = away_job.partition(":")
    found: str | None = fetch_value(
        db, "SELECT owner FROM away_job WHERE device = ? AND job = ?", (device, job)
    )
    return found


OWNERS: dict[str, Callable[[Database, str], str | None]] = {
    "job": find_job_owner,
    "session": find_session_owner,
    "person": find_person_owner,
    "package": find_package_owner,
    "away_job": find_away_job_owner,
}
"""How to find whose an object is, by the name that addresses give it."""
SEEN_BY_PRODUCERS = frozenset({"job", "person", "away_job"})


def name_route(verb: str, rule: str) -> str:
    """Return a route's name in the table: `GET /jobs/<job>`, without converters and prefix."""
    parts = [
        f"<{part[1:-1].rpartition(':')[2]}>" if part.startswith("<") else part
        for part in rule.removeprefix(API).split("/")
    ]
    return f"{'GET' if verb == 'HEAD' else verb} {'/'.join(parts)}"


@cache
def find_right(verb: str, rule: str) -> Right:
    """Return who may call a route; OPTIONS, which only lists verbs, is for everybody known."""
    if rule.startswith(DOCUMENTS):
        return Right.ANYONE
    return Right.PERSON if verb == "OPTIONS" else RIGHTS[name_route(verb, rule)]


def check_rows(app: Flask) -> None:
    """Stop with an assertion when the table and the app's routes differ: a bug of ours."""
    routes = {
        name_route(verb, rule.rule)
        for rule in app.url_map.iter_rules()
        for verb in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith(DOCUMENTS)
    }
    assert not routes - RIGHTS.keys(), f"nobody said who may call {sorted(routes - RIGHTS.keys())}"
    assert not RIGHTS.keys() - routes, f"there is no {sorted(RIGHTS.keys() - routes)}"


def check_role(caller: Caller, right: Right) -> None:
    """Refuse a caller whose role is too small for a route. Raises Refused `not_allowed`."""
    enough = {
        Right.ADMIN: caller.is_admin,
        Right.MACHINE: caller.is_admin,
        Right.PRODUCER: caller.sees_every_job,
    }
    if not enough.get(right, True):
        needed = Role.PRODUCER if right == Right.PRODUCER else Role.ADMIN
        raise Refused("not_allowed", needed=needed)


def check_at_machine(caller: Caller, *, shown: str, key: str) -> None:
    """Refuse a caller who names files of this machine and has not shown this launch's key.

    Who can show it, alone or beside their own token, reads the data directory anyway: they sit
    here, with the rights of the system user that opens those files. Everybody else, whatever
    their role, uploads and downloads. Raises Refused `not_at_this_machine`.
    """
    if caller.via is not Via.KEY and not is_key(shown, key):
        raise Refused("not_at_this_machine")


def check_reach(caller: Caller, *, kind: str, id: str, owner: str, right: Right) -> None:
    """Refuse a caller who may not do this with an object of that owner's.

    Raises NotFound `no_<kind>` where even knowing of it would be too much, and Refused
    `not_yours` where the caller sees it but may not touch it.
    """
    if caller.account == owner or caller.is_admin:
        return
    if right == Right.PERSON:  # everybody known may see it
        return
    if kind not in SEEN_BY_PRODUCERS or not caller.sees_every_job:
        raise NotFound(f"no_{kind}", **{kind: id})
    if right != Right.CREW:
        raise Refused("not_yours")
