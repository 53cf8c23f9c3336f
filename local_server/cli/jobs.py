"""Commands about jobs: look at them, steer them, read their logs, lay out their frames."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from local_server.cli.client import Client, ClientError
from local_server.cli.exits import Exit, find_error_exit
from local_server.cli.following import is_over
from local_server.cli.job_ids import find_job
from local_server.cli.session import Session, show_error, write_json_error
from local_server.cli.sheets import write_sheet
from local_server.cli.spoken import SpokenCommand
from local_server.cli.tables import print_frames, print_job, print_jobs, show_state
from local_server.cli.values import Amount, Choice, Number
from local_server.farm.errors import BadInput, YuntuError
from local_server.farm.states import FrameState, JobState
from local_server.wording import Words

LIMIT_MAX = 1_000_000
FRAME_MAX = 10**9
FOLLOW_SECONDS = 0.5
ENDED_FRAME_STATES = frozenset({"done", "failed", "cancelled"})

job_states = Choice(*JobState)
frame_states = Choice(*FrameState)


@click.command("jobs", cls=SpokenCommand)
@click.option("--state", type=job_states, metavar="STATE")
@click.option("--limit", type=Number(1, LIMIT_MAX), metavar="N", default="20")
@click.pass_obj
def jobs(session: Session, state: str | None, limit: int) -> None:
    """List jobs, newest first."""
    with session.connect() as client:
        found = list(client.list_jobs(state=state, limit=limit))
    session.answer({"items": found}, lambda: print_jobs(session, found))


@click.command("job", cls=SpokenCommand)
@click.argument("job")
@click.pass_obj
def show_job(session: Session, job: str) -> None:
    """Show one job."""
    with session.connect() as client:
        found = client.get_job(find_job(client, job))
    session.answer(found, lambda: print_job(session, found))


@click.command("frames", cls=SpokenCommand)
@click.argument("job")
@click.option("--state", type=frame_states, metavar="STATE")
@click.option("--limit", type=Number(1, LIMIT_MAX), metavar="N")
@click.pass_obj
def frames(session: Session, job: str, state: str | None, limit: int | None) -> None:
    """List a job's frames."""
    with session.connect() as client:
        found = list(client.list_frames(find_job(client, job), state=state, limit=limit))
    session.answer({"items": found}, lambda: print_frames(session, found))


# --- logs ---


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


def read_frame_log(
    client: Client, job: str, frame: int, attempt: int | None
) -> Callable[[], str]:
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


# --- steering ---


@click.command("pause", cls=SpokenCommand)
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@click.pass_obj
def pause(session: Session, jobs: tuple[str, ...]) -> int:
    """Pause jobs."""
    return steer(session, jobs, lambda client, job: client.order(job, "pause"))


@click.command("resume", cls=SpokenCommand)
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@click.option("--max-cost", type=Amount(), metavar="¥")
@click.pass_obj
def resume(session: Session, jobs: tuple[str, ...], max_cost: int | None) -> int:
    """Let paused jobs go on."""
    body = {} if max_cost is None else {"max_cost_micros": max_cost}
    return steer(session, jobs, lambda client, job: client.order(job, "resume", body))


@click.command("cancel", cls=SpokenCommand)
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@click.pass_obj
def cancel(session: Session, jobs: tuple[str, ...]) -> int:
    """Cancel jobs."""
    return steer(session, jobs, lambda client, job: client.order(job, "cancel"))


@click.command("retry", cls=SpokenCommand)
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@click.pass_obj
def retry(session: Session, jobs: tuple[str, ...]) -> int:
    """Give failed frames another try."""
    return steer(session, jobs, lambda client, job: client.order(job, "retry"))


@click.command("delete", cls=SpokenCommand)
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@click.pass_obj
def delete(session: Session, jobs: tuple[str, ...]) -> int:
    """Take jobs that are over off the lists."""

    def delete_job(client: Client, job: str) -> dict[str, Any]:
        client.delete_job(job)
        return {"id": job, "deleted": True}

    return steer(session, jobs, delete_job)


def steer(
    session: Session, given: tuple[str, ...], order: Callable[[Client, str], Any]
) -> int:
    """Give an order to each of several jobs; the first that is refused decides the exit code."""
    worst: int = Exit.DONE
    with session.connect() as client:
        for one in given:
            try:
                answer = order(client, find_job(client, one))
            except ClientError as error:
                if error.lost:
                    raise
                tell_refusal(session, error.code, error.words, error.params)
                worst = worst or find_error_exit(error.status)
            except YuntuError as error:
                words = session.say(error.code, **error.params)
                tell_refusal(session, error.code, words, error.params)
                worst = worst or find_error_exit(error.status)
            else:
                session.answer(answer, lambda answer=answer: print_steered(session, answer))
    return worst


def tell_refusal(session: Session, code: str, words: Words, params: dict[str, Any]) -> None:
    """Write why one of several orders was refused."""
    if session.as_json:
        write_json_error(session.err.file, code=code, words=words, params=params)
    else:
        show_error(session.err, words)


def print_steered(session: Session, answer: dict[str, Any]) -> None:
    """Print what became of a job."""
    if "state" not in answer:
        session.print(session.say("job_deleted", job=answer["id"]).title)
        return
    state = show_state(session, answer["state"])
    session.out.print(answer["id"], state, answer["reason"]["title"])


# --- contact sheet ---


@click.command("sheet", cls=SpokenCommand)
@click.argument("job")
@click.option("--out", metavar="FILE")
@click.pass_obj
def sheet(session: Session, job: str, out: str | None) -> None:
    """Lay a job's finished frames out in one picture."""
    with session.connect() as client:
        job_id = find_job(client, job)
        target = Path(out).expanduser() if out else Path(f"{job_id}-sheet.png")
        count = write_sheet(client, job_id, target)
    answer = {"job": job_id, "path": str(target.absolute()), "frames": count}
    session.answer(answer, lambda: session.print(session.label("sheet_is", path=str(target))))
