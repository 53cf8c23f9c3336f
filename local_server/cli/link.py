"""The link to a data directory's server, which may die and come back elsewhere at any time."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from local_server.cli.client import Client, ServerAddress
from local_server.cli.failure import ClientError
from local_server.cli.kept_sign_in import KeptSignIn
from local_server.cli.launching import ensure_server, find_server, read_address, was_ended
from local_server.farm.errors import Unavailable
from local_server.wording import Wording

T = TypeVar("T")
GRACE_SECONDS = 1.0
SILENCE_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.1
RENEWALS_MAX = 10


class Link:
    """Holds a client of the server that answers now, and finds or starts the next one."""

    def __init__(
        self,
        data: Path,
        wording: Wording,
        *,
        parent: int | None = None,
        on_start: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.data = data
        self.wording = wording
        self.parent = parent
        self.on_start = on_start
        self.renewals = 0
        self.client = self.connect()

    def connect(self) -> Client:
        """Return a client of the running server, starting one when there is none."""
        launched = ensure_server(self.data, self.wording, parent=self.parent)
        if launched.started:
            self.on_start(launched.address.pid)
        return self.make_client(launched.address)

    def make_client(self, address: ServerAddress) -> Client:
        """Return a client of a server, as whoever has signed in on this data directory."""
        return Client(address, self.wording, KeptSignIn(self.data))

    def renew(self) -> None:
        """Find the server again, or start it.

        Whoever watches over the server has a moment to bring it back; one whose process is alive
        gets a minute to answer. One that was ended on purpose stays so. Raises Unavailable
        `server_was_ended`, `server_silent` and `server_keeps_dying`.
        """
        self.renewals += 1
        if self.renewals > RENEWALS_MAX:
            raise Unavailable("server_keeps_dying", log=str(self.data / "logs"))
        self.client.close()
        began = time.monotonic()
        while True:
            address = find_server(self.data, self.wording)
            if address is not None:
                self.client = self.make_client(address)
                return
            alive, waited = read_address(self.data), time.monotonic() - began
            if alive is None and waited > GRACE_SECONDS:
                if was_ended(self.data):
                    raise Unavailable("server_was_ended")
                self.client = self.connect()
                return
            if alive is not None and waited > SILENCE_SECONDS_MAX:
                raise Unavailable("server_silent", pid=alive.pid, port=alive.port)
            time.sleep(LOOK_SECONDS)

    def note_progress(self) -> None:
        """Say that the server did something: it may be lost a few times again."""
        self.renewals = 0

    def insist(self, request: Callable[[Client], T]) -> T:
        """Make a request that may safely be made twice, until a server answers it."""
        while True:
            try:
                return request(self.client)
            except ClientError as error:
                if not error.lost:
                    raise
                self.renew()

    def close(self) -> None:
        """Close the connections."""
        self.client.close()
