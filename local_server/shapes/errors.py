"""The one shape of every error."""

from typing import Any

from local_server.shapes.shape import Shape


class ErrorBody(Shape):
    """What went wrong, in the reader's language."""

    code: str
    title: str
    detail: str
    params: dict[str, Any]


class ErrorAnswer(Shape):
    """The one shape of every error."""

    error: ErrorBody
