"""Errands: what is asked of the server, away from Blender's own thread. Needs no Blender."""

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .server import Address, Trouble, ask, ensure_server, read_address

CHECK_SECONDS_MAX = 3600.0
EVENTS_MAX = 1000
REST = ("completed", "partial", "failed", "cancelled")


@dataclass
class Pass:
    """Who is signed in, where several people use the workstation; empty tokens for nobody."""

    access: str = ""
    refresh: str = ""


@dataclass(frozen=True)
class Reach:
    """How the server is reached: read on Blender's thread, used on others."""

    data: Path
    program: str
    language: str
    ticket: Pass = field(default_factory=Pass)

    def ask(self, method: str, path: str, **how: Any) -> Any:
        """Ask the server, starting it if none answers; a pass that ran out is renewed."""
        address = ensure_server(self.data, self.program, self.language)
        try:
            return self.ask_at(address, method, path, **how)
        except Trouble as trouble:
            if trouble.code != "token_expired" or not self.ticket.refresh:
                raise
        body = {"refresh_token": self.ticket.refresh}
        self.keep(ask(address, "POST", "/tokens", body=body, language=self.language))
        return self.ask_at(address, method, path, **how)

    def ask_at(self, address: Address, method: str, path: str, **how: Any) -> Any:
        """Ask the server at an address."""
        token = self.ticket.access
        return ask(address, method, path, language=self.language, token=token, **how)

    def keep(self, signed_in: "dict[str, Any]") -> None:
        """Keep the tokens of somebody who signed in, in memory only."""
        self.ticket.access = signed_in["access_token"]
        self.ticket.refresh = signed_in["refresh_token"]


@dataclass(frozen=True)
class Looked:
    """What a look at a job brought: the job, None if nothing is new, and the newest event."""

    job: "dict[str, Any] | None"
    after: int


def sign_in(reach: Reach, login: str, password: str) -> None:
    """Sign somebody in. Raises Trouble."""
    body = {"login": login, "password": password, "device": "Blender"}
    address = ensure_server(reach.data, reach.program, reach.language)
    reach.keep(ask(address, "POST", "/sessions", body=body, language=reach.language))


def check(reach: Reach, request: "dict[str, Any]", *, version: str) -> "dict[str, Any]":
    """Let the server check and price a scene; nothing is spent. Raises Trouble."""
    asked = choose_renderer(reach, request, version)
    farm = reach.ask("GET", "/farm")
    checked: dict[str, Any] = reach.ask(
        "POST", "/checks", body=asked, seconds_max=CHECK_SECONDS_MAX
    )
    return {**checked, "has_farm": farm["joined"]}


def submit(reach: Reach, request: "dict[str, Any]", *, version: str) -> Looked:
    """Make a job. Its id is made here, so that asking once more cannot make two."""
    asked = {**choose_renderer(reach, request, version), "id": str(uuid.uuid4())}
    after = int(reach.ask("GET", "/events", limit=1)["last"])
    return Looked(job=reach.ask("POST", "/jobs", body=asked), after=after)


def choose_renderer(reach: Reach, request: "dict[str, Any]", version: str) -> "dict[str, Any]":
    """Return a request that asks for this very Blender's version where the server has it.

    Another version may draw another picture. Where it is not there, the server chooses.
    """
    found = reach.ask("GET", "/renderers", seconds_max=CHECK_SECONDS_MAX)["items"]
    if any(one["name"] == "blender" and one["version"] == version for one in found):
        return {**request, "renderer": f"blender-{version}"}
    return request


def look(reach: Reach, job: str, after: int, *, always: bool) -> Looked:
    """Look what has become of a job; a job at work changes between its events (`always`).

    A server that was killed is started again; one that was ended on purpose stays so.
    """
    if read_address(reach.data) is None:
        raise Trouble(
            "Yuntu was ended", "The job goes on once it is started again.", code="was_ended"
        )
    page = reach.ask("GET", "/events", after=after, job=job, limit=EVENTS_MAX)
    news = page["items"]
    if not news and not always:
        return Looked(job=None, after=after)
    last = news[-1]["id"] if news else after
    return Looked(job=reach.ask("GET", f"/jobs/{job}"), after=last)


def order(
    reach: Reach, job: str, verb: str, body: "dict[str, Any] | None" = None
) -> "dict[str, Any]":
    """Cancel or resume a job. Raises Trouble."""
    shown: dict[str, Any] = reach.ask("POST", f"/jobs/{job}/{verb}", body=body or {})
    return shown
