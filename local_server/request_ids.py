"""Request ids: one name for a request in its answer, its error and the log."""

import logging
import re
import secrets

from flask import Flask, Response, g, has_request_context, request

HEADER, IN_ENVIRON = "X-Request-Id", "HTTP_X_REQUEST_ID"
GRAMMAR = re.compile(r"[A-Za-z0-9._-]{8,64}")
log = logging.getLogger(__name__)


def name_requests(app: Flask) -> None:
    """Give every request of an app its id before anything else sees it."""

    @app.before_request
    def name_request() -> None:
        given = request.environ.get(IN_ENVIRON)
        sound = given is not None and GRAMMAR.fullmatch(given) is not None
        g.request_id = given if sound else secrets.token_hex(8)

    @app.after_request
    def tell_id(response: Response) -> Response:
        response.headers.add(HEADER, g.request_id)
        if request.method not in ("GET", "HEAD", "OPTIONS") or response.status_code >= 500:
            log.info("%s %s: %s", request.method, request.path, response.status_code)
        return response


def find_request_id() -> str | None:
    """Return the id of the request under way, None outside of one."""
    return g.get("request_id") if has_request_context() else None
