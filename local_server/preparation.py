"""Preparation of a job: what is found out about a scene before any money moves."""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from gevent.threadpool import ThreadPool

from local_server.estimating import Estimate, estimate_job
from local_server.farm.errors import BadInput, Unfit
from local_server.farm.pricing import PriceBook
from local_server.farm.sites import Site
from local_server.findings import merge_findings
from local_server.inspections import Inspections
from local_server.roster import Roster
from render.findings import Finding, Severity
from render.frame_ranges import FrameRangeError, parse_frames
from render.preflight import OF_THE_RENDERER, read_saved_version
from render.protocol import Inspected
from render.renderers import (
    Renderer,
    RendererProblem,
    list_libraries,
    matches,
    pick_renderer,
    version_of,
)
from sync.blobs import Digest
from sync.lost_files import LostFiles, Recall, check_folders
from sync.package import PackagePlan, plan_package

OLD_LOOK = ("width", "height", "samples", "camera")
"""What every look says, None or not; the rest only where it is asked for, or the recipes of frames
that were rendered before there was such a setting would change."""
LOOK = (*OLD_LOOK, "percentage", "view_layers", "format")


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What an artist asked for, as it was asked.

    With `package`, the digest of an uploaded one, `scene` is a path within it, and `out` None
    means that the frames stay in the store until they are downloaded. What the scene misses
    is looked for in the folders of `find_in`.
    """

    scene: str
    package: str | None = None
    frames: str | None = None
    out: str | None = None
    renderer: str | None = None
    max_cost_micros: int | None = None
    allow_missing: bool = False
    width: int | None = None
    height: int | None = None
    samples: int | None = None
    fresh: bool = False
    site: str = Site.HERE
    find_in: Sequence[str] = ()
    camera: str | None = None
    view_layers: Sequence[str] = ()
    percentage: int | None = None
    format: str | None = None

    @property
    def look(self) -> dict[str, Any]:
        """Return the settings that matter to the picture."""
        asked = {name: getattr(self, name) for name in LOOK}
        return {name: value for name, value in asked.items() if value or name in OLD_LOOK}


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """All that was found out: a job can be planned from it when `blockers` is empty."""

    request: Request
    renderer: Renderer
    facts: dict[str, Any]
    findings: tuple[Finding, ...]
    numbers: tuple[int, ...]
    out: Path | None
    package: PackagePlan
    estimate: Estimate | None

    @property
    def blockers(self) -> tuple[Finding, ...]:
        """Return the findings that stop the job."""
        return tuple(one for one in self.findings if one.severity is Severity.BLOCKER)


class Preparation:
    """Finds out about scenes with the help of the local node."""

    def __init__(
        self,
        inspections: Inspections,
        roster: Roster,
        *,
        lay_out: Callable[[Digest], Path],
        pack: Callable[[PackagePlan], Digest],
        recall: Recall,
    ) -> None:
        self.inspections = inspections
        self.roster = roster
        self.lay_out, self.pack, self.recall = lay_out, pack, recall
        self.pool = ThreadPool(4)

    def check(self, request: Request) -> None:
        """Refuse at once what no renderer could put right. Raises BadInput and Unfit."""
        if request.package is None:
            self.pool.apply(check_scene, (Path(request.scene),))
        self.pool.apply(check_folders, (request.find_in,))
        if (request.width is None) != (request.height is None):
            raise Unfit("size_incomplete")
        if request.frames is not None:
            read_frames(request.frames)

    def prepare(
        self,
        request: Request,
        *,
        book: PriceBook,
        level: str,
        note: Callable[[str], None],
        keeps_out: bool = True,
    ) -> Prepared:
        """Inspect a scene, list its assets and estimate its price; no money moves.

        Raises Unfit and Unavailable for what makes any finding impossible: no such file, not a
        scene, no renderer. The folder for the frames is made, and left there where `keeps_out`.
        """
        folder: Path | None = None
        if request.package is not None:
            folder = self.pool.apply(self.lay_out, (Digest(request.package),))
            request = replace(request, scene=str(folder / request.scene))
        scene = Path(request.scene)
        self.check(request)
        candidates = self.choose_renderers(scene, request.renderer)
        renderer = candidates[0]
        note("inspecting")
        packing = self.pool.spawn(
            plan_package,
            scene,
            asset_patterns=[one.pattern for one in renderer.spec.asset_patterns],
            library_folders=list_libraries(renderer.spec),
            comment_patterns=[one.pattern for one in renderer.spec.comment_patterns],
            sidecars=renderer.spec.sidecars,
            lost=LostFiles([Path(folder) for folder in request.find_in], self.recall),
        )
        package = packing.get()
        assert package is not None
        at = self.make_whole(package, scene) if request.find_in else scene
        # What lacks a file would be measured without it, and is not rendered so anyway.
        measure = request.allow_missing or not package.missing
        asked = replace(request, scene=str(at))
        renderer, answer = self.inspect(asked, candidates, measure=measure)
        facts = answer.facts or {}
        numbers, range_findings = choose_frames(request.frames, facts)
        out, out_findings = choose_out(request, scene, keeps_out=keeps_out)
        findings = (
            *merge_findings(answer.findings, package, allow_missing=request.allow_missing),
            *range_findings,
            *out_findings,
            *find_strays(package, folder),
        )
        return Prepared(
            request=request,
            renderer=renderer,
            facts=facts,
            findings=findings,
            numbers=numbers,
            out=out,
            package=package,
            estimate=make_estimate(answer, len(numbers), book=book, level=level),
        )

    def make_whole(self, package: PackagePlan, scene: Path) -> Path:
        """Return where a scene lies whole: laid out as its package, if anything of it was found.

        What the renderer sees then is what will be rendered, in checks and estimates as well.
        """
        if not package.relinked:
            return scene
        digest = self.pool.apply(self.pack, (package,))
        folder: Path = self.pool.apply(self.lay_out, (digest,))
        return folder / package.scene

    def choose_renderers(self, scene: Path, wanted: str | None) -> list[Renderer]:
        """Return the renderers for a scene, the best first.

        Raises Unfit with what to do when there is none.
        """
        here = self.roster.wait()
        try:
            best = pick_renderer(
                here,
                scene,
                wanted=wanted or "",
                at_least=read_saved_version(scene) or (0, 0),
                specs=tuple(self.roster.specs.values()),
            )
        except RendererProblem as problem:
            raise Unfit(problem.code, **problem.params) from problem
        others = [one for one in here if one.spec == best.spec and one != best]
        if wanted:
            others = [one for one in others if matches(one, wanted)]
        others.sort(key=lambda one: version_of(one.version), reverse=True)
        return [best, *others]

    def inspect(
        self, request: Request, candidates: list[Renderer], *, measure: bool
    ) -> tuple[Renderer, Inspected]:
        """Inspect a scene with the first renderer that can open it.

        Another version is tried when what stops the first is that renderer's own doing. When none
        can, the answer of the best one stands.
        """
        answers: list[tuple[Renderer, Inspected]] = []
        for renderer in candidates:
            answer = self.inspections.ask(
                scene=request.scene,
                renderer=renderer.key,
                look=request.look,
                frames=request.frames,
                measure=measure,
                allow_missing=request.allow_missing,
            )
            answers.append((renderer, answer))
            blockers = {one["code"] for one in answer.findings if one["severity"] == "blocker"}
            if not blockers & OF_THE_RENDERER:
                return renderer, answer
        return answers[0]


def check_scene(scene: Path) -> None:
    """Raise Unfit when a scene's path is no file that can be read."""
    if not scene.is_absolute():
        raise BadInput("scene_not_absolute", path=str(scene))
    if scene.is_dir():
        raise Unfit("scene_is_folder", path=str(scene))
    if not scene.exists():
        raise Unfit("scene_missing", path=str(scene))
    if not os.access(scene, os.R_OK):
        raise Unfit("scene_unreadable", path=str(scene))


