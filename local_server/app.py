"""The Flask application: routes, the per-launch key, checks of Host and Origin."""

import hmac
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Response, request
from flask_openapi3 import Info, OpenAPI

from local_server.answers import answer_error, answer_invalid, handle_errors
from local_server.routes import frames, jobs, money, server, steering
from local_server.services import Services
from local_server.shapes.errors import ErrorAnswer

BODY_BYTES_MAX = 1_000_000
OPEN_PREFIXES = ("/openapi",)
OPEN_ROUTES = frozenset({"/api/v1/health"})


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
    handle_errors(app)

    @app.before_request
    def guard() -> Response | None:
        if not is_loopback(request.host) or not is_own_origin(request.headers.get("Origin")):
            return answer_error("foreign_host", 403)
        if request.path in OPEN_ROUTES or request.path.startswith(OPEN_PREFIXES):
            return None
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), services.key.encode()):
            return answer_error("key_wrong", 401)
        return None

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    for part in (server, jobs, steering, frames, money):
        app.register_api(part.ROUTES)
    return app


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
