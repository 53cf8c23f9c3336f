"""Portraits: a picture from anywhere becomes one small square one of ours."""

import warnings
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from local_server.farm.errors import Unfit

BYTES_MAX = 5_000_000
PIXELS_MAX = 40_000_000
SIDE_PIXELS = 256
FORMATS = ("PNG", "JPEG", "WEBP")
MIME_TYPE = "image/png"


def make_portrait(data: bytes) -> bytes:
    """Return a picture as a square PNG of 256 pixels with nothing in it but pixels.

    The size that the file claims is looked at before a pixel is unpacked: a few kilobytes can
    claim gigabytes. Where it was taken and with what goes, as does whatever else was hidden in
    it. Raises Unfit `portrait_too_large` and `portrait_unreadable`.
    """
    if len(data) > BYTES_MAX:
        raise Unfit("portrait_too_large", bytes_max=BYTES_MAX, pixels_max=PIXELS_MAX)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=FORMATS) as picture:
                check_size(picture)
                return encode(picture)
    except Image.DecompressionBombError as error:
        raise too_large() from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise Unfit("portrait_unreadable", formats=", ".join(FORMATS)) from error


def check_size(picture: Image.Image) -> None:
    """Raise Unfit `portrait_too_large` for more pixels than a portrait can need."""
    if picture.width * picture.height > PIXELS_MAX:
        raise too_large()


def too_large() -> Unfit:
    """Return the error for a picture that is too large."""
    return Unfit("portrait_too_large", bytes_max=BYTES_MAX, pixels_max=PIXELS_MAX)


def encode(picture: Image.Image) -> bytes:
    """Return the middle of a picture, upright, as a PNG that carries nothing along."""
    picture.draft("RGB", (SIDE_PIXELS * 2, SIDE_PIXELS * 2))  # a JPEG is unpacked small at once
    upright = ImageOps.exif_transpose(picture).convert("RGBA")
    square = ImageOps.fit(upright, (SIDE_PIXELS, SIDE_PIXELS), Image.Resampling.LANCZOS)
    bare = Image.new("RGBA", square.size)
    bare.paste(square)
    target = BytesIO()
    bare.save(target, "PNG", optimize=True)
    return target.getvalue()
