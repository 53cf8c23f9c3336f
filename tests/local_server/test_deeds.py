"""The trail: whatever only a role allows is written down with what it changed, or not done."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pysqlite3 as sqlite3
import pytest
from sqlite_utils import Database

from local_server.access import RIGHTS, Right
from local_server.farm.db import fetch_rows
from local_server.farm.rules import read_rules
from local_server.routes.people import name_deed
from local_server.serve import build_services
from local_server.settings import make_settings
from local_server.witness import mask
from local_server.wording import LANGUAGES, Wording
from tests.local_server.cast import PASSWORD, Studio, open_studio
from tests.local_server.conftest import JOB, fill_database

ALSO_DEEDS = ["POST /people", "POST /orders"]
OTHER = "gravel-tide-17"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A studio with a job of `owner`'s."""
    fill_database(tmp_path / "farm.db", out=tmp_path / "out")
    with open_studio(tmp_path, "owner", "another", "producer", "admin") as studio:
        studio.services.writer.run(
            lambda db: db.conn.execute("UPDATE job SET owner = 'owner' WHERE id = ?", (JOB,))
        )
        yield studio


def list_deeds(studio: Studio, query: str = "") -> list[dict[str, Any]]:
    """Return the trail, newest first."""
    found: list[dict[str, Any]] = studio.call(
        "GET", f"/deeds{query}", studio.get_access("admin")
    ).get_json()["items"]
    return found


def test_a_changed_role_is_written_down_whole(studio: Studio) -> None:
    admin = studio.get_access("admin")
    asked = {"role": "producer", "level": "gold"}
    assert studio.call("PATCH", "/people/owner", admin, json=asked).status_code == 200
    [deed] = list_deeds(studio)
    assert deed["at_ms"] > 0 and deed["id"] == 1
    told = ("actor", "actor_name", "role", "via", "action", "subject", "asked")
    assert [deed[name] for name in told] == [
        "admin",
        "admin",
        "admin",
        "token",
        "PATCH /people/<person>",
        "owner",
        asked,
    ]
    assert (deed["before"]["role"], deed["after"]["role"]) == ("artist", "producer")
    assert (deed["before"]["level"], deed["after"]["level"]) == ("standard", "gold")


def test_what_meets_the_store_many_times_is_done_once(studio: Studio) -> None:
    admin = studio.get_access("admin")
    assert studio.call("POST", "/sync/refold", admin, json={}).status_code == 200
    assert [deed["action"] for deed in list_deeds(studio)] == ["POST /sync/refold"]


def test_every_kind_of_deed(studio: Studio) -> None:
    admin, producer = studio.get_access("admin"), studio.get_access("producer")
    calls: list[tuple[str, str, str, dict[str, Any] | None]] = [
        ("POST", "/people/another/code", admin, None),
        ("DELETE", "/people/another/sessions", admin, None),
        ("POST", "/people", admin, {"id": "li-wei", "name": "Li Wei", "password": PASSWORD}),
        ("DELETE", "/people/li-wei", admin, None),
        ("PATCH", "/rules", admin, {"sign_up": False}),
        ("POST", "/topups", admin, {"id": "gift", "amount_micros": 1}),
        ("POST", f"/jobs/{JOB}/pause", producer, None),
        ("POST", f"/jobs/{JOB}/priority", producer, {"priority": 70}),
        ("POST", f"/jobs/{JOB}/priority", admin, {"priority": 60}),
    ]
    for verb, path, credential, body in calls:
        response = studio.call(verb, path, credential, **({"json": body} if body else {}))
        assert response.status_code < 300, f"{verb} {path}: {response.text}"
    trail = list_deeds(studio)[::-1]
    assert [deed["actor"] for deed in trail] == ["admin"] * 6 + ["producer"] * 2 + ["admin"]
    assert [re.sub("<(?:job|person)>", "…", deed["action"]) for deed in trail] == [
        "POST /people/…/code",
        "DELETE /people/…/sessions",
        "POST /people",
        "DELETE /people/…",
        "PATCH /rules",
        "POST /topups",
        "POST /jobs/…/pause",
        "POST /jobs/…/priority",
        "POST /jobs/…/priority",
    ]
    subjects = ["another", "another", "li-wei", "li-wei", None, "admin", JOB, JOB, JOB]
    assert [deed["subject"] for deed in trail] == subjects
    assert trail[2]["asked"]["password"] == "***"  # noqa: S105
    assert trail[3]["before"]["removed_at_ms"] is None and trail[3]["after"]["removed_at_ms"]
    assert (trail[4]["before"]["sign_up"], trail[4]["after"]["sign_up"]) == (True, False)
    assert (trail[6]["before"]["state"], trail[6]["after"]["state"]) == ("running", "paused")
    assert (trail[7]["before"]["priority"], trail[7]["after"]["priority"]) == (50, 70)


def test_every_deed_has_words() -> None:
    beyond_own = {Right.ADMIN, Right.PRODUCER, Right.CREW, Right.OWNER}
    told = [name for name, right in RIGHTS.items() if right in beyond_own] + ALSO_DEEDS
    for action in (name for name in told if not name.startswith("GET ")):
        for language in LANGUAGES:
            assert name_deed(action, Wording(language)) != action


def test_a_deed_is_told_in_words(studio: Studio) -> None:
    admin = studio.get_access("admin")
    assert studio.call("DELETE", "/people/another", admin).status_code == 204
    assert list_deeds(studio)[0]["title"] == "Removed a person"
    assert name_deed("POST /nothing/more", Wording("zh")) == "POST /nothing/more"


