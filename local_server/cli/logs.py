"""The command logs: a job's story, and what renderers printed, a page at a time."""

import time
from collections.abc import Iterator
from typing import Any

import click

from local_server.cli.answers import Answer
from local_server.cli.client import Client
from local_server.cli.failure import ClientError
from local_server.cli.job_ids import find_job
from local_server.cli.session import Session
from local_server.cli.spoken import SpokenCommand
from local_server.cli.values import FRAME_MAX, Number
from local_server.farm.errors import BadInput

FOLLOW_SECONDS = 0.5
PAGE, TAIL_MAX = 2_000, 5_000
ENDED_FRAME_STATES = frozenset({"done", "failed", "cancelled"})


@click.command("logs", cls=SpokenCommand)
@click.argument("job")
@click.argument("frame", required=False, type=Number(-FRAME_MAX, FRAME_MAX))
@click.option("--attempt", type=Number(1, FRAME_MAX), metavar="N")
@click.option("--tail", type=Number(1, TAIL_MAX), metavar="N")
@click.option("--follow", is_flag=True)
@click.pass_obj
def logs(
    session: Session,
    job: str,
    frame: int | None,
    attempt: int | None,
    tail: int | None,
    *,
    follow: bool,
) -> None:
    """Print a job's story, or what the renderer printed for a frame."""
    if attempt is not None and frame is None:
        raise BadInput("attempt_needs_frame")
    with session.connect() as client:
        job_id = find_job(client, job)
        path = f"/jobs/{job_id}" if frame is None else f"/jobs/{job_id}/frames/{frame}"
        pages = read_pages(client, path, attempt=attempt, tail=tail, follow=follow)
        if session.as_json and not follow:
            lines = [line for page in pages for line in page]
            write_lines(session, job_id, frame, lines)
            return
        for page in pages:
            write_lines(session, job_id, frame, page)


def read_pages(
    client: Client, path: str, *, attempt: int | None, tail: int | None, follow: bool
) -> Iterator[list[str]]:
    """Yield a log's lines, a page at a time; with `follow`, until nothing more will come."""
    wanted: dict[str, Any] = {"attempt": attempt, "limit": PAGE, "tail": tail}
    while True:
        page = read_page(client, path, **wanted)
        if page["lines"]:
            yield page["lines"]
            wanted |= {"after": page["next"], "tail": None}
        elif page["ended"] or not follow:
            return
        else:
            time.sleep(FOLLOW_SECONDS)


def read_page(client: Client, path: str, **wanted: Any) -> Answer:
    """Return a page of a log; that of a frame which has not begun is empty. Raises ClientError."""
    try:
        return client.ask("GET", f"{path}/log/lines", **wanted)
    except ClientError as error:
        if error.code != "no_log":
            raise
    ended = client.ask("GET", path)["state"] in ENDED_FRAME_STATES
    return {"lines": [], "next": 0, "ended": ended}


def write_lines(session: Session, job: str, frame: int | None, lines: list[str]) -> None:
    """Write lines of a log."""
    text = "".join(f"{line}\n" for line in lines)
    if session.as_json:
        session.write_json({"job": job, "frame": frame, "text": text})
    else:
        session.write_raw(text)
