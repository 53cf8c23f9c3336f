"""Commands about scenes: render, check, renderers."""

from collections.abc import Callable
from typing import Any

import click

from local_server.cli.answers import Answer
from local_server.cli.exits import Exit
from local_server.cli.far_scenes import bring_scene, plan_journey, tell_findings
from local_server.cli.job_ids import find_job
from local_server.cli.link import Link
from local_server.cli.session import Session, make_absolute
from local_server.cli.spoken import SpokenCommand
from local_server.cli.tables import print_check, print_renderers
from local_server.cli.values import Amount, Choice, Number, Size
from local_server.cli.watching import watch_job
from local_server.farm.errors import BadInput
from local_server.farm.identifiers import make_id

PRIORITY_MIN, PRIORITY_MAX = 0, 100  # the farm's own, without loading the database for them
SAMPLES_MAX = 1_000_000
PERCENTAGE_MAX = 1_000
FORMATS = ("png", "jpeg", "tiff", "exr", "exr_layers")
LOOK_OPTIONS = (
    click.option("--allow-missing", is_flag=True),
    click.option("--find-in", multiple=True, metavar="DIR"),
    click.option("--size", type=Size(), metavar="WxH"),
    click.option("--samples", type=Number(1, SAMPLES_MAX), metavar="N"),
    click.option("--percentage", type=Number(1, PERCENTAGE_MAX), metavar="N"),
    click.option("--camera", metavar="NAME"),
    click.option("--view-layer", "view_layers", multiple=True, metavar="NAME"),
    click.option("--format", type=Choice(*FORMATS), metavar="FORMAT"),
)
"""How a scene is to look, and what may be missing of it: a check answers for what is rendered."""


def takes_look(command: Callable[..., Exit]) -> Callable[..., Exit]:
    """Give a command the options of a scene's look, in their order."""
    for option in reversed(LOOK_OPTIONS):
        command = option(command)
    return command


@click.command("render", cls=SpokenCommand)
@click.argument("scene", required=False)
@click.option("--package", metavar="PACKAGE")
@click.option("--frames", metavar="RANGE")
@click.option("--out", metavar="DIR")
@click.option("--renderer", metavar="NAME")
@click.option("--priority", type=Number(PRIORITY_MIN, PRIORITY_MAX), metavar="N")
@click.option("--max-cost", type=Amount(), metavar="¥")
@takes_look
@click.option("--name", metavar="TEXT")
@click.option("--fresh", is_flag=True)
@click.option("--on", "site", type=Choice("here", "farm"), metavar="SITE")
@click.option("--detach", is_flag=True)
@click.pass_obj
def render(session: Session, /, scene: str | None, *, detach: bool, **asked: Any) -> Exit:
    """Submit a scene, here or uploaded, and watch it to its end."""
    request = make_request(scene=scene, **asked) | {"id": make_id()}
    plan = plan_journey(session, request)
    if plan is not None and not tell_findings(session, [plan], request):
        return Exit.BLOCKED
    link = session.open_link()
    try:
        folder = bring_scene(session, link, request, plan)
        after = link.insist(lambda client: client.find_last_event())
        job = submit_job(link, request)
        if detach:
            session.answer(job, lambda: print_detached(session, job))
            return Exit.DONE
        return watch_job(session, link, job["id"], after=after, folder=folder)
    finally:
        link.close()


def make_request(
    *,
    scene: str | None = None,
    package: str | None = None,
    size: tuple[int, int] | None = None,
    out: str | None = None,
    max_cost: int | None = None,
    find_in: tuple[str, ...] = (),
    view_layers: tuple[str, ...] = (),
    **asked: Any,
) -> dict[str, Any]:
    """Return the request for a job from what was typed; what was not typed is left out.

    Raises BadInput `scene_or_package_typed` and `limit_is_zero`.
    """
    if (scene is None) == (package is None):
        raise BadInput("scene_or_package_typed")
    if max_cost == 0:
        raise BadInput("limit_is_zero")
    width, height = size or (None, None)
    request = asked | {
        "scene": None if scene is None else make_absolute(scene),
        "package": package,
        "out": None if out is None else make_absolute(out),
        "max_cost_micros": max_cost,
        "view_layers": list(view_layers) or None,
        "find_in": [make_absolute(folder) for folder in find_in] or None,
        "width": width,
        "height": height,
    }
    return {name: value for name, value in request.items() if value is not None}


def submit_job(link: Link, request: dict[str, Any]) -> Answer:
    """Submit a job: its id was made here, so asking again after a lost answer is safe."""
    return link.insist(lambda client: client.submit_job(request))


def print_detached(session: Session, job: Answer) -> None:
    """Print a job's id, and how to watch it."""
    session.print(job["id"])
    session.note("left_running", job=job["id"])


@click.command("watch", cls=SpokenCommand)
@click.argument("job")
@click.pass_obj
def watch(session: Session, job: str) -> Exit:
    """Watch a job that was left running."""
    link = session.open_link()
    try:
        after = link.insist(lambda client: client.find_last_event())
        return watch_job(session, link, find_job(link.client, job), after=after)
    finally:
        link.close()


@click.command("check", cls=SpokenCommand)
@click.argument("scene", required=False)
@click.option("--package", metavar="PACKAGE")
@click.option("--frames", metavar="RANGE")
@click.option("--renderer", metavar="NAME")
@takes_look
@click.pass_obj
def check(session: Session, /, scene: str | None, **asked: Any) -> Exit:
    """Examine a scene, here or uploaded, without making a job."""
    request = make_request(scene=scene, **asked)
    plan = plan_journey(session, request)
    if plan is not None and not tell_findings(session, [plan], request):
        return Exit.BLOCKED
    link = session.open_link()
    try:
        bring_scene(session, link, request, plan)
        answer = link.client.check_scene(request)
    finally:
        link.close()
    session.answer(answer, lambda: print_check(session, answer))
    return Exit.DONE if answer["ok"] else Exit.BLOCKED


@click.command("renderers", cls=SpokenCommand)
@click.pass_obj
def renderers(session: Session) -> None:
    """List what can render here."""
    with session.connect() as client:
        answer = client.get_renderers()
    session.answer(answer, lambda: print_renderers(session, answer))
