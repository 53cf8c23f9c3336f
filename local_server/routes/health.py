"""Routes of health: whether the server lives, is ready, and what it counts."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from local_server.answers import answer, reader_wording
from local_server.document import gives
from local_server.farm.db import read_clock_ms
from local_server.farm.errors import Unavailable
from local_server.measures import count_work
from local_server.node_watch import list_log_tail
from local_server.readiness import find_unready, list_parts
from local_server.reading import read_apart
from local_server.services import Services, current_services, here
from local_server.shapes.reasons import Reason
from local_server.shapes.server import HealthView, LiveView, NodeView, ReadyView
from local_server.views import show_reason

TAG = Tag(name="health", description="Whether the server is well")
ROUTES = APIBlueprint("health", __name__, abp_tags=[TAG])
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
HOUR_MS = 3_600_000


@ROUTES.get("/api/v1/health", **gives(HealthView))
def get_health() -> Response:
    """Tell that the server answers, and how its node is."""
    return answer(
        HealthView(
            status="ok",
            version=here.version,
            pid=here.settings.pid,
            started_at_ms=here.started_at_ms,
            node=show_node(here),
            trouble=show_trouble(here),
        )
    )


@ROUTES.get("/api/v1/health/live", **gives(LiveView))
def get_live() -> Response:
    """Tell that the server answers, and nothing else."""
    return answer(LiveView(status="ok"))


@ROUTES.get("/api/v1/health/ready", **gives(ReadyView, {503: "not_ready"}))
def get_ready() -> Response:
    """Tell that database, node, queue and store are in order, or which of them are not."""
    unready = find_unready(current_services())
    if unready:
        raise Unavailable("not_ready", parts=", ".join(unready))
    return answer(ReadyView(status="ready", parts=list_parts(here)))


@ROUTES.get("/metrics", **gives("text/plain"))
def get_metrics() -> Response:
    """Tell what the server counts, for Prometheus."""
    since_ms = read_clock_ms() - HOUR_MS
    counts = read_apart(here, lambda db: count_work(db, since_ms))
    lines = [here.foreman.queue.frames(renderer) for renderer in here.roster.renderers]
    queued = here.preparation.pool.apply(lambda: sum(line.count_waiting() for line in lines))
    return Response(here.measures.tell(counts, queued=queued), content_type=METRICS_TYPE)


def show_trouble(services: Services) -> Reason | None:
    """Return what keeps work from going on right now, None when nothing does."""
    trouble = services.trouble
    if trouble is None:
        return None
    return show_reason(reader_wording(), trouble.code, **trouble.params)


def show_node(services: Services) -> NodeView:
    """Return how the server's own node is."""
    watch = services.node_watch
    if watch is None:
        return NodeView(state="none", id=None, name=None, renderers=[], last_error="", log=[])
    greeted = watch.node_id in services.roster.nodes
    state = "down" if watch.process is None else "up" if greeted else "starting"
    log = services.settings.logs / "node.log"
    return NodeView(
        state=state,
        id=watch.node_id,
        name=services.settings.host_name,
        renderers=sorted(services.roster.renderers) if greeted else [],
        last_error=watch.last_error,
        log=list_log_tail(log, lines=5) if state == "down" else [],
    )
