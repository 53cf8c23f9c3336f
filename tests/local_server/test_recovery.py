"""Forgotten passwords and e-mails shown to be one's own: by mail, or by an admin's code."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from local_server.farm import codes
from local_server.farm.accounts import Role
from local_server.farm.codes import HANDED_MS, PER_HOUR_MAX, TRIES_MAX, Purpose
from local_server.farm.db import read_clock_ms
from local_server.mail import Security
from tests.end_to_end.running_farm import RunningFarm
from tests.local_server.cast import PASSWORD, Studio, assert_refused, open_studio
from tests.local_server.post_office import PostOffice, open_post_office, read_code

OTHER = "gravel-tide-17"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOffice]:
    """The studio's mail server."""
    with open_post_office(tmp_path_factory.mktemp("office"), Security.STARTTLS) as office:
        yield office


@pytest.fixture(scope="module")
def farm(office: PostOffice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFarm]:
    """A server that has a mail server."""
    farm = RunningFarm(tmp_path_factory.mktemp("recovery") / "data", "--no-node")
    farm.data.mkdir()
    office.write_settings(farm.data)
    with farm:
        yield farm


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A studio without a mail server."""
    with open_studio(tmp_path, "owner", "admin") as studio:
        yield studio


def post(farm: RunningFarm, path: str, body: dict[str, Any], token: str | None = None) -> Any:
    """Send a request as somebody, or as nobody."""
    headers = {"Accept-Language": "zh"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return requests.post(f"{farm.address}{path}", json=body, headers=headers, timeout=60)


def sign_up(farm: RunningFarm, name: str, email: str) -> str:
    """Make an account as the workstation's owner, and sign it in; returns its access token."""
    farm.post("/people", {"name": name, "password": PASSWORD, "email": email})
    signed = post(farm, "/sessions", {"login": name, "password": PASSWORD})
    return str(signed.json()["access_token"])


def test_an_email_is_shown_to_be_ones_own(farm: RunningFarm, office: PostOffice) -> None:
    token = sign_up(farm, "Li Wei", "li@studio.cn")
    assert post(farm, "/me/email/code", {}, token).status_code == 202
    recipients, mail = office.take()
    assert recipients == ["li@studio.cn"] and mail["Subject"] == "云图验证码"
    code = read_code(mail)
    assert post(farm, "/me/email/verify", {"code": "wrong"}, token).status_code == 422
    shown = post(farm, "/me/email/verify", {"code": f" {code.upper()} "}, token)
    assert shown.json()["email_verified"]
    again = post(farm, "/me/email/verify", {"code": code}, token)
    assert again.json()["error"]["code"] == "code_wrong", "it worked once"


def test_another_email_has_to_be_shown_again(farm: RunningFarm, office: PostOffice) -> None:
    token = sign_up(farm, "Wang Fang", "wang@studio.cn")
    post(farm, "/me/email/code", {}, token)
    code = office.take_code()
    headers = {"Authorization": f"Bearer {token}"}
    changed = {"email": "wang.fang@studio.cn", "password": PASSWORD}
    requests.patch(f"{farm.address}/me", json=changed, headers=headers, timeout=60)
    refused = post(farm, "/me/email/verify", {"code": code}, token)
    assert refused.json()["error"]["code"] == "code_wrong", "the code went to the old one"


def test_a_forgotten_password(farm: RunningFarm, office: PostOffice) -> None:
    token = sign_up(farm, "Zhang San", "zhang@studio.cn")
    for nobody in ("nobody", "nobody@studio.cn"):
        told = post(farm, "/passwords/forgotten", {"login": nobody})
        assert (told.status_code, told.json()) == (202, {"mail": True})
    told = post(farm, "/passwords/forgotten", {"login": "ZHANG@studio.cn"})
    assert (told.status_code, told.json()) == (202, {"mail": True})
    recipients, mail = office.take()
    assert recipients == ["zhang@studio.cn"] and office.mails.empty()
    code = read_code(mail)
    asked = {"login": "zhang san", "code": code, "password": "password1"}
    assert post(farm, "/passwords/reset", asked).json()["error"]["code"] == "password_too_weak"
    asked["password"] = OTHER
    assert post(farm, "/passwords/reset", asked).status_code == 204, "a weak one used nothing up"
    assert post(farm, "/passwords/reset", asked).json()["error"]["code"] == "code_wrong"
    assert post(farm, "/me/email/code", {}, token).json()["error"]["code"] == "session_ended"
    old, new = ({"login": "Zhang San", "password": one} for one in (PASSWORD, OTHER))
    assert post(farm, "/sessions", old).status_code == 401
    assert post(farm, "/sessions", new).status_code == 201


