"""Signing up, in and out: names, passwords, sessions, and refresh tokens that work once."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import gevent
import pytest

from local_server.farm import people, sessions
from local_server.farm.accounts import Role
from local_server.farm.db import fetch_rows, read_clock_ms
from local_server.farm.errors import Unauthorized
from local_server.farm.sessions import IDLE_MS_MAX, SESSIONS_MAX
from local_server.settings import OWNER
from local_server.tokens import hash_refresh
from tests.local_server.cast import PASSWORD, Studio, assert_refused, open_studio

OTHER = "gravel-tide-17"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A studio of one artist and one admin; who knocks may come in."""
    with open_studio(tmp_path, "owner", "admin") as studio:
        studio.services.writer.write(
            people.change_rank, account="admin", role=Role.ADMIN, level=None, at_ms=1
        )
        yield studio


def sign_up(studio: Studio, credential: str | None = None, **asked: Any) -> Any:
    """Ask for an account."""
    body = {"name": "Li Wei", "password": PASSWORD} | asked
    return studio.call("POST", "/people", credential, json=body)


def test_signing_up_and_in_by_name_or_email(studio: Studio) -> None:
    made = sign_up(studio, email="Li.Wei@Studio.cn", phone="138 0013 8000")
    assert made.status_code == 201
    person = made.get_json()
    assert (person["role"], person["level"], person["phone"]) == (
        "artist",
        "standard",
        "+8613800138000",
    )
    assert not person["email_verified"]
    for login in ("Li Wei", "li wei", "ＬＩ　ＷＥＩ", " li  wei ", "li.wei@studio.CN"):
        told = studio.sign_in(login)
        assert told["person"]["id"] == person["id"], login
    me = studio.call("GET", "/me", told["access_token"]).get_json()
    assert me == told["person"]
    assert studio.call("GET", "/balance", told["access_token"]).get_json()["total_micros"] == 0


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("owner", "wrong"),
        ("owner", ""),
        ("owner", PASSWORD + "x"),
        ("nobody", PASSWORD),
        ("owner@studio.cn", PASSWORD),
        (OWNER, PASSWORD),  # has none
        (OWNER, ""),
        ("' OR 1=1 --", PASSWORD),
        ("owner\0", PASSWORD),
    ],
)
def test_whoever_is_not_let_in_learns_nothing(studio: Studio, login: str, password: str) -> None:
    response = studio.call("POST", "/sessions", json={"login": login, "password": password})
    assert_refused(response, 401, "sign_in_wrong")
    assert response.get_json()["error"]["params"] == {}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"name": "OWNER"}, "name_taken"),
        ({"name": "ｏｗｎｅｒ"}, "name_taken"),
        ({"name": "a@b.cn"}, "name_wrong"),
        ({"name": "x"}, "name_wrong"),
        ({"name": "own\u200der"}, "name_wrong"),
        ({"name": "\u202egnaw"}, "name_wrong"),
        ({"name": "!!!"}, "name_wrong"),
        ({"name": "n" * 41}, "name_wrong"),
        ({"phone": "12345"}, "phone_wrong"),
        ({"phone": "no number"}, "phone_wrong"),
        ({"email": "li@"}, "invalid"),
        ({"email": "li@studio.cn\r\nBcc: all@studio.cn"}, "invalid"),
        ({"email": '"li wei"@studio.cn'}, "invalid"),
        ({"password": "short"}, "password_too_short"),
        ({"password": "password1"}, "password_too_weak"),
        ({"password": "li wei 2026"}, "password_too_weak"),
        ({"password": "1qaz2wsx3edc"}, "password_too_weak"),
        ({"password": "x" * 257}, "invalid"),
        ({"id": "../up"}, "invalid"),
        ({"id": "owner"}, "account_exists"),
    ],
)
def test_what_no_account_is_made_of(studio: Studio, asked: dict[str, str], code: str) -> None:
    response = sign_up(studio, **asked)
    assert response.get_json()["error"]["code"] == code, response.text
    assert response.status_code in (400, 409, 422)


def test_a_second_account_of_an_email(studio: Studio) -> None:
    assert sign_up(studio, email="li@studio.cn").status_code == 201
    again = sign_up(studio, name="Wang", email="LI@studio.cn")
    assert_refused(again, 409, "email_taken")
    assert people.find_by_login(studio.services.reader, login="Wang") is None, "all or nothing"


def test_a_sign_up_whose_answer_was_lost_is_asked_for_again(studio: Studio) -> None:
    first = sign_up(studio, id="made-by-client")
    assert sign_up(studio, id="made-by-client").get_json() == first.get_json()
    assert_refused(sign_up(studio, id="made-by-client", password=OTHER), 409, "account_exists")


