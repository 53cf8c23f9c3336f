"""Rasters: pictures as numbers, and how they are developed for the screen at an exposure."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QImage

if TYPE_CHECKING:
    import numpy

HALF_VALUES = 65_536
BYTE_VALUES = 256


@dataclass(frozen=True, slots=True)
class Raster:
    """Pixels, (height, width, 3): bytes as a screen shows them, or half floats of linear light."""

    pixels: "numpy.ndarray[Any, Any]"

    @property
    def size(self) -> int:
        """Return how much room it takes, in bytes."""
        return int(self.pixels.nbytes)


def decode_picture(data: bytes) -> Raster | None:
    """Return the raster of a PNG or JPEG, None for what Qt cannot read."""
    import numpy

    image = QImage.fromData(data)
    if image.isNull():
        return None
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    stride, width, height = image.bytesPerLine(), image.width(), image.height()
    lines = numpy.frombuffer(image.constBits(), dtype=numpy.uint8).reshape(height, stride)
    return Raster(lines[:, : width * 3].reshape(height, width, 3).copy())


def decode_halves(width: int, height: int, data: bytes) -> Raster:
    """Return the raster of what the reader wrote."""
    import numpy

    return Raster(numpy.frombuffer(data, dtype=numpy.float16).reshape(height, width, 3))


def develop(raster: Raster, stops: float) -> QImage:
    """Return a raster as the screen shows it, so many stops brighter.

    There are only 65,536 half floats and 256 bytes: what each becomes is worked out once, and
    every pixel is looked up.
    """
    import numpy

    pixels = raster.pixels
    if pixels.dtype == numpy.float16:
        table = show_light(numpy.arange(HALF_VALUES, dtype=numpy.uint16).view(numpy.float16), stops)
        shown = table[pixels.view(numpy.uint16)]
    elif stops:
        light = read_light(numpy.arange(BYTE_VALUES) / (BYTE_VALUES - 1))
        shown = show_light(light, stops)[pixels]
    else:
        shown = pixels
    height, width, _ = shown.shape
    image = QImage(shown.tobytes(), width, height, width * 3, QImage.Format.Format_RGB888)
    return image.copy()  # the bytes above go away


def read_light(shown: Any) -> Any:
    """Return the linear light of sRGB values from 0 to 1 (IEC 61966-2-1)."""
    import numpy

    return numpy.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)


def show_light(light: Any, stops: float) -> Any:
    """Return linear light as sRGB bytes, so many stops brighter."""
    import numpy

    with numpy.errstate(all="ignore"):
        scaled = numpy.nan_to_num(light.astype(numpy.float32) * numpy.float32(2.0**stops))
        scaled = numpy.clip(scaled, 0.0, 1.0)
        curve = 1.055 * scaled ** (1 / 2.4) - 0.055
    shown = numpy.where(scaled <= 0.0031308, scaled * 12.92, curve)
    return (shown * 255 + 0.5).astype(numpy.uint8)
