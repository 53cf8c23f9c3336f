"""What Blender's lines say: pure parsing, from version 3.4 to 5.x."""

import re
from dataclasses import dataclass

# 5.x puts `00:00.123  render  |` before its lines.
PREFIX = re.compile(r"^\s*\d+:\d+\.\d+\s+\S+\s+\|\s*")
SAMPLE = re.compile(r"(?:Sample|Rendering|Rendered) (\d+) ?/ ?(\d+)( Tiles| samples)?")
REMAINING = re.compile(r"Remaining:\s*(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")
# How a line of statistics begins: with the frame up to 4.5, with its first value in 5.x.
STATISTICS = re.compile(r"Fra:-?\d|Mem:|Remaining:|(?:Sample|Rendering|Rendered) \d")


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What one line says of a frame's progress; None for what it does not say."""

    sample: int | None = None
    samples: int | None = None
    remaining_ms: int | None = None


def strip_prefix(line: str) -> str:
    """Return a line without the time and category that Blender 5 puts before it."""
    return PREFIX.sub("", line)


def parse_line(line: str) -> Said | None:
    """Return what a line says of progress, or None when it says nothing."""
    text = strip_prefix(line.rstrip())
    if not STATISTICS.match(text):
        return None
    sample = SAMPLE.search(text)
    remaining = REMAINING.search(text)
    if sample is None and remaining is None:
        return None
    return Said(
        sample=int(sample.group(1)) if sample else None,
        samples=int(sample.group(2)) if sample else None,
        remaining_ms=_to_ms(remaining) if remaining else None,
    )


def _to_ms(match: re.Match[str]) -> int:
    hours, minutes, seconds = match.groups()
    return round((int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)
