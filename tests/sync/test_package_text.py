"""Packages of scenes written as text, and the real POV-Ray to say whether they are whole."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_server.farm.errors import BadInput
from sync.asset_uses import MissingReason
from sync.blobs import Blobs
from sync.memory_store import MemoryStore
from sync.package import PackagePlan, fetch_package, plan_package, store_package
from tests.sync.conftest import STUDIO

PATTERNS = (
    r'#include\s+"([^"\n]+)"',
    r'\b(?:gif|tga|png|jpeg|tiff|ppm|pgm|hdr|exr|df3|ttf|iff)\s+"(?P<path>[^"\n]+)"',
)
COMMENTS = (r'"(?:[^"\\\n]|\\.)*"|(//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)',)

# Four pixels: a picture in the form that POV-Ray reads and that is easily written.
PPM = b"P6\n2 2\n255\n" + bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0])
SCENE = """
#include "colors.inc"
#include "parts/plane.inc"
// #include "commented_out.inc"
/* image_map { png "also_commented_out.png" } */
#declare Url = "http://example.org/not_a_comment"; #include "after.inc"
camera { orthographic location <0.5, 0.5, -1> look_at <0.5, 0.5, 0> right x up y }
object { Wall }
"""


def plan(scene: Path, **others: object) -> PackagePlan:
    arguments: dict[str, object] = {
        "asset_patterns": PATTERNS,
        "comment_patterns": COMMENTS,
        "library_folders": [scene.parent.parent / "library", Path("/usr/share/povray-3.7/include")],
        **others,
    }
    return plan_package(scene, **arguments)  # type: ignore[arg-type]


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A scene with parts inside, a picture outside, and colours from the renderer's library."""
    files = {
        "project/scene.pov": SCENE.encode(),
        "project/after.inc": b"// nothing",
        "project/parts/plane.inc": (
            b"#declare Wall = polygon { 5, <0,0>, <1,0>, <1,1>, <0,1>, <0,0> "
            b'pigment { image_map { ppm "../outside/wall.ppm" } } finish { ambient 1 diffuse 0 } }'
        ),
        "outside/wall.ppm": PPM,
        "library/colors.inc": b"#declare Red = rgb x;",
    }
    for name, data in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "project/scene.pov"