def test_signing_up_can_be_closed(studio: Studio) -> None:
    admin = studio.get_access("admin")
    assert studio.call("PATCH", "/rules", admin, json={"sign_up": False}).status_code == 200
    for credential in (None, studio.get_access("owner"), studio.services.key):
        assert_refused(sign_up(studio, credential), 403, "sign_up_closed")
    assert sign_up(studio, admin).status_code == 201


def test_guessing_is_slowed_down_whatever_the_spelling(studio: Studio) -> None:
    spellings = ["owner", "OWNER", " owner ", "ｏｗｎｅｒ", "Ｏwner", "ᵒwner", "ⓞwner", "𝐨wner"]
    asked = [{"login": login, "password": "wrong"} for login in spellings * 4]
    calls = [gevent.spawn(studio.call, "POST", "/sessions", json=one) for one in asked]
    gevent.joinall(calls, raise_error=True)
    statuses = [call.get().status_code for call in calls]
    assert statuses.count(401) == 10 and statuses.count(429) == len(asked) - 10
    right = studio.call("POST", "/sessions", json={"login": "owner", "password": PASSWORD})
    assert right.status_code == 429 and int(right.headers["Retry-After"]) > 0


def test_an_address_that_guessed_too_often_locks_nobody_out(studio: Studio) -> None:
    limits, address = studio.services.limits, "127.0.0.1"
    for _ in range(limits.rates["signin.address"].amount):
        limits.count("signin.address", address)
    for _ in range(limits.rates["signin.name"].amount):
        wrong = {"login": "owner", "password": "wrong"}
        assert studio.call("POST", "/sessions", json=wrong).status_code == 429
    limits.forgive("signin.address", address)
    studio.sign_in("owner")


def test_signing_in_forgives_what_was_mistyped(studio: Studio) -> None:
    for _ in range(4):
        for _ in range(5):
            wrong = {"login": "owner", "password": "wrong"}
            assert studio.call("POST", "/sessions", json=wrong).status_code == 401
        studio.sign_in("owner")


def test_passwords_beyond_72_bytes_count_to_their_last_letter(studio: Studio) -> None:
    long = "云图渲染农场的一个很长很长的口令，超过七十二个字节之后的内容也必须算数" + "甲乙丙丁"
    assert len(long[:-1].encode()) > 72
    assert sign_up(studio, password=long).status_code == 201
    studio.sign_in("Li Wei", password=long)
    for wrong in (long[:-1], long[:-1] + "戊", long + "x", long.encode()[:72].decode()):
        asked = {"login": "Li Wei", "password": wrong}
        assert studio.call("POST", "/sessions", json=asked).status_code == 401


def test_passwords_are_kept_as_bcrypt_and_tokens_as_hashes(studio: Studio) -> None:
    told = studio.sign_in("owner")
    person = people.get_person(studio.services.reader, account="owner")
    assert person.password and person.password.startswith("$2b$")
    reader = studio.services.reader
    tables = [name for name in reader.table_names() if not name.startswith("sqlite_")]
    dump = "\n".join(str(row) for name in tables for row in reader[name].rows)
    for secret in (PASSWORD, told["refresh_token"], told["access_token"]):
        assert secret not in dump
    assert hash_refresh(told["refresh_token"]) in dump


def refresh(studio: Studio, token: str) -> Any:
    """Exchange a refresh token."""
    return studio.call("POST", "/tokens", json={"refresh_token": token})


def test_refresh_tokens_follow_each_other(studio: Studio) -> None:
    told = studio.sign_in("owner")
    for _ in range(3):
        response = refresh(studio, told["refresh_token"])
        assert response.status_code == 200
        following = response.get_json()
        assert following["session"] == told["session"]
        assert following["refresh_token"] != told["refresh_token"]
        assert studio.call("GET", "/me", following["access_token"]).status_code == 200
        told = following


def test_a_refresh_token_used_twice_ends_its_family(studio: Studio) -> None:
    told, elsewhere = studio.sign_in("owner"), studio.sign_in("owner")
    stolen = told["refresh_token"]
    thief = refresh(studio, stolen).get_json()
    assert_refused(refresh(studio, stolen), 401, "session_copied")
    assert_refused(refresh(studio, thief["refresh_token"]), 401, "session_copied")
    for token in (told["access_token"], thief["access_token"]):
        assert_refused(studio.call("GET", "/me", token), 401, "session_ended")
    assert studio.call("GET", "/me", elsewhere["access_token"]).status_code == 200


