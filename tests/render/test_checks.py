"""Checks of pictures: every cut is found, in every format; what is odd is said."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import OpenImageIO
import pytest

from render.checks import check_picture
from render.failures import FailureCode, RenderFailure

WIDTH, HEIGHT = 64, 40
Floats = npt.NDArray[np.float32]
# What renderers write: number format, channels, compression.
FORMATS = {
    "png": ("uint8", 4, ""),
    "deep.png": ("uint16", 4, ""),
    "jpg": ("uint8", 3, ""),
    "zip.exr": ("half", 4, "zip"),
    "piz.exr": ("float", 4, "piz"),
    "dwaa.exr": ("half", 4, "dwaa"),
    "none.exr": ("half", 3, "none"),
    "tif": ("uint16", 4, ""),
    "hdr": ("float", 3, ""),
    "bmp": ("uint8", 3, ""),
    "webp": ("uint8", 3, ""),
}


def write_picture(
    path: Path,
    kind: str,
    pixels: Floats,
    *,
    channels: tuple[str, ...] = (),
    compression: str = "",
) -> Path:
    height, width, count = pixels.shape
    spec = OpenImageIO.ImageSpec(width, height, count, kind)
    if channels:
        spec.channelnames = channels
    if compression:
        spec.attribute("compression", compression)
    output = OpenImageIO.ImageOutput.create(str(path))
    assert output, OpenImageIO.geterror()
    assert output.open(str(path), spec), output.geterror()
    assert output.write_image(np.ascontiguousarray(pixels, dtype=np.float32)), output.geterror()
    output.close()
    return path


def make_pixels(channels: int = 4, seed: int = 1) -> Floats:
    """Return noise over a gradient, as a render has; alpha is full."""
    chance = np.random.default_rng(seed)
    gradient = np.linspace(0.1, 0.9, WIDTH, dtype=np.float32)[None, :, None]
    pixels = gradient + chance.random((HEIGHT, WIDTH, channels), dtype=np.float32) * 0.1
    if channels == 4:
        pixels[..., 3] = 1.0
    return pixels


@pytest.fixture(params=FORMATS)
def picture(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    kind, channels, compression = FORMATS[request.param]
    path = tmp_path / f"frame.{request.param}"
    return write_picture(path, kind, make_pixels(channels), compression=compression)


def test_whole_picture_passes(picture: Path) -> None:
    checked = check_picture(picture, width=WIDTH, height=HEIGHT)
    assert (checked.width, checked.height) == (WIDTH, HEIGHT)
    assert checked.extension == picture.suffix
    assert checked.suspicious == ()
    assert checked.decoded


def test_every_cut_is_found(picture: Path, tmp_path: Path) -> None:
    """A half-written frame must never count as done, wherever the writing stopped."""
    whole = picture.read_bytes()
    step = max(1, len(whole) // 100)
    cut = tmp_path / f"cut{picture.suffix}"
    for length in {*range(0, len(whole), step), *range(max(0, len(whole) - 40), len(whole))}:
        cut.write_bytes(whole[:length])
        with pytest.raises(RenderFailure) as caught:
            check_picture(cut, width=WIDTH, height=HEIGHT)
        assert caught.value.code in (FailureCode.TRUNCATED, FailureCode.UNDECODABLE), length


@pytest.mark.parametrize("extension", ["png", "jpg", "exr", "tif"])
def test_what_is_no_picture_is_said_so(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"frame.{extension}"
    with pytest.raises(RenderFailure) as caught:
        check_picture(path)
    assert caught.value.code is FailureCode.NO_FILE
    path.write_bytes(b"Error: no space left\n" * 9)
    with pytest.raises(RenderFailure) as caught:
        check_picture(path)
    assert caught.value.code in (FailureCode.UNDECODABLE, FailureCode.TRUNCATED)


def test_wrong_size_is_told_with_both(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "frame.png", "uint8", make_pixels())
    with pytest.raises(RenderFailure) as caught:
        check_picture(path, width=WIDTH * 2, height=HEIGHT)
    assert caught.value.code is FailureCode.WRONG_SIZE
    assert caught.value.words == "64x40, not 128x40"


def spoil(value: float) -> Callable[[Floats], None]:
    def change(pixels: Floats) -> None:
        pixels[7, 9, 1] = value

    return change


def blacken(pixels: Floats) -> None:
    pixels[..., :3] = 0


def clear(pixels: Floats) -> None:
    pixels[...] = 0


def glow(pixels: Floats) -> None:
    pixels[..., 3] = 0


@pytest.mark.parametrize(
    ("name", "kind", "change", "codes"),
    [
        ("f.exr", "float", spoil(float("nan")), ["not_a_number"]),
        ("f.exr", "half", spoil(float("inf")), ["not_a_number"]),
        ("f.exr", "half", spoil(float("-inf")), ["not_a_number"]),
        ("f.exr", "half", spoil(-3.0), []),
        ("f.exr", "half", blacken, ["black"]),
        ("f.png", "uint8", blacken, ["black"]),
        ("f.png", "uint8", clear, ["transparent"]),
        ("f.exr", "half", clear, ["transparent"]),
        ("f.exr", "half", glow, []),
    ],
)
def test_odd_pixels_are_suspicious(
    tmp_path: Path,
    name: str,
    kind: str,
    change: Callable[[Floats], None],
    codes: list[str],
) -> None:
    pixels = make_pixels()
    change(pixels)
    checked = check_picture(write_picture(tmp_path / name, kind, pixels))
    assert list(checked.suspicious) == codes


def test_depth_may_be_infinite_and_colours_may_not(tmp_path: Path) -> None:
    channels = ("Layer.Combined.R", "Layer.Combined.G", "Layer.Combined.B", "Layer.Depth.Z")
    pixels = make_pixels()
    pixels[..., 3] = float("inf")
    path = write_picture(tmp_path / "layers.exr", "float", pixels, channels=channels)
    assert check_picture(path, width=WIDTH, height=HEIGHT).suspicious == ()


def test_a_format_nobody_reads_is_not_called_bad(tmp_path: Path) -> None:
    path = tmp_path / "frame.cin_unknown"
    path.write_bytes(b"something")
    checked = check_picture(path, width=9, height=5)
    assert (checked.width, checked.height, checked.decoded) == (9, 5, False)
