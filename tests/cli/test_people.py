"""People at the command line: signing up, in and out, and what admins do for them."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jwt
import keyring
import pytest
from PIL import Image

from local_server.cli.client import Client
from local_server.cli.kept_sign_in import KeptSignIn, SignIn
from local_server.cli.launching import find_server
from local_server.cli.pushes import Pushes
from local_server.farm.db import read_clock_ms
from local_server.settings import STUDIO
from local_server.tokens import ACCESS_MS, Tokens, read_token_secret
from local_server.wording import Wording
from tests.cli.yuntu import Ran, Yuntu
from tests.memory_keyring import MemoryKeyring

PASSWORD, OTHER = "sunlit-kiln-42", "gravel-tide-17"


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yuntu]:
    """A workstation that several people use; its owner has a password."""
    line = Yuntu(tmp_path_factory.mktemp("shared"))
    assert say(line, "password", typed=PASSWORD).code == 0
    assert line("rules", "--shared", "yes", "--sign-up", "open").code == 0
    yield line
    assert line("stop").code == 0


@pytest.fixture(autouse=True)
def nobody_signed_in(line: Yuntu) -> Iterator[None]:
    """Leave no sign-in to the next test."""
    yield
    KeptSignIn(line.data).forget()


@contextmanager
def piped(*typed: str) -> Iterator[None]:
    """Let commands read what is piped in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO("".join(f"{one}\n" for one in typed)))
        yield


def say(line: Yuntu, *argv: str, typed: str) -> Ran:
    """Run a command that asks for something unseen."""
    with piped(*typed.split("\n")):
        return line(*argv)


def sign_in(line: Yuntu, name: str, password: str = PASSWORD) -> None:
    """Sign somebody in."""
    ran = say(line, "signin", name, typed=password)
    assert ran.code == 0, ran.err


def make_person(line: Yuntu, name: str, *options: str) -> None:
    """Make an account."""
    ran = say(line, "signup", name, *options, typed=PASSWORD)
    assert ran.code == 0, ran.err


def find_code(ran: Ran) -> str:
    """Return the code of the error that a command ended with."""
    assert ran.code != 0
    return str(json.loads(ran.err.splitlines()[-1])["error"]["code"])


def test_somebody_has_to_sign_in(line: Yuntu) -> None:
    assert find_code(line("jobs", "--json")) == "sign_in_needed"
    assert "yuntu signin" in line("balance").err
    assert line("version").code == 0


def test_a_person_from_sign_up_to_sign_out(line: Yuntu) -> None:
    make_person(line, "Li Wei", "--email", "li@studio.cn", "--phone", "138 0013 8000")
    sign_in(line, "li@studio.cn")
    me = line.json("whoami")
    assert (me["name"], me["role"], me["phone"]) == ("Li Wei", "artist", "+8613800138000")
    assert line.json("balance")["total_micros"] == 0
    assert line.json("jobs")["items"] == []
    assert find_code(line("topup", "5", "--json")) == "not_allowed"
    shown = line("sessions").out
    assert "Yuntu command line" in shown and "yes" in shown
    assert line("signout").out == "Signed out.\n"
    assert find_code(line("whoami", "--json")) == "sign_in_needed"
    assert find_code(line("signout", "--json")) == "not_signed_in"


def test_where_the_tokens_lie_is_said(line: Yuntu) -> None:
    ran = say(line, "signin", "me", "--json", typed=PASSWORD)
    assert not ran.json["in_keyring"] and "sign-in.json" in ran.err
    file = line.data / "sign-in.json"
    assert file.stat().st_mode & 0o077 == 0
    kept = KeptSignIn(line.data).read()
    assert kept is not None and kept.refresh_token in file.read_text()


def test_the_keyring_has_them_where_there_is_one(
    line: Yuntu, request: pytest.FixtureRequest
) -> None:
    ring, before = MemoryKeyring(), keyring.get_keyring()
    keyring.set_keyring(ring)
    request.addfinalizer(lambda: keyring.set_keyring(before))
    ran = say(line, "signin", "me", "--json", typed=PASSWORD)
    assert ran.json["in_keyring"] and ran.err == ""
    [text] = ring.entries.values()
    assert json.loads(text)["refresh_token"] not in (line.data / "sign-in.json").read_text()
    assert line.json("whoami")["id"] == "me"
    assert line("signout").code == 0
    assert not ring.entries and not (line.data / "sign-in.json").exists()


