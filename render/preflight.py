"""Pre-flight: what a scene is and everything that is wrong with it, before any money moves."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from render.blend_files import read_blend
from render.failures import FailureCode, RenderFailure
from render.findings import Finding, Severity
from render.host_kinds import open_host
from render.hosts import AS_IN_SCENE, Host, Limits, Look, SceneFacts, Shot
from render.pictures import has_reader
from render.renderers import HostKind, Renderer, version_of

SOFTWARE_OPENGL = ("llvmpipe", "softpipe", "swrast", "swiftshader", "microsoft basic render")
TRIAL_SECONDS_MAX = 60
TRIAL_WIDTH = 32
# What another renderer of the machine may do better than this one.
OF_THE_RENDERER = frozenset(
    {
        "renderer_too_old",
        "scene_crashes_renderer",
        "engine_unknown",
        "no_denoiser",
        "no_opengl",
        "renderer_not_started",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Preflight:
    """What was found; `facts` is None for a scene that the renderer could not open."""

    facts: SceneFacts | None
    findings: tuple[Finding, ...]

    @property
    def blockers(self) -> tuple[Finding, ...]:
        """The findings that stop a job."""
        return tuple(f for f in self.findings if f.severity is Severity.BLOCKER)

    @property
    def another_renderer_may_help(self) -> bool:
        """Whether a blocker is this renderer's doing, so that another is worth a try."""
        return any(finding.code in OF_THE_RENDERER for finding in self.blockers)


def examine(
    host: Host, scene: Path, *, look: Look = AS_IN_SCENE, workdir: Path | None = None
) -> Preflight:
    """Examine a scene with the renderer that is to render it; never raises for a bad scene.

    `workdir` takes the temporary files of a second host that tries OpenGL, for a scene that
    needs it. After a failure the host is done with, as after a failed frame.
    """
    findings = check_file(scene, host.renderer)
    if any(finding.severity is Severity.BLOCKER for finding in findings):
        return Preflight(facts=None, findings=tuple(findings))
    try:
        # A scene that is examined lies where it is worked on: what was loaded may be old by now.
        host.forget()
        host.open(scene)
        facts = host.inspect(look)
    except RenderFailure as failure:
        findings.append(explain_open_failure(failure, scene, host.renderer))
        return Preflight(facts=None, findings=tuple(findings))
    findings += facts.findings
    findings += check_facts(facts)
    findings += check_look(look, facts, host.renderer)
    if facts.needs_opengl:
        findings += try_opengl(host.renderer, facts.engine, workdir=workdir)
    if host.renderer.spec.host is HostKind.COMMAND:
        findings += try_frame(host, facts, workdir=workdir)
    return Preflight(facts=facts, findings=tuple(findings))


def read_saved_version(scene: Path) -> tuple[int, int] | None:
    """Return the version of Blender (major, minor) that saved a scene; None where unknown."""
    if scene.suffix.lower() != ".blend" or not scene.is_file():
        return None
    try:
        found = read_blend(scene)
    except OSError:
        return None
    return None if found is None else found.version


def check_file(scene: Path, renderer: Renderer) -> list[Finding]:
    """Return what is wrong with a scene's file, as far as it shows without a renderer."""
    path = str(scene)
    if not scene.exists():
        return [_blocker("scene_missing", path=path)]
    if not scene.is_file():
        return [_blocker("scene_is_folder", path=path)]
    if scene.suffix.lower() not in renderer.spec.scenes:
        expected = " ".join(renderer.spec.scenes)
        return [_blocker("scene_wrong_kind", path=path, expected=expected)]
    try:
        with scene.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        return [_blocker("scene_unreadable", path=path, words=error.strerror or "?")]
    if empty:
        return [_blocker("scene_empty", path=path)]
    return check_blend(scene, renderer) if renderer.spec.host is HostKind.BLENDER else []


