"""Ids of jobs and devices: short, random, easy to read aloud."""

import re
import secrets

ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
LENGTH = 8
GRAMMAR = re.compile(r"[a-z0-9][a-z0-9-]{3,63}")


def make_id() -> str:
    """Return a new id; 30**8 of them make a clash a matter of a million jobs, and a clash fails."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def is_id(text: str) -> bool:
    """Tell whether a client-made id obeys the grammar."""
    return GRAMMAR.fullmatch(text) is not None
