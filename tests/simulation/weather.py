"""Weather: a store as machines meet it, with requests that get lost, late views and crashes."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from local_server.farm.errors import NotFound, Unavailable
from sync.store import ObjectInfo, Store


class Crash(BaseException):
    """The process is gone, at once and anywhere."""


@dataclass
class Weather:
    """How bad it is: each a probability for one request."""

    chance: random.Random
    lost_request: float = 0.05
    lost_answer: float = 0.05
    late_view: float = 0.05
    crash: float = 0.01
    calm: bool = False

    def strikes(self, probability: float) -> bool:
        """Tell whether something happens now."""
        return not self.calm and self.chance.random() < probability


@dataclass
class View:
    """One machine's view of the store that all share. `pause` lets the others go on."""

    store: Store
    weather: Weather
    pause: Callable[[], None]
    online: bool = True
    seen: set[str] = field(default_factory=set)
    requests: int = 0

    def meet(self) -> None:
        """Be offline, lose the request or crash."""
        self.requests += 1
        self.pause()
        if not self.online:
            raise Unavailable("store_missing", folder="offline")
        if self.weather.strikes(self.weather.crash):
            raise Crash
        if self.weather.strikes(self.weather.lost_request):
            raise Unavailable("store_failed", folder="memory", words="lost request")

    def lose_answer(self) -> None:
        """Crash or lose the answer to what was done."""
        self.pause()
        if self.weather.strikes(self.weather.crash):
            raise Crash
        if self.weather.strikes(self.weather.lost_answer):
            raise Unavailable("store_failed", folder="memory", words="lost answer")

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write an object unless its key is taken."""
        self.meet()
        done = self.store.put_if_absent(key, data)
        self.lose_answer()
        return done

    def put_alone(self, key: str, data: bytes) -> bool:
        """Write an object that no other machine writes unless it is there."""
        self.meet()
        done = self.store.put_alone(key, data)
        self.lose_answer()
        return done

    def get(self, key: str, *, most: int | None = None) -> bytes:
        """Read an object; one that is new may not be seen yet."""
        assert most is not None, "whatever lies there fits in memory"
        self.meet()
        data = self.store.get(key, most=most)
        if key not in self.seen and self.weather.strikes(self.weather.late_view):
            raise NotFound("object_missing", key=key)
        self.seen.add(key)
        self.lose_answer()
        return data

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Read a part of an object."""
        return self.get(key, most=start + length)[start:]

    def head(self, key: str) -> ObjectInfo | None:
        """Say how big an object is."""
        self.meet()
        return self.store.head(key)

    def list(self, prefix: str, *, after: str = "", limit: int = 1000) -> tuple[str, ...]:
        """List keys."""
        self.meet()
        return self.store.list(prefix, after=after, limit=limit)

    def put_blob(self, key: str, source: Path) -> bool:
        """Copy a file in."""
        self.meet()
        return self.store.put_blob(key, source)

    def sign_url(self, key: str, *, seconds: int) -> str | None:
        del key, seconds
        return None

    def probe(self) -> None:
        """Keep every promise but those of the weather."""
