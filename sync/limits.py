"""Limits on transfers: how many run at once, and how fast all of them together."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_BURST_S = 1.0
_LOOK_S = 0.005


class Places:
    """A number of places to hold, for the threads of a process and the greenlets of each.

    Not a semaphore: where threads are gevent's, one that several of its loops wait for forgets to
    wake them up, and all of them wait forever. What is taken from a deque is nobody else's.
    """

    def __init__(self, count: int) -> None:
        self._free = deque(range(count))

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold a place; where none is free, look again shortly."""
        while True:
            try:
                place = self._free.pop()
            except IndexError:
                time.sleep(_LOOK_S)
            else:
                break
        try:
            yield
        finally:
            self._free.append(place)


class Bandwidth:
    """A token bucket: bytes are taken from it before or after they travel; 0 is no limit."""

    def __init__(
        self,
        bytes_per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate, self._clock, self._sleep = bytes_per_second, clock, sleep
        self._turn = Places(1)
        self._level, self._filled_at = bytes_per_second * _BURST_S, clock()

    def take(self, count: int) -> None:
        """Wait until `count` bytes more are within the limit."""
        if self._rate <= 0:
            return
        with self._turn.hold():
            now = self._clock()
            gained = (now - self._filled_at) * self._rate
            self._level = min(self._rate * _BURST_S, self._level + gained) - count
            self._filled_at = now
            # In debt: whoever comes later waits for the debts of all before, so in order.
            wait_s = -self._level / self._rate
        if wait_s > 0:
            self._sleep(wait_s)


class Limits:
    """The limits of one store. Safe to use from several threads."""

    def __init__(self, *, parallel: int, bandwidth: Bandwidth) -> None:
        self.parallel = parallel
        self.bandwidth = bandwidth
        self._places = Places(parallel)

    @contextmanager
    def transfer(self, count: int) -> Iterator[None]:
        """Hold a place for a transfer of `count` bytes, and wait for its share of the line."""
        with self._places.hold():
            self.bandwidth.take(count)
            yield
