"""The queue: named lines of signed JSON messages over Huey, in a SQLite file or in Redis.

Huey takes a message off before it is acted on, so a message may be lost with its taker: all that
matters is elsewhere (leases, frame records), and a message is only a hint.
"""

import hashlib
import hmac
import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from huey import PriorityRedisHuey, SqliteHuey
from huey.constants import EmptyData
from huey.registry import Message
from huey.serializer import Serializer
from redis import ConnectionPool, Redis
from redis.exceptions import RedisError

SIGNATURE_BYTES = 32
AGE_BYTES = 8
REDIS_SECONDS_MAX = 5  # without a limit, a Redis that went silent would hold whoever asks it
FRAME_LINE = "frames"
STOP_LINE = "stops"
OUT_LINE = "out"


class BadMessage(Exception):
    """A message whose signature is wrong or that is not one of ours."""


class SignedJson(Serializer):  # type: ignore[misc]
    """Huey messages as JSON behind its HMAC-SHA-256: nothing from a queue is ever unpickled."""

    def __init__(self, secret: bytes) -> None:
        super().__init__()
        self.secret = secret

    def _serialize(self, data: Any) -> bytes:
        body = json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()
        return hmac.digest(self.secret, body, hashlib.sha256) + body

    def _deserialize(self, data: bytes) -> Any:
        data = bytes(data)
        signature, body = data[:SIGNATURE_BYTES], data[SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, hmac.digest(self.secret, body, hashlib.sha256)):
            raise BadMessage("the message was not signed with this studio's key")
        value = json.loads(body)
        return Message(*value) if isinstance(value, list) else value


class Line(ABC):
    """One named line of messages; the highest priority first, then the oldest."""

    def __init__(self, huey: Any) -> None:
        self.huey = huey
        self.storage = huey.storage
        self.carry = huey.task(name="carry")(carry_nothing)

    @abstractmethod
    def send(self, messages: Iterable[tuple[Any, int]]) -> None:
        """Put messages (JSON value, priority) on the line."""

    @abstractmethod
    def head(self) -> tuple[float, int] | None:
        """Return what orders this line's next message among other lines' (the least goes first).

        It is the priority, highest first, and then the age; None for an empty line.
        """

    @abstractmethod
    def reprioritise(self, wanted: Callable[[Any], bool], priority: int) -> None:
        """Change the priority of waiting messages; what is taken meanwhile does not come back."""

    @abstractmethod
    def withdraw(self, wanted: Callable[[Any], bool]) -> list[Any]:
        """Take waiting messages off the line and return them; what is taken meanwhile is not."""

    def take(self) -> Any | None:
        """Take the next message off the line, or None when it is empty. Raises BadMessage."""
        data = self.storage.dequeue()
        return None if data is None else self.read(data)

    def count_waiting(self) -> int:
        """Return how many messages are on the line."""
        return int(self.storage.queue_size())

    def list_waiting(self) -> list[Any]:
        """Return the messages on the line without taking them; what is none of ours is left out."""
        items = (self.peek(data) for data in self.storage.enqueued_items())
        return [value for value in items if value is not None]

    def write(self, messages: Iterable[tuple[Any, int]]) -> list[tuple[bytes, int]]:
        """Return messages as they are stored, each with its priority."""
        return [(self.huey.serialize_task(self.carry.s(value)), rank) for value, rank in messages]

    def read(self, data: bytes) -> Any:
        """Return the value that a stored message carries. Raises BadMessage."""
        return self.huey.serializer.deserialize(data).args[0]

    def peek(self, data: bytes) -> Any | None:
        """Return the value that a stored message carries, None for one that is none of ours."""
        try:
            return self.read(data)
        except BadMessage:
            return None


