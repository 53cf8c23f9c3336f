"""Every route answers every mistake in one shape, in the reader's language, and leaks nothing."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from flask_openapi3 import OpenAPI
from werkzeug.routing import Rule

from local_server.access import Right, find_right
from tests.end_to_end.running_farm import RunningFarm
from tests.local_server.conftest import JOB

ARGUMENT = re.compile(r"<(?:[^:>]+:)?([a-z_]+)>")
VERBS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
SIGN_IN = {"login": "nobody", "password": "sunlit-kiln-42"}
SHAPE = {"code", "title", "detail", "params", "request_id"}
BODIES: dict[str, dict[str, Any]] = {
    "/api/v1/sessions": SIGN_IN,
    "/api/v1/tokens": {"refresh_token": "none"},
    "/api/v1/passwords/forgotten": {"login": "nobody"},
    "/api/v1/passwords/reset": SIGN_IN | {"code": "none"},
    "/api/v1/people": {"name": "me", "password": "sunlit-kiln-42"},
    "/api/v1/people/<person>": {"level": "gold"},
    "/api/v1/me": {"phone": "13800138000"},
    "/api/v1/me/password": {"password": "sunlit-kiln-42"},
    "/api/v1/me/email/verify": {"code": "none"},
    "/api/v1/rules": {"sign_up": True},
    "/api/v1/checks": {"scene": "/lost.blend"},
    "/api/v1/jobs": {"scene": "/lost.blend"},
    "/api/v1/jobs/<job>/resume": {},
    "/api/v1/jobs/<job>/priority": {"priority": 50},
    "/api/v1/blobs/missing": {"digests": ["0" * 64]},
    "/api/v1/packages": {"manifest": "0" * 64},
    "/api/v1/orders": {"verb": "pause", "jobs": ["nobody"]},
    "/api/v1/topups": {"id": "topup-1", "amount_micros": 1},
    "/api/v1/withdrawals": {"id": "withdrawal-1", "amount_micros": 1},
    "/api/v1/jobs/<job>/refunds": {"id": "refund-1", "reason": "noise"},
    "/api/v1/sync/refold": {},
    "/api/v1/studio/invites": {},
    "/api/v1/studio/treasurer": {"device": "one"},
    "/api/v1/farm/invites": {},
    "/api/v1/store/cleaning": {},
    "/api/v1/studio/jobs/<away_job>/fetch": {"wanted": True},
    "/api/v1/sync/transfers": {"paused": False},
    "/api/v1/prices": {
        "id": "prices-1",
        "rate_micros": 1,
        "minimum_micros": 1,
        "levels": {"standard": {"discount_basis_points": 0}},
    },
}


def list_calls(app: OpenAPI) -> Iterator[tuple[str, Rule]]:
    """Return every verb and route of the interface."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            for verb in sorted(VERBS & (rule.methods or set())):
                yield verb, rule


def fill(rule: Rule, *, job: str = JOB, number: int = 1, away_job: str = "one:nobody") -> str:
    """Return a route's address."""
    names = ("session", "person", "operation", "device", "package", "asking")
    values = {"away_job": away_job, "job": job, "number": str(number), "blob": "0" * 64}
    values |= dict.fromkeys(names, "nobody")
    return ARGUMENT.sub(lambda match: values.get(match.group(1), "none"), rule.rule)


def call(server: RunningFarm, verb: str, path: str, **options: Any) -> requests.Response:
    """Send a request to the server, with its key unless other headers say otherwise."""
    root = server.address.removesuffix("/api/v1")
    headers = {"Authorization": server.session.headers["Authorization"]} | options.pop(
        "headers", {}
    )
    headers = {name: value for name, value in headers.items() if value}
    return requests.request(verb, root + path, headers=headers, timeout=60, **options)


def assert_error(response: requests.Response, status: int, code: str) -> None:
    """Check an error's status, code and shape."""
    assert response.headers["Content-Type"] == "application/json", response.text
    told = response.json()
    assert list(told) == ["error"] and set(told["error"]) == SHAPE
    assert told["error"]["request_id"] == response.headers["X-Request-Id"]
    assert (response.status_code, told["error"]["code"]) == (status, code), response.text
    assert told["error"]["title"] and told["error"]["detail"]
    assert told["error"]["title"] != code, "the code has words"
    assert "<" not in told["error"]["detail"], "every placeholder is filled"
    assert "Traceback" not in response.text


