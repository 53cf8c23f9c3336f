"""Requests that come twice are done once and answered the same; limits of rate let go in time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask_openapi3 import OpenAPI
from gevent.pool import Pool

from local_server.farm.db import fetch_value
from local_server.farm.errors import TooOften
from local_server.limits import Limits
from tests.local_server.cast import PASSWORD, Studio, assert_refused, open_studio

KEY = "3f9c2a7b-51d0-4e68"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A studio with an admin and an artist."""
    with open_studio(tmp_path, "admin", "owner") as studio:
        yield studio


def count_mints(studio: Studio) -> int:
    """Return how often money was brought in."""
    sql = "SELECT count(*) FROM operation WHERE kind = 'mint'"
    return int(fetch_value(studio.services.reader, sql))


def test_the_same_request_again_is_answered_the_same(studio: Studio) -> None:
    admin = studio.get_access("admin")
    asked, headers = {"role": "producer"}, {"Idempotency-Key": KEY}
    first = studio.call("PATCH", "/people/owner", admin, json=asked, headers=headers)
    studio.call("PATCH", "/people/owner", admin, json={"role": "artist"})
    again = studio.call("PATCH", "/people/owner", admin, json=asked, headers=headers)
    assert first.status_code == again.status_code == 200
    assert first.get_data() == again.get_data()
    assert again.headers["Idempotency-Replayed"] == "true"
    role = "SELECT role FROM account WHERE id = 'owner'"
    assert fetch_value(studio.services.reader, role) == "artist", "it was not done again"


def test_the_same_key_with_other_content_is_refused(studio: Studio) -> None:
    admin, headers = studio.get_access("admin"), {"Idempotency-Key": KEY}
    asked = {"id": "topup-a", "amount_micros": 5}
    assert studio.call("POST", "/topups", admin, json=asked, headers=headers).status_code == 201
    for path, body in (("/topups", asked | {"amount_micros": 6}), ("/withdrawals", asked)):
        response = studio.call("POST", path, admin, json=body, headers=headers)
        assert_refused(response, 409, "repeat_differs")
    assert count_mints(studio) == 1


def test_a_key_is_its_callers_own(studio: Studio) -> None:
    headers = {"Idempotency-Key": KEY}
    for name, phone in (("admin", "13800138000"), ("owner", "13800138001")):
        asked = {"phone": phone}
        response = studio.call("PATCH", "/me", studio.get_access(name), json=asked, headers=headers)
        assert response.get_json()["phone"] == f"+86{phone}"


def test_what_failed_may_be_tried_again(studio: Studio) -> None:
    admin, headers = studio.get_access("admin"), {"Idempotency-Key": KEY}
    asked = {"id": "out-1", "amount_micros": 5}
    refused = studio.call("POST", "/withdrawals", admin, json=asked, headers=headers)
    assert refused.status_code == 402
    studio.call("POST", "/topups", admin, json={"id": "in-1", "amount_micros": 9})
    done = studio.call("POST", "/withdrawals", admin, json=asked, headers=headers)
    assert done.status_code < 300, done.text


def test_many_at_once_are_one(studio: Studio) -> None:
    admin, headers = studio.get_access("admin"), {"Idempotency-Key": KEY}

    def post(_: int) -> int:
        asked = {"id": "at-once", "amount_micros": 5}
        response = studio.call("POST", "/topups", admin, json=asked, headers=headers)
        return response.status_code

    statuses = set(Pool(16).map(post, range(16)))
    assert 201 in statuses and statuses <= {201, 409}
    assert count_mints(studio) == 1


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with space 1", "é" * 8])
def test_keys_that_are_none(studio: Studio, key: str) -> None:
    admin = studio.get_access("admin")
    headers = {"Idempotency-Key": key}
    asked = {"id": "topup-a", "amount_micros": 5}
    response = studio.call("POST", "/topups", admin, json=asked, headers=headers)
    assert_refused(response, 400, "repeat_key_wrong")


def test_guessing_a_password_is_slowed_down(studio: Studio) -> None:
    wrong = {"login": "owner", "password": "guess"}
    statuses = [studio.call("POST", "/sessions", json=wrong).status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    for login in ("OWNER", " owner "):
        response = studio.call("POST", "/sessions", json={"login": login, "password": PASSWORD})
        assert_refused(response, 429, "too_often")
        assert 0 < int(response.headers["Retry-After"]) <= 300
    assert studio.sign_in("admin"), "others are not held up"


def test_limits_count_by_who_and_say_when_to_come_again() -> None:
    limits = Limits({"try": "2 per minute"})
    limits.count("try", "Ann")
    limits.check("try", "Ann")
    limits.count("try", "ANN")
    for again in (limits.check, limits.count):
        with pytest.raises(TooOften) as caught:
            again("try", " ann")
        assert 0 < int(caught.value.params["retry_after_s"]) <= 61
    limits.count("try", "Bob")


def test_an_app_has_limits_of_its_own(app: OpenAPI) -> None:
    limits = app.extensions["yuntu"].limits
    for what in limits.rates:
        limits.check(what, "anybody")
