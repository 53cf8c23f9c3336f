"""Reads a picture of any format in a process of its own: a broken file takes nobody down with it.

`python -m desktop.picture_reader FILE` writes one line of JSON, `{"width": ..., "height": ...}`,
and then the pixels: rows of red, green and blue as half floats in linear light.
"""

import json
import sys
from pathlib import Path

WORD = "read-picture"
"""What makes the bundled program this reader."""


def read_pixels(path: Path) -> tuple[int, int, bytes]:
    """Return width, height and pixels of a file's first picture. Raises ValueError."""
    import OpenImageIO

    source = OpenImageIO.ImageBuf(str(path))
    if source.has_error or not source.read(0, 0, True, OpenImageIO.FLOAT):
        raise ValueError(source.geterror())
    spec = source.spec()
    channels = (0, 1, 2) if spec.nchannels >= 3 else (0, 0, 0)
    colours = OpenImageIO.ImageBufAlgo.channels(source, channels)
    space = str(spec.get_string_attribute("oiio:ColorSpace")).lower()
    if "srgb" in space or (not space and path.suffix in (".png", ".jpg")):
        colours = OpenImageIO.ImageBufAlgo.colorconvert(colours, "sRGB", "linear")
    pixels = colours.get_pixels(OpenImageIO.HALF)
    if pixels is None:
        raise ValueError(colours.geterror())
    return spec.width, spec.height, pixels.tobytes()


def main(arguments: list[str]) -> int:
    """Read one file and write its pixels; returns the exit code."""
    try:
        width, height, pixels = read_pixels(Path(arguments[0]))
    except (ValueError, IndexError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.buffer.write(json.dumps({"width": width, "height": height}).encode() + b"\n")
    sys.stdout.buffer.write(pixels)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
