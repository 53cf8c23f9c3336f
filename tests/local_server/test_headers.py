"""Headers of answers: hardened, marked, and open to no page that was not named."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask.testing import FlaskClient

from local_server.app import create_app
from local_server.document import Interface
from local_server.farm.errors import BadInput
from local_server.headers import HARDENING, POLICY
from local_server.serve import build_services
from local_server.settings import make_settings
from tests.end_to_end.running_farm import RunningFarm
from tests.local_server.conftest import JOB
from tests.local_server.test_errors import assert_error, call

NAMED = "https://farm.example"
KINDS = ("/api/v1/jobs", f"/api/v1/jobs/{JOB}/log", "/api/v1/nothing", "/openapi/", "/metrics")


@pytest.fixture
def open_app(tmp_path: Path) -> Iterator[Interface]:
    """An application that lets one origin's pages in."""
    services = build_services(make_settings(data=tmp_path, node=False, origins=(NAMED,)))
    yield create_app(services)
    services.writer.close()
    services.reader.conn.close()


def ask(app: Interface, **headers: str) -> FlaskClient:
    """Return a client of an application, with its key and more headers."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {app.extensions['yuntu'].key}"
    for name, value in headers.items():
        client.environ_base[f"HTTP_{name.upper()}"] = value
    return client


@pytest.mark.parametrize("path", KINDS)
def test_every_answer_is_hardened(server: RunningFarm, path: str) -> None:
    response = call(server, "GET", path)
    for name, value in (*HARDENING.items(), POLICY):
        if not path.startswith("/openapi") or name != "Content-Security-Policy":
            assert response.headers[name] == value
    assert "Server" not in response.headers
    assert "Access-Control-Allow-Origin" not in response.headers


def test_what_is_known_is_not_sent_again(server: RunningFarm) -> None:
    for path in (f"/api/v1/jobs/{JOB}/bill", f"/api/v1/jobs/{JOB}/frames/1", "/api/v1/balance"):
        first = call(server, "GET", path)
        mark = first.headers["ETag"]
        assert first.headers["Cache-Control"] == "private, no-cache"
        again = call(server, "GET", path, headers={"If-None-Match": mark})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == mark
        other = call(
            server, "GET", path, headers={"If-None-Match": '"else"', "Accept-Language": "zh"}
        )
        assert other.status_code == 200 and "Accept-Language" in other.headers["Vary"]
    server.top_up(1)
    changed = call(server, "GET", "/api/v1/balance", headers={"If-None-Match": mark})
    assert changed.status_code == 200 and changed.headers["ETag"] != mark


def test_answers_to_writes_and_errors_are_not_kept(server: RunningFarm) -> None:
    asked = {"id": "kept-never", "amount_micros": 1}
    for response in (
        call(server, "POST", "/api/v1/topups", json=asked),
        call(server, "GET", "/api/v1/jobs/nobody"),
    ):
        assert response.headers["Cache-Control"] == "no-store"
        assert "ETag" not in response.headers


@pytest.mark.parametrize("given", ["0123abcd", "a.b-c_D1" * 8])
def test_a_sane_request_id_is_taken(server: RunningFarm, given: str) -> None:
    response = call(server, "GET", "/api/v1/jobs", headers={"X-Request-Id": given})
    assert response.headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with space 1", "a=b;c=d;e", "<script>"])
def test_any_other_request_id_is_made_anew(server: RunningFarm, given: str) -> None:
    made = {
        call(server, "GET", "/api/v1/jobs", headers={"X-Request-Id": given}).headers["X-Request-Id"]
        for _ in range(2)
    }
    assert len(made) == 2 and given not in made


def test_pages_of_a_named_origin_may_ask(open_app: Interface) -> None:
    client = ask(open_app, origin=NAMED)
    response = client.get("/api/v1/jobs")
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == NAMED
    assert "Origin" in response.headers["Vary"]
    del client.environ_base["HTTP_AUTHORIZATION"]
    asked = {"Access-Control-Request-Method": "POST"}
    response = client.options("/api/v1/jobs", headers=asked)
    assert response.status_code == 204
    assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("origin", ["https://farm.example.evil", "https://FARM.example", "null"])
def test_pages_of_other_origins_may_not(open_app: Interface, origin: str) -> None:
    response = ask(open_app, origin=origin).get("/api/v1/jobs")
    assert response.status_code == 403
    assert "Access-Control-Allow-Origin" not in response.headers
    asked = {"Access-Control-Request-Method": "POST"}
    response = ask(open_app, origin=origin).options("/api/v1/jobs", headers=asked)
    assert response.status_code == 403


@pytest.mark.parametrize("origin", ["*", "farm.example", "https://farm.example/", "ftp://a", ""])
def test_what_is_no_origin_is_not_taken(tmp_path: Path, origin: str) -> None:
    with pytest.raises(BadInput, match="origin_wrong"):
        make_settings(data=tmp_path, origins=(origin,))


def test_a_wrong_verb_is_told_the_right_ones(server: RunningFarm) -> None:
    response = call(server, "PUT", "/api/v1/jobs", json={})
    assert_error(response, 405, "method_not_allowed")
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


def test_who_is_nobody_is_told_how_to_sign_in(server: RunningFarm) -> None:
    response = requests.get(f"{server.address}/jobs", timeout=10)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
