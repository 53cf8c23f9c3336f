"""The witness: writes down, in the same transaction, what somebody does by their role.

No route can forget it: the first transaction of a request that only a role allows carries its deed;
a request that meets the store as well has many, and is still done once.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import g, has_request_context, request
from sqlite_utils import Database

from local_server.access import Right, name_route
from local_server.callers import Caller
from local_server.farm.db import Row, fetch_row, read_clock_ms
from local_server.farm.deeds import Deed, add_deed
from local_server.farm.people import find_person
from local_server.farm.rules import read_rules

SECRETS = frozenset({"password", "old_password", "code", "refresh_token"})
TEXT_LETTERS_MAX = 500
BY_ROLE = frozenset({Right.ADMIN, Right.PRODUCER})
# What is looked at before and after, by the name that addresses give the thing.
PERSON = ("name", "role", "level", "removed_at_ms")
JOB = "SELECT owner, name, state, reason, priority, deleted_at_ms FROM job WHERE id = ?"
Written = Callable[..., Any]


def witness(function: Written) -> Written:
    """Return a domain function that also writes down the deed of the request under way, if any."""
    deed = find_deed()
    told: set[tuple[str, str | None]] = g.setdefault("told", set()) if deed else set()
    if deed is None or (deed.action, deed.subject) in told:
        return function
    look = LOOKS.get(find_subject()[0], look_at_nothing)

    def write_with_deed(db: Database, *args: Any, **kwargs: Any) -> Any:
        before = look(db, deed.subject)
        outcome = function(db, *args, **kwargs)
        after = look(db, deed.subject)
        add_deed(db, deed, before=before, after=after, at_ms=read_clock_ms())
        told.add((deed.action, deed.subject))
        return outcome

    return write_with_deed


def find_deed() -> Deed | None:
    """Return what the request under way does by its caller's role, None for one's own affairs.

    The workstation's lone owner acts by role too when they touch money or people: the trail is
    the studio's, and one day there may be others.
    """
    if not has_request_context() or request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    caller: Caller | None = g.get("caller")
    rule = request.url_rule
    if caller is None or rule is None or not (g.right in BY_ROLE or g.get("beyond_own")):
        return None
    _, subject = find_subject()
    return Deed(
        actor=caller.account,
        role=caller.role,
        via=caller.via,
        action=name_route(request.method, rule.rule),
        subject=subject,
        asked=mask(request.get_json() if request.is_json and request.content_length else None),
    )


def mask(body: Any) -> dict[str, Any]:
    """Return a request's body as the trail keeps it: no secrets, and no endless text."""
    if not isinstance(body, dict):
        return {}
    return {str(name): "***" if name in SECRETS else shorten(value) for name, value in body.items()}


def shorten(value: Any) -> Any:
    """Return a value, as text where it would be long."""
    text = value if isinstance(value, str) else str(value)
    return value if len(text) <= TEXT_LETTERS_MAX else f"{text[:TEXT_LETTERS_MAX]}…"


def find_subject() -> tuple[str, str | None]:
    """Return what kind of thing a request is about, and its id where it has one."""
    for kind, id in (request.view_args or {}).items():
        return kind, str(id)
    beyond: tuple[str, str] | None = g.get("beyond_own")
    if beyond is not None:  # named in the body, such as one of many
        return beyond
    return str(request.url_rule).rpartition("/")[2], None


def look_at_person(db: Database, person: str | None) -> Row | None:
    """Return how a person stands; what is private of them is left out."""
    found = find_person(db, account=person or "")
    return None if found is None else {name: getattr(found, name) for name in PERSON}


def look_at_job(db: Database, job: str | None) -> Row | None:
    """Return how a job stands."""
    return fetch_row(db, JOB, (job,))


def look_at_rules(db: Database, _: str | None) -> Row | None:
    """Return the rules."""
    return asdict(read_rules(db))


def look_at_nothing(_: Database, __: str | None) -> Row | None:
    """Return nothing: what was asked says it all."""
    return None


LOOKS = {"person": look_at_person, "job": look_at_job, "rules": look_at_rules}
"""How to look at a thing before and after, by its kind."""
