"""A real node whose renderer does nothing: it hands out one picture that was made before.

Everything else is the real thing: queue, leases, checks, blobs, records, reports. What is left
when rendering costs nothing is what Yuntu itself costs.
"""

import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy
import OpenImageIO

from render.finishing import Shelf
from render.hosts import (
    AS_IN_SCENE,
    Limits,
    Look,
    Progress,
    Rendered,
    SceneFacts,
    Shot,
    ignore_line,
    ignore_progress,
)
from render.leash import tie_to_parent
from render.node import Node, NodeSettings
from render.queue import Queue
from render.renderers import Renderer, find_renderers, read_specs
from sync.stores import open_store

SIZE = 8


class NoopHost:
    """A host that is always up and renders at once."""

    def __init__(self, renderer: Renderer, *, workdir: Path) -> None:
        self.renderer = renderer
        workdir.mkdir(parents=True, exist_ok=True)
        self.picture = workdir / "made-before.png"
        write_picture(self.picture)

    def open(self, scene: Path, *, on_line: Callable[[str], None] = ignore_line) -> int:
        """Load nothing."""
        return 0

    def forget(self) -> None:
        """Have nothing to forget."""

    def inspect(self, look: Look = AS_IN_SCENE) -> SceneFacts:
        """Tell the facts of a scene that is not there."""
        return SceneFacts(
            frame_start=1,
            frame_end=1,
            frame_step=1,
            fps=24.0,
            width=SIZE,
            height=SIZE,
            scene="noop",
            needs_opengl=False,
            engine="NOOP",
            camera="camera",
            cameras=("camera",),
            file_format="PNG",
            extension=".png",
            color_depth=8,
            transparent=False,
            samples=1,
            view_layers=("layer",),
            view_layers_off=(),
            saved_by="",
            has_animation=True,
            findings=(),
        )

    def render(
        self,
        shot: Shot,
        limits: Limits,
        *,
        on_progress: Callable[[Progress], None] = ignore_progress,
        on_line: Callable[[str], None] = ignore_line,
    ) -> Rendered:
        """Hand out the picture that was made before."""
        target = shot.stem.with_suffix(".png")
        shutil.copyfile(self.picture, target)
        return Rendered(picture=target, load_ms=0, render_ms=1, cores=1, peak_memory_bytes=0)

    def rest(self) -> None:
        """There is nothing to freeze."""

    def wake(self) -> None:
        """There is nothing to thaw."""

    def probe_opengl(self) -> str:
        """Need no OpenGL."""
        return ""

    def kill(self) -> None:
        """There is nothing to kill."""

    def close(self) -> None:
        """There is nothing to end."""

    def alive(self) -> bool:
        """Tell that it can take another frame."""
        return True


def write_picture(path: Path) -> None:
    """Write a small picture that is neither black nor transparent."""
    spec = OpenImageIO.ImageSpec(SIZE, SIZE, 3, OpenImageIO.UINT8)
    output = OpenImageIO.ImageOutput.create(str(path))
    output.open(str(path), spec)
    output.write_image(numpy.linspace(0, 1, SIZE * SIZE * 3, dtype="f4").reshape(SIZE, SIZE, 3))
    output.close()


def main(data: str, queue: str, slots: str, parent: str) -> None:
    """Run the node until it is told to stop."""
    home = Path(data)
    folder = home / "node"
    folder.mkdir(parents=True, exist_ok=True)
    owner = (home / "device").read_text()
    secret = (home / "queue.key").read_text()
    renderers = find_renderers(read_specs(home / "renderers"))
    node = Node(
        NodeSettings(
            id=f"{owner}-noop",
            name="noop",
            version="0",
            workdir=folder,
            owner=owner,
            slots=int(slots),
            cores=2,
            limits=Limits(),
        ),
        queue=Queue(queue, secret=bytes.fromhex(secret)),
        shelf=Shelf(store=open_store(f"folder:{home / 'store'}"), studio="solo"),
        renderers={one.key: one for one in renderers if one.name == "noop"},
        opener=NoopHost,
    )
    tie_to_parent(int(parent), on_death=node.stop)
    signal.signal(signal.SIGTERM, lambda *_: node.stop())
    node.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
