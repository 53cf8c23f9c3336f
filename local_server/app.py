"""The Flask application: routes, the per-launch key, checks of Host and Origin."""

from contextlib import nullcontext, suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Response, g, request
from flask_openapi3 import Info, OpenAPI

from local_server import access
from local_server.access import Right
from local_server.answers import answer_error, answer_invalid, handle_errors
from local_server.callers import identify, is_key
from local_server.farm.db import read_clock_ms
from local_server.farm.errors import Unauthorized
from local_server.routes import (
    frames,
    jobs,
    money,
    people,
    profile,
    server,
    sessions,
    steering,
)
from local_server.services import Services
from local_server.shapes.errors import ErrorAnswer
from local_server.witness import witness

BODY_BYTES_MAX = 1_000_000


def create_app(services: Services) -> OpenAPI:
    """Return the application of a running server."""
    app = OpenAPI(
        "yuntu",
        info=Info(title="Yuntu 盛世云图", version=services.version),
        security_schemes={"key": {"type": "http", "scheme": "bearer"}},
        validation_error_status=400,
        validation_error_model=ErrorAnswer,
        validation_error_callback=answer_invalid,
    )
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions["yuntu"] = services
    services.writer.witness = witness
    handle_errors(app)

    @app.before_request
    def guard() -> Response | None:
        if not is_loopback(request.host) or not is_own_origin(request.headers.get("Origin")):
            return answer_error("foreign_host", 403)
        admit(services)
        return None

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    for part in (server, sessions, profile, people, jobs, steering, frames, money):
        app.register_api(part.ROUTES)
    access.check_rows(app)
    return app


def admit(services: Services) -> None:
    """Find out who asks, and refuse what they may not do; `here.caller` is them from now on.

    An address or verb that is none is for nobody to probe who is not known. Raises Unauthorized,
    Refused and NotFound.
    """
    rule = request.url_rule
    g.right = Right.PERSON if rule is None else access.find_right(request.method, rule.rule)
    credential = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if g.right == Right.MACHINE and is_key(credential, services.key):
        return
    # Where anyone may ask, what they show may be no good any more: that is often why they ask.
    with suppress(Unauthorized) if g.right == Right.ANYONE else nullcontext():
        g.caller = identify(
            services.reader,
            credential,
            key=services.key,
            tokens=services.tokens,
            at_ms=read_clock_ms(),
        )
    if g.right == Right.ANYONE:
        return
    access.check_role(g.caller, g.right)
    for kind, id in (request.view_args or {}).items():
        find_owner = access.OWNERS.get(kind)
        owner = find_owner(services.reader, id) if find_owner else None
        if owner is not None:
            services.check_reach(kind, id, owner=owner, right=g.right)


def is_loopback(host: str) -> bool:
    """Tell whether a Host header names this machine: anything else is somebody's rebinding."""
    try:
        parts = urlsplit(f"//{host}")
        # Asking for the port refuses what only begins like an address.
        return parts.port != 0 and is_local_name(parts.hostname or "")
    except ValueError:
        return False


def is_local_name(name: str) -> bool:
    """Tell whether a name without its port is this machine's own. Raises ValueError for others."""
    return name == "localhost" or ip_address(name).is_loopback


def is_own_origin(origin: str | None) -> bool:
    """Tell whether an Origin header is absent or this machine's own."""
    try:
        return origin is None or is_loopback(urlsplit(origin).netloc)
    except ValueError:  # not an address at all
        return False
