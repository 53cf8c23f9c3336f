"""The command logs: a job's story, and what renderers printed."""

import time
from collections.abc import Callable

import click

from local_server.cli.client import Client
from local_server.cli.failure import ClientError
from local_server.cli.following import is_over
from local_server.cli.job_ids import find_job
from local_server.cli.session import Session
from local_server.cli.spoken import SpokenCommand
from local_server.cli.values import FRAME_MAX, Number
from local_server.farm.errors import BadInput

FOLLOW_SECONDS = 0.5
ENDED_FRAME_STATES = frozenset({"done", "failed", "cancelled"})


@click.command("logs", cls=SpokenCommand)
@click.argument("job")
@click.argument("frame", required=False, type=Number(-FRAME_MAX, FRAME_MAX))
@click.option("--attempt", type=Number(1, FRAME_MAX), metavar="N")
@click.option("--follow", is_flag=True)
@click.pass_obj
def logs(
    session: Session, job: str, frame: int | None, attempt: int | None, *, follow: bool
) -> None:
    """Print a job's story, or what the renderer printed for a frame."""
    with session.connect() as client:
        job_id = find_job(client, job)
        if attempt is not None and frame is None:
            raise BadInput("attempt_needs_frame")
        if frame is None:
            read, ended = read_story(client, job_id), is_job_ended(client, job_id)
        else:
            read = read_frame_log(client, job_id, frame, attempt)
            ended = is_frame_ended(client, job_id, frame)
        written = write_log(session, job_id, frame, read(), 0)
        while follow and not ended():
            time.sleep(FOLLOW_SECONDS)
            written = write_log(session, job_id, frame, read(), written)
        if follow:
            write_log(session, job_id, frame, read(), written)


def read_story(client: Client, job: str) -> Callable[[], str]:
    """Return a function that reads a job's story."""
    return lambda: client.get_job_log(job)


def read_frame_log(client: Client, job: str, frame: int, attempt: int | None) -> Callable[[], str]:
    """Return a function that reads a frame's log; one that has not begun is empty."""

    def read() -> str:
        try:
            return client.get_frame_log(job, frame, attempt=attempt)
        except ClientError as error:
            if error.code != "no_log":
                raise
            return ""

    return read


def is_job_ended(client: Client, job: str) -> Callable[[], bool]:
    """Return a function that tells whether a job is over."""
    return lambda: is_over(client.get_job(job))


def is_frame_ended(client: Client, job: str, frame: int) -> Callable[[], bool]:
    """Return a function that tells whether a frame has ended."""
    return lambda: client.get_frame(job, frame)["state"] in ENDED_FRAME_STATES


def write_log(session: Session, job: str, frame: int | None, text: str, written: int) -> int:
    """Write what a log has grown by; returns how much of it is written now, in characters."""
    new = text[written:]
    if new and session.as_json:
        session.write_json({"job": job, "frame": frame, "text": new})
    elif new:
        session.write_raw(new)
    return len(text)
