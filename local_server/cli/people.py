"""Commands about others, for admins: people, rules, deeds."""

from collections.abc import Iterator
from typing import Any

import click
from rich.text import Text

from local_server.cli.asking import confirm
from local_server.cli.client import Client
from local_server.cli.session import Session
from local_server.cli.signing import print_person
from local_server.cli.spoken import SpokenCommand, SpokenFamily
from local_server.cli.tables import make_table, print_pairs, show_time
from local_server.cli.values import Choice, Number
from local_server.farm.errors import BadInput
from local_server.farm.people_tables import fold_name
from local_server.wording import show_money

PAGE = 200
DEEDS_SHOWN = 50
LIMIT_MAX = 1_000_000
FIELDS = {"avatar": "picture", "removed_at_ms": "removed"}
"""What the lists call fields of a person that they do not call by the field's own name."""

people = SpokenFamily("people", default="list")


@people.verb("list")
@click.option("--removed", is_flag=True)
@click.pass_obj
def show_people(session: Session, *, removed: bool) -> None:
    """List everybody, by name."""
    with session.connect() as client:
        found = list(list_people(client, removed=removed))
    session.answer({"items": found}, lambda: print_people(session, found))


@people.verb("show")
@click.argument("name")
@click.pass_obj
def show_person(session: Session, name: str) -> None:
    """Show one person."""
    with session.connect() as client:
        tell_person(session, client, find_person(client, name))


@people.verb("history")
@click.argument("name", metavar="[NAME]", required=False)
@click.pass_obj
def show_history(session: Session, name: str | None) -> None:
    """Show what somebody's profile was before."""
    with session.connect() as client:
        person = client.ask("GET", "/me") if name is None else find_person(client, name)
        found = client.ask("GET", f"/people/{person['id']}/history")
    session.answer(found, lambda: print_history(session, found["items"]))


@people.verb("role")
@click.argument("name")
@click.argument("value")
@click.pass_obj
def change_role(session: Session, name: str, value: str) -> None:
    """Make somebody an artist, a producer or an admin."""
    change_person(session, name, role=value)


@people.verb("level")
@click.argument("name")
@click.argument("value")
@click.pass_obj
def change_level(session: Session, name: str, value: str) -> None:
    """Give somebody a membership level."""
    change_person(session, name, level=value)


@people.verb("code")
@click.argument("name")
@click.option("--email", is_flag=True)
@click.pass_obj
def make_code(session: Session, name: str, *, email: bool) -> None:
    """Make a one-time code for somebody who forgot the password, or to verify their e-mail."""
    kind, words = ("email/code", "code_for_email") if email else ("code", "code_for_person")
    with session.connect() as client:
        person = find_person(client, name)
        made = client.ask("POST", f"/people/{person['id']}/{kind}", body={})
    session.answer(made, lambda: print_code(session, words, person, made))


@people.verb("signout")
@click.argument("name")
@click.pass_obj
def end_sessions(session: Session, name: str) -> None:
    """End all sessions of somebody."""
    with session.connect() as client:
        person = find_person(client, name)
        client.call("DELETE", f"/people/{person['id']}/sessions")
        tell_person(session, client, person)


@people.verb("remove")
@click.argument("name")
@click.pass_obj
def remove_person(session: Session, name: str) -> None:
    """Let somebody sign in no longer."""
    with session.connect() as client:
        person = find_person(client, name)
        confirm(session, "person_remove_asked", name=person["name"])
        client.call("DELETE", f"/people/{person['id']}")
        tell_person(session, client, person)


def change_person(session: Session, name: str, **changes: str) -> None:
    """Change what somebody is, and print what they are now."""
    with session.connect() as client:
        person = find_person(client, name)
        answer = client.ask("PATCH", f"/people/{person['id']}", body=changes)
    session.answer(answer, lambda: print_person(session, answer))


def tell_person(session: Session, client: Client, person: dict[str, Any]) -> None:
    """Print what somebody is now."""
    answer = client.ask("GET", f"/people/{person['id']}")
    session.answer(answer, lambda: print_person(session, answer))


def list_people(client: Client, *, removed: bool) -> Iterator[dict[str, Any]]:
    """Yield everybody, by name."""
    yield from client.list_pages("/people", PAGE, None, removed=removed)


def find_person(client: Client, given: str) -> dict[str, Any]:
    """Return who is meant by a name, an e-mail or an id. Raises BadInput `person_not_found`."""
    wanted = fold_name(given)
    for person in list_people(client, removed=True):
        known = (person["name"], person["email"], person["id"])
        if any(one is not None and fold_name(one) == wanted for one in known):
            return person
    raise BadInput("person_not_found", given=given)


