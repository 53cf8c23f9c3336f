"""The OpenAPI document: what every route gives, its errors by code, its examples."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask_openapi3 import APIBlueprint, OpenAPI
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode

from local_server.access import OWNERS, Right, find_right
from local_server.examples import compose
from local_server.repeats import GRAMMAR
from local_server.shapes.errors import ErrorAnswer
from local_server.shapes.shape import Body, Shape
from local_server.wording import Wording

Codes = Mapping[int, str | tuple[str, ...]]
VERBS = ("get", "post", "put", "patch", "delete")
ERRORS, ALSO = "x-errors", "x-also"
REFERENCE = "#/components/schemas/{model}"
CONVERTED = re.compile(r"<(?:[^<>]+:)?(\w+)>")
ARGUMENT = re.compile(r"{(\w+)}")
PHRASES = {
    304: "What `If-None-Match` names is still so",
    400: "Not understood, or not allowed at all",
    401: "Nobody is signed in",
    402: "Too little money",
    403: "Not for this caller",
    404: "Not here",
    405: "Not with this verb",
    409: "Contradicts what stands",
    413: "Too large",
    414: "Too long an address",
    415: "Not JSON, or encoded in a way that is not read",
    416: "No such part",
    422: "Understood, but it does not fit what is here",
    429: "Too often; `Retry-After` says when to come again",
    500: "A mistake of ours",
    503: "Not now; `Retry-After` says when to come again",
}
DATABASE = (
    "database_busy",
    "database_damaged",
    "database_disk_failed",
    "database_disk_full",
    "database_not_allowed",
)
ANYWHERE: Codes = {
    400: ("bad_request",),
    403: ("foreign_host",),
    414: ("address_long",),
    500: ("internal",),
    503: DATABASE,
}
KEYED: Codes = {
    401: ("key_wrong", "session_ended", "sign_in_needed", "token_expired", "token_wrong")
}
ROLES = (Right.ADMIN, Right.MACHINE, Right.PRODUCER)
ASKED: Codes = {400: ("invalid", "keys_twice")}
SENT: Codes = {
    400: ("invalid", "not_json", "keys_twice", "too_deep"),
    413: ("too_large",),
    415: ("type_not_json", "encoding_refused"),
}
REPEATED: Codes = {400: ("repeat_key_wrong",), 409: ("repeat_differs", "repeat_done")}
OK_HEADERS = {
    "ETag": "The answer's mark, for `If-None-Match`",
    "X-Request-Id": "The request's id, as in errors and in the log",
}
REQUEST_HEADERS = {
    "get": {
        "If-None-Match": "The `ETag` of what is known already; while it is still so, 304 is told",
    },
    "write": {
        "Idempotency-Key": "Made by the client: with the same key, the same request is done once,"
        " and answered the same again for a day",
    },
}
PATTERNS: dict[str, dict[str, Any]] = {"Idempotency-Key": {"pattern": f"^{GRAMMAR}$"}}


def gives(
    shape: type[BaseModel] | str | None,
    errors: Codes | None = None,
    *,
    status: int = 200,
    also: tuple[str, ...] = (),
    takes: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return what a route's decorator is told: its answer, and its own errors by status.

    The answer is a shape for JSON, a MIME type for anything else, None for nothing; `also` are the
    other types that it can be asked for in, `takes` the types of a body that is no JSON. Errors
    that every route of its kind may give need not be named.
    """
    told: Any = shape
    if isinstance(shape, str):
        content = {"type": "string"} if shape.startswith("text/") else {}
        told = {"content": {shape: {"schema": content}}}
    listed = {str(key): list(as_tuple(codes)) for key, codes in (errors or {}).items()}
    extensions: dict[str, Any] = {ERRORS: listed, ALSO: list(also)}
    if takes:
        raw = {"schema": {"type": "string", "format": "binary"}}
        extensions["requestBody"] = {"content": dict.fromkeys(takes, raw), "required": True}
    return {"responses": {status: told}, "openapi_extensions": extensions}


class Interface(OpenAPI):
    """flask-openapi3's application; blueprints may share an address, each with verbs of its own."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function as it is: none of ours is a coroutine, and looking costs each time."""
        return func

    def register_api(self, api: APIBlueprint, **options: Any) -> None:
        """Take a blueprint in, and keep the verbs that others have given its addresses."""
        before = dict(self.paths)
        super().register_api(api, **options)
        for path in before.keys() & api.paths.keys():
            for verb in VERBS:
                told = getattr(before[path], verb)
                if told is not None and getattr(api.paths[path], verb) is None:
                    setattr(api.paths[path], verb, told)


def finish_document(app: Interface) -> None:
    """Complete an application's document once every route is in it."""
    wording = Wording("en")
    document = app.api_doc
    names = {
        (CONVERTED.sub(r"{\1}", rule.rule), verb.lower()): rule.endpoint
        for rule in app.url_map.iter_rules()
        for verb in rule.methods or ()
    }
    for path, verb, operation in list_operations(document):
        right = find_right(verb.upper(), path.replace("{", "<").replace("}", ">"))
        codes = collect_codes(operation, path=path, verb=verb, right=right)
        describe_other_types(operation)
        describe_answers(operation, codes, wording)
        describe_headers(operation, verb, right)
        operation["operationId"] = names[path, verb]
        operation["security"] = [] if right is Right.ANYONE else [{"key": []}]
    describe_shapes(document["components"]["schemas"])
    show_answers(document)
    document["components"]["schemas"][ErrorAnswer.__name__]["examples"] = [
        {"error": show_example("no_job", wording)}
    ]


