"""The queue: named lines of signed JSON messages over Huey, in a SQLite file or in Redis.

Huey takes a message off before it is acted on, so a message may be lost with its taker: all that
matters is elsewhere (leases, frame records), and a message is only a hint.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from huey import PriorityRedisHuey, SqliteHuey
from huey.constants import EmptyData
from huey.registry import Message
from huey.serializer import Serializer

SIGNATURE_BYTES = 32
FRAME_LINE = "frames"
STOP_LINE = "stops"


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


class Line:
    """One named line of messages; the highest priority first, then the oldest."""

    def __init__(self, huey: Any) -> None:
        self.huey = huey
        self.carry = huey.task(name="carry")(carry_nothing)

    def send(self, messages: Iterable[tuple[Any, int]]) -> None:
        """Put messages (JSON value, priority) on the line."""
        tasks = [self.carry.s(value, priority=priority) for value, priority in messages]
        items = [(self.huey.serialize_task(task), task.priority) for task in tasks]
        storage = self.huey.storage
        if len(items) > 1 and hasattr(storage, "to_blob"):
            with storage.db(commit=True) as cursor:
                cursor.executemany(
                    "insert into task (queue, data, priority) values (?, ?, ?)",
                    [(storage.name, data, priority or 0) for data, priority in items],
                )
            return
        for data, priority in items:
            storage.enqueue(data, priority)

    def take(self) -> Any | None:
        """Take the next message off the line, or None when it is empty. Raises BadMessage."""
        data = self.huey.storage.dequeue()
        return None if data is None else self.read(data)

    def list_waiting(self) -> list[Any]:
        """Return the messages on the line without taking them."""
        return [self.read(data) for data in self.huey.storage.enqueued_items()]

    def read(self, data: bytes) -> Any:
        """Return the value that a stored message carries."""
        return self.huey.serializer.deserialize(data).args[0]


def carry_nothing(value: Any) -> None:
    """Stand for a message in Huey's registry; nodes act on the value, Huey never runs it."""


class Queue:
    """A queue address (a file's path, or `redis://host:port/db`) and the studio's signing key."""

    def __init__(self, address: str, *, secret: bytes) -> None:
        self.address = address
        self.secret = secret
        self.lines: dict[str, Line] = {}

    @property
    def is_private(self) -> bool:
        """Tell whether this machine alone uses the queue (a file)."""
        return not self.address.startswith(("redis://", "rediss://"))

    def line(self, name: str) -> Line:
        """Return the line of that name."""
        if name not in self.lines:
            self.lines[name] = Line(self.open_huey(name))
        return self.lines[name]

    def open_huey(self, name: str) -> Any:
        """Open a Huey instance on this queue's backend."""
        serializer = SignedJson(self.secret)
        if not self.is_private:
            return PriorityRedisHuey(
                f"yuntu-{name}",
                url=self.address,
                serializer=serializer,
                blocking=False,
                results=False,
            )
        Path(self.address).parent.mkdir(parents=True, exist_ok=True)
        return SqliteHuey(
            f"yuntu-{name}",
            filename=self.address,
            serializer=serializer,
            fsync=False,
            strict_fifo=True,
            results=False,
        )

    def frames(self, renderer: str) -> Line:
        """Return the line of frames for a renderer."""
        return self.line(f"{FRAME_LINE}-{renderer}")

    def mark_stopped(self, job: str, *, run: int) -> None:
        """Call off every frame of a job that was handed out in this run or before."""
        self.line(STOP_LINE).huey.storage.put_data(job, str(run).encode())

    def read_stop(self, job: str) -> int:
        """Return the latest run of a job that was called off, 0 when none was."""
        value = self.line(STOP_LINE).huey.storage.peek_data(job)
        return 0 if value is EmptyData else int(bytes(value))

    def close(self) -> None:
        """Close every connection."""
        for line in self.lines.values():
            line.huey.storage.close()
        self.lines.clear()


def frame_ids(messages: Sequence[Any]) -> set[tuple[str, int, int]]:
    """Return (job, frame, attempt) of frame messages."""
    return {(one["job"], one["number"], one["attempt"]) for one in messages}
