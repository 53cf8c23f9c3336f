"""Nodes that fail: whose fault it was, who is asked next, and that nothing goes round for ever."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from local_server.farm import able_nodes
from local_server.farm.able_nodes import FAILURES_MOST, LEFT_OUT_MS, SILENT_MS_MAX
from local_server.farm.db import fetch_rows
from local_server.farm.frames import HandedFrame
from local_server.farm.nodes import list_left_out, list_nodes
from local_server.farm.sites import Site
from tests.farm.workshop import Workshop

NODES = ("node-a", "node-b", "node-c", "node-d")


@pytest.fixture
def shop() -> Iterator[Workshop]:
    workshop = Workshop.fresh()
    workshop.top_up("me", 1_000_000)
    yield workshop
    workshop.db.conn.close()


def fail_by(shop: Workshop, *nodes: str, reason: str = "crashed") -> str:
    """Let nodes fail the first frame one after the other; returns its state."""
    for node in nodes:
        [one] = shop.hand(1)
        shop.start(one, node=node)
        shop.fail(one, node=node, reason=reason)
    return str(shop.frame(1)["state"])


def test_frames_go_on_side_by_side_where_there_is_room(shop: Workshop) -> None:
    def count(cores: int | None, site: Site = Site.HERE) -> int:
        told: dict[str, Any] = {"site": site, "cores": cores, "at_ms": shop.now}
        return able_nodes.count_lanes(shop.db, renderer="blender-4.5", **told)

    assert count(None) == 1, "nobody is up, and one will be"
    shop.greet("node-a", slots=8)
    shop.greet("node-b", slots=2)
    shop.greet("node-c", renderer="3.4", slots=8)
    shop.greet("node-d", site=Site.FARM, slots=4)
    assert (count(None), count(8), count(2), count(1)) == (2, 2, 5, 10)
    assert count(2, Site.FARM) == 2


def test_three_different_nodes_fail_a_frame(shop: Workshop) -> None:
    shop.greet(*NODES)
    shop.submit(count=1)
    assert fail_by(shop, "node-a", "node-b", "node-b") == "waiting", "two nodes are no three"
    assert fail_by(shop, "node-c") == "failed"


@pytest.mark.parametrize("nodes", [("node-a", "node-a", "node-a"), ("node-a", "node-b", "node-a")])
def test_three_failures_are_enough_where_there_are_fewer_nodes(
    shop: Workshop, nodes: tuple[str, ...]
) -> None:
    shop.greet(*set(nodes))
    shop.submit(count=1)
    assert fail_by(shop, *nodes[:2]) == "waiting"
    assert fail_by(shop, nodes[2]) == "failed"


def test_nodes_that_cannot_render_the_job_are_not_waited_for(shop: Workshop) -> None:
    shop.greet("node-a")
    shop.greet("node-b", renderer="3.4")
    shop.submit(count=1)
    assert fail_by(shop, "node-a", "node-a", "node-a") == "failed"


def test_a_renderer_that_does_not_start_is_no_fault_of_the_frame(shop: Workshop) -> None:
    shop.greet("node-a", "node-b")
    shop.submit(count=1)
    assert fail_by(shop, "node-a", "node-a", reason="not_started") == "waiting"
    assert shop.frame(1)["failures"] == 0
    assert [one.address for one in shop.hand_addressed()] == ["node-b"]


def test_a_lone_renderer_that_does_not_start_ends_the_frame(shop: Workshop) -> None:
    """Nobody else could try: an artist is told at last, instead of waiting for ever."""
    shop.greet("node-a")
    shop.submit(count=1)
    assert fail_by(shop, *["node-a"] * 3, reason="not_started") == "failed"


def test_a_frame_goes_to_a_node_that_has_not_failed_it(shop: Workshop) -> None:
    shop.greet("node-a", "node-b")
    shop.submit(count=3)
    fail_by(shop, "node-a")
    assert [one.address for one in shop.hand_addressed()] == ["node-b", None, None]
    assert shop.frame(1)["address"] == "node-b"


def test_frames_that_are_addressed_are_shared_out(shop: Workshop) -> None:
    shop.greet("node-a", "node-b", "node-c")
    shop.submit(count=2)
    for one in shop.hand(2):
        shop.fail(one, node="node-a")
    assert {one.address for one in shop.hand_addressed()} == {"node-b", "node-c"}


def test_a_node_that_keeps_failing_is_left_out_and_forgiven(shop: Workshop) -> None:
    shop.greet("node-a", "node-b")
    shop.submit(count=5)
    told = [shop.judge(one, node="node-a") for one in shop.hand(3)]
    assert [one.left_out for one in told if one is not None] == [False, False, True]
    [event] = fetch_rows(shop.db, "SELECT data FROM event WHERE kind = 'node.left_out'")
    assert "node-a" in event["data"]
    assert {one.address for one in shop.hand_addressed()} == {"node-b"}

    shop.now += LEFT_OUT_MS + 1
    shop.greet("node-a", "node-b")
    with_all = shop.job()
    assert able_nodes.list_able(shop.db, with_all, at_ms=shop.now) == {"node-a", "node-b"}


def test_it_is_left_out_for_longer_each_time_until_it_renders(shop: Workshop) -> None:
    shop.greet("node-a", "node-b")
    shop.submit(count=9)
    under_way = shop.hand(5)
    for one in under_way[:4]:
        shop.fail(one, node="node-a")
    [row] = fetch_rows(shop.db, "SELECT in_a_row FROM node_failure")
    assert row["in_a_row"] == 3, "the fourth was begun before"
    shop.now += LEFT_OUT_MS
    shop.greet("node-a", "node-b")
    shop.fail(under_way[4], node="node-a")
    [row] = fetch_rows(shop.db, "SELECT until_ms FROM node_failure")
    assert row["until_ms"] - shop.now == 2 * LEFT_OUT_MS
    [good] = [one for one in shop.hand(9) if one.number == 9]
    shop.finish(good, node="node-a")
    assert fetch_rows(shop.db, "SELECT * FROM node_failure") == []


def test_the_only_node_is_never_left_out(shop: Workshop) -> None:
    shop.greet("node-a")
    shop.submit(count=9)
    for one in shop.hand(9):
        shop.fail(one, node="node-a")
    assert able_nodes.list_able(shop.db, shop.job(), at_ms=shop.now) == {"node-a"}


def test_who_is_left_out_is_listed_for_whose_job_it_is(shop: Workshop) -> None:
    shop.greet("node-a", "node-b")
    shop.submit(count=3)
    for one in shop.hand(3):
        shop.fail(one, node="node-a")
    for owner, told in (("me", 1), (None, 1), ("somebody", 0)):
        assert len(list_left_out(shop.db, owner=owner, at_ms=shop.now)) == told
    [one] = shop.hand(1)
    shop.start(one, node="node-b")
    assert {row["id"]: row["rendering"] for row in list_nodes(shop.db, at_ms=shop.now)} == {
        "node-a": 0,
        "node-b": 1,
    }


def test_nodes_of_another_site_are_not_asked(shop: Workshop) -> None:
    shop.greet("node-a")
    shop.greet("node-b", site=Site.FARM)
    shop.submit(count=1)
    assert fail_by(shop, "node-a", "node-a", "node-a") == "failed"


def test_a_retry_begins_with_a_clean_record(shop: Workshop) -> None:
    shop.greet("node-a", "node-b", "node-c")
    shop.submit(count=1)
    assert fail_by(shop, "node-a", "node-b", "node-c") == "failed"
    shop.retry("job-1")
    assert [one.address for one in shop.hand_addressed()] == [None]
    assert fetch_rows(shop.db, "SELECT * FROM frame_failure") == []


# --- whatever happens ---


class Crew:
    """Nodes that take what they may have; each step one of them does one thing."""

    def __init__(self) -> None:
        self.shop = Workshop.fresh()
        self.shop.top_up("me", 1_000_000)
        self.shop.submit(count=4)
        self.up = {"node-a"}
        self.shop.greet("node-a")
        self.waiting: list[HandedFrame] = []
        self.tries: dict[int, int] = {}

    def hand_out(self) -> None:
        """Hand frames out, and check that nobody gets back what others could try."""
        handed = self.shop.hand_addressed()
        able = able_nodes.list_able(self.shop.db, self.shop.job(), at_ms=self.shop.now)
        for one in handed:
            failed = able_nodes.list_failed_by(self.shop.db, job=one.job, number=one.number).keys()
            best = able - failed or able or self.up  # with nobody able, anybody may try
            assert one.address in best if best != self.up else one.address is None
        self.waiting += handed

    def change(self, node: str) -> None:
        """Let a node come or go; the last one stays. What was for it alone is found lost."""
        if node in self.up and len(self.up) > 1:
            self.up.remove(node)
            self.shop.db.conn.execute("UPDATE node SET gone_at_ms = 1 WHERE id = ?", (node,))
            for one in [one for one in self.waiting if one.address == node]:
                self.waiting.remove(one)
                sql = "UPDATE frame SET handed_at_ms = NULL WHERE number = ?"
                self.shop.db.conn.execute(sql, (one.number,))
        else:
            self.up.add(node)
            self.shop.greet(node)

    def work(self, node: str, outcome: str) -> None:
        """Let a node take a frame that it may have, if there is one."""
        mine = [one for one in self.waiting if one.address in (None, node)]
        if node not in self.up or not mine:
            return
        one = mine[0]
        self.waiting.remove(one)
        self.tries[one.number] = self.tries.get(one.number, 0) + 1
        self.shop.start(one, node=node)
        if outcome == "done":
            self.shop.finish(one, node=node)
        else:
            self.shop.fail(one, node=node, reason=outcome)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(NODES),
        st.sampled_from(["crashed", "not_started", "crashed", "done", "change"]),
    ),
    max_size=60,
)


LEFT_ALONE = [
    ("node-b", "change"),
    *[("node-a", "crashed")] * 3,
    ("node-b", "change"),
]
"""The first node is left out of the job, and then the other goes."""


@settings(max_examples=60, deadline=None)
@example(steps=LEFT_ALONE, last="crashed")
@given(steps=STEPS, last=st.sampled_from(["crashed", "not_started"]))
def test_every_job_comes_to_an_end(steps: list[tuple[str, str]], last: str) -> None:
    """Come and go as they may: once nothing but failures is left, the job ends soon."""
    crew = Crew()
    for node, outcome in steps:
        crew.shop.greet(*crew.up)
        crew.hand_out()
        if outcome == "change":
            crew.change(node)
        else:
            crew.work(node, outcome)
    crew.tries.clear()
    for _ in range(200):
        if crew.shop.job()["state"] not in ("queued", "running"):
            break
        crew.shop.greet(*crew.up)
        crew.hand_out()
        for node in sorted(crew.up):
            crew.work(node, last)
    assert crew.shop.job()["state"] in ("failed", "partial", "completed")
    assert all(tries <= FAILURES_MOST + 3 * len(NODES) for tries in crew.tries.values())
    assert crew.shop.broken_rules() == {}
    crew.shop.db.conn.close()


def test_a_silent_node_is_not_up(shop: Workshop) -> None:
    shop.greet("node-a")
    assert able_nodes.is_up(shop.db, node="node-a", at_ms=shop.now)
    assert not able_nodes.is_up(shop.db, node="node-a", at_ms=shop.now + SILENT_MS_MAX)
