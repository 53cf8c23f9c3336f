"""Thumbnails of frames: small JPEGs that show any format as an artist expects to see it."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import OpenImageIO

from render.failures import FailureCode, RenderFailure
from render.pictures import ALPHAS, COLOURS, Pixels, open_picture, read_part

SIDE_MAX = 320
QUALITY = 85
# What transparent places show, as light: a middle grey that is neither scene nor window.
NEUTRAL_LINEAR = 0.18
NEUTRAL_DISPLAY = 0.46
# The share of a linear picture's pixels that may be white in its thumbnail is what is above.
WHITE_PERCENTILE = 99.0

Floats = npt.NDArray[np.float32]


def make_thumbnail(path: Path, target: Path, *, side_max: int = SIDE_MAX) -> tuple[int, int]:
    """Write a JPEG of a picture, no side longer than `side_max`; returns its width and height.

    Linear formats are exposed and converted to sRGB; alpha lies over a neutral grey. Raises
    RenderFailure when the picture cannot be read or the thumbnail cannot be written.
    """
    pixels, linear = read_small(path, side_max)
    colour, alpha = pixels[..., :3], pixels[..., 3:]
    neutral = NEUTRAL_LINEAR if linear else NEUTRAL_DISPLAY
    if linear:
        colour = expose(colour)
    colour = colour + (1.0 - alpha) * neutral
    if linear:
        colour = encode_srgb(colour)
    eight_bit = (np.clip(colour, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    write_jpeg(eight_bit, target)
    return eight_bit.shape[1], eight_bit.shape[0]


def read_small(path: Path, side_max: int) -> tuple[Floats, bool]:
    """Return a shrunk picture as premultiplied RGBA, and whether its numbers are linear light."""
    image = open_picture(path)
    try:
        pixels, spec = read_part(image, 0, path.name)
        channels = pick_channels([str(name) for name in spec.channelnames])
    finally:
        image.close()
    linear = pixels.dtype.kind == "f"
    step = max(1, -(-max(pixels.shape[:2]) // side_max))
    small = shrink(pixels, step)
    colour = small[..., channels[:3]]
    alpha = np.ones_like(colour[..., :1])
    if len(channels) == 4:
        alpha = np.clip(small[..., channels[3:]], 0.0, 1.0)
    return np.concatenate([colour, alpha], axis=-1), linear


def pick_channels(names: list[str]) -> list[int]:
    """Return the indices of R, G, B and, if there is one, A: of `Combined` where passes abound."""
    layers: dict[str, dict[str, int]] = {}
    for index, name in enumerate(names):
        layer, _, channel = name.rpartition(".")
        layers.setdefault(layer, {})[channel.lower()] = index
    coloured = [layer for layer, found in layers.items() if COLOURS & found.keys()]
    coloured.sort(key=lambda layer: (layer != "", not layer.endswith("Combined")))
    if not coloured:
        return [0, 0, 0]
    found = layers[coloured[0]]
    colours = [index for name, index in found.items() if name in COLOURS]
    for key in (("r", "g", "b"), ("red", "green", "blue")):
        if all(name in found for name in key):
            colours = [found[name] for name in key]
    colours = colours[:3] if len(colours) >= 3 else [colours[0]] * 3
    return colours + [index for name, index in found.items() if name in ALPHAS][:1]


def shrink(pixels: Pixels, step: int) -> Floats:
    """Return the means of blocks of `step` by `step` pixels, as floats from 0 to 1 for integers."""
    # A picture narrower than a block is one block wide.
    rows, columns = min(step, pixels.shape[0]), min(step, pixels.shape[1])
    height, width = pixels.shape[0] // rows, pixels.shape[1] // columns
    scale = 1.0 if pixels.dtype.kind == "f" else float(2 ** (8 * pixels.dtype.itemsize) - 1)
    total = np.zeros((height, width, pixels.shape[2]), dtype=np.float32)
    # A sum over strided views is many times faster than a mean over the blocks' two axes.
    for row in range(rows):
        for column in range(columns):
            total += pixels[row : height * rows : rows, column : width * columns : columns]
    mean = total / np.float32(rows * columns * scale)
    # A bad pixel spoils its block; the check of the picture has said so already.
    return np.nan_to_num(mean, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)


def expose(colour: Floats) -> Floats:
    """Return linear light with its bright places below white; a picture without any stays as it is.

    Reinhard's operator with a white point (Photographic Tone Reproduction, 2002, equation 4): at
    a white of 1 it changes nothing, so there is no step between the two cases.
    """
    white = float(np.percentile(colour.max(axis=-1), WHITE_PERCENTILE))
    if white <= 1.0:
        return colour
    light = np.maximum(colour, 0.0)
    exposed: Floats = light * (1.0 + light / np.float32(white * white)) / (1.0 + light)
    return exposed


def encode_srgb(linear: Floats) -> Floats:
    """Return light as sRGB numbers (IEC 61966-2-1)."""
    clipped = np.clip(linear, 0.0, 1.0)
    curve = 1.055 * np.power(clipped, 1 / 2.4) - 0.055
    encoded: Floats = np.where(clipped <= 0.0031308, clipped * 12.92, curve).astype(np.float32)
    return encoded


def write_jpeg(pixels: npt.NDArray[np.uint8], target: Path) -> None:
    """Write 8-bit RGB as JPEG. Raises RenderFailure(cannot_write)."""
    spec = OpenImageIO.ImageSpec(pixels.shape[1], pixels.shape[0], 3, "uint8")
    spec.attribute("Compression", f"jpeg:{QUALITY}")
    output = OpenImageIO.ImageOutput.create("jpeg")
    good = output is not None and output.open(str(target), spec)
    good = good and output.write_image(np.ascontiguousarray(pixels)) and output.close()
    if not good:
        words = output.geterror() if output is not None else OpenImageIO.geterror()
        raise RenderFailure(FailureCode.CANNOT_WRITE, str(words).strip())
