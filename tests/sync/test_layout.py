"""Layout of packages: places, spellings and patches."""

from dataclasses import replace
from pathlib import Path

import pytest

from local_server.farm.errors import BadInput
from sync.asset_uses import AssetUse, PathField
from sync.layout import Layout, make_patch, needs_patch

FIELD = PathField(offset=100, before=b"/old/path\0leftovers".ljust(40, b"\0"), fixed=True)


def make_use(project: Path, path: Path, written: str) -> AssetUse:
    scene = project / "scenes/a.blend"
    return AssetUse(asker=scene, base=scene, path=path, written=written, used_by="IMx", field=FIELD)


def test_places_inside_are_kept_and_others_numbered(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "p")
    assert layout.place(tmp_path / "p/a/b.png") == "a/b.png"
    assert layout.place(tmp_path / "x/b.png") == "_outside_project/1/b.png"
    assert layout.place(tmp_path / "y/b.png") == "_outside_project/2/b.png"
    assert layout.place(tmp_path / "x/c.png") == "_outside_project/1/c.png"
    assert layout.place(tmp_path / "p2/a.png") == "_outside_project/3/a.png"
    with pytest.raises(BadInput):
        layout.place(tmp_path / "x/a:b.png")


def test_a_folder_of_that_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "p/_outside_project").mkdir(parents=True)
    assert Layout(tmp_path / "p").place(tmp_path / "b.png") == "_outside_project_/1/b.png"


def test_two_spellings_of_one_file_are_one_place(tmp_path: Path) -> None:
    """As on file systems that do not tell them apart, which a hard link looks like."""
    (tmp_path / "Wood.png").write_bytes(b"")
    (tmp_path / "wood.png").hardlink_to(tmp_path / "Wood.png")
    (tmp_path / "WOOD.png").write_bytes(b"another file")
    layout = Layout(tmp_path)
    assert layout.place(tmp_path / "Wood.png") == "Wood.png"
    assert layout.place(tmp_path / "wood.png") == "Wood.png"
    assert layout.place(tmp_path / "WOOD.png") == "WOOD.png"


@pytest.mark.parametrize(
    ("path", "written", "spelling", "is_patched"),
    [
        ("p/scenes/b.png", "//b.png", "//b.png", False),
        ("p/scenes/t/b.png", r"//t\b.png", "//t/b.png", False),
        ("p/b.png", "//../b.png", "//../b.png", False),
        ("p/b.png", "//x/../../b.png", "//../b.png", True),
        ("p/b.png", "/somewhere/p/b.png", "//../b.png", True),
        ("b.png", "//../../b.png", "//../_outside_project/1/b.png", True),
    ],
)
def test_paths_are_spelled_from_who_asks(
    tmp_path: Path, path: str, written: str, spelling: str, *, is_patched: bool
) -> None:
    layout = Layout(tmp_path / "p")
    use = make_use(tmp_path / "p", tmp_path / path, written)
    assert layout.spell(use) == spelling
    assert needs_patch(use, spelling) == is_patched
    folder = replace(use, spells_folder=True)
    assert layout.spell(folder) == spelling.removesuffix("b.png")
    assert needs_patch(folder, layout.spell(folder)) == is_patched


def test_a_patch_fills_its_field(tmp_path: Path) -> None:
    use = make_use(tmp_path, tmp_path / "b.png", "/old/path")
    patch = make_patch(use, "//b.png")
    assert patch is not None
    assert patch.after == b"//b.png".ljust(40, b"\0")
    assert (patch.before, patch.offset) == (FIELD.before, 100)
    assert make_patch(use, "//" + "x" * 37) is not None
    # A path that Blender would read cut off is no path.
    assert make_patch(use, "//" + "x" * 38) is None
    assert make_patch(replace(use, field=None), "//b.png") is None


def test_files_of_folders_and_sequences_keep_together(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "p")
    cache = tmp_path / "caches/fluid"
    use = make_use(tmp_path / "p", cache, str(cache))
    folder = replace(use, is_folder=True, files=(cache / "a.vdb", cache / "data/b.vdb"))
    assert layout.place_files(folder) == {
        "_outside_project/1/fluid/a.vdb": cache / "a.vdb",
        "_outside_project/1/fluid/data/b.vdb": cache / "data/b.vdb",
    }
    tiles = replace(use, path=cache / "t.<UDIM>.png", files=(cache / "t.1001.png",))
    assert layout.place_files(tiles) == {"_outside_project/2/t.1001.png": cache / "t.1001.png"}
    assert layout.spell(tiles) == "//../_outside_project/2/t.<UDIM>.png"


def test_what_follows_the_file_that_asks_moves_with_it(tmp_path: Path) -> None:
    library = tmp_path / "lib/a.blend"
    cache = tmp_path / "lib/blendcache_a/x_*.bphys"
    use = AssetUse(
        asker=library,
        base=library,
        path=cache,
        written="",
        used_by="OBx",
        files=(cache.with_name("x_1.bphys"),),
        follows_asker=True,
    )
    layout = Layout(tmp_path / "p")
    assert list(layout.place_files(use)) == ["_outside_project/1/blendcache_a/x_1.bphys"]
