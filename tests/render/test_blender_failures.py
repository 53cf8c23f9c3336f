"""A real Blender that is stopped, killed, crashed, starved: told truly, and replaceable."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from render.failures import FailureCode, RenderFailure
from render.hosts import Host, Limits, Progress, Shot
from render.renderers import Renderer
from tests.render.conftest import ONE_BLENDER, Opener
from tests.render.test_leash import has_gone, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
LIMITS = Limits(frame_seconds_max=120)


@dataclass
class Flight:
    """A frame that renders for ever, in a thread of its own, in its middle."""

    host: Host
    pid: int
    failures: list[RenderFailure] = field(default_factory=list)
    thread: threading.Thread | None = None

    def land(self) -> RenderFailure:
        assert self.thread is not None
        self.thread.join(20)
        assert not self.thread.is_alive()
        return self.failures[0]


@pytest.fixture
def take_off(
    blender: Renderer, scenes: Path, tmp_path: Path, opened: Opener
) -> Callable[..., Flight]:
    """A function that starts a frame nobody waits for, and returns in its middle."""

    def start(limits: Limits = LIMITS) -> Flight:
        before = set(psutil.Process().children(recursive=True))
        host = opened(blender)
        host.open(scenes / "heavy.blend")
        (child,) = set(psutil.Process().children(recursive=True)) - before
        flight = Flight(host=host, pid=child.pid)
        underway = threading.Event()

        def note(progress: Progress) -> None:
            if progress.sample > 0:
                underway.set()

        def render() -> None:
            try:
                host.render(Shot(frame=1, stem=tmp_path / "x"), limits, on_progress=note)
            except RenderFailure as failure:
                flight.failures.append(failure)

        flight.thread = threading.Thread(target=render)
        flight.thread.start()
        assert wait_until(lambda: underway.is_set() or bool(flight.failures), seconds=60)
        return flight

    return start


def test_kill_in_mid_frame_is_prompt_and_another_host_goes_on(
    blender: Renderer,
    scenes: Path,
    tmp_path: Path,
    take_off: Callable[..., Flight],
    opened: Opener,
) -> None:
    flight = take_off()
    started = time.monotonic()
    flight.host.kill()
    assert time.monotonic() - started < 1.0
    assert has_gone(flight.pid)
    failure = flight.land()
    assert time.monotonic() - started < 2.0
    assert failure.code is FailureCode.STOPPED
    assert not flight.host.alive()
    with pytest.raises(RenderFailure) as caught:
        flight.host.render(Shot(frame=1, stem=tmp_path / "x"), LIMITS)
    assert caught.value.code is FailureCode.STOPPED
    host = opened(blender)
    host.open(scenes / "turning.blend")
    assert host.render(Shot(frame=1, stem=tmp_path / "y"), LIMITS).picture.is_file()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGSEGV, FailureCode.CRASHED),
        (signal.SIGKILL, FailureCode.KILLED),
    ],
)
def test_a_blender_that_dies_is_told_by_how_it_died(
    take_off: Callable[..., Flight], number: signal.Signals, code: FailureCode
) -> None:
    flight = take_off()
    os.kill(flight.pid, number)
    failure = flight.land()
    assert failure.code is code
    assert number.name in failure.words
    assert not flight.host.alive()


@ONE_BLENDER
def test_standing_still_is_a_stall_and_silence_alone_is_not(
    take_off: Callable[..., Flight],
) -> None:
    flight = take_off(Limits(frame_seconds_max=120, stall_seconds_max=1))
    time.sleep(2.5)
    assert not flight.failures, "it computes, and says nothing"
    os.kill(flight.pid, signal.SIGSTOP)
    assert flight.land().code is FailureCode.STALLED
    assert has_gone(flight.pid)


@ONE_BLENDER
def test_time_and_memory_have_limits(take_off: Callable[..., Flight]) -> None:
    late = take_off(Limits(frame_seconds_max=2)).land()
    assert late.code is FailureCode.TIMED_OUT
    large = take_off(Limits(frame_seconds_max=120, memory_bytes_max=20_000_000)).land()
    assert large.code is FailureCode.OUT_OF_MEMORY
    assert "MiB" in large.words


@ONE_BLENDER
def test_scene_that_cannot_be_opened_speaks(
    blender: Renderer, tmp_path: Path, opened: Opener
) -> None:
    for name, content in (("lost", None), ("text", b"no scene\n" * 100)):
        path = tmp_path / f"{name}.blend"
        if content is not None:
            path.write_bytes(content)
        host = opened(blender)
        with pytest.raises(RenderFailure) as caught:
            host.open(path)
        assert caught.value.code in (FailureCode.SCENE_ERROR, FailureCode.SCENE_LOST)
        assert f"{name}.blend" in caught.value.words
        assert not host.alive()


def test_no_camera_and_no_engine_are_the_scenes_errors(
    blender: Renderer, scenes: Path, tmp_path: Path, opened: Opener
) -> None:
    host = opened(blender)
    host.open(scenes / "no_camera.blend")
    codes = {finding.code: finding.params for finding in host.inspect().findings}
    assert codes["engine_unknown"] == {"engine": "LOST_ENGINE"}
    assert "no_camera" in codes
    with pytest.raises(RenderFailure) as caught:
        host.render(Shot(frame=1, stem=tmp_path / "x"), LIMITS)
    assert caught.value.code is FailureCode.NO_CAMERA
    assert "no camera" in caught.value.words.lower()


@ONE_BLENDER
def test_a_program_that_is_no_blender_does_not_start(blender: Renderer, opened: Opener) -> None:
    for command in (("/bin/true",), ("/nowhere/blender",)):
        with pytest.raises(RenderFailure) as caught:
            opened(blender.model_copy(update={"command": command}))
        assert caught.value.code is FailureCode.NOT_STARTED


def test_no_blender_is_left_when_its_node_is_killed(
    blender: Renderer, scenes: Path, tmp_path: Path
) -> None:
    node = (
        "import sys; from pathlib import Path; from render.host_kinds import open_host;"
        "from render.hosts import *;"
        "from render.renderers import Renderer;"
        "renderer = Renderer.model_validate_json(sys.argv[1]);"
        "host = open_host(renderer, workdir=Path(sys.argv[2]));"
        "host.open(Path(sys.argv[3]));"
        "host.render(Shot(frame=1, stem=Path(sys.argv[2], 'x')), Limits(),"
        " on_progress=lambda progress: print(progress.sample, flush=True))"
    )
    heavy = str(scenes / "heavy.blend")
    command = [sys.executable, "-c", node, blender.model_dump_json(), str(tmp_path), heavy]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while int(process.stdout.readline()) == 0:
            pass
        (child,) = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGKILL)
        assert wait_until(lambda: has_gone(child.pid), seconds=2)
