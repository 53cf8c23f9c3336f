"""Hosts that are up: lent to one user at a time, kept warm between frames."""

import logging
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from render.failures import FailureCode, RenderFailure
from render.host_kinds import open_host
from render.hosts import Host
from render.renderers import Renderer

log = logging.getLogger(__name__)
REST_AFTER_SECONDS = 2
IDLE_SECONDS_MAX = 600


@dataclass(kw_only=True, slots=True, eq=False)
class WarmHost:
    """A host and what is loaded in it."""

    host: Host
    workdir: Path
    scene: Path | None = None
    idle_since: float = 0.0
    resting: bool = False


class HostPool:
    """Lends hosts: one that has the scene loaded, else any of the renderer, else a new one."""

    def __init__(self, workdir: Path, *, opener: Callable[..., Host] = open_host) -> None:
        self.workdir = workdir
        self.opener = opener
        self.idle: list[WarmHost] = []
        self.lent: list[WarmHost] = []
        self.closing = False
        self.lock = threading.Lock()
        self.count = 0

    def borrow(self, renderer: Renderer, scene: Path) -> WarmHost:
        """Lend a host for a scene; the caller opens the scene. Raises RenderFailure."""
        with self.lock:
            dead = [one for one in self.idle if not one.host.alive()]
            self.idle = [one for one in self.idle if one not in dead]
            fitting = [one for one in self.idle if one.host.renderer == renderer]
            fitting.sort(key=lambda one: (one.scene == scene, one.idle_since))
            warm = fitting[-1] if fitting else None
            if warm is not None:
                self.idle.remove(warm)
                self.lent.append(warm)
        for one in dead:
            self.discard(one)
        if warm is None:
            warm = self.start(renderer)
        if warm.resting:
            warm.host.wake()
            warm.resting = False
        warm.scene = scene
        return warm

    def start(self, renderer: Renderer) -> WarmHost:
        """Start a host of its own, with a folder of its own. Raises RenderFailure."""
        with self.lock:
            self.count += 1
            folder = self.workdir / f"host-{self.count:04d}"
        folder.mkdir(parents=True)
        warm = WarmHost(host=self.opener(renderer, workdir=folder), workdir=folder)
        with self.lock:
            self.lent.append(warm)
        if self.closing:
            self.discard(warm)
            raise RenderFailure(FailureCode.STOPPED)
        return warm

    def give_back(self, warm: WarmHost) -> None:
        """Take a host back; one that died is cleared away."""
        if not warm.host.alive():
            self.discard(warm)
            return
        warm.idle_since = time.monotonic()
        with self.lock:
            self.lent.remove(warm)
            self.idle.append(warm)

    def discard(self, warm: WarmHost) -> None:
        """End a host for good."""
        with self.lock:
            if warm in self.lent:
                self.lent.remove(warm)
        warm.host.kill()
        shutil.rmtree(warm.workdir, ignore_errors=True)

    def tend(self) -> None:
        """Put hosts to rest that nobody needed for moments, and end those nobody needs for long."""
        now = time.monotonic()
        with self.lock:
            for one in self.idle:
                if not one.resting and now - one.idle_since > REST_AFTER_SECONDS:
                    one.resting = True
                    one.host.rest()
            old = [one for one in self.idle if now - one.idle_since > IDLE_SECONDS_MAX]
            self.idle = [one for one in self.idle if one not in old]
        for one in old:
            self.discard(one)

    def kill_lent(self) -> None:
        """Kill the hosts that are lent, and let no new one be: whoever has one sees it die."""
        self.closing = True
        with self.lock:
            lent = list(self.lent)
        for one in lent:
            one.host.kill()

    def close(self) -> None:
        """End every host that is not lent."""
        with self.lock:
            idle, self.idle = self.idle, []
        for one in idle:
            self.discard(one)
