"""Routes of the server itself: health, renderers, checks of scenes, events, shutdown."""

from dataclasses import asdict
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from local_server.access import Right
from local_server.answers import answer, reader_wording
from local_server.farm.accounts import get_account
from local_server.farm.events import find_last_event, list_events
from local_server.findings import describe_finding
from local_server.node_watch import list_log_tail
from local_server.preparation import Prepared, Request
from local_server.routes.arguments import check_path
from local_server.services import Services, here
from local_server.shapes.events import EventQuery
from local_server.shapes.scenes import SceneRequest
from local_server.views import show_findings, show_reason
from render.frame_ranges import format_frames
from render.renderers import explain_absence

TAG = Tag(name="server", description="The server, its node and its events")
ROUTES = APIBlueprint("server", __name__, url_prefix="/api/v1", abp_tags=[TAG])


@ROUTES.get("/health")
def get_health() -> Response:
    """Tell that the server answers, and how its node is."""
    return answer(
        {
            "status": "ok",
            "version": here.version,
            "pid": here.settings.pid,
            "started_at_ms": here.started_at_ms,
            "node": show_node(here),
            "trouble": show_trouble(here),
        }
    )


@ROUTES.get("/renderers")
def list_renderers() -> Response:
    """List the renderers that are here, and those that are not with how to get them."""
    found = [
        {
            "name": one.name,
            "title": one.spec.title,
            "version": one.version,
            "executable": one.command[0],
            "scenes": list(one.spec.scenes),
            "proven": one.spec.proven,
        }
        for one in here.roster.wait()
    ]
    wording = reader_wording()
    missing = []
    for spec in here.roster.list_missing():
        absence = explain_absence([spec])
        missing.append(
            {
                "name": spec.name,
                "title": spec.title,
                "proven": spec.proven,
                "how_to_get": wording.say(absence.code, **absence.params).detail,
            }
        )
    return answer({"items": found, "missing": missing})


@ROUTES.post("/checks")
def check_scene(body: SceneRequest) -> Response:
    """Check a scene as a submission would, without making a job or moving money."""
    check_path(body.scene, "scene_not_absolute")
    if body.out is not None:
        check_path(body.out, "out_not_absolute")
    request = Request(**body.model_dump())
    level = get_account(here.reader, account=here.caller.account).level
    prepared = here.preparation.prepare(
        request, book=here.submission.book, level=level, note=lambda _: None
    )
    return answer(show_check(prepared))


@ROUTES.get("/events")
def get_events(query: EventQuery) -> Response:
    """List events above an id; this heals any gap in what was pushed."""
    if query.job is not None:
        here.get_job(query.job, right=Right.CREW)
    found = list_events(
        here.reader,
        after=query.after,
        job=query.job,
        owner=here.caller.account,
        scope=here.caller.scope,
        limit=query.limit,
    )
    last = find_last_event(here.reader)
    return answer({"items": [asdict(one) for one in found], "last": last})


@ROUTES.post("/shutdown")
def shut_down() -> Response:
    """End the server and its node; jobs go on where they were when it is started again."""
    here.ended.set()
    return answer({"status": "ending"}, status=202)


def show_trouble(services: Services) -> dict[str, Any] | None:
    """Return what keeps work from going on right now, None when nothing does."""
    trouble = services.trouble
    if trouble is None:
        return None
    return show_reason(reader_wording(), trouble.code, **trouble.params).model_dump()


def show_node(services: Services) -> dict[str, Any]:
    """Return how the server's own node is."""
    watch = services.node_watch
    if watch is None:
        return {"state": "none", "id": None, "name": None, "renderers": [], "last_error": ""}
    greeted = watch.node_id in services.roster.nodes
    state = "down" if watch.process is None else "up" if greeted else "starting"
    return {
        "state": state,
        "id": watch.node_id,
        "name": services.settings.host_name,
        "renderers": sorted(services.roster.renderers) if greeted else [],
        "last_error": watch.last_error,
        "log": list_log_tail(services.settings.logs / "node.log", lines=5)
        if state == "down"
        else [],
    }


def show_check(prepared: Prepared) -> dict[str, Any]:
    """Return a check of a scene as the interface shows it."""
    files = prepared.package.files
    findings = [describe_finding(one) for one in prepared.findings]
    return {
        "scene": prepared.request.scene,
        "renderer": {"name": prepared.renderer.name, "version": prepared.renderer.version},
        "facts": prepared.facts,
        "findings": [one.model_dump() for one in show_findings(reader_wording(), findings)],
        "frames": format_frames(prepared.numbers) if prepared.numbers else None,
        "frames_total": len(prepared.numbers),
        "out": str(prepared.out),
        "package": {"files": len(files), "bytes": sum(one.size for one in files)},
        "estimate": prepared.estimate.to_dict() if prepared.estimate else None,
        "ok": not prepared.blockers,
    }
