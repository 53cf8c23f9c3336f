"""What every shape of the interface shares: strictness, ids, pages."""

import os
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from local_server.farm.identifiers import GRAMMAR

WHOLE_ID = f"^{GRAMMAR.pattern}$"  # pydantic searches: without the anchors `../` may follow an id
NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"  # of a machine or a node
NUMBER_MAX = 2**53 - 1  # what every reader of JSON takes without rounding
TIME = "Milliseconds since 1970, UTC"
# Told to readers of the document; what breaks it is refused with a code of its own.
CURSOR: dict[str, Any] = {"pattern": "^-?[0-9]{1,18}$"}
ROOT = "/" if os.name == "posix" else r"([A-Za-z]:[\\/]|\\\\)"
ABSOLUTE: dict[str, Any] = {"pattern": rf"^{ROOT}[^\x00]*$"}


def show(example: dict[str, Any], **more: Any) -> ConfigDict:
    """Return the part of a body's `model_config` that shows an example, and what else holds."""
    return ConfigDict(json_schema_extra={"examples": [example], **more})


class Shape(BaseModel):
    """Anything that crosses the interface; unknown fields are refused, so that typos are heard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """Return what describes a shape; flask-openapi3 asks for it plain with each request."""
        return super().model_json_schema(*args, **options) if args or options else describe(cls)


@cache
def describe(shape: type[Shape]) -> dict[str, Any]:
    """Return what describes a shape, made once; nobody changes it."""
    return super(Shape, shape).model_json_schema()


class Body(Shape):
    """A request's JSON. Types are as they are written: the text "5" is no number.

    An enumeration in a body is a field with `strict=False`: JSON has only text for it.
    """

    model_config = ConfigDict(strict=True)


class PageQuery(Shape):
    """A page of a long list."""

    limit: int = Field(200, ge=1, le=1_000, description="How many at most")
    cursor: str | None = Field(
        None, description="`next` of the page before", json_schema_extra=CURSOR
    )


class Page(Shape):
    """A part of a long list."""

    next: str | None = Field(description="The `cursor` of the next page; nothing after the last")