class FileLine(Line):
    """A line in a SQLite file."""

    def send(self, messages: Iterable[tuple[Any, int]]) -> None:
        """Put messages on the line, in one transaction."""
        with self.storage.db(commit=True) as cursor:
            cursor.executemany(
                "insert into task (queue, data, priority) values (?, ?, ?)",
                [(self.storage.name, data, rank) for data, rank in self.write(messages)],
            )

    def head(self) -> tuple[float, int] | None:
        """Return what orders this line's next message among other lines'."""
        found = self.storage.sql(
            "select -priority, id from task where queue = ? order by priority desc, id limit 1",
            (self.storage.name,),
            results=True,
        )
        return (float(found[0][0]), int(found[0][1])) if found else None

    def reprioritise(self, wanted: Callable[[Any], bool], priority: int) -> None:
        """Change the priority of waiting messages."""
        with self.storage.db(commit=True) as cursor:
            cursor.execute("select id, data from task where queue = ?", (self.storage.name,))
            rows = [(id, self.peek(data)) for id, data in cursor.fetchall()]
            cursor.executemany(
                "update task set priority = ? where id = ?",
                [(priority, id) for id, value in rows if value is not None and wanted(value)],
            )

    def withdraw(self, wanted: Callable[[Any], bool]) -> list[Any]:
        """Take waiting messages off the line and return them."""
        with self.storage.db(commit=True) as cursor:
            cursor.execute("select id, data from task where queue = ?", (self.storage.name,))
            rows = [(id, self.peek(data)) for id, data in cursor.fetchall()]
            found = [(id, value) for id, value in rows if value is not None and wanted(value)]
            cursor.executemany("delete from task where id = ?", [(id,) for id, _ in found])
        return [value for _, value in found]


class RedisLine(Line):
    """A line in Redis: a sorted set, whose members Huey begins with eight bytes of the time."""

    def send(self, messages: Iterable[tuple[Any, int]]) -> None:
        """Put messages on the line."""
        for data, rank in self.write(messages):
            self.storage.enqueue(data, rank)

    def head(self) -> tuple[float, int] | None:
        """Return what orders this line's next message among other lines'."""
        found = self.storage.conn.zrange(self.storage.queue_key, 0, 0, withscores=True)
        return (float(found[0][1]), int.from_bytes(found[0][0][:AGE_BYTES])) if found else None

    def reprioritise(self, wanted: Callable[[Any], bool], priority: int) -> None:
        """Change the priority of waiting messages."""
        members = self.storage.conn.zrange(self.storage.queue_key, 0, -1)
        values = [(member, self.peek(member[AGE_BYTES:])) for member in members]
        scores = {member: -priority for member, one in values if one is not None and wanted(one)}
        if scores:
            self.storage.conn.zadd(self.storage.queue_key, scores, xx=True)

    def withdraw(self, wanted: Callable[[Any], bool]) -> list[Any]:
        """Take waiting messages off the line and return them."""
        members = self.storage.conn.zrange(self.storage.queue_key, 0, -1)
        values = [(member, self.peek(member[AGE_BYTES:])) for member in members]
        return [
            one
            for member, one in values
            if one is not None
            and wanted(one)
            and self.storage.conn.zrem(self.storage.queue_key, member)
        ]


def carry_nothing(value: Any) -> None:
    """Stand for a message in Huey's registry; nodes act on the value, Huey never runs it."""


def send_plain(_: str, batch: list[Any]) -> list[Any]:
    """Send reports as they are: the queue's key is proof enough."""
    return batch


