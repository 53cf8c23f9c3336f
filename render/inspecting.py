"""Inspection of a scene on a node: what pre-flight finds, and what a frame will take."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from render.estimates import FrameEstimate, estimate_frame
from render.failures import FailureCode, RenderFailure
from render.findings import Finding, Severity, allow_missing
from render.frame_ranges import FrameRangeError, parse_frames
from render.host_pool import HostPool, WarmHost
from render.hosts import Look, SceneFacts
from render.preflight import Preflight, examine, explain_open_failure
from render.protocol import Inspected, InspectTask
from render.renderers import Renderer

log = logging.getLogger(__name__)
DEATHS = frozenset({FailureCode.CRASHED, FailureCode.KILLED, FailureCode.NOT_STARTED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What one look at a scene found; `died` if its renderer did, which may be anybody's fault."""

    found: Preflight
    estimate: FrameEstimate | None = None
    died: bool = False


class Inspector:
    """Looks at scenes, one at a time; another thread may call off the one under way."""

    def __init__(self, renderers: dict[str, Renderer], hosts: HostPool, *, cores: int) -> None:
        self.renderers = renderers
        self.hosts = hosts
        self.cores = cores
        self.lock = threading.Lock()
        self.task: InspectTask | None = None
        self.warm: WarmHost | None = None
        self.called_off = False

    def inspect(self, task: InspectTask) -> Inspected | None:
        """Open a scene where it lies, and say what is in it and what a frame will take.

        Never raises: what goes wrong is a finding. A renderer that dies of it is given a second
        chance, because it may have been killed. The host stays warm for the frames that follow.
        None when it was called off.
        """
        with self.lock:
            self.task, self.called_off = task, False
        seen = self.look(task)
        if seen.died and not self.called_off:
            seen = self.look(task)
        with self.lock:
            self.task = None
        if self.called_off:
            return None
        return Inspected(
            id=task.id,
            facts=describe_facts(seen.found.facts),
            findings=tuple(asdict(finding) for finding in seen.found.findings),
            renderer_version=self.renderers[task.renderer].version,
            frame_p50_ms=seen.estimate.p50_ms if seen.estimate else None,
            frame_p90_ms=seen.estimate.p90_ms if seen.estimate else None,
            first_ms=seen.estimate.first_ms if seen.estimate else 0,
            cores=self.cores,
        )

    def look(self, task: InspectTask) -> Seen:
        """Look at a scene once, in a host of the pool."""
        renderer, scene = self.renderers[task.renderer], Path(task.scene)
        warm: WarmHost | None = None
        try:
            warm = self.hosts.borrow(renderer, scene)
            if not self.board(warm):
                return Seen(found=Preflight(facts=None, findings=()))
            return look_at(task, warm, cores=self.cores)
        except RenderFailure as failure:
            finding = explain_trial(failure)
            if warm is None:
                finding = explain_open_failure(failure, scene, renderer)
            found = Preflight(facts=None, findings=(finding,))
            return Seen(found=found, died=failure.code in DEATHS)
        except Exception as error:  # a bug must not leave the artist waiting
            log.exception("scene=%s: the inspection broke", task.scene)
            finding = Finding(
                code="inspection_broke",
                severity=Severity.BLOCKER,
                params={"words": f"{type(error).__name__}: {error}"},
            )
            return Seen(found=Preflight(facts=None, findings=(finding,)))
        finally:
            if warm is not None:
                with self.lock:
                    self.warm = None
                self.hosts.give_back(warm)

    def board(self, warm: WarmHost) -> bool:
        """Note the host that is used; False when the inspection was called off before."""
        with self.lock:
            self.warm = warm
            return not self.called_off

    def call_off(self, task: InspectTask) -> None:
        """End an inspection at once, if it is still under way."""
        with self.lock:
            if self.task is not task:
                return
            self.called_off = True
            warm = self.warm
        if warm is not None:
            warm.host.kill()


def look_at(task: InspectTask, warm: WarmHost, *, cores: int) -> Seen:
    """Examine a scene and measure it, where nothing is in the way. Raises RenderFailure."""
    look = Look(**task.look)
    found = examine(warm.host, Path(task.scene), look=look, workdir=warm.workdir)
    if task.allow_missing:
        found = replace(found, findings=allow_missing(found.findings))
    if any(finding.code == "scene_crashes_renderer" for finding in found.findings):
        return Seen(found=found, died=True)
    if not task.measure or found.facts is None or found.blockers:
        return Seen(found=found)
    return Seen(found=found, estimate=measure(task, warm, found.facts, cores=cores))


def measure(
    task: InspectTask, warm: WarmHost, facts: SceneFacts, *, cores: int
) -> FrameEstimate | None:
    """Render a few frames small. Raises RenderFailure: they would fail at full size too."""
    frames = choose_numbers(task.frames, facts)
    if not frames:
        return None
    return estimate_frame(
        warm.host,
        facts,
        frames=frames,
        look=Look(**task.look),
        threads=cores,
        workdir=warm.workdir,
    )


def choose_numbers(asked: str | None, facts: SceneFacts) -> Sequence[int]:
    """Return the frames that were asked for, else the scene's own; none for a bad range."""
    if asked is None:
        return range(facts.frame_start, facts.frame_end + 1, max(1, facts.frame_step))
    try:
        return parse_frames(asked)
    except FrameRangeError:
        return ()


def explain_trial(failure: RenderFailure) -> Finding:
    """Return the finding for a scene that failed while a frame was tried."""
    return Finding(
        code="trial_failed",
        severity=Severity.BLOCKER,
        params={"words": failure.words or str(failure.code)},
    )


def describe_facts(facts: SceneFacts | None) -> dict[str, Any] | None:
    """Return a scene's facts as JSON values, without the findings, which travel beside them."""
    if facts is None:
        return None
    return {key: value for key, value in asdict(facts).items() if key != "findings"}