def check_blend(scene: Path, renderer: Renderer) -> list[Finding]:
    """Return what is wrong with a .blend file: none at all, cut off, or from a newer Blender."""
    found = read_blend(scene)
    if found is None:
        return [_blocker("scene_not_blend", path=str(scene))]
    if not found.whole:
        return [_blocker("scene_truncated", path=str(scene))]
    if found.version > version_of(renderer.version)[:2]:
        saved_by = ".".join(map(str, found.version))
        params = {"scene": scene.name, "saved_by": saved_by, "here": renderer.version}
        return [_blocker("renderer_too_old", **params)]
    return []


def explain_open_failure(failure: RenderFailure, scene: Path, renderer: Renderer) -> Finding:
    """Return the finding for a scene that its renderer could not open."""
    params = {"scene": scene.name, "renderer": renderer.key, "words": failure.words or "-"}
    if failure.code in (FailureCode.CRASHED, FailureCode.KILLED, FailureCode.EXITED):
        return _blocker("scene_crashes_renderer", **params)
    if failure.code in (FailureCode.OUT_OF_MEMORY, FailureCode.STALLED, FailureCode.TIMED_OUT):
        return _blocker("scene_too_heavy", **params)
    if failure.code is FailureCode.NOT_STARTED:
        return _blocker("renderer_not_started", **params)
    return _blocker("scene_not_opened", **params)


def check_facts(facts: SceneFacts) -> list[Finding]:
    """Return what is odd about a scene by its own facts."""
    findings = []
    if facts.frame_step > 1:
        findings.append(_warning("scene_range_steps", step=facts.frame_step))
    if not has_reader(facts.extension):
        findings.append(_warning("format_unchecked", format=facts.file_format))
    return findings


def check_look(look: Look, facts: SceneFacts, renderer: Renderer) -> list[Finding]:
    """Return what a look asks for that the scene has not, or that its renderer cannot do."""
    findings = []
    command = renderer.spec.command
    layers = (*facts.view_layers, *facts.view_layers_off)
    by_name = command is not None and bool(command.camera_argv)
    if look.camera and look.camera not in facts.cameras and not by_name:
        there = ", ".join(facts.cameras) or "-"
        findings.append(_blocker("camera_unknown", camera=look.camera, there=there))
    for layer in look.view_layers:
        if layer not in layers:
            there = ", ".join(layers) or "-"
            findings.append(_blocker("view_layer_unknown", layer=layer, there=there))
    if look.format and command is not None:
        findings.append(_blocker("format_fixed", format=facts.file_format, renderer=renderer.key))
    return findings


def try_opengl(renderer: Renderer, engine: str, *, workdir: Path | None) -> list[Finding]:
    """Draw with OpenGL in a host of its own, and return the truth of it.

    Blender aborts where there is no OpenGL, which is why the scene's own host does not try it.
    """
    with tempfile.TemporaryDirectory(dir=workdir, prefix="opengl-") as folder:
        try:
            host = open_host(renderer, workdir=Path(folder))
            try:
                drawn_by = host.probe_opengl()
            finally:
                host.close()
        except RenderFailure as failure:
            return [_blocker("no_opengl", engine=engine, words=failure.words or "-")]
    if any(name in drawn_by.lower() for name in SOFTWARE_OPENGL):
        return [_warning("software_opengl", engine=engine, drawn_by=drawn_by)]
    return []


def try_frame(host: Host, facts: SceneFacts, *, workdir: Path | None) -> list[Finding]:
    """Render the first frame at the size of a stamp: what a command's scene lacks shows only so."""
    height = max(4, round(TRIAL_WIDTH * facts.height / facts.width))
    limits = Limits(frame_seconds_max=TRIAL_SECONDS_MAX)
    with tempfile.TemporaryDirectory(dir=workdir, prefix="trial-") as folder:
        shot = Shot(
            frame=facts.frame_start,
            stem=Path(folder) / "trial",
            look=Look(width=TRIAL_WIDTH, height=height),
        )
        try:
            host.render(shot, limits)
        except RenderFailure as failure:
            if failure.code in (FailureCode.TIMED_OUT, FailureCode.STOPPED):
                return []
            return [_blocker("trial_failed", words=failure.words or str(failure.code))]
    return []


def _blocker(code: str, **params: str | int) -> Finding:
    return Finding(code=code, severity=Severity.BLOCKER, params=params)


def _warning(code: str, **params: str | int) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, params=params)
