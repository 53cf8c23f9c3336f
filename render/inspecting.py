"""Inspection of a scene on a node: what pre-flight finds, and what a frame will take."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from render.estimates import FrameEstimate, estimate_frame
from render.failures import RenderFailure
from render.findings import Finding, Severity
from render.frame_ranges import FrameRangeError, parse_frames
from render.host_pool import HostPool, WarmHost
from render.hosts import Look, SceneFacts
from render.preflight import Preflight, examine
from render.protocol import Inspected, InspectTask
from render.renderers import Renderer

log = logging.getLogger(__name__)


def inspect_scene(
    task: InspectTask, renderers: dict[str, Renderer], hosts: HostPool, *, cores: int
) -> Inspected:
    """Open a scene where it lies, and say what is in it and what a frame will take.

    Never raises: what goes wrong is a finding. The host stays warm for the frames that follow.
    """
    renderer = renderers[task.renderer]
    scene = Path(task.scene)
    warm: WarmHost | None = None
    estimate: FrameEstimate | None = None
    try:
        warm = hosts.borrow(renderer, scene)
        found = examine(warm.host, scene, workdir=warm.workdir)
        if task.measure and found.facts is not None and not found.blockers:
            estimate = measure(task, warm, found.facts, cores=cores)
    except RenderFailure as failure:
        found = Preflight(facts=None, findings=(explain_trial(failure),))
    except Exception as error:  # a bug must not leave the artist waiting
        log.exception("scene=%s: the inspection broke", scene)
        finding = Finding(
            code="inspection_broke",
            severity=Severity.BLOCKER,
            params={"words": f"{type(error).__name__}: {error}"},
        )
        found = Preflight(facts=None, findings=(finding,))
    finally:
        if warm is not None:
            hosts.give_back(warm)
    return Inspected(
        id=task.id,
        facts=describe_facts(found.facts),
        findings=tuple(asdict(finding) for finding in found.findings),
        renderer_version=renderer.version,
        frame_p50_ms=estimate.p50_ms if estimate else None,
        frame_p90_ms=estimate.p90_ms if estimate else None,
        cores=cores,
    )


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
