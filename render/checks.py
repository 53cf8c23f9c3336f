"""Checks of a written picture: whole, of the right size, of numbers, not suspiciously empty."""

from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np
import OpenImageIO

from render.failures import FailureCode, RenderFailure
from render.pictures import ALPHAS, COLOURS, Pixels, has_reader, open_picture, read_part

# What a whole file ends with. libpng and libjpeg give back a full picture without it.
ENDING = {
    ".png": b"\x00\x00\x00\x00IEND\xaeB`\x82",
    ".jpg": b"\xff\xd9",
    ".jpeg": b"\xff\xd9",
}
DARK_MAX = 1e-6
# Blender dithers pictures of 8 bits, and black is no exception: half of it comes out as 1.
DITHER = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedPicture:
    """A picture that is whole. `suspicious` holds what a second, cold render should confirm.

    `decoded` is False for a format that nothing here can read; its size is what was expected.
    """

    width: int
    height: int
    extension: str
    suspicious: tuple[FailureCode, ...] = ()
    decoded: bool = True


def check_picture(
    path: Path, *, width: int | None = None, height: int | None = None
) -> CheckedPicture:
    """Check a picture that a renderer wrote; its size too, where `width` and `height` say it.

    Raises RenderFailure with no_file, undecodable, truncated or wrong_size.
    """
    extension = path.suffix.lower()
    if not path.is_file():
        raise RenderFailure(FailureCode.NO_FILE, path.name)
    if path.stat().st_size == 0:
        raise RenderFailure(FailureCode.TRUNCATED, f"{path.name}: 0 B")
    if not has_reader(extension):
        return CheckedPicture(
            width=width or 0, height=height or 0, extension=extension, decoded=False
        )
    check_ending(path)
    image = open_picture(path)
    try:
        spec = image.spec()
        found = (spec.full_width, spec.full_height)
        if extension != ".exr":
            found = (spec.width, spec.height)
        if (width, height) != (None, None) and found != (width, height):
            words = f"{found[0]}x{found[1]}, not {width}x{height}"
            raise RenderFailure(FailureCode.WRONG_SIZE, words)
        suspicious = check_parts(image, path.name)
    finally:
        image.close()
        OpenImageIO.geterror()
    return CheckedPicture(
        width=found[0], height=found[1], extension=extension, suspicious=suspicious
    )


def check_ending(path: Path) -> None:
    """Raise RenderFailure(truncated) for a file without its format's last bytes."""
    ending = ENDING.get(path.suffix.lower())
    if ending is None:
        return
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(ending)))
        if file.read() != ending:
            raise RenderFailure(FailureCode.TRUNCATED, f"{path.name}: no end mark")


def check_parts(image: OpenImageIO.ImageInput, name: str) -> tuple[FailureCode, ...]:
    """Decode every part of a picture; returns what is suspicious of its colours."""
    bad = coloured = lit = clear = False
    part = 0
    while image.seek_subimage(part, 0):
        pixels, spec = read_part(image, part, name)
        names = [str(channel).rsplit(".", 1)[-1].lower() for channel in spec.channelnames]
        colours = [index for index, channel in enumerate(names) if channel in COLOURS]
        alphas = [index for index, channel in enumerate(names) if channel in ALPHAS]
        extremes = measure_extremes(pixels)
        bad = bad or not extremes.are_numbers(colours + alphas)
        coloured = coloured or bool(colours)
        dark = DITHER if pixels.dtype == np.uint8 else DARK_MAX
        lit = lit or extremes.rise_above(dark, colours)
        clear = clear or bool(alphas and not extremes.rise_above(DARK_MAX, alphas))
        part += 1
    suspicious = [FailureCode.NOT_A_NUMBER] if bad else []
    # Premultiplied light without alpha is a picture too: glow, fire. Integers with no alpha
    # anywhere show nothing, whatever their colours are.
    if clear and (not lit or pixels.dtype.kind != "f"):
        suspicious.append(FailureCode.TRANSPARENT)
    elif coloured and not lit:
        suspicious.append(FailureCode.BLACK)
    return tuple(suspicious)


@dataclass(frozen=True, kw_only=True, slots=True)
class Extremes:
    """The lowest and highest value of each channel; NaN where the channel has one."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    def are_numbers(self, channels: list[int]) -> bool:
        """Return whether these channels are free of NaN and infinity."""
        return all(isfinite(self.low[c]) and isfinite(self.high[c]) for c in channels)

    def rise_above(self, level: float, channels: list[int]) -> bool:
        """Return whether any of these channels has more than a level; a NaN has."""
        return any(not self.high[c] <= level for c in channels)


def measure_extremes(pixels: Pixels) -> Extremes:
    """Return the extremes of a picture's channels."""
    # Whole rows against each other first: numpy does that many times faster than pixels of three
    # or four channels.
    rows = pixels.reshape(pixels.shape[0], -1)
    low = rows.min(axis=0).reshape(-1, pixels.shape[-1]).min(axis=0)
    high = rows.max(axis=0).reshape(-1, pixels.shape[-1]).max(axis=0)
    return Extremes(low=tuple(map(float, low)), high=tuple(map(float, high)))
