"""The one shape of every error."""

from typing import Any

from pydantic import Field

from local_server.shapes.shape import Shape


class ErrorBody(Shape):
    """What went wrong, in the reader's language."""

    code: str = Field(description="Which error; programs go by it, it never changes its meaning")
    title: str = Field(description="What went wrong, in a few words")
    detail: str = Field(description="What went wrong and what to do, in a sentence or two")
    params: dict[str, Any] = Field(description="What the words speak of, by name")
    request_id: str = Field(description="The request's id, as in `X-Request-Id` and in the log")


class ErrorAnswer(Shape):
    """The one shape of every error."""

    error: ErrorBody = Field(description="The error")
