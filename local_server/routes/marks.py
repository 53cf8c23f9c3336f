"""Marks of pages: where a list in any order goes on, as text that a client gives back as it is."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from local_server.farm.errors import Unfit
from local_server.shapes.shape import NUMBER_MAX

MARK_LENGTH_MAX = 2_000


def make_mark(*values: str | int | None) -> str:
    """Return a mark that stands for these values."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def parse_mark(mark: str, *kinds: type) -> list[Any]:
    """Return the values that a mark stands for, one of each kind. Raises Unfit `cursor_wrong`.

    A mark is no secret and no proof: it only says where to go on.
    """
    try:
        padded = mark[:MARK_LENGTH_MAX] + "=" * (-len(mark) % 4)
        values = json.loads(urlsafe_b64decode(padded.encode("ascii")))
        json.dumps(values, ensure_ascii=False).encode()  # half a character is not ours to look up
    except (ValueError, RecursionError, binascii.Error) as error:
        raise Unfit("cursor_wrong", cursor=mark[:40]) from error
    sound = isinstance(values, list) and len(values) == len(kinds)
    if not sound or not all(map(fits, values, kinds)):
        raise Unfit("cursor_wrong", cursor=mark[:40])
    return list(values)


def parse_place(mark: str | None) -> tuple[int, int] | None:
    """Return a moment in ms and a number behind it to go on from; None is the beginning."""
    if mark is None:
        return None
    at_ms, number = parse_mark(mark, int, int)
    return at_ms, number


def fits(value: object, kind: type) -> bool:
    """Tell whether a value is one that we could have written."""
    if isinstance(value, int) and abs(value) > NUMBER_MAX:
        return False
    return isinstance(value, kind) and not isinstance(value, bool)
