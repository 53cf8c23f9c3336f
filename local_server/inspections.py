"""Inspections: scenes that the local node is asked to open, and the answers waited for."""

import logging
from dataclasses import dataclass

from gevent import GreenletExit, Timeout
from gevent.event import AsyncResult

from local_server.farm.errors import Unavailable
from local_server.farm.identifiers import make_id
from render.protocol import Inspected, InspectTask
from render.queue import Queue

log = logging.getLogger(__name__)
SENDS_MAX = 3
ANSWER_SECONDS_MAX = 900
PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX = 0.1, 5.0


@dataclass(kw_only=True, slots=True)
class Waiting:
    """One inspection under way."""

    task: InspectTask
    answer: "AsyncResult[Inspected]"
    sends: int = 0


class Inspections:
    """Asks the local node; a question that died with a node is asked again of the next one."""

    def __init__(self, queue: Queue, *, device: str) -> None:
        self.queue = queue
        self.line = f"inspect-{device}"
        self.report_to = f"reports-{device}"
        self.waiting: dict[str, Waiting] = {}
        self.in_doubt = False
        self.told = ""
        self.pause_seconds = 0.0
        self.due_at = 0.0

    def ask(
        self,
        *,
        scene: str,
        renderer: str,
        look: dict[str, object],
        frames: str | None,
        measure: bool,
        allow_missing: bool,
    ) -> Inspected:
        """Have a scene inspected and wait for the answer, without blocking anyone else.

        Raises Unavailable `inspection_failed` when no node answers.
        """
        task = InspectTask(
            id=make_id(),
            scene=scene,
            renderer=renderer,
            look=look,
            frames=frames,
            measure=measure,
            allow_missing=allow_missing,
            report_to=self.report_to,
        )
        waiting = Waiting(task=task, answer=AsyncResult())
        self.waiting[task.id] = waiting
        try:
            self.send(waiting)
            answer = waiting.answer.get(timeout=ANSWER_SECONDS_MAX)
        except Timeout:
            self.call_off(task)
            answer = None
        except GreenletExit:  # whoever asked is not interested any more
            self.call_off(task)
            raise
        finally:
            del self.waiting[task.id]
        if answer is None:
            raise Unavailable("inspection_failed", scene=scene)
        return answer

    def call_off(self, task: InspectTask) -> None:
        """Tell the node that nobody waits for an inspection any more."""
        try:
            self.queue.mark_stopped(task.id, run=1)
        except Exception as error:  # noqa: BLE001 - every backend raises errors of its own
            log.warning("scene=%s: it is inspected for nothing: %s", task.scene, error)

    def send(self, waiting: Waiting) -> None:
        """Put a question on the node's line; after a few nodes died of it, give up.

        While the queue is away it is in doubt, and asked when the queue is back.
        """
        if waiting.sends >= SENDS_MAX:
            waiting.answer.set(None)
            return
        waiting.sends += 1
        try:
            self.queue.line(self.line).send([(waiting.task.model_dump(), 0)])
        except Exception as error:  # noqa: BLE001 - every backend raises errors of its own
            self.in_doubt = True
            if str(error) != self.told:
                log.warning("scene=%s: it is inspected later: %s", waiting.task.scene, error)
                self.told = str(error)
        else:
            self.told = ""

    def hear(self, answer: Inspected) -> None:
        """Pass an answer to whoever waits for it; a late one is nobody's."""
        waiting = self.waiting.get(answer.id)
        if waiting is not None:
            waiting.answer.set(answer)

    def ask_in_doubt(self, now: float) -> None:
        """Ask what the queue did not take, each time after a longer pause, up to a few seconds."""
        if not self.in_doubt or now < self.due_at:
            return
        self.ask_again(counted=False)
        longer = min(max(2 * self.pause_seconds, PAUSE_SECONDS_MIN), PAUSE_SECONDS_MAX)
        self.pause_seconds = longer if self.in_doubt else 0.0
        self.due_at = now + self.pause_seconds

    def ask_again(self, *, counted: bool = True) -> None:
        """Ask a new node what the last one may have taken with it.

        What was lost for another reason than a node's end is not `counted`.
        """
        self.in_doubt = False
        for waiting in list(self.waiting.values()):
            waiting.sends -= not counted
            self.send(waiting)
