"""Health: alive, ready or what is not, and numbers for Prometheus."""

import shutil
from dataclasses import replace
from pathlib import Path

from flask_openapi3 import OpenAPI
from prometheus_client.parser import text_string_to_metric_families

from local_server.farm.states import JobState
from tests.end_to_end.running_farm import RunningFarm
from tests.local_server.test_errors import assert_error, call

OPEN = {"Authorization": ""}


def test_a_server_that_answers_is_alive(server: RunningFarm) -> None:
    assert call(server, "GET", "/api/v1/health/live", headers=OPEN).json() == {"status": "ok"}


def test_a_server_with_all_its_parts_is_ready(server: RunningFarm) -> None:
    response = call(server, "GET", "/api/v1/health/ready", headers=OPEN)
    assert response.json() == {"status": "ready", "parts": ["database", "queue", "store"]}


def test_what_is_not_ready_is_named(app: OpenAPI, tmp_path: Path) -> None:
    services = app.extensions["yuntu"]
    client = app.test_client()
    assert client.get("/api/v1/health/ready").status_code == 200
    services.writer.run(lambda db: db.conn.execute("PRAGMA query_only = ON"))
    shutil.rmtree(tmp_path / "store")
    (tmp_path / "store").write_text("no folder")
    response = client.get("/api/v1/health/ready", headers={"Accept-Language": "zh"})
    told = response.get_json()["error"]
    assert (response.status_code, told["code"]) == (503, "not_ready")
    assert told["params"] == {"parts": "database, store"}
    assert "database, store" in told["detail"]
    assert int(response.headers["Retry-After"]) > 0
    services.writer.run(lambda db: db.conn.execute("PRAGMA query_only = OFF"))


def test_a_node_that_is_wanted_has_to_be_there(app: OpenAPI) -> None:
    services = app.extensions["yuntu"]
    services.settings = replace(services.settings, node=True)
    response = app.test_client().get("/api/v1/health/ready")
    assert response.get_json()["error"]["params"] == {"parts": "node"}


def test_what_is_counted(server: RunningFarm) -> None:
    call(server, "GET", "/api/v1/no/such/place")
    call(server, "GET", "/api/v1/jobs/job-of-three")
    text = call(server, "GET", "/metrics").text
    found = {
        (sample.name, *sorted(sample.labels.values(), reverse=True)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert sum(found["yuntu_jobs", state] for state in JobState) >= 1
    assert found["yuntu_frames", "done"] >= 1
    assert found["yuntu_attempts", "done"] == 1
    assert found["yuntu_queue_messages",] == 0
    assert found["yuntu_sockets",] == 0
    routes = {name[1:] for name in found if name[0] == "yuntu_request_seconds_count"}
    assert ("GET", "200", "/api/v1/jobs/<job>") in routes
    assert not any("no/such/place" in label for one in routes for label in one)


def test_numbers_are_not_for_everybody(server: RunningFarm) -> None:
    assert_error(call(server, "GET", "/metrics", headers=OPEN), 401, "key_wrong")
