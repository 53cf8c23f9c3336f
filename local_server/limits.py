"""Limits of rate: how often a name and an address may try what others could guess or flood."""

import time
from collections.abc import Callable, Mapping

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from local_server.farm.errors import TooOften
from local_server.farm.people_tables import fold_name

# By what is tried, and by whom. Failures count for guessing, all tries for flooding.
RATES = {
    "signin.name": "10 per 5 minutes",
    "signin.address": "100 per 5 minutes",
    "signup.address": "60 per hour",
    "code.name": "10 per 15 minutes",
    "code.address": "100 per 15 minutes",
}
NAME_LENGTH_MAX = 128


class Limits:
    """Counts tries in memory; a restart forgets them."""

    def __init__(
        self, rates: Mapping[str, str] = RATES, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.rates: dict[str, RateLimitItem] = {what: parse(rate) for what, rate in rates.items()}
        self.windows = MovingWindowRateLimiter(MemoryStorage())
        self.clock = clock

    def check(self, what: str, who: str) -> None:
        """Raise TooOften `too_often` when there were too many tries already; this one is none."""
        rate = self.rates[what]
        if not self.windows.test(rate, what, fold(who)):
            self.refuse(rate, what, who)

    def count(self, what: str, who: str) -> None:
        """Count a try. Raises TooOften `too_often` when it is one too many."""
        rate = self.rates[what]
        if not self.windows.hit(rate, what, fold(who)):
            self.refuse(rate, what, who)

    def forgive(self, what: str, who: str) -> None:
        """Forget the tries: the last one was right."""
        self.windows.clear(self.rates[what], what, fold(who))

    def refuse(self, rate: RateLimitItem, what: str, who: str) -> None:
        """Raise TooOften `too_often` with when to come again."""
        ends_at = self.windows.get_window_stats(rate, what, fold(who)).reset_time
        raise TooOften("too_often", retry_after_s=max(1, int(ends_at - self.clock()) + 1))


def fold(who: str) -> str:
    """Return a name as it is counted: as it is looked up, or each spelling had tries of its own.

    Endless ones are cut.
    """
    return fold_name(" ".join(who[:NAME_LENGTH_MAX].split()))
