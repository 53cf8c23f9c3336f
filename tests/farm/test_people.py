"""People without a server: names that look alike, numbers, codes, and families of tokens."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlite_utils import Database

from local_server.farm import codes, people, sessions
from local_server.farm.accounts import ensure_account
from local_server.farm.codes import HOUR_MS, PER_HOUR_MAX, SENT_MS, TRIES_MAX, Purpose
from local_server.farm.contacts import check_name, check_phone
from local_server.farm.db import fetch_rows, fetch_value, open_database, write
from local_server.farm.errors import Unauthorized, YuntuError
from local_server.farm.migrations import MIGRATIONS
from local_server.farm.people_tables import fold_name
from local_server.farm.sessions import EndReason

HASH = "of a password"


@pytest.fixture
def db() -> Iterator[Database]:
    """A farm with one person, who has a password."""
    db = open_database(Path(":memory:"))
    with write(db):
        people.sign_up(
            db,
            id="li",
            name="Li",
            password=HASH,
            email=None,
            phone=None,
            at_ms=1,
        )
    yield db
    db.conn.close()


@given(st.text(max_size=60))
def test_a_name_is_kept_as_it_is_looked_up(text: str) -> None:
    try:
        name = check_name(text)
    except YuntuError:
        return
    assert check_name(name) == name
    assert 2 <= len(name) <= 40 and "@" not in name and name == name.strip()
    assert not any(unicodedata.category(letter)[0] == "C" for letter in name)
    assert fold_name(fold_name(name)) == fold_name(name)


@given(st.text())
def test_whatever_is_typed_for_a_number_is_one_or_refused(text: str) -> None:
    try:
        number = check_phone(text)
    except YuntuError:
        return
    assert check_phone(number) == number and number.startswith("+") and number[1:].isdigit()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("13800138000", "+8613800138000"),
        ("+86 138-0013-8000", "+8613800138000"),
        ("(010) 6552 9988", "+861065529988"),
        ("+1 650-253-0000", "+16502530000"),
        ("00442079460958", "+442079460958"),
    ],
)
def test_numbers_as_people_write_them(typed: str, kept: str) -> None:
    assert check_phone(typed) == kept


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(waits=st.lists(st.integers(0, HOUR_MS), max_size=30))
def test_no_hour_has_more_codes_than_five(db: Database, waits: list[int]) -> None:
    now, made = 10**9 + int(fetch_value(db, "SELECT coalesce(max(made_at_ms), 0) FROM code")), []
    now += HOUR_MS
    for wait in waits:
        now += wait
        with write(db):
            if add_code(db, now):
                made.append(now)
    assert all(sum(now - HOUR_MS < one <= now for one in made) <= PER_HOUR_MAX for now in made)
    open_codes = fetch_rows(db, "SELECT * FROM code WHERE ended_at_ms IS NULL")
    assert len(open_codes) <= 1, "a newer one ends the one before"


def add_code(db: Database, at_ms: int) -> bool:
    """Note a code whose hash is `right`."""
    return codes.add_code(
        db,
        account="li",
        purpose=Purpose.PASSWORD,
        code_hash="right",
        email=None,
        lasts_ms=SENT_MS,
        at_ms=at_ms,
    )


@given(tries=st.lists(st.booleans(), min_size=1, max_size=10))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_code_works_once_within_five_tries(db: Database, tries: list[bool]) -> None:
    now = HOUR_MS * 2 + int(fetch_value(db, "SELECT coalesce(max(made_at_ms), 0) FROM code"))
    with write(db):
        assert add_code(db, now)
    got = []
    for right in tries:
        with write(db):
            used = codes.try_code(
                db,
                account="li",
                purpose=Purpose.PASSWORD,
                code_hash="right" if right else "wrong",
                at_ms=now + 1,
            )
        got.append(used is not None)
    first = tries.index(True) if True in tries else len(tries)
    wanted = [number == first and first < TRIES_MAX for number in range(len(tries))]
    assert got == wanted


class Family(RuleBasedStateMachine):
    """One session under any order of exchanges: only its latest token is worth anything."""

    def __init__(self) -> None:
        super().__init__()
        self.db = open_database(Path(":memory:"))
        self.now = 1_000
        self.given = ["token-0"]
        self.ended = False

    @initialize()
    def sign_in(self) -> None:
        with write(self.db):
            people.sign_up(
                self.db,
                id="li",
                name="Li",
                password=HASH,
                email=None,
                phone=None,
                at_ms=1,
            )
            sessions.open_session(
                self.db,
                id="session",
                account="li",
                password=HASH,
                token_hash="token-0",  # noqa: S106
                device="",
                agent="",
                at_ms=self.now,
            )

    @rule(back=st.integers(0, 3), wait=st.integers(0, 1000))
    def exchange(self, back: int, wait: int) -> None:
        self.now += wait
        place = max(0, len(self.given) - 1 - back)
        following = f"token-{len(self.given)}"
        with write(self.db):
            session = sessions.exchange_token(
                self.db, token_hash=self.given[place], next_hash=following, at_ms=self.now
            )
        if not self.ended and place == len(self.given) - 1:
            assert session.ended_at_ms is None
            self.given.append(following)
        else:
            assert session.end_reason == EndReason.REUSED
            self.ended = True

    @rule()
    def try_none(self) -> None:
        with pytest.raises(Unauthorized, match="refresh_wrong"), write(self.db):
            sessions.exchange_token(
                self.db,
                token_hash="never given",  # noqa: S106
                next_hash="none",
                at_ms=self.now,
            )

    @invariant()
    def the_session_stands_as_it_should(self) -> None:
        standing = sessions.find_standing(self.db, session="session", at_ms=self.now)
        assert standing is None or standing.live is not self.ended
        unused = fetch_rows(self.db, "SELECT hash FROM refresh_token WHERE used_at_ms IS NULL")
        assert len(unused) <= 1

    def teardown(self) -> None:
        self.db.conn.close()


TestFamily = Family.TestCase
TestFamily.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)


def test_machines_that_were_apart_may_have_two_of_a_name(db: Database) -> None:
    with write(db):
        for id in ("li-2", "li-3"):
            ensure_account(db, account=id, name="LI", at_ms=2)
            ensure_account(db, account=id, name="LI", at_ms=3)
    names = [row["name"] for row in fetch_rows(db, "SELECT name FROM account ORDER BY id")]
    assert names == ["Li", "LI-2", "LI-3"]


def test_accounts_of_before_keep_their_names_and_the_owner_is_admin() -> None:
    db = open_database(Path(":memory:"), migrate=False)
    with write(db):
        MIGRATIONS.apply(db, stop_before="m010_people")
        for id, name in (("me", "me"), ("a", "Ann"), ("b", "ANN")):
            db.conn.execute(
                "INSERT INTO account (id, name, created_at_ms) VALUES (?, ?, 1)", (id, name)
            )
        MIGRATIONS.apply(db)
    rows = fetch_rows(db, "SELECT id, name, name_key, role, level FROM account ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [
        ("a", "Ann", "ann", "artist", "standard"),
        ("b", "ANN-b", "ann-b", "artist", "standard"),
        ("me", "me", "me", "admin", "standard"),
    ]
    db.conn.close()


def test_an_account_is_never_deleted(db: Database) -> None:
    with pytest.raises(Exception, match="the books speak of it"):
        db.conn.execute("DELETE FROM account")
