"""Arguments that every route reads the same way: paths of this machine, marks of pages."""

from pathlib import Path

from local_server.farm.errors import BadInput, Unfit
from local_server.shapes.shape import NUMBER_MAX


def check_path(path: str, code: str) -> None:
    """Raise BadInput with this code for what cannot be a path, or depends on a working folder."""
    if "\0" in path or not Path(path).is_absolute():
        raise BadInput(code, path=path.replace("\0", ""))


def parse_cursor(cursor: str | None) -> int | None:
    """Return a cursor's number. Raises Unfit `cursor_wrong`."""
    if cursor is None:
        return None
    try:
        number = int(cursor)
    except ValueError as error:
        raise Unfit("cursor_wrong", cursor=cursor[:40]) from error
    if abs(number) > NUMBER_MAX:
        raise Unfit("cursor_wrong", cursor=cursor[:40])
    return number
