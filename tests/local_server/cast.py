"""The cast: a studio's people, and a server in this process that they call."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_openapi3 import OpenAPI
from werkzeug.test import TestResponse

from local_server.access import API
from local_server.app import create_app
from local_server.farm import people, rules
from local_server.farm.accounts import Role
from local_server.farm.db import read_clock_ms
from local_server.passwords import Passwords
from local_server.serve import build_services
from local_server.services import Services
from local_server.settings import make_settings

PASSWORD = "sunlit-kiln-42"  # noqa: S105 - of nobody
COST = 4  # bcrypt's least: what is tested is not how slow it is
PEOPLE = {
    "owner": Role.ARTIST,
    "another": Role.ARTIST,
    "producer": Role.PRODUCER,
    "admin": Role.ADMIN,
    "removed": Role.ARTIST,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Studio:
    """A server's application with people in it; several of them share the machine."""

    app: OpenAPI
    services: Services

    def call(
        self, verb: str, path: str, credential: str | None = None, **options: Any
    ) -> TestResponse:
        """Make a request of the interface with a credential, or with none."""
        return self.open(verb, f"{API}{path}", credential, **options)

    def open(
        self, verb: str, address: str, credential: str | None = None, **options: Any
    ) -> TestResponse:
        """Make a request of any address of the server."""
        headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}
        headers |= options.pop("headers", {})
        client = self.app.test_client()
        return client.open(address, method=verb, headers=headers, **options)

    def sign_in(self, name: str, *, password: str = PASSWORD, device: str = "") -> dict[str, Any]:
        """Sign a person in, and return their tokens."""
        asked = {"login": name, "password": password, "device": device}
        response = self.call("POST", "/sessions", json=asked)
        assert response.status_code == 201, response.text
        told: dict[str, Any] = response.get_json()
        return told

    def get_access(self, name: str) -> str:
        """Sign a person in, and return their access token."""
        return str(self.sign_in(name)["access_token"])

    def add_person(self, name: str, role: Role = Role.ARTIST, **known: str) -> None:
        """Make an account whose id is its name."""
        write = self.services.writer.write
        write(
            people.sign_up,
            id=name,
            name=name,
            password=self.services.passwords.hash(PASSWORD, known=()),
            email=known.get("email"),
            phone=known.get("phone"),
            at_ms=read_clock_ms(),
        )
        write(people.change_rank, account=name, role=role, level=None, at_ms=read_clock_ms())


@contextmanager
def open_studio(data: Path, *names: str) -> Iterator[Studio]:
    """Open a studio over a data directory, with those of its people who are named."""
    services = build_services(make_settings(data=data, node=False))
    services.passwords = Passwords(cost=COST)
    studio = Studio(app=create_app(services), services=services)
    try:
        for name in names or PEOPLE:
            studio.add_person(name, PEOPLE.get(name, Role.ARTIST))
        services.writer.write(rules.change_rules, shared=True, sign_up=True)
        yield studio
    finally:
        services.passwords.pool.kill()
        services.writer.close()
        services.reader.conn.close()


def assert_refused(response: TestResponse, status: int, code: str) -> None:
    """Check an error's status and code."""
    told = response.get_json()
    assert (response.status_code, told["error"]["code"]) == (status, code), response.text
