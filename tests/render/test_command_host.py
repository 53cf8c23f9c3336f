"""One command per frame: POV-Ray for real, and a stand-in for what POV-Ray never does."""

import sys
import threading
import time
from pathlib import Path

import pytest

from render.checks import check_picture
from render.command_host import fill_template, parse_fraction
from render.estimates import estimate_frame
from render.failures import FailureCode, RenderFailure
from render.hosts import Host, Limits, Look, Progress, Shot
from render.renderers import Command, Lines, Origin, Renderer, RendererSpec, read_specs
from render.scene_settings import parse_settings
from tests.render.conftest import Opener
from tests.render.test_leash import has_landlock

LIMITS = Limits(frame_seconds_max=60)
SMALL = Look(width=32, height=24)
SCENE = """
#version 3.7;
#include "sub/colours.inc"
global_settings { assumed_gamma 1.0 }
camera { location <0, 1, -4> look_at 0 }
light_source { <2, 4, -3> color rgb 1 }
sphere { <clock, 0, 0>, 1 texture { pigment { color rgb mine } } }
#debug concat("clock is ", str(clock, 0, 3), "\\n")
"""
SETTINGS = """
; a sample
Initial_Frame=1
Final_Frame = 11
Final_Clock=2
Width=64
Declare=Speed=3 ; twice
Declare=Other=4
Input_File_Name=else.pov
Post_Frame_Command="touch stolen"
+KFF99
"""
LOG = Path(__file__).with_name("logs") / "povray-3.7.0-frame.txt"


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    folder = tmp_path / "scene folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "colours.inc").write_text("#declare mine = <1, 0.5, 0.2>;")
    path = folder / "ball.pov"
    path.write_text(SCENE)
    return path


def render_clock(host: Host, tmp_path: Path, **shot: int) -> str:
    """Render a frame and return the clock that the scene saw."""
    lines: list[str] = []
    frame = shot.pop("frame")
    host.render(
        Shot(frame=frame, stem=tmp_path / "x", look=SMALL, **shot), LIMITS, on_line=lines.append
    )
    return next(line for line in lines if line.startswith("clock is ")).removeprefix("clock is ")


def test_povray_renders_and_reports(
    povray: Renderer, scene: Path, tmp_path: Path, opened: Opener
) -> None:
    host = opened(povray)
    host.open(scene)
    told: list[Progress] = []
    done = host.render(
        Shot(frame=7, stem=tmp_path / "out" / "ball_0007", look=SMALL, threads=1),
        LIMITS,
        on_progress=told.append,
    )
    assert done.picture == tmp_path / "out" / "ball_0007.png"
    assert check_picture(done.picture, width=32, height=24).suspicious == ()
    assert done.render_ms >= 0 < done.load_ms
    assert done.cores == 1
    assert told[-1].fraction == 1.0
    assert host.alive()


def test_clock_runs_over_the_jobs_frames(
    povray: Renderer, scene: Path, tmp_path: Path, opened: Opener
) -> None:
    host = opened(povray)
    host.open(scene)
    assert not host.inspect().has_animation
    assert povray.range_matters
    assert render_clock(host, tmp_path, frame=1, first=1, last=5) == "0.000"
    assert render_clock(host, tmp_path, frame=2, first=1, last=5) == "0.250"
    assert render_clock(host, tmp_path, frame=5, first=1, last=5) == "1.000"
    assert render_clock(host, tmp_path, frame=3) == "0.000"


def test_clock_of_the_scenes_own_settings_wins(
    povray: Renderer, scene: Path, tmp_path: Path, opened: Opener
) -> None:
    scene.with_suffix(".ini").write_text(SETTINGS)
    host = opened(povray)
    host.open(scene)
    facts = host.inspect()
    assert (facts.frame_start, facts.frame_end, facts.width, facts.height) == (1, 11, 64, 600)
    assert facts.has_animation
    # A part of the scene's frames gives the pictures that all of them would.
    assert render_clock(host, tmp_path, frame=6, first=6, last=7) == "1.000"
    assert not list(tmp_path.rglob("stolen"))


@pytest.mark.parametrize("name", ["灯笼 1.pov", 'it\'s "mine".pov', "-D.pov", "a;b$(touch x).pov"])
def test_a_scene_may_be_called_anything(
    povray: Renderer, scene: Path, tmp_path: Path, opened: Opener, name: str
) -> None:
    scene = scene.rename(scene.with_name(name))
    scene.with_suffix(".ini").write_text(SETTINGS)
    host = opened(povray)
    host.open(scene)
    assert render_clock(host, tmp_path, frame=6) == "1.000"
    scene.write_text("sphere { wrong }")
    host.forget()
    host.open(scene)
    with pytest.raises(RenderFailure) as caught:
        host.render(Shot(frame=1, stem=tmp_path / "x", look=SMALL), LIMITS)
    assert f"'{name}' line 1" in caught.value.words


def test_settings_that_could_do_harm_are_not_passed_on() -> None:
    settings = {spec.name: spec for spec in read_specs()}["povray"].settings
    assert settings is not None
    found = parse_settings(SETTINGS, settings)
    assert found.passed_on == ("Final_Clock=2", "Declare=Speed=3", "Declare=Other=4")


def test_povrays_own_words_tell_what_is_wrong(
    povray: Renderer, scene: Path, tmp_path: Path, opened: Opener
) -> None:
    host = opened(povray)
    scene.write_text(SCENE.replace("sub/colours.inc", "sub/lost.inc"))
    host.open(scene)
    with pytest.raises(RenderFailure) as caught:
        host.render(Shot(frame=1, stem=tmp_path / "x", look=SMALL), LIMITS)
    assert caught.value.code is FailureCode.SCENE_ERROR
    words = "File 'ball.pov' line 3: Parse Error: Cannot open include file sub/lost.inc."
    assert caught.value.words == words
    assert host.alive(), "the next frame starts a process of its own"
    with pytest.raises(RenderFailure) as caught:
        host.open(tmp_path / "lost.pov")
    assert caught.value.code is FailureCode.SCENE_LOST


