"""Capping: frames that cost less than their price, because no more was set aside for the job."""

from collections.abc import Iterable
from typing import Any


def find_capped(lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those lines of a bill that were paid less than their price."""
    return [line for line in lines if line["amount_micros"] < line["full_micros"]]


def sum_spared(lines: Iterable[dict[str, Any]]) -> int:
    """Return how much less than their prices lines of a bill came to, in micros."""
    return sum(int(line["full_micros"]) - int(line["amount_micros"]) for line in lines)
