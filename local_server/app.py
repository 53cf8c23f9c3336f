"""The Flask application: what every request goes through, and the routes."""

from flask import Flask, Response, g, request
from flask_openapi3 import Info
from werkzeug.exceptions import RequestEntityTooLarge

from local_server import access
from local_server.access import Right
from local_server.answers import answer_error, answer_invalid, handle_errors
from local_server.bodies import StrictRequest
from local_server.callers import identify, is_key
from local_server.document import Interface, find_lists, finish_document
from local_server.farm.db import read_clock_ms
from local_server.farm.errors import BadInput, Refused, Unauthorized
from local_server.farm.repeats import keep_answer
from local_server.headers import answer_preflight, is_loopback, set_headers
from local_server.pages import add_pages
from local_server.repeats import find_earlier, may_be_kept
from local_server.request_ids import name_requests
from local_server.routes import (
    bills,
    connections,
    elsewhere,
    farm,
    frames,
    health,
    jobs,
    money,
    nodes,
    people,
    prices,
    profile,
    server,
    sessions,
    steering,
    store,
    sync,
    uploads,
)
from local_server.services import Services
from local_server.shapes.errors import ErrorAnswer
from local_server.witness import witness
from local_server.writer import run_in_transaction

BODY_BYTES_MAX = 1_000_000
PARTS = (
    *(health, server, connections),
    *(sessions, profile, people),
    *(jobs, steering, frames, farm, nodes, uploads),
    *(bills, money, prices),
    *(sync, elsewhere, store),
)


def create_app(services: Services) -> Interface:
    """Return the application of a running server."""
    app = Interface(
        "yuntu",
        info=Info(title="Yuntu 盛世云图", version=services.version),
        security_schemes={"key": {"type": "http", "scheme": "bearer"}},
        validation_error_status=400,
        validation_error_model=ErrorAnswer,
        validation_error_callback=answer_invalid,
        static_folder=None,
    )
    app.request_class = StrictRequest
    app.url_map.merge_slashes = False  # an address with a part missing is none, not another one
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions["yuntu"] = services
    services.writer.witness = witness
    handle_errors(app)
    # What follows an answer runs in the opposite order: the id comes first, and is told last.
    name_requests(app)
    services.measures.watch_requests(app)
    set_headers(app, services.origins)
    add_pages(app)
    guard(app, services)
    for part in PARTS:
        app.register_api(part.ROUTES)
    access.check_rows(app)
    finish_document(app)
    app.extensions["lists"] = find_lists(app)
    return app


def guard(app: Flask, services: Services) -> None:
    """Let nothing reach a route that may not, and nothing be done twice that was sent twice."""

    @app.before_request
    def let_in() -> Response | None:
        own = services.origins.are_own(request.environ.get("HTTP_ORIGIN"))
        if not own or not is_loopback(request.host):
            return answer_error("foreign_host", Refused.status)
        preflight = answer_preflight(services.origins)
        if preflight is not None:
            return preflight
        admit(services)
        if request.query_string:
            refuse_doubles(app)
        # Other bodies than JSON have limits of their own, which their routes know.
        if (request.content_length or 0) > BODY_BYTES_MAX and request.is_json:
            raise RequestEntityTooLarge
        # What anyone may ask for is signing in and the like: its answers are secrets.
        if g.right == Right.ANYONE or "caller" not in g:
            return None
        return find_earlier(services.reader, g.caller.account, secret=services.tokens.secret)

    @app.after_request
    def keep(response: Response) -> Response:
        if may_be_kept(response):
            services.writer.run(  # no deed of its own: it is part of what was done
                run_in_transaction,
                keep_answer,
                g.claim,
                status=response.status_code,
                mimetype=response.mimetype or "",
                body=response.get_data(),
            )
        return response


def refuse_doubles(app: Flask) -> None:
    """Raise BadInput `keys_twice` for a query that says twice what can only be said once."""
    for name, values in request.args.lists():
        if len(values) > 1 and (request.endpoint, name) not in app.extensions["lists"]:
            raise BadInput("keys_twice", key=name[:40])


def admit(services: Services) -> None:
    """Find out who asks, and refuse what they may not do; `here.caller` is them from now on.

    An address or verb that is none is for nobody to probe who is not known. Raises Unauthorized,
    Refused and NotFound.
    """
    rule = request.url_rule
    right = Right.PERSON if rule is None else access.find_right(request.method, rule.rule)
    g.right = right
    credential = read_credential(request.environ.get("HTTP_AUTHORIZATION", ""))
    if right == Right.MACHINE and is_key(credential, services.key):
        return
    # Where anyone may ask, what they show may be no good any more: that is often why they ask.
    try:
        caller = identify(
            services.reader,
            credential,
            key=services.key,
            tokens=services.tokens,
            at_ms=read_clock_ms(),
        )
    except Unauthorized:
        if right != Right.ANYONE:
            raise
        return
    g.caller = caller
    if right == Right.ANYONE:
        return
    access.check_role(caller, right)
    for kind, id in (request.view_args or {}).items():
        find_owner = access.OWNERS.get(kind)
        owner = find_owner(services.reader, id) if find_owner else None
        if owner is not None:
            services.check_reach(kind, id, owner=owner, right=right)


def read_credential(header: str) -> str:
    """Return what an Authorization header shows; schemes have no case (RFC 9110, 11.1)."""
    scheme, _, shown = header.partition(" ")
    return shown if scheme.lower() == "bearer" else header
