"""What the end of a renderer means: exit codes, signals, and the kernel's kill for memory."""

import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from re import Pattern

from render.failures import FailureCode

FREE_BYTES_MIN = 64 * 1024
OOM_COUNTER = Path("/proc/vmstat")
# What a dead program said last can tell more than how it died.
TELLING_CODES = (
    FailureCode.OUT_OF_MEMORY,
    FailureCode.DISK_FULL,
    FailureCode.OPENGL_FAILED,
    FailureCode.NO_LICENCE,
    FailureCode.GPU_ERROR,
)


def pick_telling(
    failures: Mapping[FailureCode, Sequence[Pattern[str]]],
) -> dict[FailureCode, Sequence[Pattern[str]]]:
    """Return the patterns that say more of a dead process than its exit code does."""
    return {code: failures[code] for code in TELLING_CODES if code in failures}


def explain_exit(returncode: int | None, oom_kills_before: int, folder: Path) -> FailureCode:
    """Return what an unexpected end means; `folder` is where the renderer was to write."""
    if shutil.disk_usage(folder).free < FREE_BYTES_MIN:
        # Few renderers say so: POV-Ray aborts with "Cannot access data in file".
        return FailureCode.DISK_FULL
    if returncode is not None and -returncode == getattr(signal, "SIGKILL", 9):
        if count_oom_kills() > oom_kills_before:
            return FailureCode.OUT_OF_MEMORY
        return FailureCode.KILLED
    if returncode is not None and (returncode < 0 or returncode > 128):
        return FailureCode.CRASHED
    return FailureCode.EXITED


def name_exit(returncode: int | None) -> str:
    """Return an exit code as people know it: `SIGSEGV`, or `exit code 1`."""
    if returncode is None:
        return ""
    number = -returncode if returncode < 0 else returncode - 128
    try:
        return signal.Signals(number).name if number > 0 else f"exit code {returncode}"
    except ValueError:
        return f"exit code {returncode}"


def add_exit(words: str, returncode: int | None) -> str:
    """Return a program's last words with the signal it died of, or how it ended without any."""
    died = returncode is not None and (returncode < 0 or returncode > 128)
    said = name_exit(returncode) if died or not words else ""
    return "\n".join(part for part in (words, said) if part)


def count_oom_kills() -> int:
    """Return how often this kernel has killed for memory; 0 where it does not tell."""
    try:
        text = OOM_COUNTER.read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if "oom_kill " in line), 0)
