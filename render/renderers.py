"""Renderers: their descriptions in TOML, and which of them this machine has."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from render.failures import FailureCode
from render.own_command import is_bundle

PROBE_SECONDS_MAX = 60
DESCRIPTIONS = Path(__file__).resolve().parent.parent / "resources" / "renderers"


class HostKind(StrEnum):
    """How a renderer is driven: our warm Blender host, or one command per frame."""

    BLENDER = "blender"
    COMMAND = "command"


class Origin(StrEnum):
    """Where a renderer comes from."""

    INSTALLED = "installed"
    WHEEL = "wheel"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Probe(_Frozen):
    """How a program tells its version."""

    argv: tuple[str, ...] = ("--version",)
    pattern: str

    @field_validator("pattern")
    @classmethod
    def _one_group(cls, pattern: str) -> str:
        if re.compile(pattern).groups != 1:
            raise ValueError("the version pattern needs exactly one group")
        return pattern


class Command(_Frozen):
    """One command line per frame; `{...}` are filled in, see `render/command_host.py`.

    `last_argv` is for programs that want the scene after every option; one with `plain_names` reads
    no file whose name has spaces, quotes or letters beyond ASCII, so the scene gets another.
    """

    argv: tuple[str, ...]
    plain_names: bool = False
    animation_argv: tuple[str, ...] = ()
    threads_argv: tuple[str, ...] = ()
    samples_argv: tuple[str, ...] = ()
    camera_argv: tuple[str, ...] = ()
    last_argv: tuple[str, ...] = ()
    good_exit_codes: tuple[int, ...] = (0,)


class Lines(_Frozen):
    """Patterns for what the program prints, as regular expressions.

    `progress` has the named group `percent`, or `done` and `total`; `rendering` tells the line
    with which loading ends and rendering begins; `wrapped` one that goes on with the line before.
    """

    progress: tuple[re.Pattern[str], ...] = ()
    rendering: tuple[re.Pattern[str], ...] = ()
    errors: tuple[re.Pattern[str], ...] = ()
    noise: tuple[re.Pattern[str], ...] = ()
    wrapped: re.Pattern[str] | None = None


class Settings(_Frozen):
    """A settings file that belongs to a scene, such as POV-Ray's .ini beside a .pov."""

    suffix: str
    frame_start: str
    frame_end: str
    width: str
    height: str
    pass_on: tuple[str, ...] = ()


class Defaults(_Frozen):
    """What a scene has where it does not say it itself."""

    width: int = 640
    height: int = 480
    extension: str = ".png"
    file_format: str = "PNG"
    color_depth: int = 8
    frame_start: int = 1
    frame_end: int = 1
    fps: float = 24.0


class HostFile(_Frozen):
    """A file to be laid into the host's home folder before it starts."""

    path: str
    text: str


class RendererSpec(_Frozen):
    """A renderer as its TOML file describes it."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    title: str
    host: HostKind
    proven: bool = True
    scenes: tuple[str, ...]
    sidecars: tuple[str, ...] = ()
    executables: tuple[str, ...]
    places: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    libraries: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    environment: str = ""
    wheel: str = ""
    version_min: str = "0"
    how_to_get: tuple[str, ...] = ()
    range_matters: bool = False
    asset_patterns: tuple[re.Pattern[str], ...] = ()
    comment_patterns: tuple[re.Pattern[str], ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    probe: Probe
    command: Command | None = None
    lines: Lines = Field(default_factory=Lines)
    failures: dict[FailureCode, tuple[re.Pattern[str], ...]] = Field(default_factory=dict)
    settings: Settings | None = None
    defaults: Defaults = Field(default_factory=Defaults)
    host_files: tuple[HostFile, ...] = ()

    @field_validator("scenes", "sidecars")
    @classmethod
    def _lower_extensions(cls, extensions: tuple[str, ...]) -> tuple[str, ...]:
        if not all(extension.startswith(".") for extension in extensions):
            raise ValueError("an extension begins with a dot")
        return tuple(extension.lower() for extension in extensions)

    @model_validator(mode="after")
    def _command_fits_host(self) -> Self:
        if (self.host is HostKind.COMMAND) != (self.command is not None):
            raise ValueError("a renderer has a [command] exactly when its host is 'command'")
        return self


class Renderer(_Frozen):
    """A renderer that is on this machine."""

    spec: RendererSpec
    version: str
    command: tuple[str, ...]
    origin: Origin

    @property
    def name(self) -> str:
        """The renderer's name, such as `blender`."""
        return self.spec.name

    @property
    def key(self) -> str:
        """Name and version, such as `blender-4.5.15`: what a frame's recipe calls it."""
        return f"{self.spec.name}-{self.version}"

    @property
    def range_matters(self) -> bool:
        """Whether the job's first and last frame change the picture of each frame."""
        return self.spec.range_matters


class RendererProblem(Exception):
    """No renderer fits; `code` is one of render.toml's and `params` what it speaks of."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(f"{code} {params}")
        self.code = code
        self.params = params


def read_spec(path: Path) -> RendererSpec:
    """Read a renderer's description. Raises ValueError that names the file for a wrong one."""
    try:
        return RendererSpec.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (ValueError, OSError) as error:
        raise ValueError(f"{path}: {error}") from error


def read_specs(*folders: Path) -> tuple[RendererSpec, ...]:
    """Read all descriptions, ours first; the same name in a later folder takes its place."""
    specs: dict[str, RendererSpec] = {}
    for folder in (DESCRIPTIONS, *folders):
        for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            spec = read_spec(path)
            specs[spec.name] = spec
    return tuple(specs.values())


