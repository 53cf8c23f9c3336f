"""The renderer's own words: which lines of a log say what went wrong, and what they mean."""

import signal
from pathlib import Path

import pytest

from render.exits import add_exit, explain_exit, name_exit
from render.failures import FailureCode, choose_words, classify_words
from render.renderers import read_specs

SPECS = {spec.name: spec for spec in read_specs()}


@pytest.mark.parametrize(
    ("renderer", "log", "words", "code"),
    [
        (
            "blender",
            ["Read blend: /a.blend", "Error: Cannot render, no camera", "Blender quit"],
            "Error: Cannot render, no camera",
            FailureCode.NO_CAMERA,
        ),
        (
            "blender",
            [
                "Fra:1 Mem:9M | Sample 1/4",
                "Error: Render error (No space left on device) cannot save: '/out/a.png'",
            ],
            "Error: Render error (No space left on device) cannot save: '/out/a.png'",
            FailureCode.DISK_FULL,
        ),
        (
            "blender",
            ["Malloc returns null: len=99 in x, total 5", "Writing: /tmp/a.crash.txt"],
            "Malloc returns null: len=99 in x, total 5",
            FailureCode.OUT_OF_MEMORY,
        ),
        (
            "blender",
            ["Error: Failed to read blend file 'a.blend': Missing DNA block"],
            "Error: Failed to read blend file 'a.blend': Missing DNA block",
            FailureCode.SCENE_ERROR,
        ),
        (
            "blender",
            ["Warning: No OpenGL vendor detected.", "EGL Error (0x300C): EGL_BAD_PARAMETER"],
            "Warning: No OpenGL vendor detected.",
            FailureCode.OPENGL_FAILED,
        ),
        (
            "povray",
            [
                "==== [Parsing...] ====",
                "File 'a.pov' line 3: Possible Parse Error: maybe",
                "File 'a.pov' line 3: Parse Error: Cannot open include file x.inc.",
                "Fatal error in parser: Cannot parse input.",
                "Render failed",
            ],
            "File 'a.pov' line 3: Parse Error: Cannot open include file x.inc.",
            FailureCode.SCENE_ERROR,
        ),
    ],
)
def test_words_are_the_renderers_own(
    renderer: str, log: list[str], words: str, code: FailureCode
) -> None:
    spec = SPECS[renderer]
    chosen = choose_words(log, errors=spec.lines.errors, noise=spec.lines.noise)
    assert chosen == words
    assert classify_words(chosen, spec.failures, otherwise=FailureCode.EXITED) == code


def test_without_an_error_the_last_lines_speak() -> None:
    assert choose_words(["a", "b", "", "c", "d"], errors=()) == "b\nc\nd"


@pytest.mark.parametrize(
    ("returncode", "code", "name"),
    [
        (1, FailureCode.EXITED, "exit code 1"),
        (-signal.SIGSEGV, FailureCode.CRASHED, "SIGSEGV"),
        (128 + signal.SIGSEGV, FailureCode.CRASHED, "SIGSEGV"),
        (-signal.SIGKILL, FailureCode.KILLED, "SIGKILL"),
    ],
)
def test_end_is_explained(returncode: int, code: FailureCode, name: str, tmp_path: Path) -> None:
    assert explain_exit(returncode, 10**9, tmp_path) is code
    assert name_exit(returncode) == name


def test_the_kernels_kill_for_memory_is_known(tmp_path: Path) -> None:
    assert explain_exit(-signal.SIGKILL, -1, tmp_path) is FailureCode.OUT_OF_MEMORY


def test_a_signal_stands_beside_words_and_an_exit_code_does_not() -> None:
    assert add_exit("Malloc", -11) == "Malloc\nSIGSEGV"
    assert add_exit("no camera", 1) == "no camera"
    assert add_exit("", 1) == "exit code 1"
