"""Pre-flight with the real renderers: facts, and a true finding for everything that is wrong."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from render.findings import MISSING_FILES, Finding, Severity, allow_missing
from render.host_kinds import open_host
from render.hosts import Host
from render.preflight import Preflight, check_file, examine, read_saved_version
from render.renderers import Renderer, version_of
from tests.render.conftest import BLENDERS, ONE_BLENDER, Opener

SHARED = Path(__file__).resolve().parents[3] / "shared" / "scenes"
NO_CAMERA = {"01_linked_collection", "collection_to_link", "33_udim", "RobotExpressive"}


def list_codes(found: Preflight) -> dict[str, Severity]:
    return {finding.code: finding.severity for finding in found.findings}


def test_good_scene_has_facts_and_no_findings(
    blender: Renderer, scenes: Path, opened: Opener
) -> None:
    found = examine(opened(blender), scenes / "turning.blend")
    assert found.findings == ()
    assert found.facts is not None
    assert found.facts.has_animation


@ONE_BLENDER
def test_scene_that_was_mended_is_seen_as_it_is_now(
    blender: Renderer, scenes: Path, opened: Opener, tmp_path: Path
) -> None:
    """Whoever mends a scene and checks it again must not hear of what it was before."""
    host, scene = opened(blender), tmp_path / "scene.blend"
    shutil.copy(scenes / "no_camera.blend", scene)
    assert "no_camera" in list_codes(examine(host, scene))
    shutil.copy(scenes / "turning.blend", scene)
    assert examine(host, scene).findings == ()


def test_all_that_is_wrong_is_listed(blender: Renderer, scenes: Path, opened: Opener) -> None:
    host = opened(blender)
    found = examine(host, scenes / "no_camera.blend")
    codes = {finding.code for finding in found.blockers}
    assert codes == {"no_camera", "engine_unknown"}
    assert found.another_renderer_may_help
    found = examine(host, scenes / "movie.blend")
    assert list_codes(found) == {
        "movie_output": Severity.WARNING,
        "file_output_nodes": Severity.WARNING,
        "missing_image": Severity.BLOCKER,
    }
    allowed = allow_missing(found.findings)
    assert all(finding.severity is Severity.WARNING for finding in allowed)


def test_opengl_is_tried_and_the_truth_is_told(
    blender: Renderer, scenes: Path, opened: Opener
) -> None:
    found = examine(opened(blender), scenes / "workbench.blend")
    codes = list_codes(found)
    assert codes.keys() <= {"no_opengl", "software_opengl"}
    if "software_opengl" in codes:
        assert found.findings[0].params["drawn_by"]


@pytest.mark.skipif(not Path("/usr/share/glvnd").is_dir(), reason="needs the vendor-neutral EGL")
@ONE_BLENDER
def test_without_opengl_an_opengl_scene_is_refused(
    blender: Renderer, scenes: Path, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = opened(blender)
    monkeypatch.setenv("__EGL_VENDOR_LIBRARY_DIRS", os.devnull)
    monkeypatch.delenv("DISPLAY", raising=False)
    found = examine(host, scenes / "workbench.blend")
    assert list_codes(found) == {"no_opengl": Severity.BLOCKER}
    assert "GL" in str(found.blockers[0].params["words"])


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("lost.blend", None, "scene_missing"),
        ("folder.blend", "folder", "scene_is_folder"),
        ("empty.blend", b"", "scene_empty"),
        ("text.blend", b"<html>not found</html>", "scene_not_blend"),
        ("kind.txt", b"BLENDER", "scene_wrong_kind"),
        ("newer.blend", b"BLENDER17-01v9900ENDB", "renderer_too_old"),
    ],
)
@ONE_BLENDER
def test_bad_files_are_refused_before_they_are_opened(
    blender: Renderer, tmp_path: Path, name: str, content: bytes | str | None, code: str
) -> None:
    path = tmp_path / name
    if content == "folder":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    (finding,) = check_file(path, blender)
    assert (finding.code, finding.severity) == (code, Severity.BLOCKER)
    if code == "renderer_too_old":
        assert finding.params["saved_by"] == "99.0"
        assert finding.params["here"] == blender.version


@ONE_BLENDER
def test_truncated_and_broken_scenes_are_refused(
    blender: Renderer, scenes: Path, opened: Opener, tmp_path: Path
) -> None:
    whole = (scenes / "turning.blend").read_bytes()
    cut = tmp_path / "cut.blend"
    cut.write_bytes(whole[: len(whole) // 2])
    host = opened(blender)
    found = examine(host, cut)
    assert [finding.code for finding in found.blockers] == ["scene_truncated"]
    assert host.alive(), "the renderer never saw the file"
    hollow = tmp_path / "hollow.blend"
    hollow.write_bytes(b"BLENDER-v279ENDB" + bytes(40))
    found = examine(host, hollow)
    assert [finding.code for finding in found.blockers] == ["scene_not_opened"]
    assert "hollow.blend" in str(found.blockers[0].params["words"])


@ONE_BLENDER
def test_a_renderer_that_crashes_over_a_scene_is_a_finding(
    blender: Renderer, scenes: Path, opened: Opener
) -> None:
    host = opened(blender)
    host.kill()
    found = examine(host, scenes / "turning.blend")
    assert len(found.blockers) == 1
    assert found.facts is None


def test_povray_is_tried_at_the_size_of_a_stamp(
    povray: Renderer, opened: Opener, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.pov", tmp_path / "bad.pov"
    good.write_text("#version 3.7; camera {} sphere { 0, 1 }")
    bad.write_text('#version 3.7;\n#include "lost.inc"')
    host = opened(povray)
    found = examine(host, good)
    assert found.findings == ()
    assert found.facts is not None
    assert not found.facts.has_animation
    found = examine(host, bad)
    assert [finding.code for finding in found.blockers] == ["trial_failed"]
    assert "lost.inc" in str(found.blockers[0].params["words"])


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host of the newest Blender here, for many scenes."""
    if not BLENDERS:
        pytest.skip("no Blender is installed")
    renderer = max(BLENDERS, key=lambda one: version_of(one.version))
    with closing(open_host(renderer, workdir=tmp_path_factory.mktemp("newest"))) as host:
        yield host


