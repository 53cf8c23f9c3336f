"""A small farm to test with: the real database and the real domain, with short names."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from local_server.farm import able_nodes, accounts, attempts, frames, jobs, ledger, nodes
from local_server.farm.able_nodes import Setback
from local_server.farm.attempts import Result
from local_server.farm.audit import audit_farm
from local_server.farm.db import Row, fetch_rows, open_database, write
from local_server.farm.frames import HandedFrame
from local_server.farm.jobs import Plan
from local_server.farm.pricing import Level, PriceBook
from local_server.farm.sites import Site

BOOK = PriceBook(
    id="test-book",
    rate_micros=3_600_000,  # one micro per core-millisecond: prices can be read off the times
    minimum_micros=10,
    levels={"standard": Level(), "gold": Level(discount_basis_points=1_000)},
)
LEASE_MS = 1_000
TABLES = ("operation", "transfer", "purse", "job", "frame", "attempt", "event", "node", "account")


@dataclass
class Workshop:
    """Drives a farm; every call is one transaction at a clock that ticks."""

    db: Database
    book: PriceBook = BOOK
    now: int = 1_790_000_000_000
    counted: int = 0

    @classmethod
    def fresh(cls) -> "Workshop":
        """Return a farm in memory, with an account."""
        shop = cls(open_database(Path(":memory:")))
        shop.open_account()
        return shop

    def tick(self) -> int:
        """Return the next moment."""
        self.now += 1
        return self.now

    def open_account(self, name: str = "me", *, money: int = 0, level: str = "standard") -> str:
        """Make an account with money in its pool."""
        with write(self.db):
            accounts.ensure_account(self.db, account=name, name=name, at_ms=self.tick())
            self.db.conn.execute("UPDATE account SET level = ? WHERE id = ?", (level, name))
        if money:
            self.top_up(name, money)
        return name

    def top_up(self, owner: str, money: int) -> None:
        """Bring money in."""
        self.counted += 1
        with write(self.db):
            ledger.mint(
                self.db,
                id=f"topup:{self.counted}",
                owner=owner,
                amount_micros=money,
                at_ms=self.tick(),
            )

    def submit(
        self,
        job: str = "job-1",
        *,
        count: int = 3,
        hold: int = 10_000,
        owner: str = "me",
        level: str = "standard",
    ) -> str:
        """Submit, plan and fund a job of `count` frames."""
        self.create(job, owner=owner)
        self.fund(job, count=count, hold=hold, level=level)
        return job

    def fund(self, job: str, *, count: int, hold: int, level: str = "standard") -> None:
        """Plan a pending job and hold its money."""
        with write(self.db):
            self.plan(job, count=count, level=level)
            jobs.fund_job(self.db, job=job, amount_micros=hold, reason="held", at_ms=self.tick())

    def create(self, job: str, *, owner: str = "me") -> Row:
        """Write a pending job."""
        with write(self.db):
            return jobs.create_job(
                self.db,
                id=job,
                owner=owner,
                name=job,
                request={"scene": "/scene.blend", "site": "here"},
                priority=50,
                at_ms=self.tick(),
            )

    def plan(self, job: str, *, count: int, level: str = "standard") -> None:
        """Fix a pending job's plan, in the open transaction."""
        plan = Plan(
            manifest="manifest",
            scene="scene.blend",
            renderer="blender-4.5",
            renderer_version="4.5",
            look={},
            recipe="recipe",
            width=64,
            height=64,
            frames=f"1-{count}",
            first=1,
            last=count,
            out="/out",
            naming="scene_####",
            price_book=self.book.id,
            level=level,
            frame_p90_micros=1_000,
        )
        numbers = tuple(range(1, count + 1))
        jobs.plan_job(
            self.db, job=job, plan=plan, numbers=numbers, scene_key="scene", at_ms=self.tick()
        )

    def greet(
        self, *names: str, renderer: str = "4.5", site: Site = Site.HERE, slots: int = 1
    ) -> None:
        """Let nodes say that they are up, with a version of Blender."""
        for name in names:
            with write(self.db):
                nodes.greet_node(
                    self.db,
                    id=name,
                    name=name,
                    pid=1,
                    version="0",
                    renderers=[{"name": "blender", "version": renderer}],
                    slots=slots,
                    at_ms=self.tick(),
                    site=site,
                )

    def hand_addressed(self, limit: int = 100) -> list[HandedFrame]:
        """Hand frames out as the foreman does, to those who may have them."""
        handed = self.hand(limit)
        with write(self.db):
            return able_nodes.address_frames(self.db, handed, at_ms=self.tick())

    def hand(self, limit: int = 100) -> list[HandedFrame]:
        """Hand frames out."""
        with write(self.db):
            return frames.hand_frames(
                self.db, renderer="blender-4.5", limit=limit, jobs_max=10, at_ms=self.tick()
            )

    def start(self, one: HandedFrame, *, node: str = "node-a") -> bool:
        """Let a node say that it started a frame."""
        with write(self.db):
            return attempts.start_attempt(
                self.db, **name_attempt(one), node=node, lease_ms=LEASE_MS, at_ms=self.tick()
            )

    def finish(
        self,
        one: HandedFrame,
        *,
        ms: int = 1_000,
        made_for: str | None = None,
        node: str = "node-a",
    ) -> bool:
        """Let a node say that it finished a frame in `ms` on one core."""
        result = replace(make_result(one, ms=ms, made_for=made_for), node=node)
        with write(self.db):
            return attempts.finish_attempt(
                self.db, **name_attempt(one), result=result, book=self.book, at_ms=self.tick()
            )

    def fail(
        self,
        one: HandedFrame,
        *,
        node: str = "node-a",
        counts: bool = True,
        reason: str = "crashed",
    ) -> bool:
        """Let a node say that it failed a frame."""
        return self.judge(one, node=node, counts=counts, reason=reason) is not None

    def judge(
        self,
        one: HandedFrame,
        *,
        node: str = "node-a",
        counts: bool = True,
        reason: str = "crashed",
    ) -> Setback | None:
        """Let a node say that it failed a frame; returns what that means."""
        with write(self.db):
            return attempts.fail_attempt(
                self.db,
                **name_attempt(one),
                node=node,
                reason=reason,
                words="Segmentation fault",
                counts=counts,
                at_ms=self.tick(),
            )

    def reap(self) -> int:
        """Let every lease run out and take the frames back; returns how many."""
        self.now += LEASE_MS * 2
        expired = attempts.list_expired(self.db, at_ms=self.now)
        for row in expired:
            with write(self.db):
                frame = frames.get_frame(self.db, job=row["job"], number=row["number"])
                attempts.lose_attempt(self.db, frame, at_ms=self.tick())
        return len(expired)

    def pause(self, job: str) -> None:
        """Pause a job."""
        with write(self.db):
            jobs.pause_job(self.db, job=job, reason="by_user", at_ms=self.tick())

    def resume(self, job: str, *, add: int = 0) -> None:
        """Resume a job, holding more for it."""
        with write(self.db):
            jobs.resume_job(self.db, job=job, add_micros=add, at_ms=self.tick())

    def retry(self, job: str, *, hold: int = 10_000, frame: int | None = None) -> None:
        """Retry a job's failed frames, or one of them."""
        with write(self.db):
            jobs.retry_job(self.db, job=job, amount_micros=hold, frame=frame, at_ms=self.tick())

    def cancel(self, job: str) -> None:
        """Cancel a job."""
        with write(self.db):
            jobs.cancel_job(self.db, job=job, at_ms=self.tick())

    def delete(self, job: str) -> None:
        """Delete a job."""
        with write(self.db):
            jobs.delete_job(self.db, job=job, at_ms=self.tick())

    def render(self, *, ms: int = 1_000) -> None:
        """Render everything that can be handed out, each frame in `ms` on one core."""
        while handed := self.hand():
            for one in handed:
                self.start(one)
                self.finish(one, ms=ms)

    def job(self, job: str = "job-1") -> Row:
        """Return a job's row."""
        return jobs.get_job(self.db, job=job)

    def states(self, job: str = "job-1") -> list[str]:
        """Return the states of a job's frames, by number."""
        sql = "SELECT state FROM frame WHERE job = ? ORDER BY number"
        return [row["state"] for row in fetch_rows(self.db, sql, (job,))]

    def frame(self, number: int, *, job: str = "job-1") -> Row:
        """Return a frame's row."""
        return frames.get_frame(self.db, job=job, number=number)

    def held(self, job: str = "job-1") -> int:
        """Return what is left of a job's hold."""
        return ledger.read_purse(self.db, purse=f"held:{job}")

    def broken_rules(self) -> dict[str, str]:
        """Audit everything; returns the rules that are broken, with what breaks them."""
        return {check.code: check.detail for check in audit_farm(self.db) if not check.ok}

    def dump(self) -> dict[str, list[Row]]:
        """Return everything there is, to see that nothing changed."""
        return {table: fetch_rows(self.db, f"SELECT * FROM {table}") for table in TABLES}


def name_attempt(one: HandedFrame) -> dict[str, Any]:
    """Return which attempt a report is about."""
    return {"job": one.job, "number": one.number, "attempt": one.attempt}


def make_result(one: HandedFrame, *, ms: int, made_for: str | None = None) -> Result:
    """Return what a node would report of a frame that took `ms` on one core."""
    return Result(
        job=made_for or one.job,
        attempt=one.attempt,
        node="node-a",
        picture="ab" * 32,
        extension=".png",
        size_bytes=1_234,
        thumbnail=None,
        width=64,
        height=64,
        render_ms=ms,
        load_ms=500,
        cores=1,
        warnings=(),
    )
