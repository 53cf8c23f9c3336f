"""Files of the server's disk: named by who shows this launch's key, and by nobody else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from local_server.services import KEY_HEADER
from tests.local_server.cast import Studio, assert_refused, open_studio

NAMED = ({"scene": "/none.blend"}, {"package": "package-1", "out": "/tmp"})


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A machine that several people share."""
    with open_studio(tmp_path_factory.mktemp("machine")) as studio:
        yield studio


@pytest.fixture(scope="module", params=["owner", "producer", "admin"])
def token(request: pytest.FixtureRequest, studio: Studio) -> str:
    """What somebody who has signed in shows."""
    return studio.get_access(request.param)


def ask(
    studio: Studio, path: str, body: dict[str, Any], token: str, shown: str | None = None
) -> TestResponse:
    """Ask for a job or a check, with a key beside the token or without one."""
    headers = {KEY_HEADER: shown} if shown is not None else {}
    return studio.call("POST", path, token, json=body, headers=headers)


@pytest.mark.parametrize("path", ["/jobs", "/checks"])
def test_from_elsewhere_no_path_is_taken(studio: Studio, path: str, token: str) -> None:
    for body in NAMED:
        for shown in (None, "", "0" * 64, token):
            assert_refused(ask(studio, path, body, token, shown), 403, "not_at_this_machine")


@pytest.mark.parametrize("path", ["/jobs", "/checks"])
def test_at_the_machine_they_are(studio: Studio, path: str, token: str) -> None:
    scene, out = (ask(studio, path, body, token, studio.services.key) for body in NAMED)
    assert_refused(out, 404, "no_package")
    assert_refused(scene, 422, "scene_missing")


def test_the_key_alone_says_nothing_of_who_asks(studio: Studio, tmp_path: Path) -> None:
    body = {"scene": str(tmp_path / "none.blend")}
    assert_refused(ask(studio, "/jobs", body, studio.services.key), 401, "sign_in_needed")
