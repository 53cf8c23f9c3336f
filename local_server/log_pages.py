"""Pages of logs: whole lines of a file from a place on, or its last ones, in constant memory."""

import os
from dataclasses import dataclass
from pathlib import Path

PAGE_BYTES_MAX = 262_144


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLines:
    """Some lines of a log, and the byte at which the next page begins."""

    lines: list[str]
    next: int


def read_lines(path: Path, *, after: int, limit: int) -> LogLines:
    """Return up to `limit` whole lines from a byte on; what is being written still is left.

    A line that is longer than a page comes in pieces. A file that is not there has no lines.
    """
    data = read_bytes(path, after)
    end = data.rfind(b"\n") + 1
    if end == 0 and len(data) == PAGE_BYTES_MAX:
        end = len(data)
    lines = data[:end].splitlines(keepends=True)[:limit]
    taken = sum(len(line) for line in lines)
    return LogLines(lines=[decode(line) for line in lines], next=after + taken)


def read_tail(path: Path, *, count: int) -> LogLines:
    """Return the last `count` whole lines, as far as a page reaches back."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return LogLines(lines=[], next=0)
    begin = max(0, size - PAGE_BYTES_MAX)
    data = read_bytes(path, begin)
    end = data.rfind(b"\n") + 1
    lines = data[:end].splitlines(keepends=True)
    if begin > 0:
        lines = lines[1:]  # it may have begun before the page
    return LogLines(lines=[decode(line) for line in lines[-count:]], next=begin + end)


def read_bytes(path: Path, begin: int) -> bytes:
    """Return a page of a file's bytes from a place on; none where there is no file."""
    try:
        with path.open("rb") as file:
            if begin >= os.fstat(file.fileno()).st_size:
                return b""
            file.seek(begin)
            return file.read(PAGE_BYTES_MAX)
    except FileNotFoundError:
        return b""


def decode(line: bytes) -> str:
    """Return a line as text without its end; what is no text is marked."""
    return line.rstrip(b"\r\n").decode("utf-8", errors="replace")
