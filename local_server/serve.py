"""The server process: its parts put together, its loops, its beginning and its end."""

import gc
import json
import logging
import os
import secrets
import signal
import socket
import sys
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path

import gevent
import psutil
from filelock import FileLock, Timeout
from gevent.pywsgi import WSGIServer
from sqlite_utils import Database

from local_server.app import create_app
from local_server.borrowing import Borrowing
from local_server.callers import Via
from local_server.clearing import Clearer
from local_server.delivery import Delivery
from local_server.farm.accounts import Role, ensure_account
from local_server.farm.db import fetch_rows, open_database, read_clock_ms
from local_server.farm.deeds import Deed, add_deed
from local_server.farm.errors import Conflict, Unavailable, YuntuError
from local_server.farm.price_books import ensure_price_books, read_price_books
from local_server.farm.pricing import PriceBook, load_price_books
from local_server.farm.private_files import write_private_file
from local_server.farm.rules import change_rules, read_rules
from local_server.farm.sites import Site
from local_server.farm.transfer_rules import read_transfer_rules
from local_server.farm_addresses import FarmAddress, read_farm_address
from local_server.farm_link import FarmLink
from local_server.foreman import Foreman
from local_server.headers import Origins
from local_server.http_handler import Handler
from local_server.incoming import Arrivals
from local_server.inspections import Inspections
from local_server.live import Live
from local_server.logs import log_to_file
from local_server.mail import Mailer, read_mail_settings
from local_server.membership import Card, find_chest, make_desk, read_card
from local_server.node_watch import NodeWatch, kill_stray_node
from local_server.package_shelf import PackageShelf
from local_server.passwords import Passwords
from local_server.preparation import Preparation
from local_server.push import Push
from local_server.reconciler import Reconciler
from local_server.roster import Roster
from local_server.rounds import run_rounds
from local_server.services import Services
from local_server.settings import (
    STUDIO,
    Settings,
    explained_errors,
    read_device,
    read_queue_secret,
)
from local_server.shipping import Shipping
from local_server.stores import Stores, open_stores
from local_server.submission import Submission
from local_server.tokens import Tokens, read_token_secret
from local_server.upkeep import run_upkeep
from local_server.uploads import Uploads
from local_server.writer import Writer
from render.queue import Queue
from render.renderers import read_specs
from sync.blobs import Blobs
from sync.keys import Chest
from sync.known_files import KnownFiles
from sync.late_store import LateStore
from sync.package import store_package

log = logging.getLogger(__name__)


def run_server(settings: Settings) -> None:
    """Serve until told to end. The caller has called `gevent.monkey.patch_all()` before.

    Raises Conflict `server_running` and `database_newer`, Unavailable `port_taken`,
    `data_unwritable`, `database_damaged` and what the store says when it is unfit.
    """
    raise_file_limit()
    # Threads pass our errors on to whoever waits; gevent would print each as an accident.
    hub = gevent.get_hub()
    hub.NOT_ERROR = (*hub.NOT_ERROR, YuntuError)
    lock = FileLock(settings.data / "server.lock")
    with explained_errors(settings.data):
        settings.logs.mkdir(parents=True, exist_ok=True)
        log_to_file(settings.logs / "server.log")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise Conflict("server_running", path=str(settings.data)) from error
    with lock, listen(settings.port) as listener:
        with explained_errors(settings.data):
            services = build_services(settings)
        try:
            serve(services, listener)
        finally:
            services.writer.close()
            services.reader.conn.close()