@pytest.mark.skipif(not has_landlock(), reason="this kernel cannot fence a program in")
def test_a_scene_cannot_write_outside_its_renderers_folder(
    povray: Renderer, scene: Path, tmp_path: Path, opened: Opener
) -> None:
    """POV-Ray 3.7 writes wherever a scene tells it to, its own restrictions notwithstanding."""
    scene.write_text(f'#fopen F "{tmp_path}/stolen" write\n#write (F, "x")\n' + SCENE)
    host = opened(povray)
    host.open(scene)
    with pytest.raises(RenderFailure) as caught:
        host.render(Shot(frame=1, stem=tmp_path / "x", look=SMALL), LIMITS)
    assert "Cannot open user file" in caught.value.words
    assert not (tmp_path / "stolen").exists()


def test_kill_stops_povray_in_mid_frame(
    povray: Renderer, scene: Path, tmp_path: Path, opened: Opener
) -> None:
    host = opened(povray)
    scene.write_text(SCENE.replace("camera {", "camera { focal_samples 9999 aperture 2 "))
    scene.write_text(scene.read_text().replace("focal_samples 9999", "blur_samples 9999"))
    host.open(scene)
    failures: list[RenderFailure] = []

    def render() -> None:
        shot = Shot(frame=1, stem=tmp_path / "x", look=Look(width=2000, height=2000))
        try:
            host.render(shot, LIMITS)
        except RenderFailure as failure:
            failures.append(failure)

    thread = threading.Thread(target=render)
    thread.start()
    time.sleep(1.0)
    started = time.monotonic()
    host.kill()
    thread.join(10)
    assert time.monotonic() - started < 2.0
    assert [failure.code for failure in failures] == [FailureCode.STOPPED]
    assert not host.alive()


def test_progress_is_read_from_povrays_log() -> None:
    lines = {spec.name: spec for spec in read_specs()}["povray"].lines
    log = LOG.read_text(encoding="utf-8").splitlines()
    fractions = [parse_fraction(line, lines) for line in log]
    told = [fraction for fraction in fractions if fraction is not None]
    assert told == sorted(told)
    assert 0 < told[0] < 0.1
    assert told[-1] == 1.0
    assert any(pattern.search(line) for line in log for pattern in lines.rendering)


def make_stand_in(tmp_path: Path, program: str) -> Renderer:
    """Describe a renderer that is a few lines of Python."""
    path = tmp_path / "program.py"
    path.write_text(program)
    spec = RendererSpec.model_validate(
        {
            "name": "stand_in",
            "title": "Stand-in",
            "host": "command",
            "scenes": [".txt"],
            "executables": [],
            "probe": {"pattern": "(x)"},
            "command": Command(argv=(str(path), "{output}", "{frame}")),
            "lines": Lines.model_validate(
                {"errors": ["^ERROR"], "progress": [r"(?P<percent>\d+)%"]}
            ),
            "failures": {"no_licence": ["no licence"]},
        }
    )
    command = (sys.executable, "-I")
    return Renderer(spec=spec, version="1", command=command, origin=Origin.INSTALLED)


@pytest.mark.parametrize(
    ("program", "limits", "code", "words"),
    [
        ("print('fine')", {}, FailureCode.NO_FILE, "fine"),
        ("print('a'); print('ERROR no licence'); exit(4)", {}, FailureCode.NO_LICENCE, "ERROR"),
        ("print('ERROR other'); exit(4)", {}, FailureCode.EXITED, "ERROR other"),
        ("import os; os.kill(os.getpid(), 11)", {}, FailureCode.CRASHED, "SIGSEGV"),
        (
            "import time; time.sleep(99)",
            {"stall_seconds_max": 1},
            FailureCode.STALLED,
            "1 s",
        ),
        (
            "while True: print('busy', flush=True)",
            {"frame_seconds_max": 1},
            FailureCode.TIMED_OUT,
            "busy",
        ),
        (
            "data = bytearray(300_000_000); input()\nimport time; time.sleep(99)",
            {"memory_bytes_max": 1_000_000},
            FailureCode.OUT_OF_MEMORY,
            "MiB",
        ),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_every_end_of_a_command_is_told(
    tmp_path: Path,
    opened: Opener,
    program: str,
    limits: dict[str, int],
    code: FailureCode,
    words: str,
) -> None:
    host = opened(make_stand_in(tmp_path, program))
    scene = tmp_path / "scene.txt"
    scene.write_text("")
    host.open(scene)
    with pytest.raises(RenderFailure) as caught:
        host.render(Shot(frame=1, stem=tmp_path / "x"), Limits(**limits))
    assert caught.value.code is code
    assert words in caught.value.words


def test_braces_that_are_no_names_stay() -> None:
    assert fill_template("{a}-{b}-{1}", {"a": "x"}) == "x-{b}-{1}"


def test_a_command_is_estimated_without_a_render_to_warm_up(
    povray: Renderer, scene: Path, tmp_path: Path, opened: Opener
) -> None:
    """Each of its renders waits for POV-Ray to start, two thirds of a second."""
    host = opened(povray)
    host.open(scene)
    found = estimate_frame(host, host.inspect(SMALL), frames=[1], look=SMALL, workdir=tmp_path)
    assert found.samples[0].render_ms == found.first_ms