def test_no_box_is_filled_with_codes(farm: RunningFarm, office: PostOffice) -> None:
    token = sign_up(farm, "Zhao Liu", "zhao@studio.cn")
    for _ in range(PER_HOUR_MAX):
        assert post(farm, "/me/email/code", {}, token).status_code == 202
        office.take()
    assert post(farm, "/me/email/code", {}, token).json()["error"]["code"] == "codes_too_many"
    assert office.mails.empty()


def test_an_admin_hands_out_a_code(studio: Studio) -> None:
    told = studio.call("POST", "/passwords/forgotten", json={"login": "owner"})
    assert told.get_json() == {"mail": False}
    admin = studio.get_access("admin")
    code = studio.call("POST", "/people/owner/code", admin).get_json()["code"]
    asked = {"login": "owner", "code": code, "password": OTHER}
    assert studio.call("POST", "/passwords/reset", json=asked).status_code == 204
    studio.sign_in("owner", password=OTHER)
    assert_refused(studio.call("POST", "/people/nobody/code", admin), 404, "no_person")


def test_an_admin_hands_out_a_code_for_an_email(studio: Studio) -> None:
    admin = studio.get_access("admin")
    refused = studio.call("POST", "/people/owner/email/code", admin)
    assert_refused(refused, 409, "email_missing")
    studio.add_person("mailed", Role.ARTIST, email="mailed@studio.cn")
    mailed = studio.get_access("mailed")
    code = studio.call("POST", "/people/mailed/email/code", admin).get_json()["code"]
    asked = {"login": "mailed", "code": code, "password": OTHER}
    assert_refused(studio.call("POST", "/passwords/reset", json=asked), 422, "code_wrong")
    verified = studio.call("POST", "/me/email/verify", mailed, json={"code": code})
    assert verified.get_json()["email_verified"]
    code = studio.call("POST", "/people/mailed/email/code", admin).get_json()["code"]
    changed = {"email": "new@studio.cn", "password": PASSWORD}
    assert studio.call("PATCH", "/me", mailed, json=changed).status_code == 200
    late = studio.call("POST", "/me/email/verify", mailed, json={"code": code})
    assert_refused(late, 422, "code_wrong")


def test_five_wrong_tries_end_a_code(studio: Studio) -> None:
    admin = studio.get_access("admin")
    code = studio.call("POST", "/people/owner/code", admin).get_json()["code"]
    asked = {"login": "owner", "password": OTHER}
    for _ in range(TRIES_MAX):
        refused = studio.call("POST", "/passwords/reset", json=asked | {"code": "aaaa-aaaa"})
        assert_refused(refused, 422, "code_wrong")
    refused = studio.call("POST", "/passwords/reset", json=asked | {"code": code})
    assert_refused(refused, 422, "code_wrong")


def test_the_code_of_one_person_and_purpose_is_no_good_for_others(studio: Studio) -> None:
    admin = studio.get_access("admin")
    studio.add_person("other", Role.ARTIST, email="other@studio.cn")
    code = studio.call("POST", "/people/owner/code", admin).get_json()["code"]
    asked = {"login": "other", "code": code, "password": OTHER}
    assert_refused(studio.call("POST", "/passwords/reset", json=asked), 422, "code_wrong")
    asked["login"] = "nobody"
    assert_refused(studio.call("POST", "/passwords/reset", json=asked), 422, "code_wrong")
    other = studio.get_access("owner")
    verified = studio.call("POST", "/me/email/verify", other, json={"code": code})
    assert_refused(verified, 422, "code_wrong")


def test_a_newer_code_takes_the_place_of_the_one_before(studio: Studio) -> None:
    admin = studio.get_access("admin")
    old, new = (
        studio.call("POST", "/people/owner/code", admin).get_json()["code"] for _ in range(2)
    )
    asked = {"login": "owner", "password": OTHER}
    refused = studio.call("POST", "/passwords/reset", json=asked | {"code": old})
    assert_refused(refused, 422, "code_wrong")
    assert studio.call("POST", "/passwords/reset", json=asked | {"code": new}).status_code == 204


def test_a_code_runs_out(studio: Studio) -> None:
    write, now = studio.services.writer.write, read_clock_ms()
    told: dict[str, Any] = {"account": "owner", "purpose": Purpose.PASSWORD, "code_hash": "hash"}
    assert write(codes.add_code, **told, email=None, lasts_ms=HANDED_MS, at_ms=now)
    assert write(codes.try_code, **told, at_ms=now + HANDED_MS + 1) is None
    assert write(codes.try_code, **told, at_ms=now + HANDED_MS - 1) is not None


def test_an_email_is_needed_before_it_is_shown(studio: Studio) -> None:
    refused = studio.call("POST", "/me/email/code", studio.get_access("owner"))
    assert_refused(refused, 409, "email_missing")
    studio.add_person("other", Role.ARTIST, email="other@studio.cn")
    refused = studio.call("POST", "/me/email/code", studio.get_access("other"))
    assert_refused(refused, 409, "mail_not_set_up")
