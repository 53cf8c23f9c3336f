"""The foreman: takes reports in, hands frames out, and looks after what was lost.

Everything here runs on the writer's thread, one round at a time. A round first reads what has to
be read from queue and store, then opens one transaction, and sends messages only after it
committed: a message that is lost, or sent twice, costs time and nothing else.
"""

import logging
from collections.abc import Callable

from sqlite_utils import Database

from local_server.farm import able_nodes, attempts, frames, nodes
from local_server.farm.attempts import Result
from local_server.farm.db import Row, fetch_rows, read_clock_ms, write
from local_server.farm.errors import Refused, Unavailable, YuntuError
from local_server.farm.frames import HandedFrame
from local_server.farm.jobs import get_job, read_plan
from local_server.farm.pricing import PRIORITY_MAX, PriceBook, choose_book
from local_server.farm.sites import Site, list_renderers
from local_server.node_batches import read_batch, read_nodes
from local_server.notices import Notices
from local_server.reports import (
    LEASE_MS,
    Aftermath,
    AnyReport,
    apply_reports,
    bring_home,
    parse_result,
)
from render.protocol import REPORTS, FrameTask
from render.queue import BadMessage, Line, Queue, frame_ids
from sync.blobs import Digest
from sync.records import find_record, name_job, read_job
from sync.store import Store

log = logging.getLogger(__name__)
WINDOW = 256
JOBS_AHEAD = 32
BATCHES_MAX = 20
LOST_AFTER_MS = 10_000
LOST_CHECK_MS = 4_000
EXPIRY_CHECK_MS = 500


