"""The node: takes frames off the queue, renders them in warm hosts, stores and reports them.

It needs a queue and a store and nothing else. Slots render; finishers check and store while the
slot renders on; the heart sends heartbeats and progress and hears when a job is called off.
"""

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from render.failures import FailureCode, RenderFailure
from render.finisher import Finisher
from render.finishing import Shelf, blame_disk, explain_error
from render.flights import Flight, Flights
from render.heart import Heart
from render.host_kinds import open_host
from render.host_pool import HostPool
from render.hosts import Host, Limits, Look, Rendered, Shot
from render.inspecting import Inspector
from render.protocol import (
    TASK,
    FrameTask,
    Hello,
    InspectTask,
    Started,
    describe_attempt,
)
from render.queue import BadMessage, Line, Queue, order_lines
from render.renderers import Renderer
from render.reporting import Reporter
from render.scratch import make_scratch
from render.width import Width
from sync.blobs import Digest
from sync.package import fetch_package

log = logging.getLogger(__name__)
POLL_SECONDS = 0.03
PULSE_SECONDS = 0.25
QUEUE_AWAY_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeSettings:
    """What a node is told at its start. `slots` None: the width is found by measuring.

    `member` is what the studio that invited it knows it by; None: nobody can take it out.
    """

    id: str
    name: str
    version: str
    workdir: Path
    owner: str | None
    slots: int | None
    cores: int
    limits: Limits
    member: str | None = None


