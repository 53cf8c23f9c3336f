"""Reading of pictures, whatever their format, with the true reason when one cannot be read."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import OpenImageIO

from render.failures import FailureCode, RenderFailure

# What each format begins with; a file that begins right and cannot be read was cut off.
MAGIC = {
    ".png": b"\x89PNG\r\n\x1a\n",
    ".jpg": b"\xff\xd8\xff",
    ".jpeg": b"\xff\xd8\xff",
    ".exr": b"\x76\x2f\x31\x01",
    ".bmp": b"BM",
    ".hdr": b"#?",
    ".webp": b"RIFF",
}
COLOURS = {"r", "g", "b", "y", "red", "green", "blue"}
ALPHAS = {"a", "alpha"}

Pixels = npt.NDArray[np.integer[Any] | np.floating[Any]]


def has_reader(extension: str) -> bool:
    """Return whether a format can be decoded here at all."""
    listed = str(OpenImageIO.get_string_attribute("extension_list"))
    known = {name for entry in listed.split(";") for name in entry.split(":")[-1].split(",")}
    return extension.lstrip(".") in known


def open_picture(path: Path) -> OpenImageIO.ImageInput:
    """Open a picture for reading. Raises RenderFailure(truncated or undecodable)."""
    image = OpenImageIO.ImageInput.open(str(path))
    if image is not None:
        return image
    words = str(OpenImageIO.geterror()).strip()
    magic = MAGIC.get(path.suffix.lower())
    with path.open("rb") as file:
        begins_right = magic is not None and file.read(len(magic)) == magic
    code = FailureCode.TRUNCATED if begins_right else FailureCode.UNDECODABLE
    raise RenderFailure(code, words)


def read_part(
    image: OpenImageIO.ImageInput, part: int, name: str
) -> tuple[Pixels, OpenImageIO.ImageSpec]:
    """Decode one part of a picture. Raises RenderFailure(truncated)."""
    spec = image.spec()
    # Half floats are slow to work with in numpy.
    kind = (
        "float"
        if spec.format in (OpenImageIO.HALF, OpenImageIO.FLOAT, OpenImageIO.DOUBLE)
        else spec.format
    )
    pixels = image.read_image(part, 0, 0, spec.nchannels, kind)
    words = str(image.geterror()).strip()
    if pixels is None or words:
        raise RenderFailure(FailureCode.TRUNCATED, words or f"{name}: pixels are missing")
    return pixels, spec
