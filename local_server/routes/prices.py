"""Routes of prices: every version there is, and a new one."""

from dataclasses import asdict
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from local_server.answers import answer
from local_server.document import gives
from local_server.farm.db import read_clock_ms
from local_server.farm.price_books import add_price_book, list_price_books, read_price_books
from local_server.farm.pricing import Level, PriceBook
from local_server.services import here
from local_server.shapes.prices import LevelView, PriceBookList, PriceBookRequest, PriceBookView

TAG = Tag(name="prices", description="Versions of the price book, and what memberships are worth")
ROUTES = APIBlueprint("prices", __name__, url_prefix="/api/v1/prices", abp_tags=[TAG])


@ROUTES.get("", **gives(PriceBookList))
def list_prices() -> Response:
    """List every version of the prices, in the order they begin."""
    return answer(PriceBookList(items=[show(row) for row in list_price_books(here.reader)]))


@ROUTES.post(
    "",
    **gives(
        PriceBookView,
        {422: ("price_book_in_past", "price_book_without_standard"), 409: "price_book_differs"},
        status=201,
    ),
)
def add_prices(body: PriceBookRequest) -> Response:
    """Add a version of the prices; what was planned before keeps its own."""
    now = read_clock_ms()
    standing = here.books.get(body.id)
    begins = standing.valid_from_ms if standing and body.valid_from_ms is None else now
    book = PriceBook(
        id=body.id,
        rate_micros=body.rate_micros,
        minimum_micros=body.minimum_micros,
        levels={name: Level(**one.model_dump()) for name, one in body.levels.items()},
        valid_from_ms=begins if body.valid_from_ms is None else body.valid_from_ms,
    )
    author = here.caller.account
    here.writer.write(add_price_book, book, note=body.note, author=author, at_ms=now)
    # The foreman and the submissions read this very mapping.
    here.books.update(read_price_books(here.reader))
    [row] = [one for one in list_price_books(here.reader) if one["id"] == book.id]
    return answer(show(row), status=201)


def show(row: dict[str, Any]) -> PriceBookView:
    """Return a version as the interface shows it."""
    book = here.books[row["id"]]
    return PriceBookView(
        **{name: value for name, value in row.items() if name != "serial"},
        in_force=book == here.submission.book,
        levels={name: LevelView(**asdict(one)) for name, one in book.levels.items()},
    )
