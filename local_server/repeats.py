"""Repeats: a request with an `Idempotency-Key` is done once, however often it comes."""

import hmac
import re
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from flask import Response, g, has_request_context, request
from sqlite_utils import Database

from local_server.farm.db import read_clock_ms
from local_server.farm.errors import BadInput, Conflict
from local_server.farm.repeats import Claim, claim_request, find_request

P = ParamSpec("P")
T = TypeVar("T")
HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
GRAMMAR = "[A-Za-z0-9._-]{8,64}"
READS = ("GET", "HEAD", "OPTIONS")
ANSWER_BYTES_MAX = 100_000


def find_earlier(db: Database, account: str, *, secret: bytes) -> Response | None:
    """Return the answer that this very request got before; else let its first write claim it.

    Bodies that are not JSON are told apart by their own hashes, and take no part in this.

    Raises BadInput `repeat_key_wrong`, and Conflict `repeat_differs` and `repeat_done`: its key
    was used for something else, or it was done but its answer is not known any more.
    """
    key = request.headers.get(HEADER)
    if key is None or request.method in READS:
        return None
    if re.fullmatch(GRAMMAR, key) is None:
        raise BadInput("repeat_key_wrong")
    if request.mimetype and not request.is_json:
        return None
    g.claim = Claim(account=account, key=key, content=hash_request(secret))
    g.is_claimed = False
    known = find_request(db, account=account, key=key)
    if known is None:
        return None
    if known["content"] != g.claim.content:
        raise Conflict("repeat_differs")
    if known["status"] is None:
        raise Conflict("repeat_done")
    return Response(
        known["body"],
        status=known["status"],
        mimetype=known["mimetype"] or None,
        headers={REPLAYED: "true"},
    )


def hash_request(secret: bytes) -> str:
    """Return a keyed SHA-256 of what a request asks for: verb, address and body.

    A body may hold a password, and a hash without a key would let a thief of the database guess.
    """
    digest = hmac.new(secret, f"{request.method} {request.full_path}\n".encode(), "sha256")
    digest.update(request.get_data())
    return digest.hexdigest()


def claimed(
    function: Callable[Concatenate[Database, P], T],
) -> Callable[Concatenate[Database, P], T]:
    """Return a domain function that claims the request under way with what it does.

    Outside of a repeatable request, and once it is claimed, that is the function itself.
    """
    if not has_request_context() or "claim" not in g or g.is_claimed:
        return function
    claim: Claim = g.claim

    def claim_first(db: Database, /, *args: P.args, **kwargs: P.kwargs) -> T:
        claim_request(db, claim, at_ms=read_clock_ms())
        return function(db, *args, **kwargs)

    return claim_first


def note_claimed() -> None:
    """Note that the request under way has done its first write."""
    if has_request_context() and "claim" in g:
        g.is_claimed = True


def may_be_kept(response: Response) -> bool:
    """Tell whether an answer is to be kept for repeats; one with secrets never is."""
    return (
        bool(g.get("is_claimed"))
        and response.status_code < 500
        and not response.is_streamed
        and "Cache-Control" not in response.headers
        and len(response.get_data()) <= ANSWER_BYTES_MAX
    )