class Foreman:
    """Connects database, queue and store of one site; owns no state a restart would miss."""

    def __init__(
        self,
        *,
        queue: Queue,
        store: Store,
        studio: str,
        device: str,
        books: dict[str, PriceBook],
        site: Site = Site.HERE,
        clock: Callable[[], int] = read_clock_ms,
    ) -> None:
        self.queue = queue
        self.store = store
        self.studio = studio
        self.books = books
        self.site = site
        self.clock = clock
        self.device = device
        self.report_line = f"reports-{device}"
        self.unwritten: list[AnyReport] = []
        self.notices = Notices(queue, device)
        self.stopped: set[tuple[str, int]] = set()
        self.suspects: set[tuple[str, int, int]] = set()
        self.dead: list[str] = []
        self.left_out: list[tuple[str, str]] = []
        self.line_is_empty = False
        self.next_lost_check = 0
        self.doubtful_looks = 0
        self.leases_stand_still = False
        self.next_expiry_check = 0
        self.doubted: list[Row] = []
        self.asking = False
        self.found: dict[tuple[str, int, int], Result | None] = {}
        self.trouble: YuntuError | None = None

    def note_death(self, node: str) -> None:
        """Note that a node is dead; it is buried once all that it reported has been applied."""
        self.dead.append(node)

    def doubt_queue(self) -> None:
        """Look at once, and once more, for what a queue that was away may have lost.

        Leases begin anew: what nodes report of them has waited for the queue as well.
        """
        self.next_lost_check, self.doubtful_looks, self.leases_stand_still = 0, 2, True

    def hear(self, db: Database) -> Aftermath:
        """Take reports in and apply them; those that cannot be written now come first next time."""
        if not self.unwritten:
            self.unwritten = self.take_reports(db)
        self.line_is_empty = not self.unwritten
        if self.line_is_empty:
            return Aftermath()
        try:
            with write(db):
                aftermath = apply_reports(
                    db, self.unwritten, books=self.books, at_ms=self.clock(), site=self.site
                )
        except Unavailable:
            raise
        except Exception:
            self.unwritten = []  # a bug: it must not come back with every round
            raise
        self.unwritten = []
        self.left_out += aftermath.left_out
        return aftermath

    def do_round(self, db: Database) -> bool:
        """See to expired leases, lost messages, new messages; True when there was something."""
        self.notices.say()
        self.keep_out(db)
        while self.dead and self.line_is_empty:
            self.bury_node(db, self.dead[0])
            del self.dead[0]
        now = self.clock()
        if self.leases_stand_still:
            with write(db):
                attempts.prolong_leases(db, until_ms=now + LEASE_MS)
            self.leases_stand_still = False
        if now >= self.next_expiry_check:
            self.next_expiry_check = now + EXPIRY_CHECK_MS
            self.reap_expired(db)
            self.stop_paused(db)
        if now >= self.next_lost_check:
            self.next_lost_check = now + LOST_CHECK_MS
            doubtful = self.doubtful_looks > 0
            self.doubtful_looks -= doubtful
            self.find_lost_messages(db, older_than_ms=0 if doubtful else LOST_AFTER_MS)
        return bool(self.hand_out(db))

    def take_reports(self, db: Database) -> list[AnyReport]:
        """Take what nodes have reported, a bounded number of batches."""
        line = self.queue.line(self.report_line)
        reports: list[AnyReport] = []
        for _ in range(BATCHES_MAX):
            try:
                batch = line.take()
                if batch is None:
                    break
                nodes = read_nodes(db) if self.site is Site.FARM else {}
                told = read_batch(batch, self.report_line, nodes)
                reports += [bring_home(one, self.device) for one in REPORTS.validate_python(told)]
            except (BadMessage, ValueError, Refused) as error:
                log.error("a report was refused: %s", error)
                if isinstance(error, Refused) and error.code == "node_out":
                    self.notices.outsiders.add(str(error.params["node"]))
            except Exception:
                if not reports:
                    raise
                break  # the queue went away; what was taken is in nobody's hands but ours
        return reports

    # --- messages out ---

    def hand_out(self, db: Database) -> int:
        """Fill each renderer's line up to the window; returns how many frames were handed out."""
        renderers = list_renderers(db, site=self.site)
        return sum(self.fill_line(db, renderer) for renderer in renderers)

    def fill_line(self, db: Database, renderer: str) -> int:
        """Fill the windows of one line: each priority has its own, which counts what is above it.

        So a line that is full of lesser frames is not in the way of more urgent ones. Nobody gets
        more frames side by side than the membership allows by the prices in force.
        """
        total, below = 0, PRIORITY_MAX + 1
        book = choose_book(self.books, at_ms=self.clock())
        while (
            priority := frames.find_priority(
                db, site=self.site, renderer=renderer, below=below, book=book
            )
        ) is not None:
            room = WINDOW - frames.count_handed(
                db, site=self.site, renderer=renderer, priority_min=priority
            )
            if room < WINDOW // 4:
                break
            with write(db):
                handed = frames.hand_frames(
                    db,
                    site=self.site,
                    renderer=renderer,
                    limit=room,
                    jobs_max=JOBS_AHEAD,
                    priority_min=priority,
                    book=book,
                    at_ms=self.clock(),
                )
                handed = able_nodes.address_frames(db, handed, at_ms=self.clock())
            self.send_frames(db, renderer, handed)
            total, below = total + len(handed), priority
        return total

    def send_frames(self, db: Database, renderer: str, handed: list[HandedFrame]) -> None:
        """Put frames that were handed out on their renderer's line, or on that of one node."""
        jobs = {job: get_job(db, job=job) for job in {one.job for one in handed}}
        unsent = list(handed)
        try:
            for address in dict.fromkeys(one.address for one in handed):
                there = [one for one in handed if one.address == address]
                line = self.find_line(renderer, address)
                line.send([(self.make_message(jobs[one.job], one), one.priority) for one in there])
                unsent = [one for one in unsent if one.address != address]
        except Exception:
            with write(db):
                for one in unsent:
                    frames.take_back(db, job=one.job, number=one.number)
            raise

    def find_line(self, renderer: str, address: str | None) -> Line:
        """Return the line of frames for everybody who has a renderer, or for one address."""
        return self.queue.frames(renderer) if address is None else self.queue.frames_for(address)

    def make_message(self, job: Row, handed: HandedFrame) -> dict[str, object]:
        """Return the message for one frame: everything a node needs."""
        plan = read_plan(job)
        task = FrameTask(
            job=name_job(self.device, handed.job),
            number=handed.number,
            attempt=handed.attempt,
            run=handed.run,
            manifest=plan.manifest,
            scene=plan.scene,
            renderer=plan.renderer,
            renderer_version=plan.renderer_version,
            look=plan.look,
            recipe=plan.recipe,
            width=plan.width,
            height=plan.height,
            first=plan.first,
            last=plan.last,
            frames_left=job["frames_waiting"] + job["frames_rendering"],
            report_to=self.report_line,
        )
        return task.model_dump()

    def stop_paused(self, db: Database) -> None:
        """Tell nodes to let go of jobs that their budget paused: nobody else will."""
        paused = fetch_rows(
            db,
            "SELECT id, run FROM job WHERE state = 'paused' AND reason = 'budget'"
            " AND plan ->> 'site' = ?",
            (self.site,),
        )
        for job, run in {(job["id"], job["run"]) for job in paused} - self.stopped:
            self.notices.call_off(job, run=run)
            self.stopped.add((job, run))

    def move_up(self, db: Database, job: Row) -> None:
        """Give messages of a job that wait already the priority it has now."""
        if job["plan"] is None:
            return
        rows = fetch_rows(
            db,
            "SELECT DISTINCT address FROM frame WHERE +job = ? AND state = 'waiting'"
            " AND handed_at_ms IS NOT NULL",
            (job["id"],),
        )
        name = name_job(self.device, job["id"])
        for row in rows:
            line = self.find_line(read_plan(job).renderer, row["address"])
            line.reprioritise(lambda one: one["job"] == name, job["priority"])

    def keep_out(self, db: Database) -> None:
        """Take a job's messages away from a node that is left out of it, to hand them out anew."""
        while self.left_out:
            job, node = self.left_out[0]
            renderer = read_plan(get_job(db, job=job)).renderer
            taken: set[int] = set()
            for line in (self.queue.frames(renderer), self.queue.frames_for(node)):
                taken |= withdraw_job(line, name_job(self.device, job))
            with write(db):
                for number in taken:
                    frames.take_back(db, job=job, number=number)
            log.warning("job=%s node=%s is left out for a while", job, node)
            del self.left_out[0]

    # --- what was lost ---

    def reap_expired(self, db: Database) -> None:
        """Take frames back whose lease ran out, unless their picture is in the store.

        A farm's store may be slow or away: it is asked between rounds, on another thread.
        """
        expired = attempts.list_expired(db, site=self.site, at_ms=self.clock())
        if self.site is Site.HERE:
            self.found = {name_frame(frame): self.find_result(frame) for frame in expired}
        found = [
            (frame, self.found[name_frame(frame)])
            for frame in expired
            if name_frame(frame) in self.found
        ]
        self.doubted = [frame for frame in expired if name_frame(frame) not in self.found]
        self.found = {}
        if not found:
            return
        with write(db):
            for frame, result in found:
                self.settle_or_lose(db, frame, result)

    def look_up(self) -> None:
        """Ask the store for the frames in doubt. Raises what it raises; then they stay in doubt."""
        doubted, self.doubted = self.doubted, []
        self.found = {name_frame(frame): self.find_result(frame) for frame in doubted}
        self.next_expiry_check = 0

    def settle_or_lose(self, db: Database, seen: Row, result: Result | None) -> None:
        """End an expired attempt: with its stored picture if there is one, else for another try."""
        now = self.clock()
        frame = frames.get_frame(db, job=seen["job"], number=seen["number"])
        expired = frame["lease_until_ms"] is not None and frame["lease_until_ms"] < now
        if not expired or frame["attempt"] != seen["attempt"]:
            return
        if result is None:
            attempts.lose_attempt(db, frame, at_ms=now)
            return
        book = self.books[read_plan(get_job(db, job=frame["job"])).price_book]
        attempts.accept_result(db, frame, result=result, book=book, at_ms=now)

    def find_result(self, frame: Row) -> Result | None:
        """Look in the store for a picture of this frame."""
        record = find_record(self.store, self.studio, Digest(frame["recipe"]), frame["number"])
        if record is None:
            return None
        return parse_result(record.to_dict() | {"job": read_job(self.device, record.job)})

    def find_lost_messages(
        self, db: Database, *, older_than_ms: int, at_once: bool = False
    ) -> None:
        """Hand frames out again whose message is neither on the line nor with a node.

        A frame must be missing at two checks: its node may just be saying that it started. Where no
        node is left that could, it is handed out again `at_once`.
        """
        handed = fetch_rows(
            db,
            "SELECT f.job, f.number, f.attempt, f.address, j.plan ->> 'renderer' AS renderer"
            " FROM frame f JOIN job j ON j.id = f.job"
            " WHERE f.state = 'waiting' AND f.handed_at_ms <= ? AND j.plan ->> 'site' = ?",
            (self.clock() - older_than_ms, self.site),
        )
        if not handed:
            self.suspects = set()
            return
        waiting: set[tuple[str, int, int]] = set()
        for renderer, address in {(one["renderer"], one["address"]) for one in handed}:
            line = self.find_line(renderer, address)
            if address is not None and not able_nodes.is_up(db, node=address, at_ms=self.clock()):
                line.withdraw(lambda _: True)  # nobody will ever take them
            waiting |= {
                (read_job(self.device, job), number, attempt)
                for job, number, attempt in frame_ids(line.list_waiting())
            }
        missing = {(one["job"], one["number"], one["attempt"]) for one in handed} - waiting
        lost = missing if at_once else missing & self.suspects
        self.suspects = missing - lost
        with write(db):
            for job, number, _ in sorted(lost):
                frames.take_back(db, job=job, number=number)

    def bury_node(self, db: Database, node: str) -> None:
        """Take back at once what a node had that is known to be dead, with all its hosts."""
        with write(db):
            nodes.dismiss_node(db, id=node, at_ms=self.clock())
        self.reap_expired(db)
        if self.queue.is_private:
            self.find_lost_messages(db, older_than_ms=0, at_once=True)


def name_frame(frame: Row) -> tuple[str, int, int]:
    """Return what tells one attempt at a frame from all others."""
    return frame["job"], frame["number"], frame["attempt"]


def withdraw_job(line: Line, job: str) -> set[int]:
    """Take the messages of a job of that name off a line; returns the numbers of their frames."""
    return {one["number"] for one in line.withdraw(lambda one: one["job"] == job)}
