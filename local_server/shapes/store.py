"""Stores, and what is cleared away in them."""

from typing import Literal

from pydantic import Field

from local_server.shapes.shape import Body, Shape, show


class CleaningRequest(Body):
    """Which store to clear, and whether only to look."""

    model_config = show({"where": "here", "dry_run": True})

    where: Literal["here", "studio"] = Field(
        "here", description="This machine's own store, or the one that it shares with its studio"
    )
    dry_run: bool = Field(False, description="Only say what would be removed")


class CleaningView(Shape):
    """What nothing names any more in a store, and what was left there all the same."""

    where: str = Field(description="Which store", examples=["here"])
    dry_run: bool = Field(description="Whether it was only looked at")
    blobs: int = Field(description="How many blobs nothing names and nobody used for 30 days")
    size_bytes: int = Field(description="How much they are")
    removed: int = Field(description="How many of them are gone now")
    young: int = Field(description="How many others nothing names either, but were used lately")
    too_big: int = Field(
        description="How many cannot be marked as used in this store, so they stay"
    )
    named: int = Field(description="How many blobs something names")
