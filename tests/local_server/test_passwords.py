"""Passwords: every letter counts, the weak are refused, and only their owner waits for a hash."""

import threading
import unicodedata
from collections.abc import Iterator
from threading import Event

import bcrypt
import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_server.farm.errors import Unavailable, YuntuError
from local_server.passwords import (
    WAITING_MAX,
    Passwords,
    check_strength,
    prepare,
)
from tests.local_server.cast import COST, PASSWORD


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    """Hashing as little as bcrypt can."""
    passwords = Passwords(cost=COST)
    yield passwords
    passwords.pool.kill()


@given(st.text(), st.text())
def test_two_passwords_are_one_only_when_they_are_typed_the_same(one: str, other: str) -> None:
    same = unicodedata.normalize("NFKC", one) == unicodedata.normalize("NFKC", other)
    assert (prepare(one) == prepare(other)) is same


@given(st.text(max_size=300))
def test_bcrypt_sees_all_of_what_it_is_given(password: str) -> None:
    given_to_bcrypt = prepare(password)
    assert len(given_to_bcrypt) <= 72 and b"\0" not in given_to_bcrypt


@given(st.text(max_size=300))
@settings(deadline=None)
def test_judging_never_breaks(password: str) -> None:
    try:
        check_strength(password, ["Li Wei", "li@studio.cn"])
    except YuntuError as error:
        told = {"password_too_short", "password_too_long", "password_too_weak"}
        if error.code not in told:
            raise


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "12345678",
        "qwertyuiop",
        "iloveyou1",
        "woaini1314",
        "yuntu2026",
        "liwei1990",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "Password1!",
        "2026-11-25",
    ],
)
def test_what_everybody_guesses_first_is_refused(password: str) -> None:
    with pytest.raises(YuntuError, match="password_too_weak"):
        check_strength(password, ["liwei", "yuntu"])


@pytest.mark.parametrize(
    "password", [PASSWORD, "correct horse battery", "灯笼 石桥 木船 月亮 糖葫芦", "zX9#kk2!pQ"]
)
def test_what_is_hard_to_guess_is_let_through(password: str) -> None:
    check_strength(password, [])


def test_nobodys_hash_takes_as_much_work_and_is_no_hash(passwords: Passwords) -> None:
    real = passwords.hash(PASSWORD, known=())
    assert real[:7] == passwords.nobody[:7] == f"$2b${COST:02}$"
    assert len(real) == len(passwords.nobody)
    assert bcrypt.hashpw(b"x", passwords.nobody.encode()).decode()[:29] == passwords.nobody[:29]
    assert passwords.check(PASSWORD, real)
    assert not passwords.check(PASSWORD, passwords.nobody)
    assert not passwords.check(PASSWORD, None) and not passwords.check("", None)


def test_hashing_is_not_done_where_requests_are_answered(passwords: Passwords) -> None:
    assert passwords.run(threading.get_ident) != threading.get_ident()


def test_a_storm_is_told_to_come_again(passwords: Passwords) -> None:
    go_on = Event()
    waiting = [gevent.spawn(passwords.run, go_on.wait, 60) for _ in range(WAITING_MAX)]
    gevent.sleep(0)
    try:
        with pytest.raises(Unavailable, match="sign_in_busy"):
            passwords.check(PASSWORD, None)
    finally:
        go_on.set()
    gevent.joinall(waiting, raise_error=True)
    assert not passwords.check(PASSWORD, None), "and then there is room again"
