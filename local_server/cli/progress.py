"""Progress of a job on a terminal, in a pipe, and as JSON lines."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from local_server.cli.answers import Answer
from local_server.cli.following import LinkState, View, is_at_rest
from local_server.cli.session import Session
from local_server.cli.tables import (
    print_finding,
    show_estimate,
    show_frame_result,
    show_time_left,
)
from local_server.wording import show_amounts, show_money

REFRESHES_PER_SECOND = 8
BAR_WIDTH_MAX = 60
LIVE_FRAMES_MAX = 4


@contextmanager
def open_view(session: Session) -> Iterator[View]:
    """Open the view that fits: JSON lines, a moving picture, or plain lines."""
    if session.as_json:
        yield JsonView(session)
    elif session.out.is_terminal:
        view = LiveView(session)
        with view.live:
            yield view
    else:
        yield PlainView(session)


class JsonView:
    """Each event and each progress as a line of JSON with its `type`."""

    wants_frames = False

    def __init__(self, session: Session) -> None:
        self.session = session

    def show_link(self, state: LinkState) -> None:
        """Write whether the server is there."""
        self.session.write_json({"type": "server", "state": state})

    def show_event(self, event: Answer) -> None:
        """Write an event."""
        self.session.write_json({"type": "event", **event})

    def show_frame(self, frame: Answer, _: int, /) -> None:
        """Write nothing: the event says it."""

    def show_progress(self, progress: Answer) -> None:
        """Write a frame's progress."""
        self.session.write_json({"type": "progress", **progress})

    def show_price(self, job: Answer) -> None:
        """Write nothing: the event says what is held, and the job follows at the end."""

    def show_job(self, job: Answer) -> None:
        """Write nothing: the job follows at the end."""


class Notices:
    """What is said once: each warning of pre-flight."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.said: set[tuple[str, str]] = set()

    def pick_new(self, findings: list[Answer]) -> list[Answer]:
        """Return the warnings that were not picked before."""
        new = [
            one
            for one in findings
            if one["severity"] == "warning" and (one["code"], one["detail"]) not in self.said
        ]
        self.said |= {(one["code"], one["detail"]) for one in new}
        return new

    def tell(self, job: Answer) -> None:
        """Say the warnings that are new."""
        for one in self.pick_new(job["findings"]):
            print_finding(self.session, one, self.session.err)


class PlainView:
    """A line for each state of the job and each frame that ended."""

    wants_frames = True

    def __init__(self, session: Session) -> None:
        self.session = session
        self.notices = Notices(session)
        self.shown = ("", "")
        self.ended = 0

    def show_link(self, state: LinkState) -> None:
        """Write whether the server is there."""
        self.session.note(f"link_{state}")

    def show_event(self, event: Answer) -> None:
        """Write nothing: frames and the job's states have lines of their own."""

    def show_frame(self, frame: Answer, total: int, /) -> None:
        """Write a line for a frame."""
        self.ended += 1
        self.write(f"{show_frame_result(self.session, frame)}  {self.ended}/{total}")

    def show_progress(self, progress: Answer) -> None:
        """Write nothing: a log is not for what changes every second."""

    def show_price(self, job: Answer) -> None:
        """Write a line of money."""
        self.write(tell_price(self.session, job))

    def show_job(self, job: Answer) -> None:
        """Write a line when the job's state or what it is doing changed."""
        self.notices.tell(job)
        now = (job["state"], job["reason"]["code"])
        if now != self.shown:
            self.shown = now
            state = self.session.say(f"state_{job['state']}").title
            self.write(f"{job['id']}  {state}  {job['reason']['title']}")

    def write(self, line: str) -> None:
        """Write a line with the time before it, at once: someone may be reading along."""
        self.session.print(f"{datetime.now():%H:%M:%S}  {line}")
        self.session.out.file.flush()