def serve(services: Services, listener: socket.socket) -> None:
    """Run the loops and the HTTP server until the services are ended."""
    settings = services.settings
    app = create_app(services)
    push = Push(app, services)
    server = WSGIServer(listener, app, handler_class=Handler, log=None, error_log=log)
    server.start()
    run_file = settings.data / "server.json"
    write_run_file(run_file, services, port=listener.getsockname()[1])
    if settings.parent is not None:
        gevent.spawn(end_with_parent, settings.parent, services)
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, services.ended.set)
    loops: list[gevent.Greenlet[..., None]] = [
        gevent.spawn(run_rounds, services, push, services.foreman),
        gevent.spawn(services.delivery.run),
        *(gevent.spawn(carrier.run) for carrier in services.shipping.carriers),
        gevent.spawn(push.run_watch),
        gevent.spawn(services.reconciler.run),
        gevent.spawn(run_upkeep, services),
    ]
    if services.node_watch is not None:
        loops.append(gevent.spawn(services.node_watch.run))
    if services.farm is not None:
        loops.append(gevent.spawn(run_rounds, services, push, services.farm.foreman))
    for loop in loops:
        loop.link_exception(lambda broken: end_broken(broken, services))
    services.submission.begin_pending()
    # What is here now stays: collecting garbage need not look at it ever again.
    gc.collect()
    gc.freeze()
    gc.enable()
    log.info("serving on port %s", listener.getsockname()[1])
    services.ended.wait()
    log.info("ending")
    run_file.unlink(missing_ok=True)
    server.stop(timeout=1)
    if services.node_watch is not None:
        services.node_watch.end()
    services.delivery.end()
    services.reconciler.end()
    services.shipping.end()
    services.wake.set()
    gevent.joinall(loops, timeout=5)


def raise_file_limit() -> None:
    """Take as many open files as the system allows: each live connection is one."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def end_broken(loop: "gevent.Greenlet[..., None]", services: Services) -> None:
    """End a server one of whose loops broke: whoever needs it starts a whole one again."""
    log.critical("%s broke", loop, exc_info=loop.exc_info)
    services.ended.set()


def end_with_parent(pid: int, services: Services) -> None:
    """End the server when the process that it belongs to has ended."""
    try:
        gevent.get_hub().threadpool.apply(psutil.Process(pid).wait)
    except psutil.Error:
        log.info("the parent %s is gone", pid)
    services.ended.set()


def build_services(settings: Settings) -> Services:
    """Put a server's parts together. Raises what a damaged or newer database raises."""
    device, secret = read_device(settings.data), read_queue_secret(settings.data)
    writer = Writer(settings.database)
    card = open_books(writer, settings)
    chest = find_chest(settings.data, device)
    address = read_farm_address(settings.data, chest)
    stores = open_stores(settings, card, address, chest.get)
    blobs = stores.blobs
    books = writer.run(read_price_books)
    queue = Queue(settings.queue, secret=secret)
    foreman = Foreman(queue=queue, store=stores.near, studio=STUDIO, device=device, books=books)
    bury_strays(writer, foreman, device)
    roster = Roster(read_specs(settings.data / "renderers"))
    shelf, uploads = open_files(settings, blobs)
    known = KnownFiles(settings.data / "known-files.db")
    preparation = Preparation(
        Inspections(queue, device=device),
        roster,
        lay_out=shelf.lay_out,
        pack=lambda plan: store_package(plan, blobs, known=known),
        recall=known.recall,
    )
    watch = partial(NodeWatch, device=device, secret=secret, on_death=foreman.note_death)
    node_watch = watch(settings) if settings.node else None
    wake = gevent.event.Event()
    reconciler = make_reconciler(
        settings, writer, stores.far.store, chest=chest, card=card, wake=wake
    )
    borrowing = Borrowing(stores, is_together=reconciler.is_together)
    delivery = Delivery(writer, blobs)
    reconciler.on_met.append(delivery.meet)
    arrivals = Arrivals(
        stores, owner=card.owner, data=settings.data, is_together=reconciler.is_together
    )
    shipping = Shipping(writer, stores, arrivals, reconciler, on_sent=wake.set)
    shipping.obey(writer.run(read_transfer_rules))
    return Services(
        settings=settings,
        key=secrets.token_urlsafe(32),
        version=version("yuntu"),
        started_at_ms=read_clock_ms(),
        writer=writer,
        reader=open_database(settings.database, migrate=False),
        tokens=Tokens(read_token_secret(settings.data), studio=card.studio),
        passwords=Passwords(),
        mailer=Mailer(read_mail_settings(settings.data)),
        books=books,
        foreman=foreman,
        roster=roster,
        preparation=preparation,
        submission=Submission(
            writer, preparation, blobs, known, books, borrowing, on_queued=wake.set
        ),
        delivery=delivery,
        live=Live(settings.logs),
        blobs=blobs,
        card=card,
        chest=chest,
        stores=stores,
        shipping=shipping,
        reconciler=reconciler,
        clearer=Clearer(settings.database, stores, reconciler),
        uploads=uploads,
        shelf=shelf,
        node_watch=node_watch,
        farm=link_farm(address, stores, device=device, books=books),
        origins=Origins(settings.origins),
        wake=wake,
    )


