"""Hosts: what a node needs of a renderer that is up, whichever renderer it is."""

import contextlib
import errno
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from render.failures import FailureCode, RenderFailure
from render.findings import Finding
from render.renderers import Renderer

GIBIBYTE = 1024**3


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """Settings that matter to the picture, part of the frame cache's key; None: as in the scene.

    `percentage` is that of the resolution; `view_layers` are those that render, none: the scene's;
    `format` is a name in `render/blender_looks.py`.
    """

    width: int | None = None
    height: int | None = None
    samples: int | None = None
    camera: str | None = None
    percentage: int | None = None
    view_layers: Sequence[str] = ()
    format: str | None = None


AS_IN_SCENE = Look()


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """One frame to render.

    `stem` is the output path without its extension. `first` and `last` are the job's range, for
    renderers whose clock runs over it (`Renderer.range_matters`). `scale` shrinks the picture,
    for estimates.
    """

    frame: int
    stem: Path
    look: Look = field(default_factory=Look)
    threads: int = 0
    first: int | None = None
    last: int | None = None
    scale: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a frame may take before its renderer is killed.

    A stall is silence and an idle CPU together: silence alone can last a whole frame.
    """

    frame_seconds_max: int = 24 * 3600
    memory_bytes_max: int = 1024 * GIBIBYTE
    stall_seconds_max: int = 180


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a frame is; `samples` is 0 where the renderer has none."""

    sample: int
    samples: int
    fraction: float
    remaining_ms: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """A frame that its renderer says it wrote; `render_ms` is what is billed.

    `load_ms` is what was spent before rendering: opening the scene, counted for the first frame
    after it was opened, or a command's start-up.
    """

    picture: Path
    load_ms: int
    render_ms: int
    cores: int
    peak_memory_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SceneFacts:
    """What a scene says of itself, seen by the renderer.

    `width` and `height` are the picture's, after percentage and crop; with a look, all is as it
    makes it. `view_layers` render, `view_layers_off` do not. `extension` has its dot.
    `saved_by` is empty where the format does not tell; `samples` is 0 where there are none;
    `has_animation` is False where nothing says which frames there are.
    """

    scene: str
    frame_start: int
    frame_end: int
    frame_step: int
    fps: float
    width: int
    height: int
    engine: str
    camera: str
    cameras: tuple[str, ...]
    file_format: str
    extension: str
    color_depth: int
    transparent: bool
    needs_opengl: bool
    samples: int
    view_layers: tuple[str, ...]
    view_layers_off: tuple[str, ...]
    saved_by: str
    has_animation: bool
    findings: tuple[Finding, ...]


class Host(Protocol):
    """A renderer that is up. One thread drives it; `kill` may come from any thread."""

    renderer: Renderer

    def open(self, scene: Path, *, on_line: Callable[[str], None] = ...) -> int:
        """Load a scene (nothing if it is loaded) and return `load_ms`. Raises RenderFailure."""
        ...

    def forget(self) -> None:
        """Forget the loaded scene, so that it is loaded again: its files may have changed."""
        ...

    def inspect(self, look: Look = ...) -> SceneFacts:
        """Return what the loaded scene says of itself, in a look. Raises RenderFailure."""
        ...

    def probe_opengl(self) -> str:
        """Draw with OpenGL and return the name of what drew; empty where nothing needs it.

        The host can do nothing else after it. Raises RenderFailure.
        """
        ...

    def render(
        self,
        shot: Shot,
        limits: Limits,
        *,
        on_progress: Callable[[Progress], None] = ...,
        on_line: Callable[[str], None] = ...,
    ) -> Rendered:
        """Render one frame of the loaded scene. Raises RenderFailure; after one, close the host."""
        ...

    def kill(self) -> None:
        """Kill the process tree at once; a render under way raises RenderFailure(stopped)."""
        ...

    def alive(self) -> bool:
        """Return whether the host can take another frame."""
        ...

    def rest(self) -> None:
        """Use no CPU until `wake`; a host that nobody needs now must not slow those that work."""
        ...

    def wake(self) -> None:
        """Be ready again after `rest`."""
        ...

    def close(self) -> None:
        """End the process; a host that has ended is no error."""
        ...


def ignore_line(line: str) -> None:
    """Do nothing with a line; the default of `on_line`."""


def ignore_progress(progress: Progress) -> None:
    """Do nothing with progress; the default of `on_progress`."""


def deliver_picture(written: Path, stem: Path) -> Path:
    """Move a picture from its host's own folder to where it is wanted; returns its path there.

    Raises RenderFailure(disk_full or cannot_write).
    """
    picture = stem.with_name(stem.name + written.suffix)
    try:
        picture.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(written, picture)
    except OSError as error:
        with contextlib.suppress(OSError):
            picture.unlink(missing_ok=True)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        code = FailureCode.DISK_FULL if full else FailureCode.CANNOT_WRITE
        raise RenderFailure(code, f"{error.strerror}: {picture}") from error
    return picture