def expire(line: Yuntu) -> SignIn:
    """Let the kept access token be one that has run out."""
    kept = KeptSignIn(line.data)
    standing = kept.read()
    assert standing is not None
    tokens = Tokens(read_token_secret(line.data), studio=STUDIO)
    past = read_clock_ms() - ACCESS_MS - 1000
    whose = {"account": standing.person, "session": standing.session}
    access, _ = tokens.make_access(**whose, at_ms=past)
    expired = SignIn(
        person=standing.person,
        name=standing.name,
        session=standing.session,
        access_token=access,
        refresh_token=standing.refresh_token,
    )
    kept.keep(expired)
    return expired


def test_a_token_that_runs_out_is_renewed_unseen(line: Yuntu) -> None:
    sign_in(line, "me")
    expired = expire(line)
    ran = line("whoami", "--json")
    assert (ran.code, ran.err, ran.json["id"]) == (0, "", "me")
    renewed = KeptSignIn(line.data).read()
    assert renewed is not None and renewed.session == expired.session
    assert renewed.refresh_token != expired.refresh_token
    told = jwt.decode(renewed.access_token, options={"verify_signature": False})
    assert told["exp"] * 1000 > read_clock_ms()


def test_pushes_come_to_whoever_has_signed_in(line: Yuntu) -> None:
    sign_in(line, "me")
    expire(line)
    address = find_server(line.data, Wording("en"))
    assert address is not None
    client = Client(address, Wording("en"), KeptSignIn(line.data))
    with Pushes(client) as pushes:
        assert line("topup", "1").code == 0
        taken = pushes.take(seconds_max=20)
    assert [push.data["kind"] for push in taken] == ["ledger.mint"]
    client.close()


def test_a_secret_that_was_thrown_away_costs_no_sign_in(line: Yuntu) -> None:
    sign_in(line, "me")
    assert line("stop").code == 0
    (line.data / "token.key").unlink()
    assert line.json("whoami")["id"] == "me"


def test_commands_side_by_side_renew_it_once(line: Yuntu) -> None:
    sign_in(line, "me")
    expire(line)
    command = line.make_command("whoami", "--json")
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    told = [process.communicate(timeout=60)[0] for process in started]
    assert [json.loads(one)["id"] for one in told] == ["me"] * 4
    assert line.json("whoami")["id"] == "me", "the session was not taken for a stolen one"


def test_a_sign_in_that_is_over_is_forgotten(line: Yuntu) -> None:
    make_person(line, "Short Stay")
    sign_in(line, "Short Stay")
    theirs = (line.data / "sign-in.json").read_text()
    sign_in(line, "me")
    assert line("people", "signout", "short stay").code == 0
    (line.data / "sign-in.json").write_text(theirs)
    assert find_code(line("whoami", "--json")) == "session_ended"
    assert find_code(line("whoami", "--json")) == "sign_in_needed"


def test_a_wrong_password_and_none(line: Yuntu) -> None:
    assert "wrong" in say(line, "signin", "me", typed="no-such-thing").err
    with piped():
        assert find_code(line("signin", "me", "--json")) == "nothing_typed"
    assert find_code(say(line, "signup", "Weak", "--json", typed="12345678")) == "password_too_weak"


def test_passwords_are_changed_and_forgotten(line: Yuntu) -> None:
    make_person(line, "Wang Fang")
    sign_in(line, "Wang Fang")
    assert find_code(say(line, "password", "--json", typed=f"x\n{OTHER}")) == "password_wrong"
    assert "changed" in say(line, "password", typed=f"{PASSWORD}\n{OTHER}").out
    assert line.json("whoami")["name"] == "Wang Fang", "this sign-in goes on"
    assert "yuntu people code" in line("password", "--forgotten", "Wang Fang").out
    sign_in(line, "me")
    code = line.json("people", "code", "wang fang")["code"]
    ran = say(line, "password", "--forgotten", "Wang Fang", "--code", typed=f"{code}\n{PASSWORD}")
    assert ran.code == 0, ran.err
    sign_in(line, "Wang Fang")


