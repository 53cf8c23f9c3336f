"""Packages of .blend files, made and opened by Blender itself."""

import gzip
import json
import os
import shutil
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_server.farm.errors import BadInput
from sync.asset_uses import MissingReason
from sync.blobs import Blobs
from sync.memory_store import MemoryStore
from sync.package import PackagePlan, fetch_package, plan_package, store_package
from tests.other_blenders import list_other_pythons
from tests.sync.conftest import STUDIO, run_blender_script

SCENE_CODES = {"scene_not_blend", "scene_truncated", "scene_newer", "scene_damaged", "scene_empty"}


def list_missing(plan: PackagePlan) -> dict[str, str]:
    return {Path(missing.path).name: missing.used_by for missing in plan.missing}


def list_paths(plan: PackagePlan) -> list[str]:
    return [file.path for file in plan.files]


def read_pixels(*scenes: Path, python: str = sys.executable) -> list[list[float]]:
    answers = run_blender_script("blender_pixels.py", *map(str, scenes), python=python)
    return [json.loads(answer) for answer in answers]


def read_all(folder: Path) -> dict[Path, tuple[int, bytes]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_assets_outside_are_brought_in(blender_scenes: Path) -> None:
    before = read_all(blender_scenes)
    plan = plan_package(blender_scenes / "project/outside.blend")
    assert plan.scene == "outside.blend"
    assert list_paths(plan) == [
        "_outside_project/1/lib.blend",
        "_outside_project/1/red.png",
        "_outside_project/1/yellow.png",
        "lib/green.png",
        "lib/inner.blend",
        "outside.blend",
        "textures/blue.png",
    ]
    assert plan.missing == ()
    assert {warning.code: warning.params["count"] for warning in plan.warnings} == {
        "assets_outside_project": 3,
        "assets_absolute": 3,
    }
    assert [file.path for file in plan.files if file.patches] == ["outside.blend"]
    store_package(plan, Blobs(MemoryStore(), STUDIO))
    assert read_all(blender_scenes) == before


@pytest.mark.parametrize("python", [sys.executable, *list_other_pythons()])
def test_a_fetched_package_renders_the_same_picture(tmp_path: Path, python: str) -> None:
    made = tmp_path / "made"
    run_blender_script("blender_scenes.py", str(made), python=python)
    names = ["outside.blend", "outside_packed.blend", "relative.blend", "plain.blend"]
    originals = read_pixels(*(made / "project" / name for name in names), python=python)
    assert originals[0] == originals[1]
    # Red, blue, yellow and green, in the middle of the four columns.
    row = [
        tuple(round(part, 1) for part in originals[0][at : at + 3]) for at in (528, 560, 592, 624)
    ]
    assert row == [(1, 0, 0), (0, 0, 1), (1, 1, 0), (0, 1, 0)]
    blobs, packed = Blobs(MemoryStore(), STUDIO), []
    for name in names:
        plan = plan_package(made / "project" / name)
        assert plan.missing == ()
        digest = store_package(plan, blobs)
        manifest = fetch_package(digest, blobs, tmp_path / "node" / digest)
        packed.append(tmp_path / "node" / digest / manifest.scene)
    # Nothing of the originals may be within reach of their absolute paths.
    made.rename(tmp_path / "elsewhere")
    assert read_pixels(*packed, python=python) == originals


def test_packing_twice_gives_the_same_package(blender_scenes: Path) -> None:
    for name in ("outside", "outside_packed", "relative", "plain", "frames"):
        scene = blender_scenes / f"project/{name}.blend"
        one, other = (
            store_package(plan_package(scene), Blobs(MemoryStore(), STUDIO)) for _ in range(2)
        )
        assert one == other


def test_another_machine_makes_the_same_package(blender_scenes: Path, tmp_path: Path) -> None:
    copied = tmp_path / "home" / "somebody else"
    shutil.copytree(blender_scenes, copied)
    for path in copied.rglob("*.png"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    one, other = (
        store_package(plan_package(root / "project/relative.blend"), Blobs(MemoryStore(), STUDIO))
        for root in (blender_scenes, copied)
    )
    assert one == other
    # No path of the artist's is left in what was rewritten.
    plan = plan_package(copied / "project/relative.blend")
    assert any(file.patches for file in plan.files)
    assert all(
        str(copied).encode() not in patch.after for file in plan.files for patch in file.patches
    )


def test_a_packed_scene_can_be_packed_again(blender_scenes: Path, tmp_path: Path) -> None:
    blobs = Blobs(MemoryStore(), STUDIO)
    digest = store_package(plan_package(blender_scenes / "project/outside.blend"), blobs)
    fetch_package(digest, blobs, tmp_path / "pack")
    again = plan_package(tmp_path / "pack/outside.blend")
    assert again.missing == ()
    assert store_package(again, blobs) == digest
    # A new asset from outside must not get in the way of those that were brought in before.
    shutil.move(tmp_path / "pack/textures", tmp_path / "textures")
    (tmp_path / "pack/textures").symlink_to(tmp_path / "textures")
    assert store_package(plan_package(tmp_path / "pack/outside.blend"), blobs) == digest


def test_the_project_may_be_wider_than_the_scenes_folder(blender_scenes: Path) -> None:
    plan = plan_package(blender_scenes / "project/relative.blend", project=blender_scenes)
    assert plan.scene == "project/relative.blend"
    assert list_paths(plan) == [
        "outside/lib.blend",
        "outside/red.png",
        "outside/yellow.png",
        "project/relative.blend",
    ]
    assert not any(file.patches for file in plan.files)
    with pytest.raises(BadInput) as caught:
        plan_package(blender_scenes / "project/relative.blend", project=blender_scenes / "outside")
    assert caught.value.code == "scene_outside_project"


def test_types_in_namespaces_are_read(blender_scenes: Path, tmp_path: Path) -> None:
    """As Blender writes them since 5.0."""
    scene = tmp_path / "plain.blend"
    written = (blender_scenes / "project/plain.blend").read_bytes()
    assert written.count(b"\0ID_Runtime_Remap\0") == 1
    scene.write_bytes(written.replace(b"\0ID_Runtime_Remap\0", b"\0bke::ID_RunRemap\0"))
    assert list_missing(plan_package(scene)) == {"blue.png": "blue.png"}


def test_packed_images_are_not_missing(blender_scenes: Path) -> None:
    plan = plan_package(blender_scenes / "project/plain.blend")
    assert list_paths(plan) == ["plain.blend", "textures/blue.png"]
    assert (plan.missing, plan.warnings) == ((), ())


def test_every_frame_that_lacks_is_named(blender_scenes: Path) -> None:
    plan = plan_package(blender_scenes / "project/frames.blend")
    assert list_missing(plan) == {
        "shot_0004_b.png": "shot_0001_b.png",
        "shot_0006_b.png": "shot_0001_b.png",
    }
    assert len(plan.files) == 5


def test_every_tile_that_lacks_is_named(blender_scenes: Path) -> None:
    plan = plan_package(blender_scenes / "project/tiles.blend")
    assert list_missing(plan) == {"t.1003.png": "t.1001.png"}
    assert list_paths(plan) == ["tiles.blend", "tiles/t.1001.png", "tiles/t.1002.png"]


def test_strips_volumes_and_scripts_are_looked_into(blender_scenes: Path) -> None:
    plan = plan_package(blender_scenes / "project/strips.blend")
    assert list_missing(plan) == {
        "shot_0004_b.png": "Strip",
        "gone.osl": "NodeShaderScript",
        "gone.vdb": "volume",
    }


def test_what_is_not_there_is_listed_with_its_users(blender_scenes: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(blender_scenes / "project", project)
    (project / "textures/blue.png").unlink()
    (project / "textures/blue.png").mkdir()
    plan = plan_package(project / "plain.blend")
    assert [(each.used_by, each.reason) for each in plan.missing] == [
        ("blue.png", MissingReason.NOT_A_FILE)
    ]
    assert list_paths(plan) == ["plain.blend"]
    store_package(plan, Blobs(MemoryStore(), STUDIO))
    plan = plan_package(project / "relative.blend")
    assert list_missing(plan) == {"red.png": "red.png", "lib.blend": "lib.blend"}


def test_a_broken_library_is_a_missing_asset(blender_scenes: Path, tmp_path: Path) -> None:
    shutil.copytree(blender_scenes, tmp_path / "all")
    library = tmp_path / "all/outside/lib.blend"
    library.write_bytes(library.read_bytes()[:100_000])
    plan = plan_package(tmp_path / "all/project/relative.blend")
    damaged = [each for each in plan.missing if each.reason is MissingReason.DAMAGED]
    assert [(Path(each.path), each.used_by) for each in damaged] == [(library, "yellow.png")]


def test_a_scene_saved_again_is_read_again(blender_scenes: Path, tmp_path: Path) -> None:
    scene = tmp_path / "scene.blend"
    shutil.copy(blender_scenes / "project/plain.blend", scene)
    assert list_missing(plan_package(scene)) == {"blue.png": "blue.png"}
    shutil.copy(blender_scenes / "project/tiles.blend", scene)
    assert set(list_missing(plan_package(scene))) == {"t.1001.png", "t.1002.png", "t.1003.png"}


def test_a_scene_saved_after_the_plan_is_not_packed(blender_scenes: Path, tmp_path: Path) -> None:
    shutil.copytree(blender_scenes, tmp_path / "all")
    for name in ("plain", "relative"):
        scene = tmp_path / f"all/project/{name}.blend"
        plan = plan_package(scene)
        shutil.copy(blender_scenes / "project/frames.blend", scene)
        with pytest.raises(BadInput) as caught:
            store_package(plan, Blobs(MemoryStore(), STUDIO))
        assert caught.value.code == "asset_changing"


def test_plans_are_made_side_by_side(blender_scenes: Path) -> None:
    scene = blender_scenes / "project/outside_packed.blend"
    wanted, plans = plan_package(scene), []
    threads = [threading.Thread(target=lambda: plans.append(plan_package(scene))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert plans == [wanted] * 6


def test_scenes_that_are_none_are_refused(tmp_path: Path) -> None:
    def code_of(path: Path) -> str:
        with pytest.raises(BadInput) as caught:
            plan_package(path)
        assert caught.value.params["path"] == str(path)
        return caught.value.code

    (tmp_path / "folder.blend").mkdir()
    (tmp_path / "empty.blend").touch()
    (tmp_path / "text.blend").write_text("no scene")
    (tmp_path / "zip.blend").write_bytes(gzip.compress(b"no scene at all"))
    (tmp_path / "newer.blend").write_bytes(b"BLENDER17-99v0999" + b"\1" * 1000)
    assert code_of(tmp_path / "gone.blend") == "scene_missing"
    assert code_of(tmp_path / "folder.blend") == "scene_is_folder"
    assert code_of(tmp_path / "empty.blend") == "scene_empty"
    assert code_of(tmp_path / "text.blend") == "scene_not_blend"
    assert code_of(tmp_path / "zip.blend") == "scene_not_blend"
    assert code_of(tmp_path / "newer.blend") == "scene_newer"
    if os.name == "posix":
        os.mkfifo(tmp_path / "pipe.blend")
        assert code_of(tmp_path / "pipe.blend") == "scene_not_a_file"


@pytest.mark.parametrize("name", ["outside", "outside_packed"])
def test_a_scene_that_was_cut_off_anywhere_is_refused(
    blender_scenes: Path, tmp_path: Path, name: str
) -> None:
    whole = (blender_scenes / f"project/{name}.blend").read_bytes()
    scene = tmp_path / "cut.blend"
    # A packed file ends in a table that Blender can do without.
    end = len(whole) - (0 if name == "outside" else 1000)
    cuts = [*range(1, 40), *range(40, end, end // 25), end - 30]
    for cut in cuts:
        scene.write_bytes(whole[:cut])
        with pytest.raises(BadInput) as caught:
            plan_package(scene)
        assert caught.value.code in SCENE_CODES
        # A file that is still arriving often has its full length already.
        scene.write_bytes(whole[:cut].ljust(len(whole), b"\0"))
        with pytest.raises(BadInput) as caught:
            plan_package(scene)
        assert caught.value.code in SCENE_CODES


def test_scenes_packed_in_other_ways_are_read(blender_scenes: Path, tmp_path: Path) -> None:
    shutil.copytree(blender_scenes, tmp_path / "all")
    scene = tmp_path / "all/project/relative.blend"
    plain, wanted = scene.read_bytes(), plan_package(scene)
    frames = (plain[at : at + 50_000] for at in range(0, len(plain), 50_000))
    for packed in (
        gzip.compress(plain),
        zstandard.compress(plain),
        b"".join(zstandard.compress(frame) for frame in frames),
    ):
        scene.write_bytes(packed)
        plan = plan_package(scene)
        assert list_paths(plan) == list_paths(wanted)
        # The package does not change with the way in which a scene happens to be packed.
        blobs = Blobs(MemoryStore(), STUDIO)
        manifest = fetch_package(store_package(plan, blobs), blobs, tmp_path / scene.stem)
        assert manifest.size_bytes == wanted.size_bytes


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_scene_that_was_garbled_is_planned_or_refused(
    blender_scenes: Path, tmp_path: Path, data: st.DataObject
) -> None:
    garbled = bytearray((blender_scenes / "project/outside.blend").read_bytes())
    for _ in range(data.draw(st.integers(min_value=1, max_value=20))):
        at = data.draw(st.integers(min_value=0, max_value=len(garbled) - 8))
        garbled[at : at + 8] = data.draw(st.binary(min_size=8, max_size=8))
    scene = tmp_path / "garbled.blend"
    scene.write_bytes(garbled)
    # A garbled path may well be one that no package can hold; that too is a BadInput.
    with suppress(BadInput):
        store_package(plan_package(scene), Blobs(MemoryStore(), STUDIO))


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        (b"SDNANAME", b"SDNANAME\xff\xff\xff\xff"),  # four thousand million names
        (b"name[64]\0", b"na]e[64]\0"),  # an array without an end
        (b"name[64]\0", b"name[6]\1\0"),
        (b"TYPE", b"TIPE"),
    ],
)
def test_a_table_of_structures_without_an_end_is_refused(
    blender_scenes: Path, tmp_path: Path, found: bytes, instead: bytes
) -> None:
    whole = (blender_scenes / "project/plain.blend").read_bytes()
    at = whole.index(found, whole.index(b"SDNANAME"))
    scene = tmp_path / "scene.blend"
    scene.write_bytes(whole[:at] + instead + whole[at + len(instead) :])
    with pytest.raises(BadInput) as caught:
        plan_package(scene)
    assert caught.value.code == "scene_damaged"


def test_real_scenes_are_planned(real_scenes: Path, tmp_path: Path) -> None:
    missing = {
        "33_udim.blend": 16,
        "RobotExpressive.blend": 1,
        "animation_bonechild.blend": 1,
    }
    scenes = sorted(real_scenes.glob("*.blend"))
    assert scenes
    blobs = Blobs(MemoryStore(), STUDIO)
    for scene in scenes:
        plan = plan_package(scene)
        assert len(plan.missing) == missing.get(scene.name, 0), scene.name
        digest = store_package(plan, blobs)
        fetch_package(digest, blobs, tmp_path / digest)
        assert (tmp_path / digest / plan.scene).read_bytes() == scene.read_bytes()
    linked = plan_package(real_scenes / "01_linked_collection.blend")
    assert list_paths(linked) == ["01_linked_collection.blend", "collection_to_link.blend"]
