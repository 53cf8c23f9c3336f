"""Lost files: which file is taken for one that a scene misses, and what the package is then."""

import json
import shutil
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sync.asset_uses import MissingReason
from sync.blobs import Blobs, digest_file
from sync.known_files import KnownFiles
from sync.lost_files import LostFiles, count_shared, split_path
from sync.memory_store import MemoryStore
from sync.package import fetch_package, plan_package, store_package
from tests.sync.conftest import STUDIO, run_blender_script

RED, BLUE = (1, 0, 0), (0, 0, 1)


def write(path: Path, words: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(words)
    return path


def read_columns(scene: Path) -> list[tuple[float, ...]]:
    """Return the colours in the middle of the four columns."""
    (answer,) = run_blender_script("blender_pixels.py", str(scene))
    pixels = json.loads(answer)
    return [tuple(round(part, 1) for part in pixels[at : at + 3]) for at in (528, 560, 592, 624)]


def test_a_file_is_found_by_its_name_whatever_the_case_and_accents(tmp_path: Path) -> None:
    file = write(tmp_path / "deep" / "er" / "Café.PNG", "x")
    lost = LostFiles([tmp_path])
    assert lost.find(Path("/gone/cafe\u0301.png")) == file
    assert lost.find(Path("D:\\textures\\CAFÉ.png")) == file
    assert lost.find(Path("/gone/tea.png")) is None
    assert LostFiles().find(Path("/gone/café.png")) is None


def test_of_several_the_one_whose_folders_agree_is_taken(tmp_path: Path) -> None:
    write(tmp_path / "metal" / "a.png", "metal")
    wood = write(tmp_path / "old" / "wood" / "a.png", "wood")
    lost = LostFiles([tmp_path])
    assert lost.find(Path("/disk/textures/wood/a.png")) == wood
    assert lost.ambiguous == {}


def test_files_that_hold_the_same_are_as_good_as_one(tmp_path: Path) -> None:
    first = write(tmp_path / "one" / "a.png", "same")
    write(tmp_path / "two" / "a.png", "same")
    assert LostFiles([tmp_path]).find(Path("/gone/a.png")) == first


def test_what_cannot_be_read_is_not_meant(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").symlink_to(tmp_path / "nowhere")
    assert LostFiles([tmp_path]).find(Path("/gone/a.png")) is None
    right = write(tmp_path / "z" / "a.png", "there")
    lost = LostFiles([tmp_path], lambda _: digest_file(right))
    assert lost.find(Path("/gone/a.png")) == right
    assert lost.ambiguous == {}


def test_nothing_is_guessed(tmp_path: Path) -> None:
    places = tuple(write(tmp_path / name / "a.png", name) for name in ("one", "two"))
    lost = LostFiles([tmp_path])
    assert lost.find(Path("/gone/a.png")) is None
    assert lost.ambiguous == {Path("/gone/a.png"): places}


def test_what_was_seen_at_the_lost_path_decides(tmp_path: Path) -> None:
    gone = write(tmp_path / "gone" / "a.png", "the right one")
    known = KnownFiles(tmp_path / "known.db")
    store_package(plan_package(gone), Blobs(MemoryStore(), STUDIO), known=known)
    with known._open() as db, db:  # as if it had lain there for long
        digest, size = digest_file(gone)
        row = (str(gone), size, 0, 0, 0, digest)
        db.execute("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?)", row)
    write(tmp_path / "new" / "gone" / "a.png", "another")
    right = write(tmp_path / "new" / "z" / "a.png", "the right one")
    gone.unlink()
    lost = LostFiles([tmp_path / "new"], known.recall)
    assert lost.find(gone) == right


def test_a_package_of_found_files_is_that_of_the_whole_scene(
    blender_scenes: Path, tmp_path: Path
) -> None:
    shutil.copytree(blender_scenes / "project", tmp_path / "project")
    scene = tmp_path / "project" / "plain.blend"
    whole = store_package(plan_package(scene), Blobs(MemoryStore(), STUDIO))
    shutil.move(tmp_path / "project" / "textures", tmp_path / "elsewhere")
    assert len(plan_package(scene).missing) == 1
    plan = plan_package(scene, lost=LostFiles([tmp_path / "elsewhere"]))
    assert plan.missing == ()
    assert [(one.used_by, one.found) for one in plan.relinked] == [
        ("blue.png", tmp_path / "elsewhere" / "blue.png")
    ]
    assert store_package(plan, Blobs(MemoryStore(), STUDIO)) == whole


def test_frames_and_tiles_are_found_one_by_one(blender_scenes: Path, tmp_path: Path) -> None:
    shutil.copytree(blender_scenes / "project", tmp_path / "project")
    shutil.move(tmp_path / "project" / "tiles", tmp_path / "elsewhere" / "tiles")
    write(tmp_path / "elsewhere" / "shot_0004_b.png", "4")
    lost = LostFiles([tmp_path / "elsewhere"])
    plan = plan_package(tmp_path / "project" / "tiles.blend", lost=lost)
    assert [Path(one.path).name for one in plan.missing] == ["t.1003.png"]
    assert [file.path for file in plan.files] == [
        "tiles.blend",
        "tiles/t.1001.png",
        "tiles/t.1002.png",
    ]
    plan = plan_package(tmp_path / "project" / "frames.blend", lost=lost)
    assert [Path(one.path).name for one in plan.missing] == ["shot_0006_b.png"]
    assert "shots/shot_0004_b.png" in [file.path for file in plan.files]


def test_two_that_could_be_meant_are_told(blender_scenes: Path, tmp_path: Path) -> None:
    shutil.copytree(blender_scenes / "project", tmp_path / "project")
    (tmp_path / "project" / "textures" / "blue.png").unlink()
    places = tuple(write(tmp_path / "all" / one / "blue.png", one) for one in "ab")
    plan = plan_package(tmp_path / "project" / "plain.blend", lost=LostFiles([tmp_path / "all"]))
    assert [(one.reason, one.places) for one in plan.missing] == [(MissingReason.AMBIGUOUS, places)]


def test_paths_of_another_system_and_lost_libraries_render(
    blender_scenes: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(blender_scenes / "project", project)
    shutil.copytree(blender_scenes / "outside", tmp_path / "archive" / "a")
    shutil.move(project / "textures", tmp_path / "archive" / "b")
    blobs, lost = Blobs(MemoryStore(), STUDIO), LostFiles([tmp_path / "archive"])
    columns = []
    for name in ("foreign", "relative"):
        plan = plan_package(project / f"{name}.blend", lost=lost)
        assert plan.missing == ()
        digest = store_package(plan, blobs)
        fetch_package(digest, blobs, tmp_path / name)
        columns.append(read_columns(tmp_path / name / plan.scene))
    assert columns[0][:2] == [RED, BLUE]
    assert columns[1] == read_columns(blender_scenes / "project" / "relative.blend")


def test_a_text_and_what_it_includes_are_found(tmp_path: Path) -> None:
    scene = write(
        tmp_path / "project" / "tea.pov",
        '#include "inc/cup.inc"\nimage_map { "C:\\\\art\\\\leaf.png" }\n',
    )
    write(tmp_path / "archive" / "inc" / "cup.inc", 'image_map { "glaze.png" }\n')
    write(tmp_path / "archive" / "inc" / "glaze.png", "glaze")
    write(tmp_path / "archive" / "leaf.png", "leaf")
    plan = plan_package(
        scene,
        asset_patterns=[r'#include\s+"(?P<path>[^"]+)"', r'image_map\s*{\s*"(?P<path>[^"]+)"'],
        lost=LostFiles([tmp_path / "archive"]),
    )
    assert plan.missing == ()
    blobs = Blobs(MemoryStore(), STUDIO)
    fetch_package(store_package(plan, blobs), blobs, tmp_path / "node")
    found = {str(file.relative_to(tmp_path / "node")) for file in (tmp_path / "node").rglob("*.*")}
    leaf = next(name for name in found if name.endswith("leaf.png"))
    assert f'"{leaf}"' in (tmp_path / "node" / "tea.pov").read_text()
    assert "inc/cup.inc" in found
    assert any(name.endswith("glaze.png") for name in found)


@given(st.lists(st.sampled_from("abc"), max_size=4), st.lists(st.sampled_from("abc"), max_size=4))
def test_shared_parts_are_counted_from_the_name(one: list[str], other: list[str]) -> None:
    left, right = Path("/", *one, "n"), Path("/", *other, "n")
    shared = count_shared(split_path(left), split_path(right))
    assert 1 <= shared <= 1 + min(len(one), len(other))
    assert (shared == 1 + len(one) == 1 + len(other)) == (one == other)
