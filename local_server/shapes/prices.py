"""Versions of the prices, as they are asked for and shown."""

from typing import Annotated

from pydantic import Field

from local_server.farm.pricing import (
    BASIS_POINTS,
    FRAMES_MAX,
    MICROS_MAX,
    PRIORITY_MAX,
    PRIORITY_MIN,
)
from local_server.shapes.shape import NUMBER_MAX, WHOLE_ID, Body, Shape, show

LEVELS_MAX = 20
LEVEL = "^[a-z][a-z0-9-]{0,31}$"
LevelName = Annotated[str, Field(pattern=LEVEL)]


class LevelView(Shape):
    """What a membership level is worth."""

    discount_basis_points: int = Field(
        ge=0, le=BASIS_POINTS, description="Off every frame; 1,000 are 10 %"
    )
    frames_max: int | None = Field(
        None, ge=1, le=FRAMES_MAX, description="Frames side by side; null: no limit"
    )
    priority_max: int = Field(
        PRIORITY_MAX, ge=PRIORITY_MIN, le=PRIORITY_MAX, description="The highest priority"
    )


class PriceBookRequest(Body):
    """A new version of the prices. It never changes; with the same `id`, it is added once."""

    model_config = show(
        {
            "id": "2027-spring",
            "rate_micros": 90_000,
            "minimum_micros": 1_000,
            "levels": {"standard": {"discount_basis_points": 0}},
            "note": "Cheaper nights",
        }
    )

    id: str = Field(description="The version's name, which bills tell", pattern=WHOLE_ID)
    rate_micros: int = Field(ge=0, le=MICROS_MAX, description="A core-hour, in micro-yuan")
    minimum_micros: int = Field(
        ge=0, le=MICROS_MAX, description="The least that a frame costs before discount"
    )
    levels: dict[LevelName, LevelView] = Field(
        description="Membership levels by name; `standard` has to be there",
        min_length=1,
        max_length=LEVELS_MAX,
        json_schema_extra={"additionalProperties": False},
    )
    valid_from_ms: int | None = Field(
        None, ge=0, le=NUMBER_MAX, description="From when on, in ms since 1970; else from now on"
    )
    note: str = Field("", max_length=500, description="Why, for other admins")


class PriceBookView(Shape):
    """A version of the prices."""

    id: str = Field(description="The version's name", examples=["2026-11"])
    in_force: bool = Field(description="Jobs that are planned now get this one")
    valid_from_ms: int = Field(description="From when on, in ms since 1970")
    rate_micros: int = Field(description="A core-hour, in micro-yuan")
    minimum_micros: int = Field(description="The least that a frame costs before discount")
    levels: dict[str, LevelView] = Field(
        description="Membership levels by name",
        examples=[{"gold": {"discount_basis_points": 1000, "frames_max": 8, "priority_max": 80}}],
    )
    note: str = Field(description="Why it was made")
    author: str | None = Field(description="The admin who made it; null: it came with the program")
    created_at_ms: int = Field(description="When it was added")


class PriceBookList(Shape):
    """Every version of the prices, in the order they begin."""

    items: list[PriceBookView] = Field(description="The versions")