def test_includes_are_followed_and_outside_files_brought_in(scene: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    found = plan(scene)
    assert [file.path for file in found.files] == [
        "_outside_project/1/wall.ppm",
        "after.inc",
        "parts/plane.inc",
        "scene.pov",
    ]
    assert (found.scene, found.missing) == ("scene.pov", ())
    blobs = Blobs(MemoryStore(), STUDIO)
    digest = store_package(found, blobs)
    manifest = fetch_package(digest, blobs, tmp_path / "node")
    assert [file.size for file in found.files] == [entry.size for entry in manifest.entries]
    text = (tmp_path / "node/parts/plane.inc").read_text()
    assert 'ppm "_outside_project/1/wall.ppm"' in text
    assert (tmp_path / "node/scene.pov").read_text() == SCENE
    assert all(path.read_bytes() == data for path, data in before.items())
    assert store_package(plan(scene), Blobs(MemoryStore(), STUDIO)) == digest


def test_pov_ray_renders_the_package_as_the_scene(scene: Path, tmp_path: Path) -> None:
    povray = shutil.which("povray")
    if povray is None:
        pytest.skip("POV-Ray is not installed")

    def render(folder: Path) -> bytes:
        arguments = ["+Iscene.pov", "+O-", "+FP8", "-D", "+W8", "+H8", "-A"]
        libraries = [f"+L{tmp_path / 'library'}"]
        done = subprocess.run(
            [povray, *arguments, *libraries], cwd=folder, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout[-8 * 8 * 3 :]  # before that comes a header with the time of day

    original = render(scene.parent)
    assert len({original[at : at + 3] for at in range(0, len(original), 3)}) == 4
    blobs = Blobs(MemoryStore(), STUDIO)
    digest = store_package(plan(scene), blobs)
    fetch_package(digest, blobs, tmp_path / "far" / "away" / "node")
    scene.parent.rename(tmp_path / "hidden")
    (tmp_path / "outside").rename(tmp_path / "hidden_too")
    assert render(tmp_path / "far" / "away" / "node") == original


def test_what_is_not_there_is_listed_with_its_line(scene: Path, tmp_path: Path) -> None:
    (tmp_path / "outside/wall.ppm").unlink()
    (tmp_path / "library/colors.inc").unlink()
    (scene.parent / "after.inc").unlink()
    (scene.parent / "after.inc").mkdir()
    found = plan(scene, library_folders=[])
    assert [(Path(each.path).name, each.used_by, each.reason) for each in found.missing] == [
        ("colors.inc", "scene.pov:2", MissingReason.NOT_FOUND),
        ("after.inc", "scene.pov:6", MissingReason.NOT_A_FILE),
        ("wall.ppm", "plane.inc:1", MissingReason.NOT_FOUND),
    ]


def test_without_patterns_the_scene_stands_alone(scene: Path) -> None:
    found = plan_package(scene)
    assert [file.path for file in found.files] == ["scene.pov"]


def test_sidecars_belong_to_the_scene(scene: Path) -> None:
    scene.with_suffix(".ini").write_text("Final_Frame=20")
    found = plan(scene, sidecars=[".ini", ".cfg"])
    assert "scene.ini" in [file.path for file in found.files]


def test_a_text_that_includes_itself_ends(scene: Path) -> None:
    scene.write_text('#include "parts/plane.inc"')
    (scene.parent / "parts/plane.inc").write_text('#include "../scene.pov" #include "scene.pov"')
    found = plan(scene)
    assert [file.path for file in found.files] == ["parts/plane.inc", "scene.pov"]
    assert found.missing == ()


def test_names_in_any_encoding_are_found(scene: Path) -> None:
    (scene.parent / "木纹.ppm").write_bytes(PPM)
    scene.write_text('#include "木纹.ppm"', encoding="utf-8")
    assert plan(scene).missing == ()
    scene.write_text('#include "木头.ppm"', encoding="gb18030")
    found = plan(scene)
    assert len(found.missing) == 1
    found.missing[0].path.encode()


def test_windows_spellings_and_numbered_files_are_found(scene: Path) -> None:
    folder = scene.parent / "maps"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"sky{number:04}.ppm").write_bytes(PPM)
    (folder / "sign.ppm").write_bytes(PPM)
    scene.write_text(
        r'#include "maps\\sign.ppm" #include "maps/sky####.ppm" #include "maps/sky%04d.ppm" '
        r'#include "maps/sign" #include "./maps/sign.ppm"'
    )
    found = plan(scene)
    assert [file.path for file in found.files] == [
        "maps/sign.ppm",
        "maps/sky0001.ppm",
        "maps/sky0002.ppm",
        "scene.pov",
    ]
    assert found.missing == ()
    scene_file = found.files[-1]
    assert [patch.after for patch in scene_file.patches] == [b"maps/sign.ppm"]


def test_a_scene_that_is_no_text_is_taken_as_it_is(scene: Path) -> None:
    scene.write_bytes(b'\0\1\2 #include "gone.inc"')
    found = plan(scene)
    assert [file.path for file in found.files] == ["scene.pov"]
    assert found.missing == ()


def test_a_pattern_that_is_none_is_refused(scene: Path) -> None:
    with pytest.raises(BadInput) as caught:
        plan(scene, asset_patterns=["("])
    assert caught.value.code == "asset_pattern_broken"


@given(text=st.text(alphabet='#include "abc/.\\\n*/:<>%d', max_size=80))
def test_any_text_is_planned(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    scene = tmp_path_factory.getbasetemp() / "any" / "scene.pov"
    scene.parent.mkdir(exist_ok=True)
    scene.write_text(text + '\n#include "' + text.replace('"', "") + '"\n')
    store_package(plan(scene), Blobs(MemoryStore(), STUDIO))