class LiveView:
    """A bar over the frames, the frames under way, the time left and the money so far."""

    wants_frames = False

    def __init__(self, session: Session) -> None:
        self.session = session
        self.notices = Notices(session)
        self.job: Answer | None = None
        self.fresh_at = time.monotonic()
        self.under_way: dict[int, Answer] = {}
        self.link_words = ""
        self.spinner = Spinner("dots")
        self.live = Live(
            console=session.out,
            get_renderable=self.render,
            refresh_per_second=REFRESHES_PER_SECOND,
            transient=True,
        )

    def show_link(self, state: LinkState) -> None:
        """Show below the bar that the server was lost."""
        words = self.session.say(f"link_{state}").title
        self.link_words = words if state is LinkState.LOST else ""

    def show_event(self, event: Answer) -> None:
        """Take a frame that left the node off the list of those under way."""
        if event["kind"] == "frame.state" and event["frame"] is not None:
            self.under_way.pop(event["frame"], None)

    def show_frame(self, frame: Answer, _: int, /) -> None:
        """Write a failed frame above the bar."""
        self.session.out.print(Text(show_frame_result(self.session, frame), style="red"))

    def show_progress(self, progress: Answer) -> None:
        """Take a frame's progress."""
        self.under_way[progress["frame"]] = progress

    def show_price(self, job: Answer) -> None:
        """Write a line of money above the bar, where it stays."""
        self.session.out.print(Text(tell_price(self.session, job)))

    def show_job(self, job: Answer) -> None:
        """Take the job as it is now."""
        self.notices.tell(job)
        self.job = job
        self.fresh_at = time.monotonic()
        self.under_way = {one["frame"]: one for one in job["live"]}

    def render(self) -> RenderableType:
        """Return what is to be seen now."""
        if self.job is None:
            return Text("")
        lines: list[RenderableType] = [self.render_title(self.job)]
        if self.job["frames"]["total"] == 0 or self.job["state"] != "running":
            lines.append(self.render_waiting(self.job))
        if self.job["frames"]["total"]:
            lines.append(self.render_bar(self.job))
            lines += [self.render_frame(one) for one in self.list_under_way()]
            lines.append(self.render_money(self.job))
        if self.link_words:
            lines.append(Text(self.link_words, style="yellow"))
        return Group(*lines)

    def list_under_way(self) -> list[Answer]:
        """Return the frames under way that there is room for."""
        return [self.under_way[number] for number in sorted(self.under_way)][:LIVE_FRAMES_MAX]

    def render_title(self, job: Answer) -> Text:
        """Return the line that says which job this is."""
        renderer = job["renderer"]
        parts = [job["id"]]
        if renderer is not None:
            parts.append(f"{renderer['name']} {renderer['version']}")
        return Text.assemble((job["name"], "bold"), "  ", ("  ".join(parts), "dim"))

    def render_waiting(self, job: Answer) -> RenderableType:
        """Return the line that says what a job is doing that renders nothing yet."""
        state = self.session.say(f"state_{job['state']}").title
        self.spinner.text = Text(f"{state}  {job['reason']['title']}")
        return self.spinner if not is_at_rest(job) else self.spinner.text

    def render_bar(self, job: Answer) -> RenderableType:
        """Return the bar over the frames, with the time left."""
        counts = job["frames"]
        ended = counts["done"] + counts["failed"] + counts["cancelled"]
        parts = sum(one["fraction"] or 0.0 for one in self.under_way.values())
        grid = Table.grid(padding=(0, 2))
        width = max(10, min(BAR_WIDTH_MAX, self.session.out.width - 40))
        bar = ProgressBar(total=counts["total"], completed=ended + parts, width=width)
        left = "" if job["eta_ms"] is None else self.show_time_left(job["eta_ms"])
        grid.add_row(bar, Text(f"{ended}/{counts['total']}"), Text(left))
        return grid

    def show_time_left(self, eta_ms: int) -> str:
        """Return the time left; it runs on between two answers of the server."""
        passed_ms = int((time.monotonic() - self.fresh_at) * 1000)
        left = show_time_left(self.session, eta_ms - passed_ms)
        return self.session.label("time_left", left=left)

    def render_frame(self, progress: Answer) -> RenderableType:
        """Return the line of a frame under way."""
        grid = Table.grid(padding=(0, 2))
        frame = self.session.label("frame_number", frame=progress["frame"])
        bar = ProgressBar(total=1.0, completed=progress["fraction"] or 0.0, width=20)
        samples = ""
        if progress["samples"]:
            samples = self.session.label(
                "samples", sample=progress["sample"] or 0, samples=progress["samples"]
            )
        grid.add_row(Text(f"  {frame}", style="dim"), bar, Text(samples, style="dim"))
        return grid

    def render_money(self, job: Answer) -> Text:
        """Return the line of money and counts."""
        left = max(0, job["held_micros"] - job["cost_micros"])
        spent, held = show_amounts([job["cost_micros"], left])
        parts = [
            self.session.label("money_so_far", amount=spent),
            self.session.label("money_held", amount=held),
        ]
        for name in ("reused", "failed"):
            if job["frames"][name]:
                parts.append(self.session.label(f"count_{name}", count=job["frames"][name]))
        return Text("  ·  ".join(parts), style="dim")


def tell_price(session: Session, job: Answer) -> str:
    """Return what a job is expected to take and what is held for it, as one line."""
    held = session.label("money_held", amount=show_money(job["held_micros"]))
    estimate = show_estimate(session, job["estimate"])
    if estimate is None:
        return held
    head = session.label("estimate")
    return session.label("headline", head=head, told=f"{estimate}  ·  {held}")
