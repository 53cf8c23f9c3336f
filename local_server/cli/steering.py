"""Commands that steer jobs: pause, resume, cancel, retry, delete."""

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from local_server.cli.client import Client
from local_server.cli.exits import Exit, find_error_exit
from local_server.cli.failure import ClientError
from local_server.cli.job_ids import find_job
from local_server.cli.session import Session
from local_server.cli.spoken import SpokenCommand
from local_server.cli.tables import show_state
from local_server.cli.values import FRAME_MAX, Amount, Number
from local_server.farm.errors import YuntuError


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
@click.option("--frame", type=Number(-FRAME_MAX, FRAME_MAX), metavar="N")
@click.pass_obj
def retry(session: Session, jobs: tuple[str, ...], frame: int | None) -> int:
    """Give failed frames another try, or one of them."""
    verb = "retry" if frame is None else f"frames/{frame}/retry"
    return steer(session, jobs, lambda client, job: client.order(job, verb))


@click.command("delete", cls=SpokenCommand)
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@click.pass_obj
def delete(session: Session, jobs: tuple[str, ...]) -> int:
    """Take jobs that are over off the lists."""

    def delete_job(client: Client, job: str) -> dict[str, Any]:
        client.delete_job(job)
        return {"id": job, "deleted": True}

    return steer(session, jobs, delete_job)


@click.command("restore", cls=SpokenCommand)
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@click.pass_obj
def restore(session: Session, jobs: tuple[str, ...]) -> int:
    """Put deleted jobs back on the lists."""
    return steer(session, jobs, lambda client, job: client.order(job, "restore"))


@click.command("priority", cls=SpokenCommand)
@click.argument("priority", type=Number(0, 100), metavar="N")
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@click.pass_obj
def prioritise(session: Session, priority: int, jobs: tuple[str, ...]) -> int:
    """Change jobs' place among the others."""
    body = {"priority": priority}
    return steer(session, jobs, lambda client, job: client.order(job, "priority", body))


def steer(session: Session, given: tuple[str, ...], order: Callable[[Client, str], Any]) -> int:
    """Give an order to each of several jobs; the first that is refused decides the exit code."""
    worst: int = Exit.DONE
    with session.connect() as client:
        for one in given:
            try:
                answer = order(client, find_job(client, one))
            except ClientError as error:
                if error.lost:
                    raise
                session.tell_error(error.code, error.words, error.params)
                worst = worst or find_error_exit(error.status)
            except YuntuError as error:
                words = session.say(error.code, **error.params)
                session.tell_error(error.code, words, error.params)
                worst = worst or find_error_exit(error.status)
            else:
                session.answer(answer, partial(print_steered, session, answer))
    return worst


def print_steered(session: Session, answer: dict[str, Any]) -> None:
    """Print what became of a job."""
    if "state" not in answer:
        session.print(session.say("job_deleted", job=answer["id"]).title)
        return
    state = show_state(session, answer["state"])
    session.out.print(answer["id"], state, answer["reason"]["title"])
