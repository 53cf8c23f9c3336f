"""Ways a render can fail, and how the renderer's own words are found in its log."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

WORDS_LENGTH_MAX = 600
WORDS_LINES_MAX = 3


class FailureCode(StrEnum):
    """Why an attempt failed; the words for people are in `resources/messages/*/render.toml`.

    A failure has no parameters, so its code is never one that a finding with parameters has.
    """

    # The renderer
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out_of_memory"
    TIMED_OUT = "timed_out"
    STALLED = "stalled"
    KILLED = "killed"
    EXITED = "exited"
    NOT_STARTED = "not_started"
    STOPPED = "stopped"
    # The scene
    SCENE_ERROR = "scene_error"
    SCENE_LOST = "scene_lost"
    NO_CAMERA = "no_camera"
    ENGINE_MISSING = "engine_missing"
    OPENGL_FAILED = "opengl_failed"
    NO_DENOISER = "no_denoiser"
    # The machine
    NODE_ERROR = "node_error"
    DISK_FULL = "node_disk_full"
    CANNOT_WRITE = "cannot_write"
    GPU_ERROR = "gpu_error"
    NO_LICENCE = "no_licence"
    # The picture
    NO_FILE = "no_file"
    UNDECODABLE = "undecodable"
    TRUNCATED = "truncated"
    WRONG_SIZE = "wrong_size"
    NOT_A_NUMBER = "not_a_number"
    BLACK = "black"
    TRANSPARENT = "transparent"


class RenderFailure(Exception):
    """An attempt without a good picture; `words` are the renderer's own where it had any."""

    def __init__(self, code: FailureCode, words: str = "") -> None:
        super().__init__(f"{code}: {words}" if words else str(code))
        self.code = code
        self.words = words


def choose_words(
    lines: Sequence[str],
    *,
    errors: Sequence[re.Pattern[str]],
    noise: Sequence[re.Pattern[str]] = (),
) -> str:
    """Return the lines of a log that best say what went wrong.

    Lines that match an error pattern win, the first of them first: what follows the first error
    is mostly its echo. Without one, the last lines that are not noise are taken.
    """
    spoken = [line.strip() for line in lines if line.strip()]
    spoken = [line for line in spoken if not any(p.search(line) for p in noise)]
    marked = [line for line in spoken if any(p.search(line) for p in errors)]
    chosen = marked[:WORDS_LINES_MAX] if marked else spoken[-WORDS_LINES_MAX:]
    unique = list(dict.fromkeys(chosen))
    return "\n".join(unique)[:WORDS_LENGTH_MAX]


def classify_words(
    words: str,
    patterns: Mapping[FailureCode, Sequence[re.Pattern[str]]],
    *,
    otherwise: FailureCode,
) -> FailureCode:
    """Return the code that a renderer's words mean, by the patterns of its description."""
    for code, candidates in patterns.items():
        if any(pattern.search(words) for pattern in candidates):
            return code
    return otherwise
