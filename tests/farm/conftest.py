"""A farm in memory for every test of the farm."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_server.farm.db import open_database
from tests.farm.workshop import Workshop


@pytest.fixture
def shop() -> Iterator[Workshop]:
    """A farm whose account `me` has ten yuan."""
    db = open_database(Path(":memory:"))
    shop = Workshop(db)
    shop.open_account("me", money=10_000_000)
    yield shop
    db.conn.close()
