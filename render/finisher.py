"""The finisher: checks, stores, records and reports what was rendered while the slots render on."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from render.failures import FailureCode, RenderFailure
from render.finishing import (
    Shelf,
    blame_disk,
    check_frame,
    compare_frames,
    draw_thumbnail,
    explain_error,
    insist,
    remove_frame,
    store_frame,
)
from render.flights import Flight, Flights
from render.hosts import Rendered
from render.protocol import Done, Failed, describe_attempt
from render.reporting import Reporter

T = TypeVar("T")
log = logging.getLogger(__name__)
THREADS = 8  # they wait for the disk, and disks serve many flushes as fast as one
CHECKERS = 2  # they use the processor and hold whole pictures in memory
STORE_AWAY_SECONDS = 2.0


class Finisher:
    """Brings flights to their end. `render_cold` renders a frame again in a host of its own."""

    def __init__(
        self,
        *,
        node: str,
        scratch: Path,
        shelf: Shelf,
        reporter: Reporter,
        flights: Flights,
        stopping: threading.Event,
        render_cold: Callable[[Flight], Rendered],
    ) -> None:
        self.node, self.scratch, self.shelf = node, scratch, shelf
        self.reporter, self.flights, self.stopping = reporter, flights, stopping
        self.render_cold = render_cold
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="finisher")
        self.backlog = threading.Semaphore(2 * THREADS)
        self.checkers = threading.Semaphore(CHECKERS)

    def submit(self, flight: Flight, rendered: Rendered) -> None:
        """Take over a rendered frame; waits where too many are not finished yet."""
        self.backlog.acquire()
        self.threads.submit(self.finish, flight, rendered)

    def close(self) -> None:
        """Finish what was taken over."""
        self.threads.shutdown()

    def finish(self, flight: Flight, rendered: Rendered) -> None:
        """Check, store and report a rendered frame."""
        task = flight.task
        try:
            with self.checkers:
                checked = check_frame(task, rendered)
                if checked.suspicious:
                    # Only a picture that a cold host renders just so stands.
                    compare_frames(task, rendered, self.render_cold(flight))
                thumbnail = draw_thumbnail(rendered, checked)
            record = self.insist(
                flight,
                lambda: store_frame(
                    self.shelf, task, rendered, checked, node=self.node, thumbnail=thumbnail
                ),
            )
            self.land_done(flight, record.to_dict())
        except RenderFailure as failure:
            told = blame_disk(failure, self.scratch)
            remove_frame(rendered)
            self.land_failed(flight, told)
        except Exception as error:  # a bug or a broken disk must cost this attempt only
            log.exception("job=%s frame=%s: finishing broke", task.job, task.number)
            remove_frame(rendered)
            self.land_failed(flight, explain_error(error))
        finally:
            self.backlog.release()

    def insist(self, flight: Flight, act: Callable[[], T]) -> T:
        """Do what needs the store, waiting for it as long as the flight is wanted."""
        return insist(
            act,
            note=flight.note_line,
            wait=lambda: self.stopping.wait(STORE_AWAY_SECONDS) or flight.called_off,
        )

    def land_done(self, flight: Flight, result: dict[str, Any]) -> None:
        """Report a frame done."""
        _, lines = flight.take_news()
        report = Done(**describe_attempt(flight.task, node=self.node), result=result, lines=lines)
        self.reporter.say(report, to=flight.task.report_to)
        self.flights.remove(flight)

    def land_failed(self, flight: Flight, failure: RenderFailure) -> None:
        """Report an attempt failed; what was called off counts against nobody."""
        _, lines = flight.take_news()
        stopped = flight.called_off or failure.code is FailureCode.STOPPED
        if not flight.called_off or self.stopping.is_set():
            report = Failed(
                **describe_attempt(flight.task, node=self.node),
                reason=FailureCode.STOPPED if stopped else failure.code,
                words="" if stopped else failure.words,
                counts=not stopped,
                lines=lines,
            )
            self.reporter.say(report, to=flight.task.report_to)
        self.flights.remove(flight)