def test_each_of_many_jobs_is_written_down(studio: Studio) -> None:
    body = {"verb": "priority", "jobs": [JOB, "nobody"], "priority": 80}
    answer = studio.call("POST", "/orders", studio.get_access("producer"), json=body)
    assert answer.status_code == 200, answer.text
    [deed] = list_deeds(studio)
    assert (deed["actor"], deed["action"], deed["subject"]) == ("producer", "POST /orders", JOB)
    assert (deed["before"]["priority"], deed["after"]["priority"]) == (50, 80)


def test_whose_money_was_moved_is_written_down(studio: Studio) -> None:
    body = {"id": "gift", "amount_micros": 5, "account": "owner"}
    assert studio.call("POST", "/topups", studio.get_access("admin"), json=body).status_code == 201
    assert [one["action"] for one in list_deeds(studio, "?subject=owner")] == ["POST /topups"]


def test_a_cleared_store_is_written_down_and_a_look_at_one_is_not(studio: Studio) -> None:
    admin = studio.get_access("admin")
    for dry_run in (True, False):
        body = {"where": "here", "dry_run": dry_run}
        assert studio.call("POST", "/store/cleaning", admin, json=body).status_code == 200
    [deed] = list_deeds(studio)
    assert (deed["action"], deed["asked"]["dry_run"]) == ("POST /store/cleaning", False)


def test_ones_own_affairs_are_nobodys_business(studio: Studio) -> None:
    owner, admin = studio.get_access("owner"), studio.get_access("admin")
    studio.call("PATCH", "/me", owner, json={"phone": "13800138000"})
    studio.call("PATCH", "/me", admin, json={"phone": "13800138000"})
    studio.call("PUT", "/me/password", owner, json={"old_password": PASSWORD, "password": OTHER})
    studio.call("POST", f"/jobs/{JOB}/pause", owner)
    studio.call("GET", f"/jobs/{JOB}", admin)
    assert list_deeds(studio) == []


def test_what_is_refused_or_fails_leaves_nothing(studio: Studio) -> None:
    admin, producer = studio.get_access("admin"), studio.get_access("producer")
    refused = [
        studio.call("PATCH", "/people/owner", producer, json={"role": "admin"}),
        studio.call("PATCH", "/people/nobody", admin, json={"role": "admin"}),
        studio.call("DELETE", "/people/admin", admin),
        studio.call("POST", f"/jobs/{JOB}/resume", admin, json={}),
        studio.call("POST", "/topups", admin, json={"id": "gift", "amount_micros": 10**18}),
    ]
    assert all(400 <= response.status_code < 500 for response in refused)
    assert list_deeds(studio) == []


def test_the_owner_of_the_machine_is_written_down_too(studio: Studio) -> None:
    studio.call("PATCH", "/rules", studio.get_access("admin"), json={"shared": False})
    studio.call("POST", "/topups", studio.services.key, json={"id": "gift", "amount_micros": 5})
    newest = list_deeds(studio)[0]
    assert (newest["actor"], newest["via"], newest["action"]) == ("me", "key", "POST /topups")


def test_a_machine_is_taken_back_by_whoever_owns_its_files(tmp_path: Path) -> None:
    with open_studio(tmp_path, "admin"):
        pass
    services = build_services(make_settings(data=tmp_path, node=False, alone=True))
    try:
        assert not read_rules(services.reader).shared
        [deed] = fetch_rows(services.reader, "SELECT actor, via, action, after FROM deed")
        after = json.loads(deed.pop("after"))
        assert deed == {"actor": "me", "via": "key", "action": "serve --alone"}
        assert after == {"shared": False, "sign_up": True}
    finally:
        services.writer.close()
        services.reader.conn.close()


def test_the_trail_is_paged_and_filtered(studio: Studio) -> None:
    admin = studio.get_access("admin")
    for number in range(5):
        body = {"id": f"gift-{number}", "amount_micros": 1}
        studio.call("POST", "/topups", admin, json=body)
    studio.call("PATCH", "/people/owner", admin, json={"level": "gold"})
    page = studio.call("GET", "/deeds?limit=4", admin).get_json()
    rest = studio.call("GET", f"/deeds?limit=4&cursor={page['next']}", admin).get_json()
    assert [one["id"] for one in page["items"] + rest["items"]] == [6, 5, 4, 3, 2, 1]
    assert rest["next"] is None
    assert [one["id"] for one in list_deeds(studio, "?subject=owner")] == [6]
    assert len(list_deeds(studio, "?action=POST /topups")) == 5
    assert list_deeds(studio, "?actor=producer") == []


def test_a_deed_is_never_changed_or_deleted(studio: Studio) -> None:
    admin = studio.get_access("admin")
    studio.call("PATCH", "/people/owner", admin, json={"level": "gold"})
    before = fetch_rows(studio.services.reader, "SELECT * FROM deed")
    for sql in ("UPDATE deed SET actor = 'owner'", "DELETE FROM deed"):
        with pytest.raises(sqlite3.DatabaseError, match="a deed"):
            studio.services.writer.run(Database.execute, sql)
    assert fetch_rows(studio.services.reader, "SELECT * FROM deed") == before


def test_secrets_and_endless_text_stay_out() -> None:
    asked = {"password": "x", "code": "y", "name": "n" * 10_000, "deep": {"a": ["b" * 10_000]}}
    masked = mask(asked)
    assert masked["password"] == masked["code"] == "***"  # noqa: S105
    assert len(masked["name"]) < 600 > len(masked["deep"])
    assert mask(["no", "object"]) == {} == mask(None)
