"""The parts of a running server, passed to whoever needs them."""

import logging
from dataclasses import dataclass, field
from typing import cast

import gevent
from flask import current_app, g, request
from sqlite_utils import Database
from werkzeug.local import LocalProxy

from local_server.access import Right, check_at_machine, check_reach
from local_server.callers import Caller
from local_server.clearing import Clearer
from local_server.connections import Connections
from local_server.delivery import Delivery
from local_server.farm import events, jobs
from local_server.farm.db import Row
from local_server.farm.errors import YuntuError
from local_server.farm.pricing import PriceBook
from local_server.farm.sites import Site
from local_server.farm_link import FarmLink
from local_server.foreman import Foreman
from local_server.headers import Origins
from local_server.limits import Limits
from local_server.live import Live
from local_server.mail import Mailer
from local_server.measures import Measures
from local_server.membership import Card
from local_server.node_watch import NodeWatch
from local_server.package_shelf import PackageShelf
from local_server.passwords import Passwords
from local_server.preparation import Preparation
from local_server.reconciler import Reconciler
from local_server.roster import Roster
from local_server.settings import Settings
from local_server.shipping import Shipping
from local_server.stores import Stores
from local_server.submission import Submission
from local_server.tokens import Tokens
from local_server.uploads import Uploads
from local_server.writer import Writer
from sync.blobs import Blobs
from sync.keys import Chest

log = logging.getLogger(__name__)
KEY_HEADER = "X-Yuntu-Key"


@dataclass(kw_only=True)
class Services:
    """One server's parts. `reader` belongs to the main thread and only reads."""

    settings: Settings
    key: str
    version: str
    started_at_ms: int
    writer: Writer
    reader: Database
    tokens: Tokens
    passwords: Passwords
    mailer: Mailer
    books: dict[str, PriceBook]
    foreman: Foreman
    roster: Roster
    preparation: Preparation
    submission: Submission
    delivery: Delivery
    live: Live
    blobs: Blobs
    stores: Stores
    shipping: Shipping
    card: Card
    chest: Chest
    reconciler: Reconciler
    clearer: Clearer
    uploads: Uploads
    shelf: PackageShelf
    node_watch: NodeWatch | None
    origins: Origins = field(default_factory=Origins)
    limits: Limits = field(default_factory=Limits)
    measures: Measures = field(default_factory=Measures)
    connections: Connections = field(default_factory=Connections)
    wake: gevent.event.Event = field(default_factory=gevent.event.Event)
    ended: gevent.event.Event = field(default_factory=gevent.event.Event)
    farm: FarmLink | None = None

    @property
    def trouble(self) -> YuntuError | None:
        """Return what keeps frames from being handed out on this machine."""
        return self.foreman.trouble

    def find_foreman(self, job: Row) -> Foreman:
        """Return who looks after a job's frames."""
        elsewhere = job["request"]["site"] == Site.FARM and self.farm is not None
        return self.farm.foreman if elsewhere and self.farm else self.foreman

    @property
    def caller(self) -> Caller:
        """Return who the request under way is from; only routes that anyone may call lack one."""
        caller: Caller = g.caller
        return caller

    def find_caller(self) -> Caller | None:
        """Return who the request under way is from, None where nobody has to be known."""
        caller: Caller | None = g.get("caller")
        return caller

    def get_job(self, job: str, *, right: Right | None = None) -> Row:
        """Return a job that the caller may reach; `right` is the route's own unless it is given.

        Raises NotFound `no_job`, and Refused `not_yours` where seeing is all that is allowed.
        """
        row = jobs.get_job(self.reader, job=job)
        self.check_reach("job", job, owner=row["owner"], right=right or g.right)
        return row

    def check_reach(self, kind: str, id: str, *, owner: str, right: Right) -> None:
        """Refuse a caller who may not do this with an object of that owner's.

        What is somebody else's is remembered, so that the trail tells of it. Raises as
        `access.check_reach` does.
        """
        check_reach(self.caller, kind=kind, id=id, owner=owner, right=right)
        g.beyond_own = None if owner == self.caller.account else (kind, id)

    def check_at_machine(self) -> None:
        """Refuse a caller from elsewhere who names files of this machine. Raises Refused."""
        check_at_machine(self.caller, shown=request.headers.get(KEY_HEADER, ""), key=self.key)

    def stop_nodes(self, job: str) -> None:
        """Tell every node to let go of a job that was paused or cancelled."""
        row = jobs.get_job(self.reader, job=job)
        self.submission.abandon(job)
        self.find_foreman(row).notices.call_off(job, run=row["run"])
        self.live.forget_job(job)
        self.wake.set()

    def move_up(self, job: str) -> None:
        """Let a job's new priority count for its frames that are queued already."""
        try:
            row = jobs.get_job(self.reader, job=job)
            self.find_foreman(row).move_up(self.reader, row)
        except Exception as error:  # noqa: BLE001 - every backend raises errors of its own
            log.warning("job=%s: what is queued keeps its priority: %s", job, error)
        self.wake.set()

    def last_event(self) -> int:
        """Return the newest event's id."""
        return events.find_last_event(self.reader)


def current_services() -> Services:
    """Return the services of the application that answers the request under way."""
    services: Services = current_app.extensions["yuntu"]
    return services


here = cast(Services, LocalProxy(current_services))
"""The services of the request under way, as Flask's `g` and `request` are."""
