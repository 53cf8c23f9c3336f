"""Faults: rules that make the server fail on purpose, the same way for the same seed."""

import random
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase


class Action(StrEnum):
    """What goes wrong."""

    DROP = "drop"
    """The connection ends before anything was done."""
    LOSE = "lose"
    """It is done, and the connection ends before the answer."""
    DELAY = "delay"
    """The answer comes `amount` milliseconds late."""
    STALL = "stall"
    """Half the answer comes, then nothing, and the connection stays."""
    TRUNCATE = "truncate"
    """`amount` bytes of the body come (half without), then the connection ends."""
    REFUSE = "503"
    """ServiceUnavailable, and nothing was done."""
    CRC = "crc"
    """The CRC64 in the answer's header is another."""
    FLIP = "flip"
    """One bit of the answer's body is another, the headers are right."""


@dataclass(kw_only=True, slots=True)
class Rule:
    """When something goes wrong: every condition has to hold. `nth` counts from 1."""

    action: Action
    amount: int | None = None
    verb: str = "*"
    key: str = "*"
    nth: int | None = None
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    met: int = 0
    used: int = 0
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def applies(self, verb: str, key: str) -> bool:
        """Say whether this request is hit, and count it."""
        if not fnmatchcase(verb, self.verb) or not fnmatchcase(key, self.key):
            return False
        self.met += 1
        if self.nth is not None and self.met != self.nth:
            return False
        if self.times is not None and self.used >= self.times:
            return False
        if self.probability < 1 and self.dice.random() >= self.probability:
            return False
        self.used += 1
        return True


def parse_faults(spec: str) -> list[Rule]:
    """Read rules such as `lose@verb=PUT,key=v1/*,nth=2;delay:200@probability=0.1,seed=7`.

    Raises `ValueError` for what is no rule.
    """
    rules = []
    for text in filter(None, (part.strip() for part in spec.split(";"))):
        head, _, conditions = text.partition("@")
        action, _, amount = head.partition(":")
        rule = Rule(action=Action(action), amount=int(amount) if amount else None)
        for condition in filter(None, conditions.split(",")):
            name, _, value = condition.partition("=")
            if name in ("verb", "key"):
                setattr(rule, name, value)
            elif name in ("nth", "times", "seed"):
                setattr(rule, name, int(value))
            elif name == "probability":
                rule.probability = float(value)
            else:
                raise ValueError(f"{text}: no condition {name}")
        rule.dice.seed(rule.seed)
        rules.append(rule)
    return rules


class Faults:
    """The rules of a server. Safe to change from a test while requests are under way."""

    def __init__(self, spec: str = "") -> None:
        self._lock = threading.Lock()
        self._rules = parse_faults(spec)
        self.ended = threading.Event()

    def replace(self, spec: str) -> None:
        """Put other rules in place of all there are; an empty spec ends all faults."""
        rules = parse_faults(spec)
        with self._lock:
            self._rules = rules

    def find(self, verb: str, key: str) -> Rule | None:
        """Return the first rule that hits a request."""
        with self._lock:
            # Each counts what it meets, also when an earlier one hits.
            hits = [rule for rule in self._rules if rule.applies(verb, key)]
        return hits[0] if hits else None
