"""Hosts for renderers that are one command per frame, driven by their description alone."""

import os
import queue
import re
import shutil
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from render.exits import add_exit, count_oom_kills, explain_exit, pick_telling
from render.failures import FailureCode, RenderFailure, choose_words, classify_words
from render.hosts import (
    AS_IN_SCENE,
    Limits,
    Look,
    Progress,
    Rendered,
    SceneFacts,
    Shot,
    deliver_picture,
    ignore_line,
    ignore_progress,
)
from render.leash import Leashed
from render.pictures import has_reader
from render.progress import ProgressTeller
from render.renderers import Lines, Renderer
from render.scene_settings import SceneSettings, read_settings
from render.watch import TICK_SECONDS, Watch

LINES_KEPT = 400
END_SECONDS_MAX = 2.0
SCENE_LINK = "scene"
PLAIN_NAME = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*")
SIDE_MIN = 4


class CommandHost:
    """A renderer that is started anew for every frame.

    `workdir` holds a home folder for the program, with the files its description lays there and
    a link to the scene's folder, and a folder that takes what the program writes.
    """

    def __init__(self, renderer: Renderer, *, workdir: Path) -> None:
        self.renderer = renderer
        assert renderer.spec.command is not None
        self._command = renderer.spec.command
        self._home = workdir / "home"
        self._output = workdir / "out"
        self._scene: Path | None = None
        self._given = self._folder = Path()
        self._settings = SceneSettings()
        self._child: Leashed | None = None
        self._stopped = False
        self._recent: deque[str] = deque(maxlen=LINES_KEPT)
        for file in renderer.spec.host_files:
            path = self._home / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8")
        self._home.mkdir(parents=True, exist_ok=True)

    def open(self, scene: Path, *, on_line: Callable[[str], None] = ignore_line) -> int:
        """Remember the scene; the program reads it for every frame. Raises RenderFailure."""
        del on_line
        scene = scene.absolute()
        if not scene.is_file():
            raise RenderFailure(FailureCode.SCENE_LOST, str(scene))
        if self._scene != scene:
            self._settings = read_settings(scene, self.renderer.spec.settings)
            self._given, self._folder = self._reach(scene)
            self._scene = scene
        return 0

    def forget(self) -> None:
        """Forget the loaded scene, so that it is loaded again: its files may have changed."""
        self._scene = None

    def inspect(self, look: Look = AS_IN_SCENE) -> SceneFacts:
        """Return the scene's settings where a file beside it has some, else the usual ones."""
        spec, found = self.renderer.spec, self._settings
        usual = spec.defaults
        start = usual.frame_start if found.frame_start is None else found.frame_start
        end = usual.frame_end if found.frame_end is None else found.frame_end
        return SceneFacts(
            scene="",
            frame_start=start,
            frame_end=end,
            frame_step=1,
            fps=usual.fps,
            width=enlarge(look.width or found.width or usual.width, look.percentage),
            height=enlarge(look.height or found.height or usual.height, look.percentage),
            engine=spec.name,
            camera=look.camera or "",
            cameras=(),
            file_format=usual.file_format,
            extension=usual.extension,
            color_depth=usual.color_depth,
            transparent=False,
            needs_opengl=False,
            samples=0,
            view_layers=(),
            view_layers_off=(),
            saved_by="",
            has_animation=end > start,
            findings=(),
        )

    def probe_opengl(self) -> str:
        """Return nothing: a command shows by its first frame whether it can draw."""
        return ""

    def render(
        self,
        shot: Shot,
        limits: Limits,
        *,
        on_progress: Callable[[Progress], None] = ignore_progress,
        on_line: Callable[[str], None] = ignore_line,
    ) -> Rendered:
        """Render one frame of the scene. Raises RenderFailure."""
        assert self._scene is not None, "open a scene first"
        self._recent.clear()
        shutil.rmtree(self._output, ignore_errors=True)
        self._output.mkdir(parents=True)
        oom_kills = count_oom_kills()
        started = time.monotonic()
        child = self._start(self._argv(shot))
        watch = Watch(child, limits, said=self._words)
        teller = ProgressTeller(on_progress)
        try:
            rendering = self._follow(child, watch, teller, on_line)
        finally:
            child.kill()
        ended = time.monotonic()
        self._judge_exit(child.returncode, oom_kills)
        picture = deliver_picture(self._find_written(), shot.stem)
        teller.finish()
        return Rendered(
            picture=picture,
            load_ms=round((rendering - started) * 1000),
            render_ms=round((ended - rendering) * 1000),
            cores=shot.threads or os.cpu_count() or 1,
            peak_memory_bytes=watch.peak_memory_bytes,
        )

    def kill(self) -> None:
        """Kill the process tree at once; a render under way raises RenderFailure(stopped)."""
        self._stopped = True
        if self._child is not None:
            self._child.kill()

    def alive(self) -> bool:
        """Return whether the host can take another frame."""
        return not self._stopped

    def rest(self) -> None:
        """Do nothing: between frames no process is there."""

    def wake(self) -> None:
        """Do nothing: between frames no process is there."""

    def close(self) -> None:
        """End what still runs."""
        self.kill()

    def _reach(self, scene: Path) -> tuple[Path, Path]:
        """Return the paths of scene and folder by way of the home folder, where programs may read.

        They begin at the output folder, where the program runs, and are short: POV-Ray breaks its
        lines at 80 characters, wherever a path has a hyphen.
        """
        folder, plain = self._home / SCENE_LINK, self._home / f"plain{scene.suffix}"
        given = folder / scene.name
        if self._command.plain_names and not PLAIN_NAME.fullmatch(scene.name):
            given = plain
        try:
            for link, target in ((folder, scene.parent), (plain, scene)):
                link.unlink(missing_ok=True)
                link.symlink_to(target, target_is_directory=link == folder)
        except OSError:
            # Windows lets only some users make links; the scene's own path works there too.
            return scene, scene.parent
        home = Path(os.path.relpath(self._home, self._output))
        return home / given.relative_to(self._home), home / SCENE_LINK

    def _start(self, argv: list[str]) -> Leashed:
        env = {**os.environ, **self.renderer.spec.env, "HOME": str(self._home)}
        try:
            child = Leashed(argv, cwd=self._output, env=env, writable=[self._home, self._output])
        except OSError as error:
            raise RenderFailure(FailureCode.NOT_STARTED, str(error)) from error
        child.close_input()
        self._child = child
        if self._stopped:
            # The kill came between two frames' processes and found nothing to kill.
            child.kill()
            raise RenderFailure(FailureCode.STOPPED)
        return child

    def _argv(self, shot: Shot) -> list[str]:
        assert self._scene is not None
        facts, look, command = self.inspect(shot.look), shot.look, self._command
        first, last = shot.first, shot.last
        if facts.has_animation:
            # The scene says itself over which frames its clock runs, so a part of them gives
            # the same pictures as all of them.
            first, last = facts.frame_start, facts.frame_end
        values = {
            "scene": str(self._given),
            "scene_folder": str(self._folder),
            "scene_stem": self._given.stem,
            "output": f"picture{self.renderer.spec.defaults.extension}",
            "output_folder": str(self._output),
            "frame": str(shot.frame),
            "first": str(shot.frame if first is None else min(first, shot.frame)),
            "last": str(shot.frame if last is None else max(last, shot.frame)),
            "width": str(max(SIDE_MIN, round(facts.width * shot.scale))),
            "height": str(max(SIDE_MIN, round(facts.height * shot.scale))),
            "threads": str(shot.threads or os.cpu_count() or 1),
            "samples": str(look.samples or ""),
            "camera": look.camera or "",
        }
        parts = [*command.argv]
        if values["first"] != values["last"]:
            parts += command.animation_argv
        if shot.threads:
            parts += command.threads_argv
        if look.samples:
            parts += command.samples_argv
        if look.camera:
            parts += command.camera_argv
        parts += [*self._settings.passed_on, *command.last_argv]
        return [*self.renderer.command, *(fill_template(part, values) for part in parts)]

    def _follow(
        self,
        child: Leashed,
        watch: Watch,
        teller: ProgressTeller,
        on_line: Callable[[str], None],
    ) -> float:
        """Follow the program to its end; returns when it began to render."""
        rendering: float | None = None
        begun = time.monotonic()
        open_streams = {"out", "err"}
        while open_streams:
            try:
                line = child.lines.get(timeout=TICK_SECONDS)
            except queue.Empty:
                teller.tick()
                line = None
            if line is not None and line.text is None:
                open_streams.discard(line.stream)
            elif line is not None and line.text is not None:
                watch.note_output()
                if self._hear(line.text, teller, on_line) and rendering is None:
                    rendering = time.monotonic()
            if not child.ended.is_set():
                watch.check()
        child.wait(END_SECONDS_MAX)
        return begun if rendering is None else rendering

    def _hear(self, text: str, teller: ProgressTeller, on_line: Callable[[str], None]) -> bool:
        """Take in a line; returns whether it shows that rendering has begun."""
        lines = self.renderer.spec.lines
        fraction = parse_fraction(text, lines)
        if fraction is None:
            on_line(text)
            if lines.wrapped is not None and lines.wrapped.search(text) and self._recent:
                text = self._recent.pop() + text
            self._recent.append(text)
        else:
            teller.hear(fraction=fraction)
        return fraction is not None or any(p.search(text) for p in lines.rendering)

    def _words(self) -> str:
        lines = self.renderer.spec.lines
        words = choose_words(self._recent, errors=lines.errors, noise=lines.noise)
        if self._scene is None or self._given == self._scene:
            return words
        # The artist knows the scene by its own name, not by our way to it.
        words = words.replace(str(self._given), self._scene.name)
        return words.replace(f"{self._folder}{os.sep}", "")

    def _judge_exit(self, returncode: int | None, oom_kills: int) -> None:
        if self._stopped:
            raise RenderFailure(FailureCode.STOPPED)
        spec = self.renderer.spec
        if returncode in self._command.good_exit_codes:
            return
        words = self._words()
        code = explain_exit(returncode, oom_kills, self._output)
        patterns = spec.failures if code is FailureCode.EXITED else pick_telling(spec.failures)
        raise RenderFailure(
            classify_words(words, patterns, otherwise=code), add_exit(words, returncode)
        )

    def _find_written(self) -> Path:
        """Return the picture the program wrote. Raises RenderFailure(no_file).

        Some programs choose the format themselves, by the scene; a picture of the format that
        the description names goes before others.
        """
        wanted = self.renderer.spec.defaults.extension
        files = [path for path in sorted(self._output.rglob("*")) if path.is_file()]
        pictures = [path for path in files if has_reader(path.suffix.lower())]
        fitting = [path for path in pictures if path.suffix.lower() == wanted] or pictures
        if not fitting:
            raise RenderFailure(FailureCode.NO_FILE, self._words())
        return max(fitting, key=lambda path: path.stat().st_size)


def fill_template(template: str, values: dict[str, str]) -> str:
    """Fill the `{name}`s of a command line's part; other braces stay as they are."""
    return re.sub(r"\{([a-z_]+)\}", lambda m: values.get(m.group(1), m.group(0)), template)


def parse_fraction(line: str, lines: Lines) -> float | None:
    """Return how far a line says the frame is (0 to 1), or None when it says nothing."""
    for pattern in lines.progress:
        match = pattern.search(line)
        if match is None:
            continue
        groups = match.groupdict()
        if groups.get("percent"):
            return min(1.0, float(groups["percent"]) / 100)
        if groups.get("done") and groups.get("total"):
            return min(1.0, float(groups["done"]) / max(1.0, float(groups["total"])))
    return None


def enlarge(side: int, percentage: int | None) -> int:
    """Return a picture's side at a percentage of it; None: as it is."""
    return side if percentage is None else max(SIDE_MIN, round(side * percentage / 100))
