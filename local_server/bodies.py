"""Bodies of requests: JSON read strictly, and nothing that grows when it is unpacked."""

import json
from typing import Any, NoReturn

from flask import Request

from local_server.farm.errors import BadInput, Unreadable
from local_server.shapes.shape import NUMBER_MAX

DEPTH_MAX = 32


class StrictRequest(Request):
    """A request whose JSON means one thing only: one object, no key twice, no NaN, not too deep."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """Return the body's object; the arguments are Flask's, and change nothing.

        Raises BadInput `not_json`, `keys_twice`, `too_deep`, Unreadable `type_not_json`,
        `encoding_refused`.
        """
        del force, silent
        if self.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise Unreadable("encoding_refused")
        if not self.is_json:
            raise Unreadable("type_not_json")
        return parse_object(self.get_data(cache=cache))


def parse_object(data: bytes) -> dict[str, Any]:
    """Return the object that JSON text is. Raises BadInput `not_json`, `keys_twice`, `too_deep`."""
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=read_pairs,
            parse_constant=refuse_constant,
            parse_float=read_number,
        )
    except RecursionError as error:
        raise BadInput("too_deep", most=DEPTH_MAX) from error
    except ValueError as error:
        raise BadInput("not_json") from error
    if not isinstance(value, dict):
        raise BadInput("not_json")
    check_depth(value)
    return value


def check_depth(value: dict[str, Any]) -> None:
    """Raise BadInput `too_deep` for what nests deeper than anything that we ask for."""
    level: list[Any] = [value]
    for _ in range(DEPTH_MAX):
        level = [inner for outer in level for inner in list_inner(outer)]
        if not level:
            return
    raise BadInput("too_deep", most=DEPTH_MAX)


def list_inner(value: Any) -> list[Any]:
    """Return the arrays and objects that an array or object holds."""
    held = value.values() if isinstance(value, dict) else value
    return [one for one in held if isinstance(one, dict | list)]


def read_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's members. Raises BadInput `keys_twice`: which of both would be meant?"""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise BadInput("keys_twice", key=max(names, key=names.count)[:40])
    return found


def read_number(text: str) -> int | float:
    """Return a number with a point or an exponent; JSON's 100.0 is the same whole number as 100."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) <= NUMBER_MAX else number


def refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and the infinities, which JSON does not have."""
    raise ValueError(name)
