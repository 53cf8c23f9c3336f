"""The demo: the bundled scene, rendered in a data directory of its own, from nothing to a bill."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

from local_server.cli.answers import Answer
from local_server.cli.client import Client
from local_server.cli.exits import Exit, find_job_exit
from local_server.cli.following import is_over
from local_server.cli.launching import stop_server
from local_server.cli.link import Link
from local_server.cli.money_tables import print_bill
from local_server.cli.outcome import print_outcome
from local_server.cli.rendering import make_request, submit_job
from local_server.cli.session import Session
from local_server.cli.sheets import write_sheet
from local_server.cli.spoken import SpokenCommand
from local_server.cli.tables import BILL_LINES_SHOWN_MAX
from local_server.cli.values import Number, Size
from local_server.cli.watching import follow_job
from local_server.farm.identifiers import make_id
from local_server.settings import find_data_folder
from local_server.wording import MICROS, show_money

SCENE = ("scenes", "lanterns", "lanterns.blend")
FOLDER = "demo-output"
GIFT_ID = "demo-gift"
GIFT_MICROS = 10 * MICROS


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoFolders:
    """Where the demo keeps things."""

    base: Path

    @property
    def frames(self) -> Path:
        """Return the folder of frames."""
        return self.base / "frames"

    @property
    def sheet(self) -> Path:
        """Return the contact sheet."""
        return self.base / "contact-sheet.png"


def find_base(out: str | None) -> Path:
    """Return the demo's folder: the one given, else one in the checkout, else one here."""
    if out is not None:
        return Path(out).expanduser().absolute()
    checkout = Path(__file__).parents[2]
    home = checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()
    return home / FOLDER


@click.command("demo", cls=SpokenCommand, takes_server=False)
@click.option("--out", metavar="DIR")
@click.option("--frames", metavar="RANGE")
@click.option("--size", type=Size(), metavar="WxH")
@click.option("--samples", type=Number(1, 1_000_000), metavar="N")
@click.option("--fresh", is_flag=True)
@click.pass_obj
def demo(session: Session, /, out: str | None, **asked: Any) -> Exit:
    """Render the bundled scene."""
    folders = DemoFolders(base=find_base(out))
    scene = Path(str(files("resources"))).joinpath(*SCENE)
    data = find_data_folder(session.data or str(folders.base / "data"))
    with open_demo(session, data) as link:
        tell_beginning(session, scene, link.insist(give_money))
        after = link.insist(lambda client: client.find_last_event())
        request = make_request(scene=str(scene), out=str(folders.frames), **asked)
        job_id = link.insist(find_unfinished) or submit_job(link, request | {"id": make_id()})["id"]
        job = follow_job(session, link, job_id, after=after)
        if job is None:
            session.note("demo_interrupted")
            return Exit.INTERRUPTED
        bill = link.insist(lambda client: client.get_bill(job_id))
        tell_end(session, link.client, job, bill, folders)
        return find_job_exit(job)


@contextmanager
def open_demo(session: Session, data: Path) -> Iterator[Link]:
    """Open the demo's server, which ends with the demo, however that ends."""
    link = session.open_link(data, parent=os.getpid())
    try:
        yield link
    finally:
        link.close()
        stop_server(data, session.wording)


def give_money(client: Client) -> int:
    """Give the demo its money, once; returns what is free, in micros."""
    return int(client.top_up(id=GIFT_ID, amount_micros=GIFT_MICROS)["free_micros"])


def find_unfinished(client: Client) -> str | None:
    """Return a job that an interrupted demo left, to go on with it."""
    for job in client.list_jobs(limit=1):
        if not is_over(job):
            return str(job["id"])
    return None


def tell_beginning(session: Session, scene: Path, free_micros: int) -> None:
    """Say what is about to be rendered, and with what money."""
    if not session.as_json:
        session.note("demo_begins", scene=str(scene), free=show_money(free_micros))


def tell_end(
    session: Session, client: Client, job: Answer, bill: Answer, folders: DemoFolders
) -> None:
    """Tell what came of it, with the bill line by line and the contact sheet."""
    has_frames = job["frames"]["done"] > 0
    if has_frames:
        write_sheet(client, job["id"], folders.sheet)
    if session.as_json:
        sheet = str(folders.sheet) if has_frames else None
        session.write_json({"type": "job", "job": job, "bill": bill, "sheet": sheet})
        return
    if 0 < len(bill["lines"]) <= BILL_LINES_SHOWN_MAX:
        print_bill(session, bill)
        session.print("")
    print_outcome(session, job, None if bill["lines"] else bill)
    if has_frames:
        session.print(session.label("sheet_is", path=str(folders.sheet)))
    if not job["frames"]["reused"] and has_frames:
        session.note("demo_again")
