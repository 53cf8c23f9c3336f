"""Contact sheets: many pictures in one, each with two words below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path
from uuid import uuid4

import OpenImageIO
from OpenImageIO import ImageBufAlgo

CELL_WIDTH = 320
CELL_HEIGHT_MAX = 640
GAP = 12
CAPTION_HEIGHT = 30
FONT_SIZE = 16
SHEET_ASPECT = 2.0
EMPTY_WEIGHT = 2.0
BACKGROUND = (0.071, 0.075, 0.082)
FRAME = (0.13, 0.137, 0.15)
TITLE = (0.93, 0.93, 0.93)
NOTE = (0.66, 0.69, 0.73)


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetPicture:
    """A picture of eight bits a channel, such as a thumbnail; `title` and `note` go below it."""

    path: Path
    title: str
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """Where cells lie, in pixels."""

    columns: int
    rows: int
    cell_height: int

    @property
    def width(self) -> int:
        """Return the sheet's width."""
        return self.columns * (CELL_WIDTH + GAP) + GAP

    @property
    def height(self) -> int:
        """Return the sheet's height."""
        return self.rows * (self.cell_height + CAPTION_HEIGHT + GAP) + GAP

    def find_corner(self, place: int) -> tuple[int, int]:
        """Return the upper left corner of a cell."""
        row, column = divmod(place, self.columns)
        x = GAP + column * (CELL_WIDTH + GAP)
        return x, GAP + row * (self.cell_height + CAPTION_HEIGHT + GAP)


def write_contact_sheet(pictures: Sequence[SheetPicture], target: Path) -> None:
    """Lay pictures out in a grid and write it, whole or not at all; the suffix says the format.

    The first picture decides the shape of a cell; others are fitted into it. One that cannot be
    read leaves its cell empty. Raises OSError when the sheet cannot be written.
    """
    assert pictures, "a sheet has at least one picture"
    grid = plan_grid(len(pictures), find_cell_height(pictures[0].path))
    sheet = OpenImageIO.ImageBuf(OpenImageIO.ImageSpec(grid.width, grid.height, 3, "uint8"))
    ImageBufAlgo.fill(sheet, BACKGROUND)
    for place, picture in enumerate(pictures):
        draw_cell(sheet, picture, grid.find_corner(place), grid.cell_height)
    write_whole(sheet, target)


def plan_grid(count: int, cell_height: int) -> Grid:
    """Return the grid that is about twice as wide as high and leaves few cells empty."""
    tall = (cell_height + CAPTION_HEIGHT + GAP) / (CELL_WIDTH + GAP)
    ideal = max(1.0, sqrt(count * tall * SHEET_ASPECT))
    near = range(max(1, int(ideal) - 1), min(count, ceil(ideal) + 1) + 1)

    def judge(columns: int) -> float:
        empty = -count % columns / count
        return empty * EMPTY_WEIGHT + abs(columns - ideal) / ideal

    columns = min(near, key=judge)
    return Grid(columns=columns, rows=ceil(count / columns), cell_height=cell_height)


def find_cell_height(path: Path) -> int:
    """Return the height of a cell that a picture fills, in pixels."""
    spec = OpenImageIO.ImageBuf(str(path)).spec()
    if spec.width <= 0 or spec.height <= 0:
        return CELL_WIDTH * 9 // 16
    return max(1, min(CELL_HEIGHT_MAX, round(CELL_WIDTH * spec.height / spec.width)))


def draw_cell(
    sheet: OpenImageIO.ImageBuf, picture: SheetPicture, corner: tuple[int, int], height: int
) -> None:
    """Draw a picture into its cell, with its words below."""
    x, y = corner
    roi = OpenImageIO.ROI(x, x + CELL_WIDTH, y, y + height)
    ImageBufAlgo.fill(sheet, FRAME, roi)
    image = read_fitted(picture.path, height)
    if image is not None:
        left = x + (CELL_WIDTH - image.spec().width) // 2
        top = y + (height - image.spec().height) // 2
        ImageBufAlgo.paste(sheet, left, top, 0, 0, image)
    baseline = y + height + CAPTION_HEIGHT - (CAPTION_HEIGHT - FONT_SIZE) // 2 - 2
    write_words(sheet, x + 2, baseline, picture.title, TITLE, "left")
    write_words(sheet, x + CELL_WIDTH - 2, baseline, picture.note, NOTE, "right")


def read_fitted(path: Path, height: int) -> OpenImageIO.ImageBuf | None:
    """Return a picture as RGB, scaled to fit a cell, or None when it cannot be read."""
    image = OpenImageIO.ImageBuf(str(path))
    if not image.read() or image.spec().width <= 0:
        return None
    channels = (0, 1, 2) if image.nchannels >= 3 else (0, 0, 0)
    image = ImageBufAlgo.channels(image, channels, ("R", "G", "B"))
    spec = image.spec()
    scale = min(CELL_WIDTH / spec.width, height / spec.height)
    wide, tall = max(1, round(spec.width * scale)), max(1, round(spec.height * scale))
    if (wide, tall) != (spec.width, spec.height):
        image = ImageBufAlgo.resize(image, roi=OpenImageIO.ROI(0, wide, 0, tall, 0, 1, 0, 3))
    return image


def write_words(
    sheet: OpenImageIO.ImageBuf,
    x: int,
    y: int,
    words: str,
    colour: tuple[float, float, float],
    side: str,
) -> None:
    """Write words on a sheet; a machine without any font gets a sheet without words."""
    if words:
        ImageBufAlgo.render_text(
            sheet, x, y, words, FONT_SIZE, "", (*colour, 1.0), alignx=side, aligny="baseline"
        )
        sheet.geterror()


def write_whole(sheet: OpenImageIO.ImageBuf, target: Path) -> None:
    """Write a picture beside its place, then move it there. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f".{uuid4().hex}{target.suffix or '.png'}")
    try:
        if not sheet.write(str(half)):
            raise OSError(sheet.geterror() or OpenImageIO.geterror())
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)
