"""Wires of one job: its frames as they come, its bill, its story, and frames' logs."""

import secrets
from typing import Any

from PySide6.QtCore import QObject, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from desktop.client import Client
from desktop.models.frames import FramesModel
from desktop.panels.form import Form
from desktop.panels.job import TABS, JobPanel
from desktop.panels.log import LogDialog
from desktop.stage import Stage
from desktop.wires.jobs import JobsWire
from desktop.wires.saving import Saving

PAGE = 1_000
GATHER_MS = 200


class JobWire(QObject):
    """Connects the page of one job with the server."""

    picture_came = Signal(str, int, object, str)

    def __init__(
        self,
        stage: Stage,
        client: Client,
        jobs: JobsWire,
        model: FramesModel,
        panel: JobPanel,
        saving: Saving,
    ) -> None:
        super().__init__(panel)
        self.stage, self.client, self.jobs, self.saving = stage, client, jobs, saving
        self.model, self.panel = model, panel
        self.stale: set[int] = set()
        self.heard: dict[int, int] = {}
        self.events = 0
        self.gathering = QTimer(self, singleShot=True, interval=GATHER_MS)
        self.gathering.timeout.connect(self.ask_stale)
        jobs.job_shown.connect(self.put_job)
        panel.ordered.connect(jobs.order)
        panel.tab_chosen.connect(self.fill_tab)
        panel.folder_wanted.connect(open_folder)
        panel.frame_log_wanted.connect(self.show_log)
        panel.bill.saved.connect(self.save_bill)
        panel.bill.refund_wanted.connect(lambda: self.ask_refund(None))
        panel.frame_refund_wanted.connect(self.ask_refund)
        panel.frame_retry_wanted.connect(self.retry_frame)

    @property
    def job(self) -> str:
        """Return the id of the job that is open."""
        return self.model.job

    def open(self, id: str) -> None:
        """Show a job."""
        self.jobs.setProperty("shown", id)
        self.stale.clear()
        self.heard.clear()
        self.model.begin(id)
        self.panel.bill.set_bill(None)
        self.panel.story.clear()
        self.panel.set_job(self.jobs.model.get_job(id))
        self.panel.tabs.setCurrentIndex(0)
        self.reload()

    def close(self) -> None:
        """Show no job any more."""
        self.jobs.setProperty("shown", "")
        self.model.begin("")

    def reload(self) -> None:
        """Ask for the job and all of its frames again."""
        if self.job:
            self.jobs.ask_job(self.job)
            self.ask_frames(None)
            self.fill_tab(TABS[self.panel.tabs.currentIndex()])

    def ask_frames(self, cursor: str | None) -> None:
        """Ask for a page of frames, and then for the next."""
        job, asked = self.job, self.events
        reply = self.client.get(f"/jobs/{job}/frames", slot="frames", limit=PAGE, cursor=cursor)
        reply.done.connect(lambda page: self.put_frames(job, page, asked))

    def put_frames(self, job: str, page: dict[str, Any], asked: int) -> None:
        """Show a page of frames, unless another job is open by now."""
        if job != self.job:
            return
        self.model.put_page(page["items"])
        self.note_late(page["items"], asked)
        if page["next"] is not None:
            self.ask_frames(page["next"])

    def put_job(self, job: dict[str, Any]) -> None:
        """Show the job that is open as it is now."""
        if job["id"] != self.job:
            return
        had = self.panel.job
        self.panel.set_job(job)
        if had is None or had["frames"]["total"] != job["frames"]["total"]:
            self.ask_frames(None)
        if had is not None and had["state"] != job["state"]:
            self.fill_tab(TABS[self.panel.tabs.currentIndex()])

    def note_event(self, event: dict[str, Any]) -> None:
        """Take in what the server tells of a frame."""
        if event["job"] != self.job or event["kind"] != "frame.state":
            return
        self.events += 1
        self.heard[event["frame"]] = self.events
        self.model.note_event(event["frame"], event["data"]["state"])
        self.note_stale({event["frame"]})

    def note_stale(self, numbers: set[int]) -> None:
        """Ask for frames again soon."""
        self.stale |= numbers
        if self.stale and not self.gathering.isActive():
            self.gathering.start()

    def note_late(self, frames: list[dict[str, Any]], asked: int) -> set[int]:
        """Ask again for frames of which something was told since they were asked for.

        Answers come in any order: one may be older than what is shown already. `asked` is how many
        events had been heard of by then; returns the frames' numbers.
        """
        late = {one["frame"] for one in frames if self.heard.get(one["frame"], 0) > asked}
        self.note_stale(late)
        return late

    def ask_stale(self) -> None:
        """Ask for frames of which something was told: a page now, what is beyond it next."""
        stale, self.stale = self.stale, set()
        if stale and self.job:
            first, count = min(stale), max(stale) - min(stale) + 1
            self.note_stale({one for one in stale if one >= first + PAGE})
            job, asked = self.job, self.events
            reply = self.client.get(
                f"/jobs/{job}/frames", limit=min(count, PAGE), cursor=str(first - 1)
            )
            reply.done.connect(lambda page: self.put_some(job, page["items"], asked))

    def put_some(self, job: str, frames: list[dict[str, Any]], asked: int) -> None:
        """Show some frames as they are now."""
        if job != self.job:
            return
        late = self.note_late(frames, asked)
        known = self.model.rows.keys() - late
        self.model.put_page([one for one in frames if one["frame"] in known])

    def note_progress(self, told: dict[str, Any]) -> None:
        """Take in how far a frame under way is."""
        if told["job"] == self.job:
            self.model.note_progress(told["frame"], told["fraction"])

    def fill_tab(self, name: str) -> None:
        """Ask for what a page of the job shows."""
        if name == "bill" and self.job:
            reply = self.client.get(f"/jobs/{self.job}/bill", slot="bill")
            reply.done.connect(self.panel.bill.set_bill)
            reply.failed.connect(lambda _: self.panel.bill.set_bill(None))
        elif name == "story" and self.job:
            reply = self.client.get(f"/jobs/{self.job}/log", slot="story", raw=True)
            reply.done.connect(lambda data: self.panel.set_story(data.decode("utf-8", "replace")))

    def ask_picture(self, job: str, number: int) -> None:
        """Ask for a frame's file."""
        frame = self.model.get_frame(number) if job == self.job else None
        extension = str(frame["extension"] or "") if frame else ""
        reply = self.client.get(f"/jobs/{job}/frames/{number}/picture", raw=True)
        reply.done.connect(lambda data: self.picture_came.emit(job, number, data, extension))
        reply.failed.connect(lambda _: self.picture_came.emit(job, number, None, extension))

    def show_log(self, number: int) -> None:
        """Show what the renderer said of a frame, and every attempt at it."""
        dialog = LogDialog(self.stage, number, self.panel)
        reply = self.client.get(f"/jobs/{self.job}/frames/{number}")
        reply.done.connect(dialog.set_frame)
        reply = self.client.get(f"/jobs/{self.job}/frames/{number}/log", raw=True)
        reply.done.connect(dialog.take_log)
        reply.failed.connect(dialog.take_problem)
        dialog.show()

    def retry_frame(self, number: int) -> None:
        """Give one failed frame another try."""
        reply = self.client.post(f"/jobs/{self.job}/frames/{number}/retry")
        reply.done.connect(self.jobs.put_job)

    def ask_refund(self, number: int | None) -> None:
        """Ask why money is given back, for the job or one of its frames."""
        say, job = self.stage.words.say, self.job
        title = "bill.refund" if number is None else "frames.refund"
        detail = say("bill.refund_detail")
        form = Form(self.stage, self.panel, title=title, detail=detail, accept=title)
        reason = form.add_line("bill.reason")
        asked = {"id": f"r{secrets.token_hex(8)}", "frame": number}

        def send() -> None:
            body = asked | {"reason": reason.text().strip()}
            reply = self.client.post(f"/jobs/{job}/refunds", body)
            reply.done.connect(lambda _: form.accept())
            reply.done.connect(lambda _: self.reload())
            reply.failed.connect(
                lambda problem: form.show_problem(
                    self.stage.words.explain(problem.title, problem.detail)
                )
            )

        form.sent.connect(send)
        form.open()

    def save_bill(self, form: str) -> None:
        """Ask where a bill is to be kept, and keep it there."""
        title = self.stage.words.say(f"bill.save_{form}")
        name = f"bill-{self.job}.{form}"
        self.saving.ask(self.panel, title, name, f"/jobs/{self.job}/bill", form)


def open_folder(path: str) -> None:
    """Show a folder in the system's own way."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(path))
