"""Frame ranges as people write them (`1-20x2,30`), read with Fileseq and with clear errors."""

import re
import unicodedata
from collections.abc import Iterable

from fileseq.frameset import FrameSet

FRAMES_MAX = 1_000_000
# Blender's own limit; no renderer we know goes further.
FRAME_MAX = 1_048_574
# One frame, or a first, a last and perhaps a step.
PART = re.compile(r"(-?\d{1,18})(?:-(-?\d{1,18})(?:x(\d{1,18}))?)?")
DASHES = str.maketrans({"–": "-", "—": "-", "−": "-", "~": "-", "、": ",", ";": ","})


class FrameRangeError(ValueError):
    """A text that is no frame range; `code` is one of render.toml's, `params` what it speaks of."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(f"{code} {params}")
        self.code = code
        self.params = params


def parse_frames(text: str) -> tuple[int, ...]:
    """Return the frames of a range such as `1-20x2,30,-5--1`, in its order and without doubles.

    Raises FrameRangeError with frames_empty, frames_gap, frames_not_a_range, frames_reversed
    (which proposes the right order), frames_huge or frames_too_far.
    """
    # A Chinese keyboard writes full-width digits, commas and dashes.
    plain = unicodedata.normalize("NFKC", text).translate(DASHES)
    plain = re.sub(r"\s*-\s*(?=\d)", "-", plain.strip())
    between_commas = [piece.split() for piece in plain.split(",")]
    parts = [part for piece in between_commas for part in piece]
    if not parts:
        raise FrameRangeError("frames_empty")
    if not all(between_commas[:-1]):  # a comma at the end is there while somebody types
        raise FrameRangeError("frames_gap", text=text, proposal=",".join(parts))
    count = sum(_check_part(part) for part in parts)
    if count > FRAMES_MAX:
        raise FrameRangeError("frames_huge", count=count, limit=FRAMES_MAX)
    return tuple(int(frame) for frame in FrameSet(",".join(parts)))


def format_frames(frames: Iterable[int]) -> str:
    """Return frames as a short range, in rising order: 1, 3, 5, 9 is `1-5x2,9`."""
    ordered = sorted(set(frames))
    return str(FrameSet.framesToFrameRange(ordered, sort=False)) if ordered else ""


def _check_part(part: str) -> int:
    """Return how many frames a part has, or raise for one that is no range."""
    match = PART.fullmatch(part)
    if match is None:
        raise FrameRangeError("frames_not_a_range", text=part)
    first = int(match.group(1))
    last = first if match.group(2) is None else int(match.group(2))
    step = 1 if match.group(3) is None else int(match.group(3))
    if step == 0:
        raise FrameRangeError("frames_not_a_range", text=part)
    if last < first:
        proposal = f"{last}-{first}" + (f"x{step}" if step > 1 else "")
        raise FrameRangeError("frames_reversed", text=part, proposal=proposal)
    furthest = max(abs(first), abs(last))
    if furthest > FRAME_MAX:
        raise FrameRangeError("frames_too_far", frame=furthest, limit=FRAME_MAX)
    return (last - first) // step + 1
