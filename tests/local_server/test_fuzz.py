"""Every route against whatever its description allows and forbids: no surprise, no 5xx.

`make fuzz` runs this long; the usual run does a bounded number of cases for each route.
"""

import os
import secrets
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from flask_openapi3 import OpenAPI
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup

from local_server.farm import rules
from local_server.farm.db import open_database, write
from tests.end_to_end.running_farm import RunningFarm
from tests.local_server.cast import PASSWORD
from tests.local_server.conftest import JOB, fill_database

CASES = int(os.environ.get("YUNTU_FUZZ_CASES", "3"))
CALLERS = ("nobody", "artist", "admin")
# Ends the server; what it answers is tested where nobody else needs it.
LEFT_OUT = ("server.shut_down",)
CONFIG: dict[str, Any] = {
    "checks": {
        # What is well-formed may still cost too much (402) or not fit what is here (422).
        "positive_data_acceptance": {
            "expected-statuses": [200, 201, 202, 204, 304, 401, 402, 403, 404, 409, 422, 429]
        },
        "negative_data_rejection": {
            "expected-statuses": [400, 401, 403, 404, 405, 409, 413, 414, 415, 422, 429, "5xx"]
        },
        "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx"]},
    }
}


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFarm]:
    """A server of its own, which may be left in any state."""
    running = RunningFarm(tmp_path_factory.mktemp("fuzzed") / "data", "--no-node")
    running.data.mkdir()
    fill_database(running.data / "farm.db", out=running.out(JOB))
    with running:
        yield running
        running.assert_clean()


class Caller:
    """Somebody who asks; an artist who was signed out or renamed comes back as another."""

    def __init__(self, server: RunningFarm, kind: str) -> None:
        self.server = server
        self.kind = kind
        self.headers: dict[str, str] = {}

    def refresh(self) -> None:
        """Make sure that an artist is signed in, and that the launch key is enough."""
        database = open_database(self.server.data / "farm.db", migrate=False)
        with write(database):
            rules.change_rules(database, shared=False, sign_up=True)
        database.conn.close()
        session = self.server.session
        if self.kind == "admin":
            self.headers = {"Authorization": str(session.headers["Authorization"])}
        if self.kind != "artist":
            return
        if self.headers and session.get(f"{self.server.address}/me", headers=self.headers).ok:
            return
        asked = {"name": f"fuzzer-{secrets.token_hex(4)}", "password": PASSWORD}
        self.post("/people", asked)
        told = self.post("/sessions", {"login": asked["name"], "password": PASSWORD})
        self.headers = {"Authorization": f"Bearer {told['access_token']}"}

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """POST where the cases before may have used up all tries: a new start has counted none."""
        response = self.server.session.post(self.server.address + path, json=body, timeout=60)
        if response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
            return self.server.read(response)
        self.server.stop()
        self.server.start()
        return self.server.post(path, body)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("kind", CALLERS)
def test_every_route_keeps_its_word(
    fuzzed: RunningFarm, app: OpenAPI, kind: str, mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_dict(
        app.api_doc, config=SchemathesisConfig.from_dict(CONFIG)
    )
    caller, problems = Caller(fuzzed, kind), []
    for found in schema.exclude(operation_id=list(LEFT_OUT)).get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        caller.refresh()
        try:
            fuzz_operation(operation, caller, mode)
        except Unsatisfiable:
            continue  # nothing that this route takes can be wrong in this way
        except (FailureGroup, Exception) as error:  # noqa: BLE001 - all of them are told together
            told = getattr(error, "exceptions", (error,))
            problems += [f"{operation.label}: {one!r}\n{error}" for one in told]
    if problems:
        pytest.fail(f"\n{'=' * 80}\n".join(problems), pytrace=False)


def fuzz_operation(operation: Any, caller: Caller, mode: GenerationMode) -> None:
    """Call one route with many requests of a kind and check all that comes back."""

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=CASES,
        deadline=None,
        database=None,
        derandomize=CASES < 100,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Case[Any]) -> None:
        if mode is GenerationMode.POSITIVE and "job" in (case.path_parameters or {}):
            case.path_parameters["job"] = JOB
        unsent = any(map(is_unsent, (case.query or {}).values()))
        assume(mode is GenerationMode.POSITIVE or not unsent)
        case.call_and_validate(
            base_url=caller.server.address.removesuffix("/api/v1"), headers=caller.headers
        )

    call()


def is_unsent(value: Any) -> bool:
    """Tell whether what is wrong of a query's value is never sent: nothing, or one as a list."""
    return value in (None, {}) or (isinstance(value, list) and len(value) <= 1)