def test_there_is_a_body_for_every_route_that_takes_json(app: OpenAPI) -> None:
    taking = {
        path.replace("{", "<").replace("}", ">")
        for path, verbs in app.api_doc["paths"].items()
        for verb, told in verbs.items()
        if "application/json" in told.get("requestBody", {}).get("content", {})
    }
    assert taking == set(BODIES)


def test_without_the_key_nothing_is_told(server: RunningFarm, app: OpenAPI) -> None:
    for verb, rule in list_calls(app):
        if find_right(verb, rule.rule) is Right.ANYONE:
            continue
        for key in ("", "Bearer wrong", "Bearer é".encode()):
            response = call(server, verb, fill(rule), headers={"Authorization": key}, json={})
            assert_error(response, 401, "key_wrong")
    response = call(server, "GET", "/api/v1/health", headers={"Authorization": ""})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "yuntu.example"},
        {"Host": "127.0.0.1.example:80"},
        {"Host": "[::1"},
        {"Origin": "https://example"},
        {"Origin": "null"},
        {"Origin": "http://[::1"},
    ],
)
def test_another_host_or_page_is_refused(
    server: RunningFarm, app: OpenAPI, headers: dict[str, str]
) -> None:
    for verb, rule in list_calls(app):
        assert_error(call(server, verb, fill(rule), headers=headers, json={}), 403, "foreign_host")


@pytest.mark.parametrize("headers", [{"Host": "localhost:1"}, {"Origin": "http://127.0.0.1:9"}])
def test_this_machine_is_let_in_by_its_names(server: RunningFarm, headers: dict[str, str]) -> None:
    assert call(server, "GET", "/api/v1/balance", headers=headers).status_code == 200


def test_wrong_verbs_and_addresses(server: RunningFarm, app: OpenAPI) -> None:
    known: dict[str, set[str]] = {}
    for verb, rule in list_calls(app):
        known.setdefault(fill(rule), set()).add(verb)
    for path, verbs in known.items():
        for verb in sorted(VERBS - verbs):
            assert_error(call(server, verb, path, json={}), 405, "method_not_allowed")
    for path in ("/", "/api/v1/nothing", "/api/v2/jobs", f"/api/v1/jobs/{JOB}/frames/one"):
        assert_error(call(server, "GET", path), 404, "no_route")


def test_bodies_that_are_no_json_object(server: RunningFarm, app: OpenAPI) -> None:
    headers = {"Content-Type": "application/json"}
    for verb, rule in list_calls(app):
        if rule.rule not in BODIES or verb != "POST":
            continue
        for body in (b'{"scene": ', b"[1]", b"null", b"\xff\xfe", b'"text"', b""):
            response = call(server, verb, fill(rule), data=body, headers=headers)
            assert_error(response, 400, "not_json")
    response = call(server, "POST", "/api/v1/jobs", data=b"x" * 1_000_001, headers=headers)
    assert_error(response, 413, "too_large")


def test_unknown_and_wrong_fields_are_named(server: RunningFarm, app: OpenAPI) -> None:
    for verb, rule in list_calls(app):
        path = fill(rule)
        if verb == "POST" and rule.rule in BODIES:
            body = BODIES[rule.rule]
            response = call(server, verb, path, json=body | {"typo": 1})
            assert_error(response, 400, "invalid")
            assert "typo" in response.json()["error"]["detail"]
            for name in body:
                response = call(server, verb, path, json=body | {name: {"no": "sense"}})
                assert_error(response, 400, "invalid")
                assert name in response.json()["error"]["detail"]


def test_queries_that_make_no_sense(server: RunningFarm) -> None:
    wrong = {
        "/api/v1/jobs": ["limit=0", "limit=501", "limit=x", "typo=1", "state=asleep"],
        f"/api/v1/jobs/{JOB}/frames": ["limit=1001", "state=queued"],
        f"/api/v1/jobs/{JOB}/frames/1/log": ["attempt=0", "attempt=99999999999999999999"],
        "/api/v1/events": ["after=-1", "after=99999999999999999999", "limit=1001"],
        "/api/v1/statement": ["limit=0"],
        "/api/v1/ledger/export": ["format=xlsx"],
    }
    for path, queries in wrong.items():
        for query in queries:
            assert_error(call(server, "GET", f"{path}?{query}"), 400, "invalid")
    for path in ("/api/v1/jobs", f"/api/v1/jobs/{JOB}/frames", "/api/v1/statement"):
        for cursor in ("x", "99999999999999999999999", "", "1;drop"):
            assert_error(call(server, "GET", f"{path}?cursor={cursor}"), 422, "cursor_wrong")


