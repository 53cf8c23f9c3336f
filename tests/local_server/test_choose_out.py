"""Where frames will go is tried out; only a job leaves the folder there."""

from pathlib import Path

import pytest

from local_server.preparation import Request, choose_out


@pytest.mark.parametrize("keeps_out", [True, False])
def test_a_folder_that_was_made(tmp_path: Path, *, keeps_out: bool) -> None:
    """A check takes away what it made, the folders above it too."""
    request = Request(scene="cube.blend", out=str(tmp_path / "a" / "b"))
    out, findings = choose_out(request, tmp_path / "cube.blend", keeps_out=keeps_out)
    assert (out, findings) == (tmp_path / "a" / "b", ())
    assert [one.name for one in sorted(tmp_path.rglob("*"))] == (["a", "b"] if keeps_out else [])


def test_a_folder_that_was_there(tmp_path: Path) -> None:
    """It stays, empty or not."""
    folder = tmp_path / "cube-frames"
    folder.mkdir()
    request = Request(scene="cube.blend")
    assert choose_out(request, tmp_path / "cube.blend", keeps_out=False) == (folder, ())
    assert [one.name for one in tmp_path.rglob("*")] == ["cube-frames"]


def test_nothing_can_be_written_below_a_file(tmp_path: Path) -> None:
    """It is a blocker, and nothing is left behind."""
    (tmp_path / "file").touch()
    request = Request(scene="cube.blend", out=str(tmp_path / "file" / "out"))
    _, findings = choose_out(request, tmp_path / "cube.blend", keeps_out=False)
    assert [one.code for one in findings] == ["out_unwritable"]
    assert [one.name for one in tmp_path.rglob("*")] == ["file"]