def test_of_many_who_refresh_at_once_one_gets_tokens(studio: Studio) -> None:
    token = studio.sign_in("owner")["refresh_token"]
    calls = [gevent.spawn(refresh, studio, token) for _ in range(32)]
    gevent.joinall(calls, raise_error=True)
    statuses = [call.get().status_code for call in calls]
    assert statuses.count(200) == 1 and statuses.count(401) == 31


@pytest.mark.parametrize("token", ["", "x", "é" * 100, "a.b.c"])
def test_refresh_tokens_that_are_none(studio: Studio, token: str) -> None:
    assert_refused(refresh(studio, token), 401, "refresh_wrong")


def test_an_access_token_is_no_refresh_token(studio: Studio) -> None:
    token = studio.get_access("owner")
    assert refresh(studio, token).status_code in (400, 401)


def test_a_session_that_nobody_uses_ends(studio: Studio) -> None:
    token, now = studio.sign_in("owner")["refresh_token"], read_clock_ms()
    with pytest.raises(Unauthorized, match="refresh_wrong"):
        studio.services.writer.write(
            sessions.exchange_token,
            token_hash=hash_refresh(token),
            next_hash="next",
            at_ms=now + IDLE_MS_MAX + 1000,
        )


def test_sessions_are_listed_and_ended_one_by_one(studio: Studio) -> None:
    desk, lap = (studio.sign_in("owner", device=name) for name in ("desk\x1b[2J", "lap"))
    listed = studio.call("GET", "/sessions", desk["access_token"]).get_json()["items"]
    assert {one["device"]: one["current"] for one in listed} == {"desk [2J": True, "lap": False}
    path = f"/sessions/{lap['session']}"
    assert studio.call("DELETE", path, desk["access_token"]).status_code == 204
    assert_refused(studio.call("GET", "/me", lap["access_token"]), 401, "session_ended")
    assert_refused(refresh(studio, lap["refresh_token"]), 401, "session_ended")
    assert len(studio.call("GET", "/sessions", desk["access_token"]).get_json()["items"]) == 1


def test_signing_out_everywhere(studio: Studio) -> None:
    signed = [studio.sign_in("owner") for _ in range(3)]
    ended = studio.call("DELETE", "/sessions", signed[0]["access_token"])
    assert ended.status_code == 204 and "Content-Type" not in ended.headers
    for one in signed:
        assert_refused(studio.call("GET", "/me", one["access_token"]), 401, "session_ended")
    studio.sign_in("owner")


def test_the_longest_idle_session_makes_room(studio: Studio) -> None:
    first = studio.sign_in("owner")
    for _ in range(SESSIONS_MAX):
        last = studio.sign_in("owner")
    assert_refused(studio.call("GET", "/me", first["access_token"]), 401, "session_ended")
    listed = studio.call("GET", "/sessions", last["access_token"]).get_json()["items"]
    assert len(listed) == SESSIONS_MAX


def test_a_new_password_ends_the_other_sessions(studio: Studio) -> None:
    here, there = studio.sign_in("owner"), studio.sign_in("owner")
    path, asked = "/me/password", {"old_password": PASSWORD, "password": OTHER}
    same = studio.call("PUT", path, here["access_token"], json=asked | {"password": PASSWORD})
    assert_refused(same, 422, "password_same")
    wrong = asked | {"old_password": "wrong"}
    assert_refused(
        studio.call("PUT", path, here["access_token"], json=wrong), 403, "password_wrong"
    )
    missing = {"password": OTHER}
    refused = studio.call("PUT", path, here["access_token"], json=missing)
    assert_refused(refused, 403, "password_wrong")
    assert studio.call("PUT", path, here["access_token"], json=asked).status_code == 204
    assert studio.call("GET", "/me", here["access_token"]).status_code == 200
    assert_refused(studio.call("GET", "/me", there["access_token"]), 401, "session_ended")
    studio.sign_in("owner", password=OTHER)
    old = {"login": "owner", "password": PASSWORD}
    assert_refused(studio.call("POST", "/sessions", json=old), 401, "sign_in_wrong")


def test_a_sign_in_that_was_checked_before_the_password_changed_is_none(studio: Studio) -> None:
    stale = people.get_person(studio.services.reader, account="owner").password
    now, write = read_clock_ms(), studio.services.writer.write
    write(people.change_password, account="owner", password="new", but=None, at_ms=now)  # noqa: S106
    assert stale is not None
    with pytest.raises(Unauthorized, match="sign_in_wrong"):
        write(
            sessions.open_session,
            id="late",
            account="owner",
            password=stale,
            token_hash="hash",  # noqa: S106
            device="",
            agent="",
            at_ms=now,
        )


