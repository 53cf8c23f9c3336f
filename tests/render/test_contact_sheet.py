"""Contact sheets: whole pictures in a grid, whatever the pictures are."""

from pathlib import Path

import OpenImageIO
import pytest

from render.contact_sheet import CELL_WIDTH, SheetPicture, plan_grid, write_contact_sheet


def make_picture(path: Path, width: int, height: int, channels: int = 3) -> SheetPicture:
    """Write a red picture."""
    image = OpenImageIO.ImageBuf(OpenImageIO.ImageSpec(width, height, channels, "uint8"))
    OpenImageIO.ImageBufAlgo.fill(image, (1.0, 0.0, 0.0, 1.0)[:channels])
    assert image.write(str(path))
    return SheetPicture(path=path, title="12", note="¥0.0123")


def test_pictures_lie_in_a_grid(tmp_path: Path) -> None:
    """Six pictures in three columns, each red in the middle of its cell, with words below."""
    pictures = [make_picture(tmp_path / f"{n}.png", 160, 90) for n in range(6)]
    write_contact_sheet(pictures, tmp_path / "sheet.png")
    sheet = OpenImageIO.ImageBuf(str(tmp_path / "sheet.png"))
    grid = plan_grid(6, 180)
    assert (sheet.spec().width, sheet.spec().height) == (grid.width, grid.height)
    for place in range(6):
        x, y = grid.find_corner(place)
        assert sheet.getpixel(x + CELL_WIDTH // 2, y + 90)[0] > 0.99
        below = OpenImageIO.ROI(x, x + CELL_WIDTH, y + 180, y + 210)
        assert max(OpenImageIO.ImageBufAlgo.computePixelStats(sheet, roi=below).max) > 0.5


def test_odd_pictures_are_fitted(tmp_path: Path) -> None:
    """Tall, grey, with alpha, and one that is no picture: it leaves its cell empty."""
    pictures = [
        make_picture(tmp_path / "wide.png", 320, 180),
        make_picture(tmp_path / "tall.png", 50, 500),
        make_picture(tmp_path / "grey.png", 32, 18, channels=1),
        make_picture(tmp_path / "clear.png", 32, 18, channels=4),
    ]
    (tmp_path / "broken.png").write_bytes(b"nothing")
    pictures.append(SheetPicture(path=tmp_path / "broken.png", title="", note=""))
    write_contact_sheet(pictures, tmp_path / "sheet.jpg")
    assert OpenImageIO.ImageBuf(str(tmp_path / "sheet.jpg")).spec().nchannels == 3


@pytest.mark.parametrize("count", [1, 2, 3, 5, 24, 97, 400])
def test_every_picture_has_a_cell(count: int) -> None:
    """No cell is used twice, and less than a row stays empty."""
    grid = plan_grid(count, 180)
    assert 0 <= grid.columns * grid.rows - count < grid.columns
    assert len({grid.find_corner(place) for place in range(count)}) == count


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """A format that nobody writes, a folder that cannot be."""
    picture = make_picture(tmp_path / "one.png", 32, 18)
    for target in (tmp_path / "sheet.nothing", picture.path / "sheet.png"):
        with pytest.raises(OSError, match=r"\S"):
            write_contact_sheet([picture], target)
    assert [path.name for path in tmp_path.iterdir()] == ["one.png"]
