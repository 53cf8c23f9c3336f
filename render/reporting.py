"""Reports of a node: gathered from its threads and sent by one, in order, as few messages."""

import logging
import threading
from collections import deque

from pydantic import BaseModel

from render.protocol import Beat, Hello, ProgressMade
from render.queue import Queue

log = logging.getLogger(__name__)
BATCH_MAX = 200
WAITING_MAX = 5_000
RETRY_SECONDS = 1.0
LINE_MAX = 500
Fleeting = Beat | ProgressMade | Hello
"""What only tells of the moment."""


class Reporter:
    """Sends what a node has to say, and keeps it while the queue cannot be reached."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.waiting: dict[str, deque[BaseModel]] = {}
        self.changed = threading.Condition()
        self.closing = False
        self.thread = threading.Thread(target=self.run, name="reporter", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self.thread.start()

    def say(self, report: BaseModel, *, to: str) -> None:
        """Queue a report for an owner's report line; returns at once."""
        with self.changed:
            waiting = self.waiting.setdefault(to, deque())
            # What only tells of the moment is worth nothing after a long silence.
            if len(waiting) < WAITING_MAX or not isinstance(report, Fleeting):
                waiting.append(report)
            self.changed.notify()

    def close(self) -> None:
        """Send what is left and stop."""
        with self.changed:
            self.closing = True
            self.changed.notify()
        self.thread.join(timeout=5)

    def run(self) -> None:
        """Send until closed; a batch stays first in line until it is sent."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.closing or any(self.waiting.values()))
                batches = {
                    to: [reports[i] for i in range(min(len(reports), BATCH_MAX))]
                    for to, reports in self.waiting.items()
                    if reports
                }
                if not batches:
                    return
            for to, batch in batches.items():
                if not self.send(to, batch):
                    break
                with self.changed:
                    for _ in batch:
                        self.waiting[to].popleft()

    def send(self, to: str, batch: list[BaseModel]) -> bool:
        """Put one batch on a report line; False when the queue is away (it is tried again).

        An owner who has not listened for long gets no more of what only tells of the moment: it
        would fill the queue for as long as they are away.
        """
        try:
            line = self.queue.line(to)
            if any(isinstance(one, Fleeting) for one in batch):
                full = line.count_waiting() >= LINE_MAX
                batch = [one for one in batch if not full or not isinstance(one, Fleeting)]
            if batch:
                value = [report.model_dump(mode="json") for report in batch]
                line.send([(self.queue.seal(to, value), 0)])
        except Exception as error:  # noqa: BLE001 - every backend raises errors of its own
            log.warning("reports wait: the queue is away (%s)", error)
            with self.changed:
                self.changed.wait_for(lambda: self.closing, timeout=RETRY_SECONDS)
                if self.closing:
                    self.waiting.clear()
            return False
        return True
