"""What every shape of the interface shares: strictness, ids, pages."""

from pydantic import BaseModel, ConfigDict, Field

from local_server.farm.identifiers import GRAMMAR

WHOLE_ID = f"^{GRAMMAR.pattern}$"  # pydantic searches: without the anchors `../` may follow an id
NUMBER_MAX = 2**63 - 1  # what SQLite can compare with


class Shape(BaseModel):
    """Anything that crosses the interface; unknown fields are refused, so that typos are heard."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageQuery(Shape):
    """A page of a long list."""

    limit: int = Field(200, ge=1, le=1_000, description="How many at most")
    cursor: str | None = Field(None, description="`next` of the page before")
