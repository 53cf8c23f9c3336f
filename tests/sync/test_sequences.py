"""File sequences: names taken apart as Blender does, and what lacks in them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.sequences import list_sequence, missing_between, missing_frames, split_name, tile_path


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def names(paths: tuple[Path, ...]) -> list[str]:
    return [path.name for path in paths]


@pytest.mark.parametrize(
    ("name", "next_name"),
    [
        ("f_0001.png", "f_0002.png"),
        ("shot12_0009_beauty.exr", "shot12_0010_beauty.exr"),
        ("9.mp4", "10.mp4"),
        ("a1", "a2"),
        (".0001", ".0002"),
        ("frame.0099.tar.gz", "frame.0100.tar.gz"),
    ],
)
def test_the_number_is_the_last_before_the_extension(name: str, next_name: str) -> None:
    numbered = split_name(name)
    assert numbered is not None
    number = numbered.number_in(name)
    assert number is not None
    assert numbered.at(number + 1) == next_name


@given(st.text(max_size=20))
def test_names_come_together_again(name: str) -> None:
    numbered = split_name(name)
    if numbered is None:
        assert not any(character in "0123456789" for character in name.rpartition(".")[0])
    else:
        digits = name[len(numbered.head) : len(name) - len(numbered.tail) or None]
        assert numbered.at(int(digits)) == name


def test_a_sequence_holds_its_frames_only(tmp_path: Path) -> None:
    touch(tmp_path, "f_1.png", "f_0002.png", "f_0003.png", "f_0003_old.png", "g_0004.png", "f_.png")
    (tmp_path / "f_0005.png").mkdir()
    found = list_sequence(tmp_path / "f_0002.png")
    assert names(found) == ["f_0002.png", "f_0003.png", "f_1.png"]
    assert list_sequence(tmp_path / "h_1.png") == ()
    assert names(list_sequence(tmp_path / "f_.png")) == ["f_.png"]
    assert list_sequence(tmp_path / "nowhere" / "f_1.png") == ()


def test_tokens_stand_for_tiles_and_frames(tmp_path: Path) -> None:
    folder = tmp_path / "odd [name]*"
    touch(folder, "t.1001.png", "t.1002.png", "t.x.png", "t.u1_v2.png", "t.100.png", "t.001.png")
    assert names(list_sequence(folder / "t.<UDIM>.png")) == ["t.1001.png", "t.1002.png"]
    assert names(list_sequence(folder / "t.<UVTILE>.png")) == ["t.u1_v2.png"]
    assert len(list_sequence(folder / "t.*.png")) == 6
    assert (
        len(list_sequence(folder / "t.####.png")) == len(list_sequence(folder / "t.%04d.png")) == 4
    )
    assert tile_path(folder / "t.<UDIM>.png", 1012).name == "t.1012.png"
    assert tile_path(folder / "t.<UVTILE>.png", 1012).name == "t.u2_v2.png"


def test_a_folder_stands_for_all_that_is_in_it(tmp_path: Path) -> None:
    touch(tmp_path, "c/a", "c/b/c")
    assert list_sequence(tmp_path / "c") == (tmp_path / "c/a", tmp_path / "c/b/c")


def test_lacking_frames_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "f_0001.png", "f_0004.png", "f_0003.png")
    first = tmp_path / "f_0001.png"
    assert names(missing_frames(first, [4, 5, 1, 2, 2])) == ["f_0002.png", "f_0005.png"]
    assert missing_frames(tmp_path / "still.png", [1]) == (tmp_path / "still.png",)
    assert names(missing_between(first, list_sequence(first))) == ["f_0002.png"]
    # A date among the names makes no sequence of twenty million frames.
    touch(tmp_path, "f_20240101.png")
    assert missing_between(first, list_sequence(first)) == ()
