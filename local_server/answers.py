"""Answers of the HTTP interface: JSON, errors in one shape, words in the reader's language."""

import json
import logging
from functools import lru_cache
from typing import Any, cast

import pysqlite3 as sqlite3
from flask import Flask, Response, g, request
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import LanguageAccept
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.http import parse_accept_header

from local_server.complaints import explain_invalid
from local_server.farm.db import explain_error
from local_server.farm.errors import BadInput, YuntuError
from local_server.request_ids import find_request_id
from local_server.shapes.errors import ErrorAnswer, ErrorBody
from local_server.wording import LANGUAGES, Wording

log = logging.getLogger(__name__)
RETRY_AFTER_SECONDS = 5
LANGUAGES_KNOWN_MAX = 256
CODES = {404: "no_route", 405: "method_not_allowed", 413: "too_large", 415: "type_not_json"}


def reader_wording() -> Wording:
    """Return the words in the language that the request asks for."""
    if "wording" not in g:
        g.wording = Wording(choose_language(request.environ.get("HTTP_ACCEPT_LANGUAGE", "")))
    wording: Wording = g.wording
    return wording


@lru_cache(LANGUAGES_KNOWN_MAX)
def choose_language(accepted: str) -> str:
    """Return our language for an `Accept-Language` header."""
    return parse_accept_header(accepted, LanguageAccept).best_match(LANGUAGES, "en") or "en"


def answer(
    value: BaseModel | dict[str, Any], *, status: int = 200, secret: bool = False
) -> Response:
    """Return a value as a JSON answer; a secret one is kept by nobody, not even for a repeat."""
    body = value.model_dump_json() if isinstance(value, BaseModel) else json.dumps(value)
    response = Response(body, status=status, mimetype="application/json")
    if secret:
        response.headers["Cache-Control"] = "no-store"
    return response


def answer_error(code: str, status: int, **params: Any) -> Response:
    """Return an error in the one shape; 401, 429 and 503 say what to do next in their headers."""
    response = answer(ErrorAnswer(error=describe_error(code, **params)), status=status)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="yuntu"'
    if status in (429, 503):
        response.headers["Retry-After"] = str(params.get("retry_after_s", RETRY_AFTER_SECONDS))
    return response


def describe_error(code: str, **params: Any) -> ErrorBody:
    """Return an error in the reader's language, with what it speaks of."""
    return make_error(code, reader_wording(), **params)


def make_error(code: str, wording: Wording, /, **params: Any) -> ErrorBody:
    """Return an error in the language of `wording`."""
    words = wording.say(code, **params)
    return ErrorBody(
        code=code,
        title=words.title,
        detail=words.detail,
        params=params,
        request_id=find_request_id() or "",
    )


def handle_errors(app: Flask) -> None:
    """Make every error of an app come out in the one shape."""

    @app.errorhandler(YuntuError)
    def on_ours(error: YuntuError) -> Response:
        return answer_error(error.code, error.status, **error.params)

    @app.errorhandler(HTTPException)
    def on_http(error: HTTPException) -> Response:
        status = error.code or 500
        if status < 400:
            return cast(Response, error.get_response())
        response = answer_error(CODES.get(status, "bad_request"), status)
        if isinstance(error, MethodNotAllowed):
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
        return response

    @app.errorhandler(sqlite3.Error)
    def on_database(error: sqlite3.Error) -> Response:
        meaning = explain_error(error, path="")
        if isinstance(meaning, YuntuError):
            return on_ours(meaning)
        return on_unforeseen(error)

    @app.errorhandler(Exception)
    def on_unforeseen(error: Exception) -> Response:
        log.exception("%s %s broke", request.method, request.path, exc_info=error)
        return answer_error("internal", 500)


def answer_invalid(error: ValidationError) -> Response:
    """Return the error for a request's fields."""
    if any(
        one["type"] == "json_invalid" or (one["type"] == "model_type" and not one["loc"])
        for one in error.errors()
    ):
        return answer_error("not_json", BadInput.status)
    return answer_error("invalid", BadInput.status, words=explain_invalid(error, reader_wording()))
