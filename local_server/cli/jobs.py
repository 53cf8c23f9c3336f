"""Commands that look at jobs: list them, show one, list its frames, lay them out in a picture."""

from pathlib import Path

import click

from local_server.cli.job_ids import find_job
from local_server.cli.session import Session
from local_server.cli.sheets import write_sheet
from local_server.cli.spoken import SpokenCommand
from local_server.cli.tables import print_frames, print_job, print_jobs
from local_server.cli.values import Choice, Number
from local_server.farm.states import FrameState, JobState

LIMIT_MAX = 1_000_000
ORDERS = ("created", "name", "state", "cost", "priority")
RISING = ("name", "state")


@click.command("jobs", cls=SpokenCommand)
@click.option("--state", type=Choice(*JobState), metavar="STATE", multiple=True)
@click.option("--text", metavar="TEXT")
@click.option("--owner", metavar="ID")
@click.option("--sort", type=Choice(*ORDERS), metavar="ORDER")
@click.option("--reverse", is_flag=True)
@click.option("--limit", type=Number(1, LIMIT_MAX), metavar="N", default="20")
@click.pass_obj
def jobs(
    session: Session,
    /,
    state: tuple[str, ...],
    sort: str | None,
    *,
    reverse: bool,
    limit: int,
    **wanted: str | None,
) -> None:
    """List jobs, newest first."""
    rising = (sort in RISING) != reverse
    order = {"sort": sort, "order": "asc" if rising else "desc"}
    with session.connect() as client:
        found = list(client.list_jobs(state=list(state) or None, limit=limit, **order, **wanted))
    chosen = bool(state or any(wanted.values()))
    session.answer({"items": found}, lambda: print_jobs(session, found, chosen=chosen))


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
@click.option("--state", type=Choice(*FrameState), metavar="STATE")
@click.option("--limit", type=Number(1, LIMIT_MAX), metavar="N")
@click.pass_obj
def frames(session: Session, job: str, state: str | None, limit: int | None) -> None:
    """List a job's frames."""
    with session.connect() as client:
        found = list(client.list_frames(find_job(client, job), state=state, limit=limit))
    session.answer({"items": found}, lambda: print_frames(session, found))


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
