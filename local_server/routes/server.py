"""Routes of the server itself: renderers, checks of scenes, events, shutdown."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from local_server.access import Right
from local_server.answers import answer, reader_wording
from local_server.document import gives
from local_server.farm.accounts import get_account
from local_server.farm.events import find_last_event, list_events
from local_server.findings import describe_finding
from local_server.preparation import Prepared
from local_server.routes.scenes import PATH_ERRORS, REQUEST_ERRORS, read_request
from local_server.services import here
from local_server.shapes.events import EventPage, EventQuery
from local_server.shapes.scenes import (
    EstimateView,
    PackageSize,
    RelinkView,
    RendererName,
    SceneCheck,
    SceneRequest,
)
from local_server.shapes.server import EndingView, MissingRenderer, RendererList, RendererView
from local_server.views import show_findings
from render.frame_ranges import format_frames
from render.renderers import explain_absence

TAG = Tag(name="server", description="The server, its node and its events")
ROUTES = APIBlueprint("server", __name__, url_prefix="/api/v1", abp_tags=[TAG])
RENDERER_ERRORS = (
    "renderer_missing",
    "renderer_not_for_scene",
    "renderer_not_here",
    "renderer_not_installed",
)


@ROUTES.get("/renderers", **gives(RendererList, {503: "no_node"}))
def list_renderers() -> Response:
    """List the renderers that are here, and those that are not with how to get them."""
    # Where no node is wanted, none is waited for: there is what others have said.
    here_now = here.roster.wait() if here.node_watch else list(here.roster.renderers.values())
    found = [
        RendererView(
            name=one.name,
            title=one.spec.title,
            version=one.version,
            executable=one.command[0],
            scenes=list(one.spec.scenes),
            proven=one.spec.proven,
        )
        for one in here_now
    ]
    wording = reader_wording()
    missing = []
    for spec in here.roster.list_missing():
        absence = explain_absence(spec)
        missing.append(
            MissingRenderer(
                name=spec.name,
                title=spec.title,
                proven=spec.proven,
                how_to_get=wording.say(absence.code, **absence.params).detail,
            )
        )
    return answer(RendererList(items=found, missing=missing))


@ROUTES.post(
    "/checks",
    **gives(
        SceneCheck,
        {
            400: (*PATH_ERRORS, "find_in_too_big"),
            403: "not_at_this_machine",
            404: "no_package",
            422: ("scene_or_package", *REQUEST_ERRORS, *RENDERER_ERRORS),
            503: ("no_node", "inspection_failed"),
        },
    ),
)
def check_scene(body: SceneRequest) -> Response:
    """Check a scene as a submission would, without making a job or moving money."""
    request = read_request(body)
    level = get_account(here.reader, account=here.caller.account).level
    prepared = here.preparation.prepare(
        request,
        book=here.submission.book,
        level=level,
        note=lambda _: None,
        keeps_out=False,
    )
    return answer(show_check(prepared))


@ROUTES.get("/events", **gives(EventPage, {403: "not_yours", 404: "no_job"}))
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
    return answer(EventPage.model_validate({"items": found, "last": last}, from_attributes=True))


@ROUTES.post("/shutdown", **gives(EndingView, status=202))
def shut_down() -> Response:
    """End the server and its node; jobs go on where they were when it is started again."""
    here.ended.set()
    return answer(EndingView(status="ending"), status=202)


def show_check(prepared: Prepared) -> SceneCheck:
    """Return a check of a scene as the interface shows it."""
    files, estimate = prepared.package.files, prepared.estimate
    findings = [describe_finding(one) for one in prepared.findings]
    return SceneCheck(
        scene=prepared.request.scene,
        renderer=RendererName(name=prepared.renderer.name, version=prepared.renderer.version),
        facts=prepared.facts,
        findings=show_findings(reader_wording(), findings),
        frames=format_frames(prepared.numbers) if prepared.numbers else None,
        frames_total=len(prepared.numbers),
        out=None if prepared.out is None else str(prepared.out),
        relinked=[
            RelinkView(path=one.path, used_by=one.used_by, found=str(one.found))
            for one in prepared.package.relinked
        ],
        package=PackageSize(files=len(files), bytes=sum(one.size for one in files)),
        estimate=EstimateView(**estimate.to_dict()) if estimate else None,
        ok=not prepared.blockers,
    )
