"""The kinds of hosts there are, and how one of the kind that a renderer needs is started."""

from pathlib import Path

from render.blender_host import BlenderHost
from render.command_host import CommandHost
from render.hosts import Host
from render.renderers import HostKind, Renderer


def open_host(renderer: Renderer, *, workdir: Path) -> Host:
    """Start a host for a renderer; `workdir` is its own folder for temporary files.

    Raises RenderFailure(not_started) with the renderer's words when it does not come up.
    """
    workdir = workdir.absolute()
    workdir.mkdir(parents=True, exist_ok=True)
    if renderer.spec.host is HostKind.BLENDER:
        return BlenderHost(renderer, workdir=workdir)
    return CommandHost(renderer, workdir=workdir)