def test_the_profile(line: Yuntu, tmp_path: Path) -> None:
    make_person(line, "Zhang San")
    sign_in(line, "Zhang San")
    picture = tmp_path / "me.jpg"
    Image.new("RGB", (300, 400), "teal").save(picture)
    options = ["--phone", "+442079460958", "--picture", str(picture), "--email", "z@studio.cn"]
    shown = say(line, "profile", *options, typed=PASSWORD).out
    assert "+442079460958" in shown and "not verified yet" in shown
    assert line.json("profile")["has_avatar"]
    emptied = line.json("profile", "--phone", "", "--no-picture", "--name", "Zhang Si")
    assert (emptied["phone"], emptied["has_avatar"], emptied["name"]) == (None, False, "Zhang Si")
    assert find_code(line("profile", "--picture", "none.png", "--json")) == "file_unreadable"
    assert find_code(line("profile", "--verify", "--json")) == "mail_not_set_up"
    sign_in(line, "me")
    code = line.json("people", "code", "zhang si", "--email")["code"]
    sign_in(line, "Zhang Si")
    assert "not verified yet" not in say(line, "profile", "--code", typed=code).out


def test_admins_look_after_people(line: Yuntu) -> None:
    make_person(line, "Zhao Liu", "--email", "zhao@studio.cn")
    sign_in(line, "me")
    names = [one["name"] for one in line.json("people")["items"]]
    assert {"me", "Zhao Liu"} <= set(names)
    assert line.json("people", "role", "ZHAO@studio.cn", "producer")["role"] == "producer"
    assert line.json("people", "level", "zhao liu", "gold")["level"] == "gold"
    assert "producer" in line("people", "show", "Zhao Liu").out
    [level, role] = line.json("deeds", "--on", "Zhao Liu", "--limit", "2")["items"]
    assert (role["before"]["role"], role["after"]["role"]) == ("artist", "producer")
    assert (level["before"]["level"], level["after"]["level"]) == ("standard", "gold")
    assert line("topup", "2.50", "--account", "Zhao Liu").code == 0
    told = line("deeds", "--by", "me").out
    assert "Changed a role or level" in told and "role: artist → producer" in told
    assert "Topped up an account" in told and "amount=¥2.50" in told
    assert line.json("people", "remove", "Zhao Liu")["removed_at_ms"]
    assert "Zhao Liu" not in line("people").out
    assert "Zhao Liu (Removed)" in line("people", "--removed").out


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["people", "praise"], "command_unknown"),
        (["people", "role"], "argument_needed"),
        (["people", "role", "me"], "argument_needed"),
        (["people", "list", "me"], "too_many_arguments"),
        (["people", "show", "nobody"], "person_not_found"),
        (["people", "role", "me", "artist"], "last_admin"),
        (["people", "remove", "me"], "owner_stays"),
        (["people", "level", "me", "diamond"], "level_unknown"),
        (["people", "role", "me", "king"], "invalid"),
        (["rules", "--shared", "maybe"], "choice_expected"),
    ],
)
def test_what_no_admin_can_do(line: Yuntu, argv: list[str], code: str) -> None:
    sign_in(line, "me")
    assert find_code(line(*argv, "--json")) == code


def test_rules_are_shown_to_everybody(line: Yuntu) -> None:
    assert line.json("rules") == {"shared": True, "sign_up": True, "mail": False, "studio": STUDIO}
    assert find_code(line("rules", "--shared", "no", "--json")) == "sign_in_needed"


def test_the_history_of_a_profile_of_nobody_else_is_shown(line: Yuntu) -> None:
    """One's own without a name; what admins may see of others is asked for by name."""
    assert say(line, "signup", "gao", typed=PASSWORD).code == 0
    assert say(line, "signin", "gao", typed=PASSWORD).code == 0
    own = line("people", "history", "--json")
    assert (own.code, own.json) == (0, {"items": []})
    assert "Nothing of this profile" in line("people", "history").err
    assert line("people", "history", "me").code == 2