def test_unknown_ids(server: RunningFarm, app: OpenAPI) -> None:
    for verb, rule in list_calls(app):
        body = BODIES.get(rule.rule, {})
        if "job" in rule.arguments:
            assert_error(call(server, verb, fill(rule, job="nobody"), json=body), 404, "no_job")
            long = call(server, verb, fill(rule, job="x" * 65), json=body)
            assert_error(long, 400, "invalid")
        if "away_job" in rule.arguments:
            assert_error(call(server, verb, fill(rule), json=body), 404, "no_away_job")
            wrong = call(server, verb, fill(rule, away_job="nobody"), json=body)
            assert_error(wrong, 400, "invalid")
        elif "number" in rule.arguments:
            assert_error(call(server, verb, fill(rule, number=77)), 404, "no_frame")
            assert_error(call(server, verb, fill(rule, number=-(10**30))), 400, "invalid")
    frame = f"/api/v1/jobs/{JOB}/frames"
    assert_error(call(server, "GET", f"{frame}/2/picture"), 404, "no_picture")
    assert_error(call(server, "GET", f"{frame}/1/picture"), 404, "object_missing")
    assert_error(call(server, "GET", f"{frame}/1/thumbnail"), 404, "no_picture")
    assert_error(call(server, "GET", f"{frame}/1/log"), 404, "no_log")


@pytest.mark.parametrize(
    ("asked", "title"),
    [("zh-CN,zh;q=0.9,en;q=0.5", "没有这个任务"), ("de", "No such job"), ("", "No such job")],
)
def test_errors_speak_the_readers_language(server: RunningFarm, asked: str, title: str) -> None:
    response = call(server, "GET", "/api/v1/jobs/nobody", headers={"Accept-Language": asked})
    assert response.json()["error"]["title"] == title


def test_every_route_speaks_both_languages(server: RunningFarm, app: OpenAPI) -> None:
    for verb, rule in list_calls(app):
        told = {
            language: call(
                server,
                verb,
                fill(rule),
                headers={"Accept-Language": language, "Origin": "https://example"},
                json={},
            ).json()["error"]
            for language in ("en", "zh")
        }
        assert told["en"]["code"] == told["zh"]["code"]
        assert re.search(r"[\u4e00-\u9fff]", told["zh"]["title"] + told["zh"]["detail"])
        assert told["en"]["detail"].isascii()


@pytest.mark.parametrize("body", [{"scene": "lost.blend"}, {"scene": "/a\0b.blend"}])
def test_paths_that_are_none(server: RunningFarm, body: dict[str, str]) -> None:
    for path in ("/api/v1/jobs", "/api/v1/checks"):
        assert_error(call(server, "POST", path, json=body), 400, "scene_not_absolute")
        for out in ("frames", "/a\0b"):
            asked = {"scene": "/lost.blend", "out": out}
            assert_error(call(server, "POST", path, json=asked), 400, "out_not_absolute")


@pytest.mark.parametrize("id", ["../../etc", "abcd/../x", "ABCD", "abc", "a" * 65, "abcd\n", ""])
def test_ids_that_clients_make_are_checked(server: RunningFarm, id: str) -> None:
    asked = {"id": id, "amount_micros": 1}
    assert_error(call(server, "POST", "/api/v1/topups", json=asked), 400, "invalid")
    asked = {"id": id, "scene": "/lost.blend"}
    assert_error(call(server, "POST", "/api/v1/jobs", json=asked), 400, "invalid")


def test_what_was_not_foreseen_is_told_without_its_text(app: OpenAPI) -> None:
    def break_down() -> str:
        raise RuntimeError("the password is swordfish")

    app.add_url_rule("/api/v1/broken", view_func=break_down)
    key = app.extensions["yuntu"].key
    response = app.test_client().get(
        "/api/v1/broken", headers={"Authorization": f"Bearer {key}", "Accept-Language": "zh"}
    )
    assert response.status_code == 500
    assert response.get_json()["error"]["code"] == "internal"
    assert "swordfish" not in response.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/api/v1/jobs//frames", "/api/v1//jobs", "/api/v1/jobs/"])
def test_addresses_with_a_part_missing_are_none(server: RunningFarm, path: str) -> None:
    response = call(server, "GET", path, allow_redirects=False)
    assert_error(response, 404, "no_route")
    assert response.json()["error"]["params"] == {}


def test_text_says_once_how_it_is_written(server: RunningFarm) -> None:
    response = call(server, "GET", f"/api/v1/jobs/{JOB}/log")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