class Node:
    """A node at work; `run` returns when `stop` is called."""

    def __init__(
        self,
        settings: NodeSettings,
        *,
        queue: Queue,
        shelf: Shelf,
        renderers: dict[str, Renderer],
        opener: Callable[..., Host] = open_host,
    ) -> None:
        self.settings = settings
        self.queue = queue
        self.shelf = shelf
        self.renderers = renderers
        self.scratch = make_scratch(settings.workdir)
        self.hosts = HostPool(self.scratch / "hosts", opener=opener)
        self.flights = Flights()
        self.reporter = Reporter(queue)
        self.stopping = threading.Event()
        self.is_out = False
        self.finisher = Finisher(
            node=settings.id,
            scratch=self.scratch,
            shelf=shelf,
            reporter=self.reporter,
            flights=self.flights,
            stopping=self.stopping,
            render_cold=self.render_cold,
        )
        self.inspector = Inspector(renderers, self.hosts, cores=settings.cores)
        self.heart = Heart(
            queue,
            self.reporter,
            self.flights,
            self.inspector,
            hello=self.introduce(),
            each_beat=self.beat,
        )
        self.widths: dict[str, Width] = {}
        self.scene_now: str | None = None
        self.busy = 0
        self.gate = threading.Condition()
        self.package_lock = threading.Lock()

    def run(self) -> None:
        """Work until stopped."""
        self.reporter.start()
        threads = [threading.Thread(target=self.heart.run, args=(self.stopping,), name="heart")]
        count = self.settings.slots or self.settings.cores
        lines = [self.queue.frames(name) for name in self.renderers]
        lines.append(self.queue.frames_for(self.settings.id))
        threads += [
            threading.Thread(target=self.serve, args=(lines,), name=f"slot-{i}")
            for i in range(count)
        ]
        if self.settings.owner is not None:
            self.heart.meet(f"reports-{self.settings.owner}")
            line = self.queue.line(f"inspect-{self.settings.owner}")
            threads.append(
                threading.Thread(target=self.serve_inspections, args=(line,), name="inspector")
            )
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.finisher.close()
        self.hosts.close()
        self.reporter.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def stop(self) -> None:
        """End the node: frames under way are handed back uncounted."""
        self.stopping.set()
        for flight in self.flights.list():
            flight.call_off()
        self.hosts.kill_lent()

    def beat(self) -> None:
        """Look after what is warm, and end where the studio has taken this node out."""
        self.hosts.tend()
        try:
            out = self.settings.member is not None and self.queue.is_out(self.settings.member)
        except Exception as error:  # noqa: BLE001 - every backend raises errors of its own
            log.warning("the queue is away: %s", error)
            return
        if out and not self.is_out:
            log.error("node=%s was taken out of its studio, and ends", self.settings.member)
            self.is_out = True
            self.stop()

    def introduce(self) -> Hello:
        """Return what the node says of itself to owners that do not know it."""
        told = tuple(
            {
                "name": one.name,
                "version": one.version,
                "origin": str(one.origin),
                "executable": one.command[0],
            }
            for one in self.renderers.values()
        )
        return Hello(
            node=self.settings.id,
            name=self.settings.name,
            pid=os.getpid(),
            version=self.settings.version,
            renderers=told,
            slots=self.settings.slots or self.settings.cores,
        )

    # --- taking work ---

    def serve(self, lines: list[Line]) -> None:
        """Take frames and render them, one after the other: one slot's life."""
        while not self.stopping.is_set():
            with self.gate:
                if not self.gate.wait_for(self.has_room, timeout=PULSE_SECONDS):
                    continue
                if self.stopping.is_set():
                    return
                self.busy += 1
            try:
                task = self.take(lines)
                if isinstance(task, FrameTask):
                    self.fly(task)
            finally:
                with self.gate:
                    self.busy -= 1
                    self.gate.notify()
            if task is None:
                self.stopping.wait(POLL_SECONDS)

    def has_room(self) -> bool:
        """Tell whether another frame may be rendered beside those under way."""
        width = self.widths.get(self.scene_now or "")
        return self.busy < (width.now if width else self.settings.slots or 1)

    def serve_inspections(self, line: Line) -> None:
        """Take scenes to inspect, one after the other."""
        while not self.stopping.is_set():
            task = self.take([line])
            if isinstance(task, InspectTask):
                answer = self.inspector.inspect(task)
                if answer is not None and not self.stopping.is_set():
                    self.reporter.say(answer, to=task.report_to)
            elif task is None:
                self.stopping.wait(POLL_SECONDS)

    def take(self, lines: list[Line]) -> FrameTask | InspectTask | None:
        """Take the most urgent message of several lines."""
        try:
            for line in order_lines(lines):
                task = self.read(line)
                if task is not None:
                    return task
        except Exception as error:  # noqa: BLE001 - every backend raises errors of its own
            log.warning("the queue is away: %s", error)
            self.stopping.wait(QUEUE_AWAY_SECONDS)
        return None

    def read(self, line: Line) -> FrameTask | InspectTask | None:
        """Take a line's next message; what is none is dropped."""
        try:
            value = line.take()
            return None if value is None else TASK.validate_python(value)
        except (BadMessage, ValidationError) as error:
            log.error("a message was refused: %s", error)
            return None

    # --- one frame ---

    def fly(self, task: FrameTask) -> None:
        """Render one frame and pass it to a finisher, whatever becomes of it."""
        flight = Flight(task=task)
        if self.is_called_off(task) or not self.flights.add(flight):
            return
        if self.stopping.is_set():
            flight.call_off()  # `stop` may have looked just before this flight was there
        self.heart.meet(task.report_to)
        try:
            standing = self.finisher.insist(flight, lambda: self.shelf.find_frame(task))
            if standing is not None:
                self.finisher.land_done(flight, standing.to_dict())
                return
            self.reporter.say(
                Started(**describe_attempt(task, node=self.settings.id)), to=task.report_to
            )
            self.finisher.submit(flight, self.render(flight))
        except RenderFailure as failure:
            self.finisher.land_failed(flight, blame_disk(failure, self.scratch))
        except Exception as error:  # a bug or a broken disk must cost this attempt only
            log.exception("job=%s frame=%s: the attempt broke", task.job, task.number)
            self.finisher.land_failed(flight, explain_error(error))

    def is_called_off(self, task: FrameTask) -> bool:
        """Tell whether a frame's job was stopped; when the queue is away, the heart asks again."""
        try:
            return self.queue.read_stop(task.job) >= task.run
        except Exception as error:  # noqa: BLE001 - every backend raises errors of its own
            log.warning("the queue is away: %s", error)
            return False

    def render(self, flight: Flight) -> Rendered:
        """Render a flight's frame in a warm host. Raises RenderFailure."""
        task = flight.task
        renderer = self.renderers[task.renderer]
        scene = self.finisher.insist(flight, lambda: self.fetch_scene(task))
        width = self.widths.setdefault(
            task.manifest, Width(cores=self.settings.cores, fixed=self.settings.slots)
        )
        self.scene_now = task.manifest
        warm = self.hosts.borrow(renderer, scene)
        try:
            if not flight.board(warm.host):
                raise RenderFailure(FailureCode.STOPPED, "")
            load_ms = warm.host.open(scene, on_line=flight.note_line)
            shot = self.shot(task, threads=width.threads)
            rendered = warm.host.render(
                shot,
                self.settings.limits,
                on_progress=flight.note_progress,
                on_line=flight.note_line,
            )
        except RenderFailure:
            warm.host.kill()
            raise
        finally:
            flight.leave()
            self.hosts.give_back(warm)
        with self.gate:
            width.note_frame(ended_at=time.monotonic(), frames_left=task.frames_left)
            self.gate.notify_all()
        return replace(rendered, load_ms=load_ms)

    def shot(self, task: FrameTask, *, threads: int) -> Shot:
        """Return what the host is asked for; every attempt has a file name of its own."""
        stem = self.scratch / "frames" / f"{task.job}-{task.number}-{task.attempt}"
        stem.parent.mkdir(parents=True, exist_ok=True)
        return Shot(
            frame=task.number,
            first=task.first,
            last=task.last,
            stem=stem,
            threads=threads,
            look=Look(**task.look),
        )

    def fetch_scene(self, task: FrameTask) -> Path:
        """Return the scene's path in the node's cache, fetching its package once."""
        folder = self.settings.workdir / "packages" / task.manifest
        with self.package_lock:
            if not folder.is_dir():
                fetch_package(Digest(task.manifest), self.shelf.blobs, folder)
        return folder / task.scene

    def render_cold(self, flight: Flight) -> Rendered:
        """Render a flight's frame again in a host of its own. Raises RenderFailure."""
        task = flight.task
        warm = self.hosts.start(self.renderers[task.renderer])
        try:
            if not flight.board(warm.host):
                raise RenderFailure(FailureCode.STOPPED, "")
            warm.host.open(self.fetch_scene(task), on_line=flight.note_line)
            shot = self.shot(task, threads=self.settings.cores)
            return warm.host.render(
                replace(shot, stem=shot.stem.with_name(shot.stem.name + "-again")),
                self.settings.limits,
                on_progress=flight.note_progress,
                on_line=flight.note_line,
            )
        finally:
            flight.leave()
            self.hosts.discard(warm)
