"""Headers of answers: what browsers may do with them, who may ask, what is still so."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import blake2b
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response, request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

POLICY = ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
HARDENING = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Accept-Language, Authorization, Content-Type,"
    " Idempotency-Key, If-None-Match, Range, X-Request-Id",
    "Access-Control-Max-Age": "600",
}
EXPOSED = "ETag, Retry-After, X-Request-Id, Content-Range, Idempotency-Replayed"
READS = ("GET", "HEAD")
FIXED = tuple(HARDENING.items())
CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_RANGE", "HTTP_RANGE")
HOSTS_KNOWN_MAX = 256


class Origins:
    """Whose pages may use this server: its own, and those of origins that were named."""

    def __init__(self, named: Iterable[str] = ()) -> None:
        self.named = frozenset(named)

    def are_own(self, origin: str | None) -> bool:
        """Tell whether an Origin header is absent, this machine's own, or one that was named."""
        if origin is None or origin in self.named:
            return True
        try:
            return is_loopback(urlsplit(origin).netloc)
        except ValueError:  # not an address at all
            return False


@lru_cache(HOSTS_KNOWN_MAX)
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


def answer_preflight(origins: Origins) -> Response | None:
    """Return the answer to a browser that asks for a named origin's page; None for all others."""
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
        return None
    if request.headers.get("Origin") not in origins.named:
        return None
    return Response(status=204, headers=PREFLIGHT)


def set_headers(app: Flask, origins: Origins) -> None:
    """Put the headers that every answer has on an app's answers."""
    app.wsgi_app = Hardened(app.wsgi_app)  # type: ignore[method-assign]

    @app.after_request
    def harden(response: Response) -> Response:
        mark_answer(response)
        if response.status_code == 204:
            response.headers.pop("Content-Type", None)  # nothing is of no type
        allow_origin(response, origins)
        return response


class Hardened:
    """A WSGI application whose every answer has the fixed headers; they cost nothing here."""

    def __init__(self, app: "WSGIApplication") -> None:
        self.app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""

        def start(
            status: str, headers: list[tuple[str, str]], *more: Any
        ) -> Callable[[bytes], object]:
            headers.extend(FIXED)
            if POLICY[0] not in {name for name, _ in headers}:
                headers.append(POLICY)
            return start_response(status, headers, *more)

        return self.app(environ, start)


def mark_answer(response: Response) -> None:
    """Give what was read whole a mark, and leave it out if the reader knows it already.

    An answer may be kept, but is asked for again each time; what has secrets says `no-store`
    itself, and other answers are not kept at all.
    """
    headers = response.headers
    may_be_kept = response.status_code == 200 and request.method in READS
    if not may_be_kept or "Cache-Control" in headers:
        headers.setdefault("Cache-Control", "no-store")
        return
    headers.add("Cache-Control", "private, no-cache")
    headers.add("Vary", "Accept-Language, Authorization")
    if not response.is_streamed and "ETag" not in headers:
        headers.add("ETag", f'"{blake2b(response.get_data(), digest_size=12).hexdigest()}"')
    if any(name in request.environ for name in CONDITIONS):
        response.make_conditional(request)


def allow_origin(response: Response, origins: Origins) -> None:
    """Let a named origin's page read an answer."""
    if not origins.named:
        return
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin is not None and origin in origins.named:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = EXPOSED
