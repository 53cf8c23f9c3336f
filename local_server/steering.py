"""Steering: the verbs that change a job, and what follows each outside of the database."""

from collections.abc import Callable
from dataclasses import dataclass

from local_server import consent
from local_server.access import Right
from local_server.farm import jobs
from local_server.farm.db import read_clock_ms
from local_server.farm.pricing import PriceBook
from local_server.farm.states import Verb
from local_server.services import Services


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """A verb with what it needs to know: a new cost limit, a new priority, the frame to retry."""

    verb: Verb
    cap_micros: int | None = None
    priority: int | None = None
    frame: int | None = None

    @property
    def right(self) -> Right:
        """Return who may give it. More money is the owner's to give, whoever else may resume."""
        spends = self.verb is Verb.RETRY or self.cap_micros is not None
        hides = self.verb in (Verb.DELETE, Verb.RESTORE)
        return Right.OWNER if spends or hides else Right.CREW


def steer(here: Services, job: str, order: Order) -> None:
    """Do what an order says to a job that the caller may steer so.

    Raises NotFound `no_job`, Refused `not_yours`, and what the verb itself raises.
    """
    here.get_job(job, right=order.right)
    WAYS[order.verb](here, job, order)


def pause(here: Services, job: str, _: Order) -> None:
    """Pause a job; frames under way are stopped."""
    here.writer.write(jobs.pause_job, job=job, reason="by_user", at_ms=read_clock_ms())
    here.stop_nodes(job)


def resume(here: Services, job: str, order: Order) -> None:
    """Let a paused job go on, up to a new limit if one is given."""
    here.writer.write(consent.resume, job=job, cap_micros=order.cap_micros, at_ms=read_clock_ms())
    here.wake.set()


def cancel(here: Services, job: str, _: Order) -> None:
    """Cancel a job; frames under way are stopped."""
    here.writer.write(jobs.cancel_job, job=job, at_ms=read_clock_ms())
    here.stop_nodes(job)


def retry(here: Services, job: str, order: Order) -> None:
    """Give a job's failed frames, or the one that is named, another try."""
    here.writer.write(consent.retry, job=job, frame=order.frame, at_ms=read_clock_ms())
    here.wake.set()


def prioritise(here: Services, job: str, order: Order) -> None:
    """Change a job's place among the others, for frames that are queued too."""
    assert order.priority is not None, "the shape of the request asks for it"
    here.writer.write(
        jobs.prioritise_job,
        job=job,
        priority=order.priority,
        book=find_ceilings(here),
        at_ms=read_clock_ms(),
    )
    here.move_up(job)


def delete(here: Services, job: str, _: Order) -> None:
    """Take a job that is over off the lists."""
    here.writer.write(jobs.delete_job, job=job, at_ms=read_clock_ms())


def restore(here: Services, job: str, _: Order) -> None:
    """Put a deleted job back on the lists."""
    here.writer.write(jobs.restore_job, job=job, at_ms=read_clock_ms())


def find_ceilings(here: Services) -> PriceBook | None:
    """Return the book whose ceilings of priority bind the caller; None: nobody's do."""
    return None if here.caller.sees_every_job else here.submission.book


WAYS: dict[Verb, Callable[[Services, str, Order], None]] = {
    Verb.PAUSE: pause,
    Verb.RESUME: resume,
    Verb.CANCEL: cancel,
    Verb.RETRY: retry,
    Verb.PRIORITY: prioritise,
    Verb.DELETE: delete,
    Verb.RESTORE: restore,
}
