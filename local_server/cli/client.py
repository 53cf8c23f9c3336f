"""The client of the local server: its requests, and the one error they end in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from local_server.cli.answers import Answer
from local_server.cli.failure import LOST, ClientError
from local_server.cli.kept_sign_in import KeptSignIn, read_answer
from local_server.cli.own_version import find_own_version
from local_server.wording import Wording, Words

CONNECT_SECONDS_MAX = 5.0
ANSWER_SECONDS_MAX = 60.0
CHECK_SECONDS_MAX = 3_600.0
EVENTS_PAGE = 1_000
JOBS_PAGE = 200
PAGE = 1_000
PROGRAM = "YuntuCommandLine"
UNAUTHORIZED = 401
TOKEN_OVER = frozenset({"token_expired", "token_wrong"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerAddress:
    """A running server: where it answers, and the key of this launch.

    One elsewhere is named by its address `far`, and shows no key.
    """

    pid: int
    port: int
    key: str
    version: str
    far: str = ""

    @property
    def url(self) -> str:
        """Return the server's own address."""
        return self.far or f"http://127.0.0.1:{self.port}"


class Client:
    """Requests to one server; answers come in the language of `wording`."""

    def __init__(
        self, address: ServerAddress, wording: Wording, kept: KeptSignIn | None = None
    ) -> None:
        self.address = address
        self.wording = wording
        self.kept = kept
        self.sign_in = None if kept is None else kept.read()
        self.session = requests.Session()
        self.session.trust_env = False  # a proxy must never see the loopback
        self.session.headers["Accept-Language"] = wording.language
        self.session.headers["User-Agent"] = f"{PROGRAM}/{find_own_version()}"

    @property
    def credential(self) -> str:
        """Return what shows who asks: the person's token, or the key of the machine itself."""
        return self.address.key if self.sign_in is None else self.sign_in.access_token

    def close(self) -> None:
        """Close the connections."""
        self.session.close()

    # --- jobs ---

    def submit_job(self, request: dict[str, Any]) -> Answer:
        """Submit a job; with the same id, a second time changes nothing."""
        return self.ask("POST", "/jobs", body=request)

    def get_job(self, job: str) -> Answer:
        """Return a job."""
        return self.ask("GET", f"/jobs/{job}")

    def list_jobs(self, *, limit: int | None = None, **wanted: Any) -> Iterator[Answer]:
        """Yield jobs, newest first unless another order is wanted."""
        page = min(limit or JOBS_PAGE, JOBS_PAGE)
        yield from self.list_pages("/jobs", page, limit, **wanted)

    def order(self, job: str, verb: str, body: dict[str, Any] | None = None) -> Answer:
        """Pause, resume, cancel or retry a job."""
        return self.ask("POST", f"/jobs/{job}/{verb}", body=body or {})

    def delete_job(self, job: str) -> None:
        """Take a job off the lists."""
        self.call("DELETE", f"/jobs/{job}")

    def list_frames(
        self, job: str, *, state: str | None = None, limit: int | None = None
    ) -> Iterator[Answer]:
        """Yield a job's frames in order."""
        page = min(limit or PAGE, PAGE)
        frames = self.list_pages(f"/jobs/{job}/frames", page, limit, state=state)
        yield from frames

    def get_frame(self, job: str, frame: int) -> Answer:
        """Return a frame with its attempts."""
        return self.ask("GET", f"/jobs/{job}/frames/{frame}")

    def get_picture(self, job: str, frame: int, kind: str) -> bytes:
        """Return the bytes of a frame's `picture` or `thumbnail`."""
        return self.call("GET", f"/jobs/{job}/frames/{frame}/{kind}").content

    def check_scene(self, request: dict[str, Any]) -> Answer:
        """Examine a scene without making a job."""
        return self.ask("POST", "/checks", body=request, seconds_max=CHECK_SECONDS_MAX)

    # --- money ---

    def get_bill(self, job: str) -> Answer:
        """Return a job's bill."""
        return self.ask("GET", f"/jobs/{job}/bill")

    def get_balance(self) -> Answer:
        """Return what the account has."""
        return self.ask("GET", "/balance")

    def top_up(self, *, id: str, amount_micros: int) -> Answer:
        """Bring money in; with the same id, a second time changes nothing."""
        body = {"id": id, "amount_micros": amount_micros}
        return self.ask("POST", "/topups", body=body)

    def list_statement(self, *, limit: int | None = None, **wanted: Any) -> Iterator[Answer]:
        """Yield the account's transfers, oldest first unless another order is wanted."""
        lines = self.list_pages("/statement", min(limit or PAGE, PAGE), limit, **wanted)
        yield from lines

    def list_bills(self, *, limit: int | None = None, **wanted: Any) -> Iterator[Answer]:
        """Yield what the account's jobs came to, those that ended last first."""
        yield from self.list_pages("/bills", min(limit or PAGE, PAGE), limit, **wanted)

    def export_ledger(self, form: str) -> str:
        """Return the ledger as Beancount or CSV."""
        return self.get_text("/ledger/export", format=form)

    def audit(self) -> Answer:
        """Return whether the books are in order."""
        return self.ask("GET", "/audit", seconds_max=CHECK_SECONDS_MAX)

    # --- the studio ---

    def get_sync(self) -> Answer:
        """Return how this machine and its studio's store stand."""
        return self.ask("GET", "/sync")

    def sync_now(self) -> Answer:
        """Do a cycle and return how things stand then."""
        return self.ask("POST", "/sync", body={}, seconds_max=CHECK_SECONDS_MAX)

    def refold(self, *, refill: bool) -> Answer:
        """Have everything folded from nothing; return what differed."""
        body = {"refill": refill}
        return self.ask("POST", "/sync/refold", body=body, seconds_max=CHECK_SECONDS_MAX)

    def appoint_treasurer(self, device: str, *, take: bool) -> Answer:
        """Have another machine keep the treasury; return the studio's machines."""
        return self.ask("PUT", "/studio/treasurer", body={"device": device, "take": take})

    def take_snapshot(self) -> Answer:
        """Have a snapshot put into the store."""
        return self.ask("POST", "/studio/snapshots", body={}, seconds_max=CHECK_SECONDS_MAX)

    def list_waiting(self) -> Answer:
        """Return what waits for money or for a decision."""
        return self.ask("GET", "/sync/waiting")

    def drop_waiting(self, operation: str) -> Answer:
        """Let go of an operation that waits; return what waits then."""
        path = f"/sync/waiting/{quote(operation, safe=':')}"
        return self.ask("DELETE", path)

    def clean_store(self, *, where: str, dry_run: bool) -> Answer:
        """Clear a store of what nothing names; return what was found and what is gone."""
        body = {"where": where, "dry_run": dry_run}
        return self.ask("POST", "/store/cleaning", body=body, seconds_max=CHECK_SECONDS_MAX)

    def get_studio(self) -> Answer:
        """Return the studio's machines."""
        return self.ask("GET", "/studio")

    def list_jobs_elsewhere(self) -> Answer:
        """Return the jobs on other machines."""
        return self.ask("GET", "/studio/jobs")

    def change_transfers(self, changes: dict[str, Any]) -> Answer:
        """Change how things travel to the studio's store and from it; return how it is then."""
        return self.ask("PATCH", "/sync/transfers", body=changes)

    def fetch_away_job(self, away_job: str, *, wanted: bool) -> Answer:
        """Bring another machine's frames here, or leave them there."""
        path = f"/studio/jobs/{away_job}/fetch"
        return self.ask("POST", path, body={"wanted": wanted})

    def list_requests(self) -> Answer:
        """Return what other machines ask for."""
        return self.ask("GET", "/studio/requests")

    def grant_request(self, asking: str) -> Answer:
        """Grant what a machine asks for; return what is asked then."""
        path = f"/studio/requests/{quote(asking, safe=':')}/grant"
        return self.ask("POST", path, body={})

    def make_invite(self, *, mints: bool, days: int) -> Answer:
        """Return an invite for one workstation."""
        return self.ask("POST", "/studio/invites", body={"mints": mints, "days": days})

    def revoke_device(self, device: str) -> Answer:
        """Take a machine out; return the studio's machines then."""
        return self.ask("DELETE", f"/studio/devices/{device}")

    # --- the server ---

    def get_health(self, *, seconds_max: float = CONNECT_SECONDS_MAX) -> Answer:
        """Return how the server and its node are."""
        return self.ask("GET", "/health", seconds_max=seconds_max)

    def get_renderers(self) -> Answer:
        """Return what can render here."""
        return self.ask("GET", "/renderers", seconds_max=120.0)

    def get_farm(self) -> Answer:
        """Return the farm that this machine has joined, and what waits for it."""
        return self.ask("GET", "/farm")

    def invite_node(self, *, days: int) -> Answer:
        """Return an invite for one machine that is to render for the farm."""
        return self.ask("POST", "/farm/invites", body={"days": days})

    def take_node_out(self, node: str) -> Answer:
        """Take an invited node out; return the farm then."""
        return self.ask("DELETE", f"/farm/nodes/{node}")

    def get_nodes(self) -> Answer:
        """Return the nodes that were heard of lately."""
        return self.ask("GET", "/nodes")

    def list_events(self, *, after: int, job: str) -> Iterator[Answer]:
        """Yield a job's events above an id, oldest first, to the newest there is."""
        while True:
            page = self.call("GET", "/events", after=after, job=job, limit=EVENTS_PAGE).json()
            yield from page["items"]
            if len(page["items"]) < EVENTS_PAGE:
                return
            after = page["items"][-1]["id"]

    def find_last_event(self) -> int:
        """Return the id of the newest event."""
        return int(self.call("GET", "/events", limit=1).json()["last"])

    def shut_down(self) -> None:
        """End the server."""
        self.call("POST", "/shutdown", body={})

    # --- how a request is made ---

    def list_pages(self, path: str, page: int, limit: int | None, **query: Any) -> Iterator[Answer]:
        """Yield a list's items over as many pages as it takes, at most `limit`."""
        cursor, left = None, limit
        while True:
            answer = self.call("GET", path, limit=page, cursor=cursor, **query).json()
            items = answer["items"] if left is None else answer["items"][:left]
            yield from items
            left = None if left is None else left - len(items)
            cursor = answer["next"]
            if cursor is None or left == 0:
                return

    def get_text(self, path: str, **query: Any) -> str:
        """Return an answer that is text."""
        return self.call("GET", path, **query).content.decode("utf-8")

    def call(
        self,
        method: str,
        path: str,
        *,
        body: dict[str, Any] | None = None,
        seconds_max: float = ANSWER_SECONDS_MAX,
        **query: Any,
    ) -> requests.Response:
        """Make one request; queries that are None are left out. Raises ClientError."""
        options = {
            "params": {name: value for name, value in query.items() if value is not None},
            "json": body,
            "timeout": (CONNECT_SECONDS_MAX, seconds_max),
        }
        return self.send(method, path, **options)

    def ask(
        self, method: str, path: str, *, body: dict[str, Any] | None = None, **query: Any
    ) -> Answer:
        """Make one request and return its answer's JSON object. Raises ClientError."""
        return dict(self.call(method, path, body=body, **query).json())

    def send_bytes(
        self,
        method: str,
        path: str,
        data: Any,
        *,
        seconds_max: float = ANSWER_SECONDS_MAX,
        **query: Any,
    ) -> requests.Response:
        """Send bytes, or what can be read for them, as they are. Raises ClientError."""
        options = {
            "params": query,
            "data": data,
            "headers": {"Content-Type": "application/octet-stream"},
            "timeout": (CONNECT_SECONDS_MAX, seconds_max),
        }
        return self.send(method, path, **options)

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request, again when the person's access token had run out."""
        response = self.send_once(method, path, **options)
        if response.status_code == UNAUTHORIZED and self.renew(self.read_error(response)):
            response = self.send_once(method, path, **options)
        if response.status_code >= 400:
            raise self.read_error(response)
        return response

    def send_once(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request, whatever the answer. Raises ClientError when there is none."""
        headers = {"Authorization": f"Bearer {self.credential}"} | options.pop("headers", {})
        if self.address.key:  # whoever signs in here may still name this machine's files
            headers["X-Yuntu-Key"] = self.address.key
        url = f"{self.address.url}/api/v1{path}"
        try:
            return self.session.request(method, url, headers=headers, **options)
        except requests.RequestException as error:
            raise self.make_lost_error() from error

    def renew(self, error: ClientError) -> bool:
        """Get a new access token where the old one has run out; tell whether there is one now.

        Commands side by side share one refresh token, which works once: the first one exchanges
        it, the others find what it got. A sign-in that is over is forgotten. Raises ClientError.
        """
        if self.kept is None or self.sign_in is None:
            return False
        if error.code == "session_ended":
            self.kept.forget()
        if error.code not in TOKEN_OVER:
            return False
        with self.kept.lock():
            standing = self.kept.read()
            if standing is not None and standing.access_token == self.sign_in.access_token:
                body = {"refresh_token": standing.refresh_token}
                seconds = (CONNECT_SECONDS_MAX, ANSWER_SECONDS_MAX)
                answer = self.send_once("POST", "/tokens", json=body, timeout=seconds)
                if answer.status_code == UNAUTHORIZED:
                    self.kept.forget()
                if answer.status_code >= 400:
                    raise self.read_error(answer)
                standing = read_answer(answer.json())
                self.kept.keep(standing)
            self.sign_in = standing
        return standing is not None

    def make_lost_error(self) -> ClientError:
        """Return the error for a server that does not answer."""
        code = "server_away" if self.address.far else "server_lost"
        params = {"port": self.address.port, "pid": self.address.pid, "url": self.address.url}
        words = self.wording.say(code, **params)
        return ClientError(code=code, status=LOST, words=words, params=params)

    def read_error(self, response: requests.Response) -> ClientError:
        """Return the error that an answer tells of."""
        try:
            told = response.json()["error"]
            words = Words(title=str(told["title"]), detail=str(told["detail"]))
            code, params = str(told["code"]), dict(told["params"])
        except (ValueError, KeyError, TypeError):
            code, params = "answer_not_understood", {"status": response.status_code}
            words = self.wording.say(code, **params)
        if code == "key_wrong" and not self.credential:  # elsewhere, there is no key to show
            code, params, words = "sign_in_needed", {}, self.wording.say("sign_in_needed")
        return ClientError(code=code, status=response.status_code, words=words, params=params)