@pytest.mark.parametrize("path", sorted(SHARED.glob("*.blend")), ids=lambda path: path.stem)
def test_scenes_of_other_people_open_or_are_refused_truly(newest: Host, path: Path) -> None:
    saved_by = read_saved_version(path)
    assert saved_by is not None
    for renderer in BLENDERS:
        codes = [finding.code for finding in check_file(path, renderer)]
        too_old = saved_by > version_of(renderer.version)[:2]
        assert codes == (["renderer_too_old"] if too_old else [])
    if saved_by > version_of(newest.renderer.version)[:2]:
        return
    # OpenGL is tried for one of them; it takes seconds and is the same for all.
    if path.stem == "animation_blend":
        found = examine(newest, path)
        assert {"software_opengl", "no_opengl"} >= list_codes(found).keys()
        assert found.facts is not None
        assert found.facts.needs_opengl
        return
    newest.open(path)
    facts = newest.inspect()
    codes = [finding.code for finding in facts.findings]
    assert ("no_camera" in codes) == (path.stem in NO_CAMERA)
    if path.stem == "33_udim":
        assert codes.count("missing_image") == 4
    if path.stem in {"animation_bonechild", "RobotExpressive"}:
        # The image is missing, and nothing that is rendered uses it.
        (missing,) = [finding for finding in facts.findings if finding.code == "missing_image"]
        assert missing.severity is Severity.WARNING


def test_only_missing_files_can_be_allowed() -> None:
    findings = [
        Finding(code="no_camera", severity=Severity.BLOCKER),
        Finding(code="missing_library", severity=Severity.BLOCKER, params={"path": "x"}),
    ]
    allowed = allow_missing(findings)
    assert [finding.severity for finding in allowed] == [Severity.BLOCKER, Severity.WARNING]
    assert allowed[1].params == {"path": "x"}
    assert "missing_image" in MISSING_FILES
