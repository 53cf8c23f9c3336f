"""The heart of a node: heartbeats, progress and stop marks, apart from whatever its slots do."""

import logging
import threading
import time
from collections.abc import Callable

from render.flights import Flight, Flights
from render.inspecting import Inspector
from render.protocol import Beat, Hello, ProgressMade, describe_attempt
from render.queue import Queue
from render.reporting import Reporter

log = logging.getLogger(__name__)
PULSE_SECONDS = 0.25
BEAT_SECONDS = 2.0
BEATS_PER_HELLO = 5


class Heart:
    """Tells each owner what the node has, and hears which jobs are called off."""

    def __init__(
        self,
        queue: Queue,
        reporter: Reporter,
        flights: Flights,
        inspector: Inspector,
        *,
        hello: Hello,
        each_beat: Callable[[], None],
    ) -> None:
        self.queue = queue
        self.reporter = reporter
        self.flights = flights
        self.inspector = inspector
        self.hello = hello
        self.each_beat = each_beat
        self.owners: set[str] = set()
        self.lock = threading.Lock()

    def meet(self, owner: str) -> None:
        """Greet an owner's report line if it is a new one; it hears of the node from then on."""
        with self.lock:
            new = owner not in self.owners
            self.owners.add(owner)
        if new:
            self.reporter.say(self.hello, to=owner)

    def run(self, stopping: threading.Event) -> None:
        """Beat until the node stops."""
        next_beat, beats = 0.0, 0
        while not stopping.wait(PULSE_SECONDS):
            flights = self.flights.list()
            for flight in flights:
                self.tell_progress(flight)
            self.hear_stops(flights)
            if time.monotonic() >= next_beat:
                next_beat = time.monotonic() + BEAT_SECONDS
                beats += 1
                self.tell_alive(flights, again=beats % BEATS_PER_HELLO == 0)
                self.each_beat()

    def tell_progress(self, flight: Flight) -> None:
        """Report what is new about a flight, if anything is."""
        progress, lines = flight.take_news()
        if progress is None and not lines:
            return
        report = ProgressMade(
            **describe_attempt(flight.task, node=self.hello.node),
            sample=progress.sample if progress else 0,
            samples=progress.samples if progress else 0,
            fraction=progress.fraction if progress else 0.0,
            remaining_ms=progress.remaining_ms if progress else None,
            lines=lines,
        )
        self.reporter.say(report, to=flight.task.report_to)

    def tell_alive(self, flights: list[Flight], *, again: bool) -> None:
        """Send each owner the attempts that the node still has.

        Now and then the node introduces itself `again`: a queue that lost its messages has lost
        its greeting too.
        """
        with self.lock:
            owners = list(self.owners)
        for owner in owners:
            if again:
                self.reporter.say(self.hello, to=owner)
            holding = tuple(one.key for one in flights if one.task.report_to == owner)
            self.reporter.say(Beat(node=self.hello.node, holding=holding), to=owner)

    def hear_stops(self, flights: list[Flight]) -> None:
        """Call off the flights of jobs that were paused or cancelled, and unwanted inspections."""
        inspection = self.inspector.task
        try:
            for job in {flight.task.job for flight in flights}:
                stopped = self.queue.read_stop(job)
                for flight in flights:
                    if flight.task.job == job and flight.task.run <= stopped:
                        flight.call_off()
            if inspection is not None and self.queue.read_stop(inspection.id):
                self.inspector.call_off(inspection)
        except Exception as error:  # noqa: BLE001 - every backend raises errors of its own
            log.warning("the queue is away: %s", error)