def read_frames(asked: str) -> tuple[int, ...]:
    """Return the numbers of a range such as `1-20x2,30`. Raises Unfit `frames_...`."""
    try:
        return parse_frames(asked)
    except FrameRangeError as error:
        raise Unfit(error.code, **error.params) from error


def choose_frames(
    asked: str | None, facts: dict[str, Any]
) -> tuple[tuple[int, ...], tuple[Finding, ...]]:
    """Return the frames to render: those asked for, else the scene's own range."""
    if asked is not None:
        return read_frames(asked), ()
    if not facts:
        return (), ()
    step = max(1, int(facts["frame_step"]))
    numbers = tuple(range(int(facts["frame_start"]), int(facts["frame_end"]) + 1, step))
    if not numbers:
        params = {"first": facts["frame_start"], "last": facts["frame_end"]}
        return (), (Finding(code="scene_range_empty", severity=Severity.BLOCKER, params=params),)
    return numbers, ()


def choose_out(
    request: Request, scene: Path, *, keeps_out: bool
) -> tuple[Path | None, tuple[Finding, ...]]:
    """Return where the frames will go, and a blocker when nothing can be written there.

    Folders that had to be made to find that out stay only where `keeps_out`.
    """
    if request.package is not None and request.out is None:
        return None, ()
    out = Path(request.out) if request.out else scene.parent / f"{scene.stem}-frames"
    made: list[Path] = []
    try:
        if not keeps_out:
            made = [one for one in (out, *out.parents) if not one.exists()]
        out.mkdir(parents=True, exist_ok=True)
        probe = out / f".yuntu-{uuid4().hex}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        words = error.strerror or str(error)
        finding = Finding(
            code="out_unwritable",
            severity=Severity.BLOCKER,
            params={"path": str(out), "words": words},
        )
        return out, (finding,)
    finally:
        for one in made:
            with suppress(OSError):
                one.rmdir()
    return out, ()


