"""Commands about who one is: signup, signin, signout, sessions, whoami, password, profile."""

import platform
from pathlib import Path
from typing import Any

import click

from local_server.cli.asking import ask_new_password, ask_secret
from local_server.cli.client import Client
from local_server.cli.kept_sign_in import read_answer
from local_server.cli.session import Session
from local_server.cli.spoken import SpokenCommand
from local_server.cli.tables import make_table, print_pairs, show_time
from local_server.farm.errors import BadInput
from local_server.farm.identifiers import make_id


@click.command("signup", cls=SpokenCommand)
@click.argument("name")
@click.option("--email", metavar="ADDRESS")
@click.option("--phone", metavar="NUMBER")
@click.pass_obj
def signup(session: Session, name: str, email: str | None, phone: str | None) -> None:
    """Make an account; the id made here makes a second try after a lost answer safe."""
    body = {"id": make_id(), "name": name, "email": email, "phone": phone}
    body["password"] = ask_new_password(session)
    with session.connect() as client:
        person = client.ask("POST", "/people", body=body)
    session.answer(person, lambda: print_person(session, person))


@click.command("signin", cls=SpokenCommand)
@click.argument("login", metavar="NAME")
@click.option("--device", metavar="TEXT")
@click.pass_obj
def signin(session: Session, login: str, device: str | None) -> None:
    """Sign in; every command on this data directory is this person's from now on."""
    kept = session.find_sign_in()
    body = {"login": login, "device": device or platform.node()[:100]}
    body["password"] = ask_secret(session, "password")
    with session.connect() as client:
        told = client.ask("POST", "/sessions", body=body)
    with kept.lock():
        in_keyring = kept.keep(read_answer(told))
    person = told["person"]
    answer = {"person": person, "session": told["session"], "in_keyring": in_keyring}
    session.answer(answer, lambda: print_signed_in(session, person["name"]))
    if not in_keyring:
        session.note("tokens_in_file", path=str(kept.file))


def print_signed_in(session: Session, name: str) -> None:
    """Say who is signed in."""
    session.print(session.say("signed_in", name=name).title)


@click.command("signout", cls=SpokenCommand)
@click.argument("id", metavar="[SESSION]", required=False)
@click.option("--everywhere", is_flag=True)
@click.pass_obj
def signout(session: Session, id: str | None, *, everywhere: bool) -> None:
    """End this sign-in, another one, or all of them."""
    kept = session.find_sign_in()
    mine = kept.read()
    ended = id or (mine.session if mine else None)
    if ended is None and not everywhere:
        raise BadInput("not_signed_in")
    with session.connect() as client:
        client.call("DELETE", "/sessions" if everywhere else f"/sessions/{ended}")
    if mine is not None and (everywhere or ended == mine.session):
        kept.forget()
    answer = {"ended": "all" if everywhere else ended}
    session.answer(answer, lambda: session.print(session.say("signed_out").title))


@click.command("sessions", cls=SpokenCommand)
@click.pass_obj
def sessions(session: Session) -> None:
    """List where one is signed in."""
    with session.connect() as client:
        answer = client.ask("GET", "/sessions")
    session.answer(answer, lambda: print_sessions(session, answer["items"]))


@click.command("whoami", cls=SpokenCommand)
@click.pass_obj
def whoami(session: Session) -> None:
    """Say who one is to the server."""
    with session.connect() as client:
        person = client.ask("GET", "/me")
    session.answer(person, lambda: print_person(session, person))


@click.command("password", cls=SpokenCommand)
@click.option("--forgotten", metavar="NAME")
@click.option("--code", "has_code", is_flag=True)
@click.pass_obj
def password(session: Session, forgotten: str | None, *, has_code: bool) -> None:
    """Set a new password, with the one so far or with a code."""
    with session.connect() as client:
        if forgotten is None:
            change_password(session, client)
            code = "password_changed"
        elif has_code:
            reset_password(session, client, forgotten)
            code = "password_changed"
        else:
            sent = client.ask("POST", "/passwords/forgotten", body={"login": forgotten})["mail"]
            code = "code_sent" if sent else "code_from_admin"
    words = session.say(code, name=forgotten or "")
    session.answer({"done": code}, lambda: session.print(words.line))


def change_password(session: Session, client: Client) -> None:
    """Ask for the password so far, where it is needed, and for a new one."""
    body = {}
    if client.sign_in is not None:
        body["old_password"] = ask_secret(session, "old_password")
    body["password"] = ask_new_password(session)
    client.call("PUT", "/me/password", body=body)


def reset_password(session: Session, client: Client, login: str) -> None:
    """Ask for a code and a new password."""
    body = {"login": login, "code": ask_secret(session, "code")}
    body["password"] = ask_new_password(session)
    client.call("POST", "/passwords/reset", body=body)


@click.command("profile", cls=SpokenCommand)
@click.option("--name", metavar="TEXT")
@click.option("--email", metavar="ADDRESS")
@click.option("--phone", metavar="NUMBER")
@click.option("--picture", metavar="FILE")
@click.option("--no-picture", is_flag=True)
@click.option("--verify", is_flag=True)
@click.option("--code", "has_code", is_flag=True)
@click.pass_obj
def profile(
    session: Session,
    name: str | None,
    email: str | None,
    phone: str | None,
    picture: str | None,
    *,
    no_picture: bool,
    verify: bool,
    has_code: bool,
) -> None:
    """Show and change one's profile; an empty value takes an e-mail or a number away."""
    given = {"name": name, "email": email, "phone": phone}
    changes = {field: value or None for field, value in given.items() if value is not None}
    with session.connect() as client:
        if "email" in changes and client.sign_in is not None:
            changes["password"] = ask_secret(session, "password")
        if changes:
            client.call("PATCH", "/me", body=changes)
        if no_picture:
            client.call("DELETE", "/me/avatar")
        if picture is not None:
            client.send_bytes("PUT", "/me/avatar", read_picture(picture))
        if verify and not has_code:
            client.call("POST", "/me/email/code", body={})
            session.note("verify_sent")
        if verify or has_code:
            client.call("POST", "/me/email/verify", body={"code": ask_secret(session, "code")})
        person = client.ask("GET", "/me")
    session.answer(person, lambda: print_person(session, person))


def read_picture(path: str) -> bytes:
    """Return a file's bytes. Raises BadInput `file_unreadable`."""
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise BadInput("file_unreadable", path=path, words=error.strerror or "") from error


def print_person(session: Session, person: dict[str, Any]) -> None:
    """Print all that is known of a person."""
    email = person["email"]
    if email is not None and not person["email_verified"]:
        email = f"{email} ({session.label('unverified')})"
    print_pairs(
        session,
        [
            ("name", person["name"]),
            ("id", person["id"]),
            ("role", session.label(f"role_{person['role']}")),
            ("level", person["level"]),
            ("email", email),
            ("phone", person["phone"]),
            ("password", session.label("set" if person["has_password"] else "none")),
            ("picture", session.label("set" if person["has_avatar"] else "none")),
            ("created", show_time(person["created_at_ms"])),
            ("removed", person["removed_at_ms"] and show_time(person["removed_at_ms"])),
        ],
    )


def print_sessions(session: Session, found: list[dict[str, Any]]) -> None:
    """Print where one is signed in."""
    table = make_table(session, ("id", "device", "program", "created", "used", "this_one"))
    for one in found:
        table.add_row(
            one["id"],
            one["device"] or "-",
            one["program"],
            show_time(one["created_at_ms"]),
            show_time(one["used_at_ms"]),
            session.label("yes") if one["current"] else "",
        )
    session.show(table)
