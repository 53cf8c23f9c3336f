"""Memberships: no more frames side by side than the level allows, no priority above its ceiling."""

import pysqlite3 as sqlite3
import pytest

from local_server.farm import frames, jobs
from local_server.farm.db import fetch_value, write
from local_server.farm.errors import BadInput, Conflict, Refused, Unfit
from local_server.farm.price_books import (
    add_price_book,
    ensure_price_books,
    read_price_books,
)
from local_server.farm.pricing import Level, PriceBook, load_price_books
from tests.farm.workshop import Workshop

BOOK = PriceBook(
    id="levels",
    rate_micros=1,
    minimum_micros=1,
    levels={
        "standard": Level(frames_max=3, priority_max=60),
        "gold": Level(frames_max=5, priority_max=80),
        "platinum": Level(),
    },
)


def hand(shop: Workshop, *, limit: int = 100) -> list[tuple[str, int]]:
    """Hand frames out under the levels of the book."""
    with write(shop.db):
        handed = frames.hand_frames(
            shop.db, renderer="blender-4.5", limit=limit, jobs_max=10, at_ms=shop.tick(), book=BOOK
        )
    return [(one.job, one.number) for one in handed]


def find_priority(shop: Workshop) -> int | None:
    """Return the highest priority at which there is something to hand out."""
    return frames.find_priority(shop.db, renderer="blender-4.5", below=101, book=BOOK)


def test_what_is_under_way_never_passes_the_level(shop: Workshop) -> None:
    shop.submit("job-1", count=10)
    shop.submit("job-2", count=10)
    assert hand(shop) == [("job-1", 1), ("job-1", 2), ("job-1", 3)]
    assert hand(shop) == []
    assert find_priority(shop) is None
    assert fetch_value(shop.db, "SELECT count(*) FROM frame WHERE handed_at_ms IS NOT NULL") == 3


def test_a_frame_that_ends_makes_room_for_one(shop: Workshop) -> None:
    shop.submit("job-1", count=10)
    with write(shop.db):
        handed = frames.hand_frames(
            shop.db, renderer="blender-4.5", limit=9, jobs_max=9, at_ms=shop.tick(), book=BOOK
        )
    for one in handed:
        shop.start(one)
    assert hand(shop) == [], "those that render count like those that wait"
    shop.finish(handed[0])
    shop.fail(handed[1])
    assert hand(shop) == [("job-1", 2), ("job-1", 4)]


def test_one_owner_at_the_limit_is_in_nobodys_way(shop: Workshop) -> None:
    shop.open_account("gold", money=100_000, level="gold")
    shop.open_account("platinum", money=100_000, level="platinum")
    for number in range(12):
        shop.submit(f"mine-{number}", count=4, hold=1_000)
    shop.submit("theirs", count=9, owner="gold", level="gold")
    shop.submit("all", count=20, owner="platinum", level="platinum")
    counts: dict[str, int] = {}
    while handed := hand(shop):
        for job, _ in handed:
            owner = job.partition("-")[0]
            counts[owner] = counts.get(owner, 0) + 1
    assert counts == {"mine": 3, "theirs": 5, "all": 20}


def test_without_a_book_nobody_is_bound(shop: Workshop) -> None:
    shop.submit("job-1", count=10)
    assert len(shop.hand()) == 10


@pytest.mark.parametrize(("level", "highest"), [("standard", 60), ("gold", 80), ("platinum", 100)])
def test_a_priority_stops_at_the_ceiling(shop: Workshop, level: str, highest: int) -> None:
    owner = shop.open_account("artist", level=level)

    def create(job: str, priority: int) -> None:
        with write(shop.db):
            jobs.create_job(
                shop.db,
                id=job,
                owner=owner,
                name=job,
                request={"scene": "/s"},
                priority=priority,
                at_ms=shop.tick(),
                book=BOOK,
            )

    create("job-1", highest)
    if highest < 100:
        with pytest.raises(Refused) as refused:
            create("job-2", highest + 1)
        assert refused.value.params == {
            "priority": highest + 1,
            "level": level,
            "highest": highest,
        }
    with pytest.raises((Refused, BadInput)), write(shop.db):
        jobs.prioritise_job(
            shop.db, job="job-1", priority=highest + 1, at_ms=shop.tick(), book=BOOK
        )
    assert shop.job("job-1")["priority"] == highest


def test_versions_never_change(shop: Workshop) -> None:
    with write(shop.db):
        ensure_price_books(shop.db, load_price_books().values(), at_ms=shop.tick())
        ensure_price_books(shop.db, load_price_books().values(), at_ms=shop.tick())
    assert read_price_books(shop.db) == load_price_books()
    changes = [
        "UPDATE price_book SET rate_micros = 1",
        "DELETE FROM price_book",
        "UPDATE price_level SET discount_basis_points = 9000",
        "DELETE FROM price_level",
        "INSERT INTO price_level VALUES ('2026-11', 'friends', 9000, NULL, 100)",
    ]
    for sql in changes:
        with pytest.raises(sqlite3.IntegrityError), write(shop.db):
            shop.db.conn.execute(sql)
    assert read_price_books(shop.db) == load_price_books()


def test_a_version_is_added_once(shop: Workshop) -> None:
    book = PriceBook(
        id="new",
        rate_micros=5,
        minimum_micros=5,
        levels={"standard": Level()},
        valid_from_ms=shop.now + 100,
    )

    def add(one: PriceBook) -> bool:
        with write(shop.db):
            return add_price_book(shop.db, one, note="", author="me", at_ms=shop.now)

    assert add(book)
    assert not add(book)
    with pytest.raises(Conflict, match="price_book_differs"):
        add(PriceBook(id="new", rate_micros=6, minimum_micros=5, levels=book.levels))
    with pytest.raises(Unfit, match="price_book_in_past"):
        add(PriceBook(id="old", rate_micros=6, minimum_micros=5, levels=book.levels))
