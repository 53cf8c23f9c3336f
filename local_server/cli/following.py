"""Following a job: every event of it once, to its end, whatever becomes of the server."""

import time
from enum import StrEnum
from typing import Protocol

from local_server.cli.answers import Answer
from local_server.cli.exits import MONEY_REASONS
from local_server.cli.failure import ClientError
from local_server.cli.link import Link
from local_server.cli.pushes import Pushes

REFRESH_SECONDS = 0.2
SILENCE_SECONDS = 5.0
OVER = frozenset({"completed", "partial", "failed", "cancelled"})
ENDED_FRAMES = frozenset({"done", "failed"})


class LinkState(StrEnum):
    """Whether the server is there."""

    LOST = "lost"
    BACK = "back"


class View(Protocol):
    """What is shown of a job while it is followed."""

    wants_frames: bool

    def show_link(self, state: LinkState) -> None:
        """Show that the server was lost, or is back."""

    def show_event(self, event: Answer) -> None:
        """Show an event, once."""

    def show_frame(self, frame: Answer, total: int, /) -> None:
        """Show a frame that ended, one of `total`; done ones only to a view that wants them."""

    def show_progress(self, progress: Answer) -> None:
        """Show how far a frame is."""

    def show_price(self, job: Answer) -> None:
        """Show what a job is expected to cost, now that money is held for it."""

    def show_job(self, job: Answer) -> None:
        """Show the job as it is now."""


def is_over(job: Answer) -> bool:
    """Tell whether a job has ended."""
    return job["state"] in OVER


def is_at_rest(job: Answer) -> bool:
    """Tell whether nothing more happens by itself: it ended, or waits for money."""
    return is_over(job) or (job["state"] == "paused" and job["reason"]["code"] in MONEY_REASONS)


def is_delivered(job: Answer) -> bool:
    """Tell whether every finished frame is in its folder, or cannot be put there now."""
    return job["delivery"]["waiting"] == 0 or job["delivery"]["problem"] is not None


class Follower:
    """Follows one job; `after` is the last event that is known already."""

    def __init__(self, link: Link, job: str, *, after: int, view: View) -> None:
        self.link = link
        self.job_id = job
        self.after = after
        self.view = view
        self.total = 0

    def follow(self) -> Answer:
        """Show a job until it is at rest and delivered, and return it."""
        while True:
            try:
                return self.follow_server()
            except ClientError as error:
                if not error.lost:
                    raise
                self.view.show_link(LinkState.LOST)
                self.link.renew()
                self.view.show_link(LinkState.BACK)

    def follow_server(self) -> Answer:
        """Follow the job on the server that answers now."""
        with Pushes(self.link.client) as pushes:
            self.heal()
            job, fresh_at = self.refresh(), time.monotonic()
            stale = False
            while not (is_at_rest(job) and is_delivered(job)):
                wait = REFRESH_SECONDS if stale or is_at_rest(job) else SILENCE_SECONDS
                taken = pushes.take(seconds_max=wait)
                for push in taken:
                    if push.kind == "progress":
                        self.note_progress(push.data)
                    else:
                        stale |= self.note_event(push.data)
                if not taken and not stale:
                    self.heal()
                    stale = True
                if stale and time.monotonic() - fresh_at >= REFRESH_SECONDS:
                    job, fresh_at, stale = self.refresh(), time.monotonic(), False
            return job

    def note_progress(self, progress: Answer) -> None:
        """Show a frame's progress if it is one of this job's."""
        if progress.get("job") == self.job_id:
            self.view.show_progress(progress)

    def note_event(self, event: Answer) -> bool:
        """Take an event that was pushed; tells whether it changes the job.

        Ids grow over all jobs, so a gap may be another job's event or one that was missed.
        """
        if event["id"] <= self.after:
            return False
        if event["id"] > self.after + 1:
            return self.heal(at_least=event)
        self.take_event(event)
        return bool(event["job"] == self.job_id)

    def heal(self, *, at_least: Answer | None = None) -> bool:
        """Take every event that was missed; tells whether there was one of this job."""
        found = False
        for event in self.link.client.list_events(after=self.after, job=self.job_id):
            self.take_event(event)
            found = True
        if at_least is not None:
            self.after = max(self.after, at_least["id"])
        return found

    def take_event(self, event: Answer) -> None:
        """Show an event; it counts as known only when that went well."""
        if event["job"] == self.job_id:
            if self.ends_frame(event):
                frame = event["frame"]
                assert frame is not None
                found = self.link.client.get_frame(self.job_id, frame)
                self.view.show_frame(found, self.find_total())
            if event["kind"] == "ledger.hold":
                self.view.show_price(self.link.client.get_job(self.job_id))
            self.view.show_event(event)
            self.link.note_progress()
        self.after = event["id"]

    def find_total(self) -> int:
        """Return how many frames the job has; it has some by the time that one ends."""
        if not self.total:
            self.total = self.link.client.get_job(self.job_id)["frames"]["total"]
        return self.total

    def ends_frame(self, event: Answer) -> bool:
        """Tell whether an event ends a frame that the view wants to see."""
        state = event["data"].get("state")
        return event["kind"] == "frame.state" and (
            state == "failed" or (state in ENDED_FRAMES and self.view.wants_frames)
        )

    def refresh(self) -> Answer:
        """Fetch the job and show it, after what led to it where that is its end."""
        job = self.link.client.get_job(self.job_id)
        if is_at_rest(job):
            self.heal()
        self.view.show_job(job)
        return job