class Queue:
    """A queue address (a file's path, or `redis://host:port/db`) and the studio's signing key.

    `seal` makes of a batch of reports, and whose they are, what is sent.
    """

    def __init__(
        self, address: str, *, secret: bytes, seal: Callable[[str, list[Any]], Any] = send_plain
    ) -> None:
        self.address = address
        self.secret = secret
        self.seal = seal
        self.lines: dict[str, Line] = {}

    @property
    def is_private(self) -> bool:
        """Tell whether this machine alone uses the queue (a file)."""
        return not self.address.startswith(("redis://", "rediss://"))

    def line(self, name: str) -> Line:
        """Return the line of that name."""
        if name not in self.lines:
            self.lines[name] = self.open_line(name)
        return self.lines[name]

    def open_line(self, name: str) -> Line:
        """Open a line on this queue's backend."""
        if self.is_private:
            Path(self.address).parent.mkdir(parents=True, exist_ok=True)
            return FileLine(
                SqliteHuey(
                    f"yuntu-{name}",
                    filename=self.address,
                    serializer=SignedJson(self.secret),
                    fsync=False,
                    strict_fifo=True,
                    results=False,
                )
            )
        return RedisLine(
            PriorityRedisHuey(
                f"yuntu-{name}",
                connection_pool=ConnectionPool.from_url(
                    self.address,
                    socket_timeout=REDIS_SECONDS_MAX,
                    socket_connect_timeout=REDIS_SECONDS_MAX,
                ),
                serializer=SignedJson(self.secret),
                blocking=False,
                results=False,
            )
        )

    def frames(self, renderer: str) -> Line:
        """Return the line of frames for a renderer."""
        return self.line(f"{FRAME_LINE}-{renderer}")

    def frames_for(self, address: str) -> Line:
        """Return the line of frames, by any renderer, that one node or one machine may have."""
        # Huey drops signs from the names of lines in Redis, and ids may differ in those alone.
        return self.line(f"{FRAME_LINE}-for-{hashlib.sha256(address.encode()).hexdigest()[:24]}")

    def mark_stopped(self, job: str, *, run: int) -> None:
        """Call off every frame of a job that was handed out in this run or before."""
        self.line(STOP_LINE).storage.put_data(job, str(run).encode())

    def read_stop(self, job: str) -> int:
        """Return the latest run of a job that was called off, 0 when none was."""
        value = self.line(STOP_LINE).storage.peek_data(job)
        return 0 if value is EmptyData else int(bytes(value))

    def mark_out(self, node: str) -> None:
        """Tell a node that it was taken out: nobody believes what it reports."""
        self.line(OUT_LINE).storage.put_data(node, b"1")

    def is_out(self, node: str) -> bool:
        """Tell whether a node of that name was taken out."""
        return self.line(OUT_LINE).storage.peek_data(node) is not EmptyData

    def answers(self) -> bool:
        """Tell whether the queue can be reached, by a connection of its own: from any thread."""
        if self.is_private:
            return True
        try:
            with self.connect() as client:
                return bool(client.ping())
        except RedisError:
            return False

    def try_out(self) -> str:
        """Write something to a Redis and take it back; return its words where it refuses, else "".

        Raises ValueError for an address that cannot be meant.
        """
        mark = f"yuntu-tried-{secrets.token_hex(8)}"
        try:
            with self.connect() as client:
                client.set(mark, "1", ex=REDIS_SECONDS_MAX)
                client.delete(mark)
        except RedisError as error:
            return str(error)
        return ""

    def connect(self) -> Redis:
        """Return a connection to a Redis of the caller's own."""
        waits = {"socket_timeout": REDIS_SECONDS_MAX, "socket_connect_timeout": REDIS_SECONDS_MAX}
        return Redis.from_url(self.address, **waits)

    def close(self) -> None:
        """Close every connection."""
        for line in self.lines.values():
            line.storage.close()
        self.lines.clear()


def order_lines(lines: Iterable[Line]) -> list[Line]:
    """Return the lines that have messages, the one with the most urgent and oldest first."""
    heads = [(line.head(), line) for line in lines]
    waiting = [(head, line) for head, line in heads if head is not None]
    return [line for _, line in sorted(waiting, key=lambda one: one[0])]


def frame_ids(messages: Sequence[Any]) -> set[tuple[str, int, int]]:
    """Return (job, frame, attempt) of frame messages."""
    return {(one["job"], one["number"], one["attempt"]) for one in messages}
