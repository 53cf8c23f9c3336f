"""Commands about what is elsewhere: transfers to and from the studio's store, others' frames."""

from typing import Any

import click

from local_server.cli.client import Client
from local_server.cli.job_ids import choose_only
from local_server.cli.session import Session, make_absolute
from local_server.cli.spoken import SpokenCommand
from local_server.cli.tables import show_bytes, show_time_left
from local_server.cli.values import Choice, Number
from local_server.farm.errors import BadInput
from local_server.farm.transfer_rules import Wanted

MBPS_MAX = 100_000


@click.command("transfers", cls=SpokenCommand)
@click.option("--pause", is_flag=True)
@click.option("--resume", is_flag=True)
@click.option("--limit", type=Number(0, MBPS_MAX), metavar="MBPS")
@click.option("--results", type=Choice(*Wanted), metavar="|".join(Wanted))
@click.option("--into", metavar="FOLDER")
@click.pass_obj
def transfers(
    session: Session,
    *,
    pause: bool,
    resume: bool,
    limit: int | None,
    results: str | None,
    into: str | None,
) -> None:
    """Show what travels between this machine and the studio's store, and change how."""
    if pause and resume:
        raise BadInput("pause_or_resume")
    changes: dict[str, Any] = {"mbps": limit, "results": results}
    changes["paused"] = pause if pause or resume else None
    if into is not None:
        changes["folder"] = make_absolute(into) if into else ""
    changes = {name: value for name, value in changes.items() if value is not None}
    with session.connect() as client:
        answer = client.change_transfers(changes) if changes else client.get_sync()["transfers"]
    session.answer(answer, lambda: print_transfers(session, answer, rules=True))


@click.command("fetch", cls=SpokenCommand)
@click.argument("job")
@click.option("--leave", is_flag=True)
@click.pass_obj
def fetch(session: Session, job: str, *, leave: bool) -> None:
    """Bring the frames of another machine's job here, or leave them there."""
    with session.connect() as client:
        answer = client.fetch_away_job(find_away_job(client, job), wanted=not leave)
        base = client.get_sync()["transfers"]["folder"]
    folder = answer["folder"] or base
    left = len(answer["frames"]) - answer["came"]
    told = {"job": answer["job"], "came": answer["came"], "left": left, "folder": folder}
    code = "fetch_left" if leave else "fetch_goes_on" if left else "fetch_done"
    session.answer(answer, lambda: session.print(session.say(code, **told).title))


def find_away_job(client: Client, given: str) -> str:
    """Return the id (`DEVICE:JOB`) of the other machine's job that is meant.

    Raises BadInput `away_job_not_found` and `job_ambiguous`.
    """
    text = given.strip()
    ids: dict[str, str] = {one["id"]: one["job"] for one in client.list_jobs_elsewhere()["items"]}
    if text in ids:
        return text
    found = [id for id, job in ids.items() if job == text]
    found = found or [id for id, job in ids.items() if job.startswith(text) or id.startswith(text)]
    return choose_only(found, given, missing="away_job_not_found")


def print_transfers(session: Session, answer: dict[str, Any], *, rules: bool) -> None:
    """Print what travels, a line each, and by which rules."""
    for one in answer["items"]:
        told: dict[str, Any] = {"what": session.label(f"load_{one['load']}")}
        told |= {"files": one["files_left"], "bytes": show_bytes(one["bytes_left"])}
        session.print(session.say("transfer_left", **told).title + show_pace(session, one))
        if one["trouble"] is not None:
            session.print(f"    {one['trouble']['title']}", style="bold yellow")
    if answer["paused"]:
        session.print(session.say("transfers_paused").title, style="bold yellow")
    if answer["lost"]:
        session.print(session.say("transfers_lost", count=answer["lost"]).title)
    if not rules:
        return
    if not answer["items"]:
        session.print(session.say("transfers_none").title)
    wanted = session.say(f"transfers_want_{answer['results']}", folder=answer["folder"])
    session.print(wanted.title)
    if answer["mbps"]:
        session.print(session.say("transfers_limited", mbps=f"{answer['mbps']:g}").title)


def show_pace(session: Session, transfer: dict[str, Any]) -> str:
    """Return how fast a transfer goes and how long it still takes; nothing while unknown."""
    if not transfer["bytes_per_second"]:
        return ""
    pace = session.say("transfer_rate", rate=show_bytes(transfer["bytes_per_second"])).title
    if transfer["left_ms"] is None:
        return pace
    left = show_time_left(session, transfer["left_ms"])
    return pace + session.say("transfer_time", left=left).title
