"""The OpenAPI document is whole: every field described, every error listed, every body shown."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask_openapi3 import OpenAPI

from local_server.document import ERRORS, VERBS, list_operations, list_shapes
from local_server.shapes.shape import Body, Shape
from local_server.wording import LANGUAGES, load_tables
from tests.end_to_end.running_farm import RunningFarm
from tests.local_server.test_errors import call
from tests.tidiness.house import refuse


def list_fields(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give every field of every shape as the shape's name, the field's, and what is told of it."""
    for name, schema in document["components"]["schemas"].items():
        for field, told in schema.get("properties", {}).items():
            yield name, field, told


def list_declared(app: OpenAPI) -> Iterator[tuple[str, Any]]:
    """Give every operation as it was declared at its route."""
    for path, item in app.paths.items():
        for verb in VERBS:
            operation = getattr(item, verb)
            if operation is not None:
                yield f"{verb.upper()} {path}", operation


def test_every_route_is_in_the_document(app: OpenAPI) -> None:
    routes = {
        (rule.rule.replace("int(signed=True):", "").replace("<", "{").replace(">", "}"), verb)
        for rule in app.url_map.iter_rules()
        for verb in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith("/openapi")
    }
    told = {(path, verb.upper()) for path, verb, _ in list_operations(app.api_doc)}
    assert routes == told


def test_every_field_is_described(app: OpenAPI) -> None:
    refuse(
        [
            f"{name}.{field} has no description."
            for name, field, told in list_fields(app.api_doc)
            if not told.get("description")
        ]
        + [
            f"the shape {name} has no docstring of its own."
            for name, schema in app.api_doc["components"]["schemas"].items()
            if not schema.get("description") and "enum" not in schema
        ]
    )


def test_every_argument_is_described(app: OpenAPI) -> None:
    problems = []
    for path, verb, operation in list_operations(app.api_doc):
        told = {one["name"]: one.get("description") for one in operation.get("parameters", [])}
        problems += [f"{verb} {path}: {name}" for name, words in told.items() if not words]
        in_path = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        problems += [f"{verb} {path}: {name} is not told" for name in in_path - told.keys()]
        if not operation.get("summary"):
            problems.append(f"{verb} {path} has no docstring.")
    refuse(problems)


def test_every_route_says_what_it_gives(app: OpenAPI) -> None:
    """Errors of its own, or none: a route that did not think of them is found here."""
    refuse(
        [
            f"{route} does not say with `gives` what it answers and which errors it has."
            for route, operation in list_declared(app)
            if not hasattr(operation, ERRORS)
        ]
    )


def test_every_answer_has_a_shape_or_a_type(app: OpenAPI) -> None:
    problems = []
    for path, verb, operation in list_operations(app.api_doc):
        good = {status: told for status, told in operation["responses"].items() if status < "3"}
        if len(good) != 1:
            problems.append(f"{verb} {path} answers with {sorted(good)}.")
        for status, told in good.items():
            if status != "204" and not told.get("content"):
                problems.append(f"{verb} {path}: {status} has neither a shape nor a type.")
    refuse(problems)


def test_every_error_has_words_in_each_language(app: OpenAPI) -> None:
    problems = set()
    for _, _, operation in list_operations(app.api_doc):
        for status, told in operation["responses"].items():
            if status < "4":
                continue
            examples = told["content"]["application/json"]["examples"]
            assert examples, f"{status} lists its codes"
            for code in examples:
                for language in LANGUAGES:
                    if not {"title", "detail"} <= load_tables(language).get(code, {}).keys():
                        problems.add(f"{code} has no title and detail in {language}.")
    refuse(sorted(problems))


def test_every_body_is_strict_and_has_an_example(app: OpenAPI) -> None:
    known = {one.__name__: one for one in list_shapes(Body)}
    problems = []
    for path, verb, operation in list_operations(app.api_doc):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            continue
        name = content["schema"]["$ref"].rpartition("/")[2]
        if name not in known:
            problems.append(f"{verb} {path}: {name} is a Shape, and should be a Body.")
            continue
        examples = app.api_doc["components"]["schemas"][name].get("examples", [])
        if not examples:
            problems.append(f"{name} has no example in its `json_schema_extra`.")
        for example in examples:
            known[name].model_validate(example)
    refuse(problems)


def test_every_answer_has_an_example_that_is_one(app: OpenAPI) -> None:
    known = {one.__name__: one for one in list_shapes(Shape)}
    shown = set()
    for _, _, operation in list_operations(app.api_doc):
        [(_, told)] = [one for one in operation["responses"].items() if one[0] < "3"]
        content = told.get("content", {}).get("application/json")
        if content is not None:
            name = content["schema"]["$ref"].rpartition("/")[2]
            known[name].model_validate_json(json.dumps(content["example"]))
            assert content["example"].keys() == known[name].model_fields.keys()
            shown.add(name)
    assert {"JobPage", "BillView", "SyncView"} <= shown


@pytest.mark.usefixtures("app")
def test_every_text_of_a_body_has_a_limit() -> None:
    """One without is taken as it is: endless, or with half a character that nothing can keep."""
    limits = {"maxLength", "pattern", "format", "enum", "const"}
    refuse(
        [
            f"{shape.__name__}.{place} has no limit."
            for shape in list_shapes(Body)
            for name, field in shape.model_json_schema()["properties"].items()
            for place, told in list_texts(field, name)
            if not limits & told.keys()
        ]
    )


def test_no_text_asked_for_in_an_address_may_be_empty(app: OpenAPI) -> None:
    """What was left out by mistake would choose everything."""
    bounds = {"minLength", "pattern", "enum", "format", "const"}
    refuse(
        [
            f"{verb} {path}: {one['name']} may be empty."
            for path, verb, operation in list_operations(app.api_doc)
            for one in operation.get("parameters", [])
            if one["in"] == "query"
            for _, text in list_texts(one["schema"], one["name"])
            if not bounds & (text.keys() | one["schema"].keys())
        ]
    )


def list_texts(told: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every text in a field's schema, with where it stands."""
    if isinstance(told, list):
        for one in told:
            yield from list_texts(one, place)
    elif isinstance(told, dict):
        if told.get("type") == "string":
            yield place, told
        for name in ("anyOf", "items", "additionalProperties"):
            yield from list_texts(told.get(name), f"{place}[]")


def test_operations_have_names_of_their_own(app: OpenAPI) -> None:
    names = [operation["operationId"] for _, _, operation in list_operations(app.api_doc)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("page", ["", "swagger", "redoc"])
def test_pages_ask_nothing_of_other_places(server: RunningFarm, page: str) -> None:
    response = call(server, "GET", f"/openapi/{page}", headers={"Authorization": ""})
    assert response.status_code == 200
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "http" not in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    assert "//" not in response.text.replace("http://www.w3.org", ""), "nothing from elsewhere"
    assert "<script>" not in response.text, "no script in the page itself: the policy refuses it"
    for part in response.text.split('"'):
        if part.endswith((".js", ".css", ".svg", ".json")):
            found = call(server, "GET", f"/openapi/{part}", headers={"Authorization": ""})
            assert found.status_code == 200, part
            assert found.headers["X-Content-Type-Options"] == "nosniff"
