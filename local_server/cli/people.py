"""Commands about others, for admins: people, rules, deeds."""

from collections.abc import Iterator
from typing import Any

import click

from local_server.cli.asking import confirm
from local_server.cli.client import Client
from local_server.cli.session import Session
from local_server.cli.signing import print_person
from local_server.cli.spoken import SpokenCommand
from local_server.cli.tables import make_table, print_pairs, show_time
from local_server.cli.values import Choice, Number
from local_server.farm.errors import BadInput
from local_server.farm.people_tables import fold_name
from local_server.wording import show_money

ROLES = ("artist", "producer", "admin")
# Each action, and how many words follow it: a name, and what to give it.
ACTIONS = {"list": 0, "show": 1, "role": 2, "level": 2, "code": 1, "signout": 1, "remove": 1}
PAGE = 200
DEEDS_SHOWN = 50
LIMIT_MAX = 1_000_000


@click.command("people", cls=SpokenCommand)
@click.argument("action", type=Choice(*ACTIONS), metavar="[ACTION]", default="list")
@click.argument("name", metavar="[NAME]", required=False)
@click.argument("value", metavar="[VALUE]", required=False)
@click.option("--removed", is_flag=True)
@click.pass_obj
def people(
    session: Session, action: str, name: str | None, value: str | None, *, removed: bool
) -> None:
    """Look after people: list, show, role, level, code, signout, remove."""
    given = [one for one in (name, value) if one is not None]
    check_words(action, given)
    with session.connect() as client:
        if action == "list":
            found = list(list_people(client, removed=removed))
            session.answer({"items": found}, lambda: print_people(session, found))
            return
        person = find_person(client, given[0])
        answer = act(session, client, action, person, *given[1:])
    session.answer(answer, lambda: print_outcome(session, action, person, answer))


def check_words(action: str, given: list[str]) -> None:
    """Raise BadInput `argument_needed` or `too_many_arguments` for a line that does not fit."""
    wanted, command = ACTIONS[action], f"yuntu people {action}"
    if len(given) < wanted:
        argument = ("NAME", "VALUE")[len(given)]
        raise BadInput("argument_needed", argument=argument, command="yuntu people")
    if len(given) > wanted:
        raise BadInput("too_many_arguments", given=" ".join(given[wanted:]), command=command)


def act(
    session: Session, client: Client, action: str, person: dict[str, Any], *value: str
) -> dict[str, Any]:
    """Do one thing to one person, and return the answer."""
    path = f"/people/{person['id']}"
    if action in ("role", "level"):
        return client.ask("PATCH", path, body={action: value[0]})
    if action == "code":
        return client.ask("POST", f"{path}/code", body={})
    if action == "signout":
        client.call("DELETE", f"{path}/sessions")
    if action == "remove":
        confirm(session, "person_remove_asked", name=person["name"])
        client.call("DELETE", path)
    return client.ask("GET", path)


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


def print_outcome(
    session: Session, action: str, person: dict[str, Any], answer: dict[str, Any]
) -> None:
    """Print what became of a person, or the code to hand to them."""
    if action != "code":
        print_person(session, answer)
        return
    words = session.say(
        "code_for_person", name=person["name"], until=show_time(answer["expires_at_ms"])
    )
    session.print(answer["code"], style="bold")
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