def find_strays(package: PackagePlan, folder: Path | None) -> tuple[Finding, ...]:
    """Return a blocker for each file of this machine that a scene from elsewhere asks for.

    It would be read here, and seen in a picture that somebody far away downloads.
    """
    if folder is None:
        return ()
    chosen = {one.found for one in package.relinked}
    return tuple(
        Finding(code="package_reaches_out", severity=Severity.BLOCKER, params={"path": one.source})
        for one in package.files
        if not Path(one.source).is_relative_to(folder) and Path(one.source) not in chosen
    )


def make_estimate(answer: Inspected, count: int, *, book: PriceBook, level: str) -> Estimate | None:
    """Return what a job is expected to take, or None when the scene could not be measured."""
    if answer.frame_p50_ms is None or answer.frame_p90_ms is None or not count:
        return None
    return estimate_job(
        frame_p50_ms=answer.frame_p50_ms,
        frame_p90_ms=answer.frame_p90_ms,
        first_ms=answer.first_ms,
        frames=count,
        cores=answer.cores,
        book=book,
        level=level,
        source="measured",
    )


def make_recipe(prepared: Prepared, *, manifest: str) -> str:
    """Return the SHA-256 of all that decides a picture but its frame number.

    Renderers whose clock runs over the job's range need the range in it; `fresh` makes a recipe
    that nobody has used.
    """
    request = prepared.request
    parts: dict[str, Any] = {
        "manifest": manifest,
        "renderer": prepared.renderer.key,
        "look": request.look,
        "size": [prepared.facts["width"], prepared.facts["height"]],
    }
    if prepared.renderer.range_matters:
        parts["range"] = [prepared.numbers[0], prepared.numbers[-1]]
    if request.fresh:
        parts["fresh"] = uuid4().hex
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
