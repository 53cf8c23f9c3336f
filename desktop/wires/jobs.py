"""Wires of the jobs: pages, what the server tells of them, their pictures, and steering them."""

from collections import deque
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.client import Client, Problem
from desktop.models.jobs import OPEN, OVER, Job, JobsModel
from desktop.panels.consent import ConsentDialog
from desktop.panels.frame import Toast
from desktop.panels.jobs import JobsPanel
from desktop.stage import Stage
from desktop.thumbnails import COVER, Thumbnails

PAGE = 100
OPEN_MAX = 500
GATHER_MS = 150
GONE, CONFLICT = 404, 409
ORDERS_MAX = 500
ORDER_MS_MAX = 2_000
WAITING = ("funds", "budget", "purse_too_small", "lease_needed", "device_out")
UNDONE_BY = {"cancel": "resume", "delete": "restore"}


class JobsWire(QObject):
    """Connects the list of jobs with the server."""

    job_shown = Signal(dict)
    job_ended = Signal(dict)
    job_waiting = Signal(dict)
    """A job goes on only if somebody does something: brings money, or agrees to more."""

    def __init__(
        self,
        stage: Stage,
        client: Client,
        model: JobsModel,
        panel: JobsPanel,
        thumbnails: Thumbnails,
        toast: Toast,
    ) -> None:
        super().__init__(panel)
        self.stage, self.client, self.model, self.panel = stage, client, model, panel
        self.thumbnails, self.toast = thumbnails, toast
        self.stale: dict[str, bool] = {}
        self.is_asking_open = False
        self.orders: deque[dict[str, Any]] = deque()
        self.is_ordering = False
        self.pending: tuple[str, list[str]] | None = None
        self.halted: list[str] = []
        self.leave: Callable[[], object] | None = None
        self.patience = QTimer(self, singleShot=True, interval=ORDER_MS_MAX)
        self.patience.timeout.connect(self.give_up_orders)
        self.gathering = QTimer(self, singleShot=True, interval=GATHER_MS)
        self.gathering.timeout.connect(self.ask_stale)
        model.page_wanted.connect(self.ask_page)
        panel.query_changed.connect(model.begin)
        panel.ordered.connect(self.order)
        thumbnails.wanted.connect(self.ask_thumbnail)
        toast.undone.connect(self.undo)
        toast.expired.connect(self.settle)

    # --- lists ---

    def ask_page(self, cursor: str) -> None:
        """Ask for a page of jobs; the first one replaces all."""
        self.gathering.stop()
        reply = self.client.get("/jobs", slot="jobs", limit=PAGE, cursor=cursor, **self.panel.query)
        put = self.model.add_rows if cursor else self.model.set_rows
        reply.done.connect(lambda page: self.put_page(put, page))
        reply.failed.connect(self.give_up_lists)

    def put_page(self, put: Callable[[list[Job], str | None], None], page: dict[str, Any]) -> None:
        """Take in a page. It may be older than what was told meanwhile, which is asked for now."""
        put(page["items"], page["next"])
        if not self.is_asking_open:
            self.ask_stale()

    def ask_open(self, cursor: str = "", known: tuple[Job, ...] = ()) -> None:
        """Ask which jobs are under way: the computer is kept awake for them, listed or not."""
        self.gathering.stop()
        self.is_asking_open = True
        reply = self.client.get(
            "/jobs", slot="open jobs", limit=OPEN_MAX, cursor=cursor, state=list(OPEN)
        )
        reply.done.connect(lambda page: self.put_open((*known, *page["items"]), page["next"]))
        reply.failed.connect(self.give_up_lists)

    def put_open(self, jobs: tuple[Job, ...], cursor: str | None) -> None:
        """Take in the jobs under way, once the last page of them is there."""
        if cursor is not None:
            self.ask_open(cursor, jobs)
            return
        self.is_asking_open = False
        self.model.set_open(jobs)
        if not self.model.is_asking:
            self.ask_stale()

    @property
    def is_asking(self) -> bool:
        """Tell whether a list is under way, which may be older than what is told from now on."""
        return self.model.is_asking or self.is_asking_open

    def give_up_lists(self, problem: Problem) -> None:
        """Let lists be asked for again."""
        self.model.is_asking = self.is_asking_open = False
        self.ask_stale()
        if not problem.is_lost:
            self.client.unheard.emit(problem)

    def note_event(self, event: dict[str, Any]) -> None:
        """Take in what the server tells of a job."""
        job, kind, data = event["job"], event["kind"], event["data"]
        if job is None:
            return
        if kind == "job.deleted":
            self.model.remove_job(job)
            if self.is_asking:
                self.note_stale(job)
        elif kind.startswith(("job.", "frame.")):
            state = data["state"] if kind == "job.state" else ""
            is_new = kind == "job.restored" or data.get("previous", "") is None
            is_new |= state in self.panel.query["state"]  # the filter that hid it lets it through
            is_known = self.model.get_job(job) is not None or job == self.shown
            if is_new or is_known or state in OPEN or self.is_asking:
                self.note_stale(job, is_new=is_new)
        if kind == "frame.state" and data.get("state") == "done":
            self.thumbnails.forget_absence(job, event["frame"])

    def note_stale(self, job: str, *, is_new: bool = False) -> None:
        """Ask for a job again soon, and not before the lists that are under way have come.

        Many events in a row are one question.
        """
        self.stale[job] = self.stale.get(job, False) or is_new
        if not self.gathering.isActive() and not self.is_asking:
            self.gathering.start()

    def ask_stale(self) -> None:
        """Ask for every job of which something was told."""
        stale, self.stale = self.stale, {}
        for job, is_new in stale.items():
            self.ask_job(job, is_new=is_new)

    @property
    def shown(self) -> str:
        """Return the id of the job whose page is open."""
        return str(self.property("shown") or "")

    def ask_job(self, id: str, *, is_new: bool = False) -> None:
        """Ask for one job."""
        reply = self.client.get(f"/jobs/{id}", slot=f"job {id}")
        reply.done.connect(lambda job: self.put_job(job, is_new=is_new))
        reply.failed.connect(lambda problem: self.drop_job(id, problem))

    def put_job(self, job: dict[str, Any], *, is_new: bool = False) -> None:
        """Show a job as it is now."""
        before = self.model.get_job(job["id"])
        if before is not None and before["state"] in OPEN and job["state"] in OVER:
            self.job_ended.emit(job)
        was_open = is_new if before is None else before["state"] in OPEN
        if was_open and job["state"] == "paused" and job["reason"]["code"] in WAITING:
            self.job_waiting.emit(job)
        states = self.panel.query["state"]
        is_wanted = not states or job["state"] in states
        self.model.put_job(job, on_top=is_new and is_wanted and not self.panel.search.text())
        if not is_wanted:
            self.model.hide_job(job["id"])
        self.job_shown.emit(job)

    def drop_job(self, id: str, problem: Problem) -> None:
        """Take a job off the list that is no longer there."""
        if problem.status == GONE:
            self.model.remove_job(id)

    # --- pictures ---

    def ask_thumbnail(self, job: str, number: int | None) -> None:
        """Ask for a frame's small picture, or for that of a job's first finished frame."""
        if number is COVER:
            reply = self.client.get(f"/jobs/{job}/frames", state="done", limit=1)
            reply.done.connect(lambda page: self.ask_cover(job, page["items"]))
        else:
            reply = self.client.get(f"/jobs/{job}/frames/{number}/thumbnail", raw=True)
            reply.done.connect(lambda data: self.thumbnails.put(job, number, data))
        reply.failed.connect(lambda _: self.thumbnails.put(job, number, None))

    def ask_cover(self, job: str, frames: list[dict[str, Any]]) -> None:
        """Ask for the picture that stands for a job."""
        if not frames or not frames[0]["has_thumbnail"]:
            self.thumbnails.put(job, COVER, None)
            return
        reply = self.client.get(f"/jobs/{job}/frames/{frames[0]['frame']}/thumbnail", raw=True)
        reply.done.connect(lambda data: self.thumbnails.put(job, COVER, data))
        reply.failed.connect(lambda _: self.thumbnails.put(job, COVER, None))

    # --- steering ---

    def order(self, verb: str, jobs: list[str]) -> None:
        """Do something with jobs; for some seconds it can be taken back."""
        if verb not in UNDONE_BY:
            self.send_order(verb, jobs)
            return
        # A cancelled job cannot be revived: until nobody wants it back it is only paused. One that
        # is not planned yet cannot even be paused, and would run on meanwhile.
        open_jobs = [id for id in jobs if id in self.model.open]
        early = [id for id in open_jobs if verb == "cancel" and self.is_unplanned(id)]
        kept = [id for id in jobs if id not in early]
        words = self.stage.words
        undo = words.say("toasts.undo_some" if early else "toasts.undo", count=len(kept))
        text = words.say(f"toasts.{verb}", count=len(jobs))
        self.toast.show_text(text, undo if kept else "")
        if early:
            self.send_order("cancel", early)
        if kept:
            self.pending = (verb, kept)
            self.halted = [id for id in kept if id in open_jobs]
            self.send_order("pause" if verb == "cancel" else verb, kept)

    def is_unplanned(self, id: str) -> bool:
        """Tell whether a job has no frames yet, as far as is known."""
        return bool(self.model.open[id]["state"] == "pending")

    def send_order(self, verb: str, jobs: list[str], **more: Any) -> None:
        """Steer jobs, many in one request; orders are carried out in the order they are given."""
        for at in range(0, len(jobs), ORDERS_MAX):
            self.orders.append({"verb": verb, "jobs": jobs[at : at + ORDERS_MAX]} | more)
        self.send_waiting()

    def send_next(self) -> None:
        """Send the order whose turn it is: requests under way together may overtake each other.

        Where there is no server, orders wait for the next one.
        """
        self.is_ordering = bool(self.orders) and self.client.address is not None
        if not self.is_ordering:
            self.let_leave()
            return
        if self.leave is not None:
            self.patience.start()
        body = self.orders.popleft()
        reply = self.client.post("/orders", body)
        reply.done.connect(lambda answer: self.put_outcomes(body["verb"], answer["items"]))
        reply.destroyed.connect(self.send_next)  # also where there was no answer, or none was heard

    def send_waiting(self) -> None:
        """Send the orders that wait, unless others are under way."""
        if not self.is_ordering:
            self.send_next()

    def put_outcomes(self, verb: str, outcomes: list[dict[str, Any]]) -> None:
        """Show what became of jobs that were steered, and why some could not be."""
        for one in outcomes:
            if one["error"] is not None:
                self.tell_refusal(one["id"], verb, one["error"])
            elif verb == "delete":
                self.model.remove_job(one["id"])
            else:
                self.put_job(one["job"], is_new=verb == "restore")

    def tell_refusal(self, id: str, verb: str, error: dict[str, Any]) -> None:
        """Say why a job could not be steered, or ask for what is missing."""
        self.note_stale(id)
        problem = Problem(
            code=error["code"],
            status=CONFLICT,
            title=error["title"],
            detail=error["detail"],
            params=error["params"],
        )
        if problem.code == "budget_needs_consent":
            self.ask_consent(id, int(problem.params["expected_micros"]))
        elif not (verb in ("pause", "resume") and problem.code == "job_cannot_move"):
            self.client.unheard.emit(problem)  # else it was over before, as its row now says

    def ask_consent(self, id: str, expected_micros: int) -> None:
        """Ask whether a job may cost more than was agreed, and let it go on if so."""
        name = self.model.name_job(id)
        dialog = ConsentDialog(self.stage, name, expected_micros, self.panel.window())
        dialog.accepted.connect(
            lambda: self.send_order("resume", [id], max_cost_micros=dialog.amount.micros)
        )
        dialog.open()

    def settle_before(self, leave: Callable[[], object]) -> bool:
        """Cancel what is only paused for it may be wanted back; tell whether there is to be waited.

        `leave` is called once the server knows of all that was ordered, or does not answer.
        """
        if self.pending is not None and self.pending[0] == "cancel":
            self.toast.expire()
        if not self.is_ordering:
            return False
        self.leave = leave
        self.patience.start()
        return True

    def give_up_orders(self) -> None:
        """Wait no longer for a server that does not answer."""
        self.orders.clear()
        self.is_ordering = False
        self.let_leave()

    def let_leave(self) -> None:
        """Let go on, once, what has waited for orders to be carried out."""
        self.patience.stop()
        leave, self.leave = self.leave, None
        if leave is not None:
            leave()

    def undo(self) -> None:
        """Take back what was ordered last."""
        if self.pending is not None:
            (verb, jobs), self.pending = self.pending, None
            # Those that were paused before stay so: they may wait for somebody's yes.
            self.send_order(UNDONE_BY[verb], self.halted if verb == "cancel" else jobs)

    def settle(self) -> None:
        """Let what was ordered last stand for good."""
        if self.pending is not None:
            (verb, jobs), self.pending = self.pending, None
            if verb == "cancel":
                self.send_order(verb, jobs)
