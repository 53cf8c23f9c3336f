"""Notices to nodes: which jobs they let go of, and which of them were taken out.

They are marks in the queue, which nodes look at; while the queue is away they wait here. A mark
that a queue lost costs time: who is out is told again as soon as it reports.
"""

import logging

from render.queue import Queue
from sync.records import name_job

log = logging.getLogger(__name__)


class Notices:
    """Writes the marks of one machine into a queue."""

    def __init__(self, queue: Queue, device: str) -> None:
        self.queue = queue
        self.device = device
        self.unsaid: dict[str, int] = {}
        self.outsiders: set[str] = set()

    def call_off(self, job: str, *, run: int) -> None:
        """Tell every node to let go of a job; while the queue is away, as soon as it is back."""
        self.unsaid[job] = run
        self.try_say()

    def dismiss(self, node: str) -> None:
        """Tell a node that it was taken out; while the queue is away, as soon as it is back."""
        self.outsiders.add(node)
        self.try_say()

    def try_say(self) -> None:
        """Write what is not written yet, if the queue takes it."""
        try:
            self.say()
        except Exception as error:  # noqa: BLE001 - every backend raises errors of its own
            log.warning("nodes are told later what to let go of: %s", error)

    def say(self) -> None:
        """Write what is not written yet. Raises what the queue raises."""
        for job, run in list(self.unsaid.items()):
            self.queue.mark_stopped(name_job(self.device, job), run=run)
            if self.unsaid.get(job) == run:  # a later run may have been called off meanwhile
                del self.unsaid[job]
        for node in list(self.outsiders):
            self.queue.mark_out(node)
            self.outsiders.discard(node)