def find_renderers(
    specs: Sequence[RendererSpec], *, env: Mapping[str, str] | None = None
) -> tuple[Renderer, ...]:
    """Return the renderers on this machine: by name in the specs' order, installed ones first."""
    env = os.environ if env is None else env
    found: list[Renderer] = []
    for spec in specs:
        found.extend(_find_installed(spec, env))
        found.extend(_find_wheel(spec))
    return tuple(found)


def pick_renderer(
    renderers: Sequence[Renderer],
    scene: Path,
    *,
    wanted: str = "",
    at_least: tuple[int, int] = (0, 0),
    specs: Sequence[RendererSpec] = (),
) -> Renderer:
    """Return the first renderer that opens this kind of scene.

    `wanted` is a name (`blender`), a key (`blender-4.5.15`) or the beginning of one
    (`blender-4.5`). `at_least` is the version that saved the scene: a renderer that is new enough
    is preferred, and without one the newest is returned, for pre-flight to tell the truth of.
    `specs` are the renderers that could be here. Raises RendererProblem: for a renderer that is
    known and not here its code says how to get it.
    """
    extension = scene.suffix.lower()
    fitting = [r for r in renderers if extension in r.spec.scenes]
    if wanted:
        chosen = [r for r in renderers if matches(r, wanted)]
        if not chosen:
            here = ", ".join(renderer.key for renderer in renderers) or "-"
            known = next((spec for spec in specs if spec.name == wanted), None)
            if known is not None:
                raise explain_absence(known)
            raise RendererProblem("renderer_not_here", wanted=wanted, here=here)
        fitting = [r for r in chosen if extension in r.spec.scenes]
        if not fitting:
            raise RendererProblem("renderer_not_for_scene", wanted=wanted, extension=extension)
    if not fitting:
        known = next((spec for spec in specs if extension in spec.scenes), None)
        if known is not None:
            raise explain_absence(known)
        raise RendererProblem("renderer_missing", scene=scene.name)
    new_enough = [r for r in fitting if version_of(r.version)[:2] >= at_least]
    return new_enough[0] if new_enough else max(fitting, key=lambda r: version_of(r.version))


def explain_absence(spec: RendererSpec) -> RendererProblem:
    """Return the problem that says how to get a renderer on this system.

    Its code is `get_<renderer>_<system>` where there are words for it.
    """
    if sys.platform in spec.how_to_get:
        return RendererProblem(f"get_{spec.name}_{sys.platform}", title=spec.title)
    programs = ", ".join(spec.executables)
    return RendererProblem("renderer_not_installed", renderer=spec.title, programs=programs)


def list_libraries(spec: RendererSpec) -> list[Path]:
    """Return the folders of files that come with a renderer: a scene may name them unpacked."""
    found: list[Path] = []
    for pattern in spec.libraries.get(sys.platform, ()):
        anchor = Path(os.path.expandvars(pattern))
        found.extend(sorted(Path(anchor.anchor).glob(str(anchor.relative_to(anchor.anchor)))))
    return found


def matches(renderer: Renderer, wanted: str) -> bool:
    """Return whether a renderer is meant by a name, a key or the beginning of a key."""
    wanted = wanted.strip().lower().replace(" ", "-")
    return wanted in (renderer.name, renderer.key) or renderer.key.startswith(wanted + ".")


def version_of(text: str) -> tuple[int, ...]:
    """Return a version's numbers, so that they can be compared: `3.4.1` is (3, 4, 1)."""
    return tuple(int(number) for number in re.findall(r"\d+", text))


def _find_installed(spec: RendererSpec, env: Mapping[str, str]) -> list[Renderer]:
    found: dict[Path, Renderer] = {}
    for candidate in _list_candidates(spec, env):
        path = candidate.resolve()
        if path in found:
            continue
        version = _probe_version(spec, path)
        if version is None or version_of(version) < version_of(spec.version_min):
            continue
        found[path] = Renderer(
            spec=spec, version=version, command=(str(candidate),), origin=Origin.INSTALLED
        )
    return list(found.values())


def _list_candidates(spec: RendererSpec, env: Mapping[str, str]) -> list[Path]:
    named = env.get(spec.environment, "") if spec.environment else ""
    if named:
        # Somebody who names a program wants that one, and no other that happens to be here.
        return [Path(named)] if Path(named).is_file() else []
    candidates: list[Path] = []
    for executable in spec.executables:
        path = shutil.which(executable, path=env.get("PATH"))
        if path is not None:
            candidates.append(Path(path))
    for place in spec.places.get(sys.platform, ()):
        anchor, _, pattern = os.path.expandvars(place).partition("*")
        if not pattern:
            candidates.extend([Path(anchor)] if Path(anchor).is_file() else [])
            continue
        folder = Path(anchor).parent if not anchor.endswith(("/", "\\")) else Path(anchor)
        tail = Path(anchor).name + "*" + pattern if folder != Path(anchor) else "*" + pattern
        candidates.extend(sorted(folder.glob(tail), reverse=True) if folder.is_dir() else [])
    return candidates


def _probe_version(spec: RendererSpec, program: Path) -> str | None:
    try:
        done = subprocess.run(
            [str(program), *spec.probe.argv],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=PROBE_SECONDS_MAX,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = (done.stdout + b"\n" + done.stderr).decode("utf-8", "replace")
    match = re.search(spec.probe.pattern, said)
    return match.group(1) if match else None


def _find_wheel(spec: RendererSpec) -> list[Renderer]:
    if not spec.wheel or is_bundle():  # a bundle's executable is no Python
        return []
    try:
        version = importlib.metadata.version(spec.wheel)
    except importlib.metadata.PackageNotFoundError:
        return []
    return [Renderer(spec=spec, version=version, command=(sys.executable,), origin=Origin.WHEEL)]