def test_the_removed_are_out_at_once_and_forgotten(studio: Studio) -> None:
    sign_up(studio, id="li-wei", email="li@studio.cn", phone="13800138000")
    told, admin = studio.sign_in("Li Wei"), studio.get_access("admin")
    assert studio.call("DELETE", "/people/li-wei", admin).status_code == 204
    assert_refused(studio.call("GET", "/me", told["access_token"]), 401, "session_ended")
    assert_refused(refresh(studio, told["refresh_token"]), 401, "session_ended")
    asked = {"login": "Li Wei", "password": PASSWORD}
    assert_refused(studio.call("POST", "/sessions", json=asked), 401, "sign_in_wrong")
    [row] = fetch_rows(studio.services.reader, "SELECT * FROM account WHERE id = 'li-wei'")
    private = ("email", "email_key", "phone", "password", "avatar")
    assert [row[name] for name in private] == [None] * 5 and row["name"] == "Li Wei"
    assert_refused(sign_up(studio), 409, "name_taken")
    assert sign_up(studio, name="Li Na", email="li@studio.cn").status_code == 201
    assert_refused(studio.call("DELETE", "/people/li-wei", admin), 404, "no_person")


def test_a_role_counts_from_the_next_request_on(studio: Studio) -> None:
    owner, admin = studio.get_access("owner"), studio.get_access("admin")
    assert_refused(studio.call("GET", "/deeds", owner), 403, "not_allowed")
    for role, status in (("admin", 200), ("artist", 403)):
        studio.call("PATCH", "/people/owner", admin, json={"role": role})
        assert studio.call("GET", "/deeds", owner).status_code == status


def test_there_is_always_an_admin(studio: Studio) -> None:
    admin = studio.get_access("admin")
    lowered = studio.call("PATCH", "/people/admin", admin, json={"role": "artist"})
    assert_refused(lowered, 409, "last_admin")
    assert_refused(studio.call("DELETE", "/people/admin", admin), 409, "last_admin")
    assert_refused(studio.call("DELETE", f"/people/{OWNER}", admin), 409, "owner_stays")
    assert_refused(
        studio.call("PATCH", "/people/owner", admin, json={"level": "diamond"}),
        422,
        "level_unknown",
    )


def test_nobody_is_locked_out_of_a_machine_that_becomes_shared(tmp_path: Path) -> None:
    with open_studio(tmp_path, "owner") as studio:
        key = studio.services.key
        studio.services.writer.write(lambda db: db.conn.execute("UPDATE setting SET value = 'no'"))
        shared = {"shared": True}
        assert_refused(
            studio.call("PATCH", "/rules", key, json=shared), 409, "admin_needs_password"
        )
        asked = {"password": OTHER}
        assert studio.call("PUT", "/me/password", key, json=asked).status_code == 204
        assert studio.call("PATCH", "/rules", key, json=shared).get_json()["shared"]
        assert_refused(studio.call("GET", "/me", key), 401, "sign_in_needed")
        assert studio.sign_in(OWNER, password=OTHER)["person"]["role"] == "admin"


def test_hashing_holds_nobody_up(studio: Studio) -> None:
    """While every thread that hashes is busy, other calls are answered."""
    pool, go_on = studio.services.passwords.pool, Event()
    busy = [pool.spawn(go_on.wait, 60) for _ in range(pool.maxsize)]
    waiting = [gevent.spawn(sign_up, studio, name=f"person {number}") for number in range(3)]
    try:
        for _ in range(5):
            assert studio.call("GET", "/health").status_code == 200
            gevent.sleep(0)
        assert not any(one.ready() for one in waiting)
    finally:
        go_on.set()
    gevent.joinall(waiting, raise_error=True)
    assert all(one.get() for one in busy)
    assert [one.get().status_code for one in waiting] == [201] * 3


def test_of_many_who_take_a_name_at_once_one_has_it(studio: Studio) -> None:
    calls = [gevent.spawn(sign_up, studio, id=f"try-{number:02}") for number in range(32)]
    gevent.joinall(calls, raise_error=True)
    statuses = [call.get().status_code for call in calls]
    assert statuses.count(201) == 1 and statuses.count(409) == 31


def test_what_is_long_over_is_forgotten(studio: Studio) -> None:
    told = studio.sign_in("owner")
    assert studio.call("DELETE", "/sessions", told["access_token"]).status_code == 204
    write = studio.services.writer.write
    later = read_clock_ms() + IDLE_MS_MAX * 3
    write(sessions.forget_sessions, account="owner", at_ms=read_clock_ms())
    assert fetch_rows(studio.services.reader, "SELECT 1 FROM session")
    write(sessions.forget_sessions, account="owner", at_ms=later)
    for table in ("session", "refresh_token"):
        assert not fetch_rows(studio.services.reader, f"SELECT 1 FROM {table}")
