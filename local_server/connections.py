"""Connections: who listens right now, from where, and until when they may."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from local_server.callers import Caller
from local_server.wording import Wording


@dataclass(kw_only=True, slots=True)
class Connection:
    """One live connection. `credential` is looked at again for as long as it lasts.

    `measure_idle` tells how many seconds ago it last took something.
    """

    id: str
    caller: Caller
    credential: str
    wording: Wording
    address: str
    agent: str
    connected_at_ms: int
    count_waiting: Callable[[], int]
    measure_idle: Callable[[], float]
    find_transport: Callable[[], str]
    jobs: set[str] = field(default_factory=set)
    logs: set[str] = field(default_factory=set)


class Connections:
    """Every live connection of a server, by its id."""

    def __init__(self) -> None:
        self.open: dict[str, Connection] = {}

    def add(self, connection: Connection) -> None:
        """Take a connection in."""
        self.open[connection.id] = connection

    def remove(self, id: str) -> Connection | None:
        """Drop a connection that ended; None where it never was."""
        return self.open.pop(id, None)

    def find(self, id: str) -> Connection | None:
        """Return a connection, or None where it has ended."""
        return self.open.get(id)

    def list_all(self) -> list[Connection]:
        """Return every connection, the oldest first."""
        return list(self.open.values())

    def list_of(self, account: str) -> Iterator[Connection]:
        """Give a person's connections, the oldest first."""
        return (one for one in self.list_all() if one.caller.account == account)

    def is_log_watched(self, job: str) -> bool:
        """Tell whether anybody follows what renderers say about a job."""
        return any(job in one.logs for one in self.open.values())
