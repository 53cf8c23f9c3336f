"""A server of the test's own module, and clients of it."""

from collections.abc import Iterator
from typing import Any

import oss2
import pytest

from tests.oss_server.server import REGION, OssServer
from tests.oss_server.signatures import Credential

KEY = Credential("test-key", "test-secret")
READER = Credential("test-reader", "reader-secret", may_write=False)
BUCKET = "test-bucket"


class ReadingSession(oss2.Session):  # type: ignore[misc]
    """Reads what the client does not, but leaves to the collector with the socket it came by."""

    def do_request(self, req: Any, timeout: Any) -> Any:
        """Send a request and return the answer."""
        answer = super().do_request(req, timeout)
        if req.method != "GET":
            answer.response.content  # noqa: B018 - reads it to its end
        return answer


class TriedServer(OssServer):
    """A server whose clients share their connections, which end with it."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.session = ReadingSession()

    def close(self) -> None:
        """End the connections from both sides."""
        self.session.session.close()
        super().close()


@pytest.fixture(scope="module")
def running() -> Iterator[TriedServer]:
    """A server for the tests of a module."""
    with TriedServer(
        credentials=[KEY, READER], cnames={"files.studio.example": "cname-bucket"}
    ) as server:
        yield server


@pytest.fixture
def server(running: TriedServer) -> TriedServer:
    """The module's server with an empty bucket and no faults."""
    running.faults.replace("")
    with running.state.change():
        for table in ("bucket", "version", "upload", "part"):
            running.state.db.execute(f"DELETE FROM {table}")
    running.make_bucket(BUCKET)
    return running


def open_bucket(
    server: TriedServer, *, name: str = BUCKET, who: Credential = KEY, version: str = "v4"
) -> oss2.Bucket:
    """Return a client of a bucket that signs as told."""
    auth = oss2.make_auth(who.id, who.secret, version)
    return oss2.Bucket(
        auth, server.endpoint, name, session=server.session, region=REGION, connect_timeout=10
    )


@pytest.fixture(params=["v1", "v4"])
def bucket(request: pytest.FixtureRequest, server: TriedServer) -> oss2.Bucket:
    """A client that signs in each way."""
    return open_bucket(server, version=request.param)
