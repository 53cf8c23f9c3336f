"""The node process: what `yuntu node` runs."""

import logging
import os
import signal
import socket
import sys
import threading
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path

import psutil

from local_server.farm.errors import Refused
from local_server.node_batches import sign_batch
from local_server.node_home import NodeHome
from local_server.settings import STUDIO
from render.finishing import Shelf
from render.hosts import Limits
from render.leash import tie_to_parent
from render.node import Node, NodeSettings
from render.queue import Queue, send_plain
from render.renderers import find_renderers, read_specs
from sync.bucket_address import find_nothing
from sync.store import probe_store
from sync.stores import open_store

log = logging.getLogger(__name__)
MEMORY_SHARE = 0.9
END_SECONDS_MAX = 8.0


def run_node(
    *,
    queue: str,
    store: str,
    secret: bytes,
    workdir: Path,
    node_id: str | None = None,
    name: str | None = None,
    owner: str | None = None,
    studio: str = STUDIO,
    slots: int | None = None,
    parent: int | None = None,
    home: NodeHome | None = None,
) -> None:
    """Render for a queue until told to stop. Raises Unavailable when the store is unfit.

    `home` is what an invited node knows: it signs what it reports. Raises Refused `node_dismissed`
    when it is taken out.
    """
    log_to_stderr()
    kept = find_nothing if home is None else home.chest.get
    seal = send_plain if home is None else partial(sign_batch, home.signer)
    shelf = Shelf(store=open_store(store, kept), studio=studio)
    probe_store(shelf.store)
    workdir.mkdir(parents=True, exist_ok=True)
    renderers = find_renderers(read_specs(workdir.parent / "renderers"))
    settings = NodeSettings(
        id=node_id or name_start(socket.gethostname().lower() if home is None else home.name),
        name=name or socket.gethostname(),
        version=version("yuntu"),
        workdir=workdir,
        owner=owner,
        slots=slots,
        cores=count_cores(),
        limits=Limits(memory_bytes_max=int(psutil.virtual_memory().total * MEMORY_SHARE)),
        member=None if home is None else home.name,
    )
    node = Node(
        settings,
        queue=Queue(queue, secret=secret, seal=seal),
        shelf=shelf,
        renderers={one.key: one for one in renderers},
    )
    if parent is not None:
        tie_to_parent(parent, on_death=lambda: end_node(node))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: node.stop())
    log.info("node=%s renderers=%s", settings.id, sorted(node.renderers))
    node.run()
    if node.is_out:
        raise Refused("node_dismissed", node=settings.member or "")


def name_start(name: str) -> str:
    """Return a node's id: each start has one of its own, for what an earlier one had is lost."""
    return f"{name}.{os.getpid()}.{int(time.time())}"


def end_node(node: Node) -> None:
    """Stop a node whose server is gone, and see to it that it ends: its hosts end with it."""
    node.stop()
    timer = threading.Timer(END_SECONDS_MAX, os._exit, args=(1,))
    timer.daemon = True
    timer.start()


def count_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def log_to_stderr() -> None:
    """Send the process's log to its standard error, which the server keeps in a file."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