def open_files(settings: Settings, blobs: Blobs) -> tuple[PackageShelf, Uploads]:
    """Open what files come by, cleared of what nobody needs any more."""
    shelf = PackageShelf(settings.data / "packages", blobs)
    shelf.clear()
    uploads = Uploads(settings.data / "uploads", blobs)
    uploads.clear_forgotten()
    return shelf, uploads


def open_books(writer: Writer, settings: Settings) -> Card:
    """Open the database and see to what every other part expects there; returns whose it is."""
    writer.open()
    card = writer.run(read_card)
    now = read_clock_ms()
    writer.write(ensure_account, account=card.owner, name=card.owner, role=Role.ADMIN, at_ms=now)
    writer.write(ensure_price_books, load_price_books().values(), at_ms=now)
    if settings.alone:
        writer.write(take_back, at_ms=now)
    return card


def take_back(db: Database, *, at_ms: int) -> None:
    """Make a machine its owner's again, by the rights that they have over its files anyway."""
    before = asdict(read_rules(db))
    after = asdict(change_rules(db, shared=False, sign_up=None))
    deed = Deed(
        actor=read_card(db).owner,
        role=Role.ADMIN,
        via=Via.KEY,
        action="serve --alone",
        subject=None,
        asked={},
    )
    add_deed(db, deed, before=before, after=after, at_ms=at_ms)


def link_farm(
    address: FarmAddress | None, stores: Stores, *, device: str, books: dict[str, PriceBook]
) -> FarmLink | None:
    """Return the farm that the machine has joined, with its foreman."""
    if address is None or stores.farm is None:
        return None
    foreman = Foreman(
        queue=Queue(address.queue, secret=address.secret),
        store=stores.farm.store,
        studio=stores.farm.studio,
        device=device,
        books=books,
        site=Site.FARM,
    )
    return FarmLink(address=address, foreman=foreman)


def make_reconciler(
    settings: Settings,
    writer: Writer,
    store: LateStore,
    *,
    chest: Chest,
    card: Card,
    wake: gevent.event.Event,
) -> Reconciler:
    """Return what keeps this machine and its studio's store together."""
    return Reconciler(
        writer=writer,
        store=store,
        desk=make_desk(chest, card, read_device(settings.data)),
        founder=card.founder,
        host_name=settings.host_name,
        on_news=wake.set,
    )


def bury_strays(writer: Writer, foreman: Foreman, device: str) -> None:
    """Make sure that no node of an earlier server lives on, and take back what it had."""
    rows = writer.run(
        fetch_rows,
        "SELECT id, pid, started_at_ms FROM node WHERE gone_at_ms IS NULL AND id LIKE ?",
        (f"{device}-%",),
    )
    for row in rows:
        if kill_stray_node(row["pid"], started_at_ms=row["started_at_ms"]):
            log.warning("node=%s was still running and is killed", row["id"])
        foreman.note_death(row["id"])


def listen(port: int) -> socket.socket:
    """Return a listening socket on loopback. Raises Unavailable `port_taken`."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise Unavailable("port_taken", port=port, words=error.strerror or "") from error
    listener.listen(128)
    listener.setblocking(False)
    return listener


def write_run_file(path: Path, services: Services, *, port: int) -> None:
    """Tell local clients where the server is and with which key; readable by its owner alone."""
    told = {
        "pid": os.getpid(),
        "port": port,
        "key": services.key,
        "version": services.version,
        "started_at_ms": services.started_at_ms,
    }
    write_private_file(path, json.dumps(told))