def describe_other_types(operation: dict[str, Any]) -> None:
    """Write the other types that an answer can be asked for in into it."""
    for mimetype in operation.pop(ALSO, ()):
        schema = {"type": "string"} if mimetype.startswith("text/") else {}
        for status, told in operation["responses"].items():
            if status.startswith("2"):
                told["content"][mimetype] = {"schema": schema}


def find_lists(app: Interface) -> set[tuple[str, str]]:
    """Return which queries may come several times, as endpoint and name."""
    return {
        (operation["operationId"], one["name"])
        for _, _, operation in list_operations(app.api_doc)
        for one in operation.get("parameters", [])
        if "array" in str(one["schema"])
    }


def list_operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give every operation of a document as path, verb and what is told of it."""
    for path, verbs in document["paths"].items():
        for verb in VERBS:
            if verb in verbs:
                yield path, verb, verbs[verb]


def describe_shapes(schemas: dict[str, Any]) -> None:
    """Write shapes as pydantic tells them: flask-openapi3 drops examples and rounds bounds."""
    for shape in list_shapes(Shape):
        if shape.__name__ in schemas:
            mode: JsonSchemaMode = "validation" if issubclass(shape, Body) else "serialization"
            told = shape.model_json_schema(ref_template=REFERENCE, mode=mode)
            told.pop("$defs", None)
            schemas[shape.__name__] = told


def show_answers(document: dict[str, Any]) -> None:
    """Write an example of the whole answer beside the shape of each that is JSON."""
    schemas = document["components"]["schemas"]
    for _, _, operation in list_operations(document):
        for status, told in operation["responses"].items():
            content = told.get("content", {}).get("application/json")
            if status.startswith("2") and content is not None:
                content["example"] = compose(content["schema"], schemas)


def list_shapes(kind: type[Shape]) -> Iterator[type[Shape]]:
    """Give every shape of a kind."""
    for one in kind.__subclasses__():
        yield one
        yield from list_shapes(one)


def collect_codes(
    operation: dict[str, Any], *, path: str, verb: str, right: Right
) -> dict[int, list[str]]:
    """Return every error of an operation by status: its own, and those of its kind."""
    own: Codes = {int(status): tuple(codes) for status, codes in operation.pop(ERRORS, {}).items()}
    sources = [own, ANYWHERE]
    if right is not Right.ANYONE:
        sources.append(KEYED)
    if right in ROLES:
        sources.append({403: "not_allowed"})
    for kind in OWNERS.keys() & set(ARGUMENT.findall(path)):
        sources.append({404: f"no_{kind}"} | ({} if right is Right.CREW else {403: "not_yours"}))
    if "{" in path:
        sources.append({404: "no_route"})
    if operation.get("parameters"):
        sources.append(ASKED)
    if "application/json" in operation.get("requestBody", {}).get("content", {}):
        sources.append(SENT)
    if verb != "get" and right is not Right.ANYONE:
        sources.append(REPEATED)
    found: dict[int, list[str]] = {}
    for source in sources:
        for status, codes in source.items():
            known = found.setdefault(status, [])
            known += [code for code in as_tuple(codes) if code not in known]
    return found


def as_tuple(codes: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return one code, or several, as several."""
    return (codes,) if isinstance(codes, str) else tuple(codes)


def describe_answers(
    operation: dict[str, Any], codes: dict[int, list[str]], wording: Wording
) -> None:
    """Write an operation's errors into it, each with its codes and words."""
    answers = operation["responses"]
    for status in sorted(codes):
        answers[str(status)] = {
            "description": PHRASES[status],
            "headers": describe_error_headers(status),
            "content": {
                "application/json": {
                    "schema": limit_codes(codes[status]),
                    "examples": {
                        code: {"value": {"error": show_example(code, wording)}}
                        for code in codes[status]
                    },
                }
            },
        }


def limit_codes(codes: list[str]) -> dict[str, Any]:
    """Return the schema of an error that has one of these codes."""
    named = {"type": "object", "properties": {"code": {"enum": codes}}}
    return {
        "allOf": [
            {"$ref": f"#/components/schemas/{ErrorAnswer.__name__}"},
            {"type": "object", "properties": {"error": named}},
        ]
    }


def show_example(code: str, wording: Wording) -> dict[str, Any]:
    """Return an error as it is answered; placeholders of its words stay as they are."""
    words = wording.say(code)
    told = {"code": code, "title": words.title, "detail": words.detail, "params": {}}
    return told | {"request_id": "3f9c2a7b51d04e68"}


def describe_error_headers(status: int) -> dict[str, Any]:
    """Return the headers of an error's answer."""
    headers = {"X-Request-Id": header(OK_HEADERS["X-Request-Id"])}
    if status in (429, 503):
        headers["Retry-After"] = header("Seconds until it may be tried again", kind="integer")
    if status == 401:
        headers["WWW-Authenticate"] = header("How to sign in")
    return headers


def header(description: str, *, kind: str = "string") -> dict[str, Any]:
    """Return a header's description."""
    return {"description": description, "schema": {"type": kind}}


def describe_headers(operation: dict[str, Any], verb: str, right: Right) -> None:
    """Write the headers that an operation takes and gives into it."""
    for status, told in operation["responses"].items():
        if status.startswith("2"):
            names = OK_HEADERS if verb == "get" else ("X-Request-Id",)
            told["headers"] = {name: header(OK_HEADERS[name]) for name in names}
    if verb == "get":
        operation["responses"]["304"] = {"description": PHRASES[304]}
    taken = REQUEST_HEADERS["get" if verb == "get" else "write"]
    if verb != "get" and right is Right.ANYONE:
        return
    operation.setdefault("parameters", []).extend(
        {
            "name": name,
            "in": "header",
            "required": False,
            "description": description,
            "schema": {"type": "string", **PATTERNS.get(name, {})},
        }
        for name, description in taken.items()
    )
