"""Passwords: how strong one must be, and how it is kept and checked without holding others up."""

import base64
import hashlib
import hmac
import os
import unicodedata
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

import bcrypt
from gevent.threadpool import ThreadPool
from zxcvbn import zxcvbn

from local_server.farm.errors import Unavailable, Unfit

COST = 12
LETTERS_MIN, LETTERS_MAX = 8, 256
SCORE_MIN = 3  # of 4: withstands 10^8 guesses, says zxcvbn; common passwords are among its first
JUDGED_LETTERS_MAX = 32  # zxcvbn takes seconds for 72 that are all look-alikes of letters
OURS = ("yuntu", "云图", "盛世云图", "render", "blender")
PURPOSE = b"yuntu password 1"
WAITING_MAX = 64  # a quarter of a minute's work on a slow machine: who comes later comes again

P = ParamSpec("P")
T = TypeVar("T")


class Passwords:
    """Hashes and checks passwords on threads of its own; callers wait without blocking."""

    def __init__(self, *, cost: int = COST) -> None:
        self.cost = cost
        # Half the cores: a storm of sign-ins leaves the rest of the server its share.
        self.pool = ThreadPool(max(1, (os.cpu_count() or 1) // 2))
        self.waiting = 0
        # No password has this hash; checking one against it takes as long as any other check.
        self.nobody = f"$2b${cost:02}${'.' * 53}"

    def hash(self, password: str, *, known: Iterable[str | None]) -> str:
        """Return the hash of a new password.

        `known` is what everybody knows of the person, and so guesses first. Raises Unfit
        `password_too_short`, `password_too_long` and `password_too_weak`, and Unavailable
        `sign_in_busy`.
        """
        words = [*OURS, *list_words(known)]
        return self.run(hash_password, password, words, self.cost)

    def check(self, password: str, digest: str | None) -> bool:
        """Tell whether a password has a hash; for None it takes as long and says no.

        Raises Unavailable `sign_in_busy`.
        """
        right = self.run(check_password, password, digest or self.nobody)
        return right and digest is not None

    def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do slow work on a thread of ours. Raises Unavailable `sign_in_busy` for one too many."""
        if self.waiting >= WAITING_MAX:
            raise Unavailable("sign_in_busy")
        self.waiting += 1
        try:
            outcome: T = self.pool.apply(work, args, kwargs)
        finally:
            self.waiting -= 1
        return outcome


def list_words(known: Iterable[str | None]) -> list[str]:
    """Return what is known of a person as words to guess by: of an e-mail its name as well."""
    told = [one for one in known if one]
    return told + [one.partition("@")[0] for one in told if "@" in one]


def prepare(password: str) -> bytes:
    """Return what bcrypt is given in a password's stead: 44 letters that depend on all of it.

    bcrypt looks at the first 72 bytes and nothing after them, which is 24 Chinese characters, and
    some of its kin stop at a zero byte. A keyed hash first lets every byte count, in base64 because
    of the zero bytes; the key keeps hashes stolen elsewhere from being tried here. NFKC, because
    keyboards and systems compose the same letters differently.
    """
    typed = unicodedata.normalize("NFKC", password).encode()
    return base64.b64encode(hmac.new(PURPOSE, typed, hashlib.sha256).digest())


def check_strength(password: str, known: list[str]) -> None:
    """Raise Unfit for a password that is too short, too long or too easily guessed."""
    if len(password) < LETTERS_MIN:
        raise Unfit("password_too_short", least=LETTERS_MIN)
    if len(password) > LETTERS_MAX:
        raise Unfit("password_too_long", most=LETTERS_MAX)
    judged = zxcvbn(password[:JUDGED_LETTERS_MAX], user_inputs=known)
    if judged["score"] < SCORE_MIN:
        raise Unfit("password_too_weak")


def hash_password(password: str, known: list[str], cost: int) -> str:
    """Return the hash of a new password that is strong enough."""
    check_strength(password, known)
    return bcrypt.hashpw(prepare(password), bcrypt.gensalt(cost)).decode()


def check_password(password: str, digest: str) -> bool:
    """Tell whether a password has a hash."""
    return bcrypt.checkpw(prepare(password), digest.encode())
