"""Pictures of all kinds, at any exposure, and files that are broken."""

from pathlib import Path

import numpy
import OpenImageIO
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from desktop.pictures import Pictures
from desktop.rasters import Raster, decode_picture, develop

READ_MS_MAX = 60_000


def write_picture(
    path: Path, pixels: "numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.float32]]"
) -> bytes:
    """Write pixels to a file and return its bytes."""
    height, width, channels = pixels.shape
    output = OpenImageIO.ImageOutput.create(str(path))
    assert output.open(str(path), OpenImageIO.ImageSpec(width, height, channels, "half"))
    assert output.write_image(pixels)
    output.close()
    return path.read_bytes()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_exr_at_exposures(qtbot: QtBot, tmp_path: Path, channels: int) -> None:
    """Linear light becomes what a screen shows; a stop doubles it."""
    pixels = numpy.full((4, 6, channels), 0.25, dtype=numpy.float32)
    pixels[0, 0] = numpy.inf
    pixels[0, 1] = numpy.nan
    pictures = Pictures()
    pictures.wanted.connect(
        lambda job, number: pictures.put(
            job, number, write_picture(tmp_path / "frame.exr", pixels), ".exr"
        )
    )
    with qtbot.waitSignal(pictures.arrived, timeout=READ_MS_MAX):
        assert pictures.find("job", 1) is None
    with qtbot.waitSignal(pictures.developed, timeout=READ_MS_MAX) as shown:
        pictures.develop("job", 1, 0.0)
    image: QImage = shown.args[3]
    assert (image.width(), image.height()) == (6, 4)
    assert image.pixelColor(3, 2).red() == 137  # sRGB of 0.25
    assert image.pixelColor(0, 0).red() == 255
    assert image.pixelColor(1, 0).red() == 0
    with qtbot.waitSignal(pictures.developed, timeout=READ_MS_MAX) as shown:
        pictures.develop("job", 1, 1.0)
    assert shown.args[3].pixelColor(3, 2).red() == 188  # sRGB of 0.5
    assert not list(tmp_path.glob("tmp*"))


def test_broken_file(qtbot: QtBot) -> None:
    """It is said, and the window lives on."""
    pictures = Pictures()
    pictures.wanted.connect(lambda job, number: pictures.put(job, number, b"no picture", ".exr"))
    with qtbot.waitSignal(pictures.broken, timeout=READ_MS_MAX):
        pictures.find("job", 1)
    assert pictures.find("job", 1) is None


def test_bytes_stay_as_they_are() -> None:
    """At no exposure a PNG is shown exactly as it was rendered; brighter stays in order."""
    ramp = numpy.repeat(numpy.arange(256, dtype=numpy.uint8)[None, :, None], 3, axis=2)
    same = develop(Raster(ramp), 0.0)
    assert [same.pixelColor(x, 0).green() for x in range(256)] == list(range(256))
    brighter = [develop(Raster(ramp), 1.0).pixelColor(x, 0).green() for x in range(256)]
    assert brighter == sorted(brighter)
    assert all(high >= low for low, high in enumerate(brighter))
    assert decode_picture(b"nothing") is None