def find_account(client: Client, given: str | None) -> str | None:
    """Return the id of whose account is meant by a name, an e-mail or an id; None is one's own."""
    return None if given is None else str(find_person(client, given)["id"])


def print_people(session: Session, found: list[dict[str, Any]]) -> None:
    """Print a list of people."""
    table = make_table(session, ("name", "id", "role", "level", "email", "phone", "created"))
    for one in found:
        gone = f" ({session.label('removed')})" if one["removed_at_ms"] else ""
        table.add_row(
            f"{one['name']}{gone}",
            one["id"],
            session.label(f"role_{one['role']}"),
            one["level"],
            one["email"] or "-",
            one["phone"] or "-",
            show_time(one["created_at_ms"]),
        )
    session.show(table)


def print_history(session: Session, items: list[dict[str, Any]]) -> None:
    """Print what a profile was before, the latest change first."""
    if not items:
        session.note("person_unchanged")
        return
    table = make_table(session, ("until", "field", "before"))
    for one in items:
        field, value = FIELDS.get(one["field"], one["field"]), one["value"]
        if one["field"] == "password":
            value = session.label("not_shown")
        elif one["field"] == "removed_at_ms" and value is not None:
            value = show_time(value)
        table.add_row(show_time(one["at_ms"]), session.label(field), Text(str(value or "-")))
    session.show(table)


def print_code(session: Session, code: str, person: dict[str, Any], made: dict[str, Any]) -> None:
    """Print the code to hand to somebody, and what they do with it."""
    until = show_time(made["expires_at_ms"])
    words = session.say(code, name=person["name"], until=until)
    session.print(made["code"], style="bold")
    session.print(words.title)


@click.command("rules", cls=SpokenCommand)
@click.option("--shared", type=Choice("yes", "no"))
@click.option("--sign-up", type=Choice("open", "closed"))
@click.pass_obj
def rules(session: Session, shared: str | None, sign_up: str | None) -> None:
    """Show and change how people use this machine."""
    changes = {}
    if shared is not None:
        changes["shared"] = shared == "yes"
    if sign_up is not None:
        changes["sign_up"] = sign_up == "open"
    with session.connect() as client:
        if changes:
            answer = client.ask("PATCH", "/rules", body=changes)
        else:
            answer = client.ask("GET", "/rules")
    session.answer(answer, lambda: print_rules(session, answer))


def print_rules(session: Session, answer: dict[str, Any]) -> None:
    """Print how people use this machine."""
    print_pairs(
        session,
        [
            ("shared", session.label("yes" if answer["shared"] else "no")),
            ("sign_up", session.label("open" if answer["sign_up"] else "closed")),
            ("mail", session.label("set" if answer["mail"] else "none")),
            ("studio", answer["studio"]),
        ],
    )


@click.command("deeds", cls=SpokenCommand)
@click.option("--by", metavar="NAME")
@click.option("--on", metavar="NAME|JOB")
@click.option("--limit", type=Number(1, LIMIT_MAX), metavar="N", default=str(DEEDS_SHOWN))
@click.pass_obj
def deeds(session: Session, by: str | None, on: str | None, limit: int) -> None:
    """List what was done by role, newest first."""
    with session.connect() as client:
        actor = None if by is None else find_person(client, by)["id"]
        subject = None if on is None else find_subject(client, on)
        pages = client.list_pages("/deeds", min(limit, PAGE), limit, actor=actor, subject=subject)
        found = list(pages)
    session.answer({"items": found}, lambda: print_deeds(session, found))


def find_subject(client: Client, given: str) -> str:
    """Return the id of what is meant: a person's, or what was typed."""
    try:
        return str(find_person(client, given)["id"])
    except BadInput:
        return given


def print_deeds(session: Session, found: list[dict[str, Any]]) -> None:
    """Print the trail."""
    table = make_table(session, ("time", "who", "what", "to_what", "changes"))
    for one in found:
        table.add_row(
            show_time(one["at_ms"]),
            one["actor_name"],
            one["title"],
            one["subject"] or "-",
            show_changes(one),
        )
    session.show(table)


def show_asked(name: str, value: Any) -> str:
    """Return something that was asked, amounts as yuan."""
    is_money = name.endswith("_micros") and isinstance(value, int)
    return f"{name.removesuffix('_micros')}={show_money(value) if is_money else value}"


def show_changes(deed: dict[str, Any]) -> str:
    """Return what a deed changed, as `role: artist -> admin`; else what was asked."""
    before, after = deed["before"] or {}, deed["after"] or {}
    changed = [
        f"{name}: {before.get(name)} → {value}"
        for name, value in after.items()
        if before.get(name) != value
    ]
    asked = [show_asked(name, value) for name, value in deed["asked"].items() if name != "id"]
    return ", ".join(changed or asked) or "-"
