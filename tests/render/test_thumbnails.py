"""Thumbnails: small, right in colour, and possible for every format that renderers write."""

from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

from render.checks import check_picture
from render.thumbnails import SIDE_MAX, make_thumbnail
from tests.render.test_checks import FORMATS, make_pixels, write_picture


def read_middle(path: Path) -> list[int]:
    pixels = np.asarray(OpenImageIO.ImageBuf(str(path)).get_pixels(OpenImageIO.UINT8))
    return [int(value) for value in pixels[pixels.shape[0] // 2, pixels.shape[1] // 2]]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_one(tmp_path: Path, name: str) -> None:
    kind, channels, compression = FORMATS[name]
    pixels = make_pixels(channels)
    path = write_picture(tmp_path / f"a.{name}", kind, pixels, compression=compression)
    size = make_thumbnail(path, tmp_path / "t.jpg")
    assert size == (64, 40)
    assert check_picture(tmp_path / "t.jpg", width=64, height=40).suspicious == ()


@pytest.mark.parametrize(
    ("size", "small"), [((1000, 500), (250, 125)), ((1, 3), (1, 3)), ((3000, 2), (300, 1))]
)
def test_no_side_is_too_long(tmp_path: Path, size: tuple[int, int], small: tuple[int, int]) -> None:
    pixels = np.full((size[1], size[0], 3), 0.5, dtype=np.float32)
    path = write_picture(tmp_path / "a.png", "uint8", pixels)
    assert make_thumbnail(path, tmp_path / "t.jpg") == small
    assert max(small) <= SIDE_MAX


@pytest.mark.parametrize(
    ("name", "kind", "colour", "shown"),
    [
        ("a.png", "uint8", (0.5, 0.25, 0.75), (128, 64, 191)),
        ("a.exr", "half", (0.2140, 0.0508, 0.5225), (128, 64, 191)),  # the same, as light
        ("a.exr", "float", (40.0, 10.0, 0.5), (255, 245, 156)),  # too bright, not all white
        ("a.exr", "float", (float("nan"), 0.2140, 0.2140), (0, 128, 128)),
        ("a.png", "uint8", (0.5, 0.5, 0.5, 0.0), (117, 117, 117)),  # nothing: the neutral grey
    ],
)
def test_colours_are_as_an_artist_expects(
    tmp_path: Path, name: str, kind: str, colour: tuple[float, ...], shown: tuple[int, ...]
) -> None:
    pixels = np.empty((32, 32, len(colour)), dtype=np.float32)
    pixels[...] = colour
    make_thumbnail(write_picture(tmp_path / name, kind, pixels), tmp_path / "t.jpg")
    assert read_middle(tmp_path / "t.jpg") == pytest.approx(shown, abs=6)


def test_the_beauty_pass_of_many_is_shown(tmp_path: Path) -> None:
    names = [f"View.{part}.{c}" for part in ("AO", "Combined", "Depth") for c in "RGB"]
    pixels = np.zeros((8, 8, 9), dtype=np.float32)
    pixels[..., 3] = 1.0
    path = write_picture(tmp_path / "a.exr", "half", pixels, channels=tuple(names))
    make_thumbnail(path, tmp_path / "t.jpg")
    assert read_middle(tmp_path / "t.jpg") == pytest.approx([255, 0, 0], abs=6)
