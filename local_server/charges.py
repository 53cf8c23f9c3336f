"""Charges off the clock: frames that were cut off at their job's money, or cost the least."""

from collections.abc import Iterator, Sequence
from typing import Any

from local_server.wording import Wording


def explain_charges(lines: Sequence[dict[str, Any]], wording: Wording) -> Iterator[str]:
    """Give a sentence for each way in which lines of a bill are not seconds times a rate."""
    least = [line for line in lines if line["at_minimum"]]
    if least:
        yield wording.say("bill_least", count=len(least)).title
    capped = [line for line in lines if line["amount_micros"] < line["full_micros"]]
    if capped:
        spared = sum(int(line["full_micros"]) - int(line["amount_micros"]) for line in capped)
        yield wording.say("bill_capped", count=len(capped), spared_micros=spared).title
