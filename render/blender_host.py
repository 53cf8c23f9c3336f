"""The node's half of the Blender host: starts Blender, gives orders, holds limits."""

import json
import os
import queue
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from render.blender_lines import parse_line, strip_prefix
from render.exits import add_exit, count_oom_kills, explain_exit, pick_telling
from render.failures import FailureCode, RenderFailure, choose_words, classify_words
from render.findings import Finding, Severity
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
from render.progress import ProgressTeller
from render.renderers import Origin, Renderer
from render.watch import TICK_SECONDS, Watch

OUTPUT_NAME = "picture"
INSIDE = Path(__file__).with_name("blender_inside.py")
ANSWER_MARK = "@yuntu "
ENGINE_LOST = re.compile(r"Engine '([^']*)' not available for scene")
START_SECONDS_MAX = 120
OPEN_SECONDS_MAX = 1800
PROBE_SECONDS_MAX = 120
CLOSE_SECONDS_MAX = 2.0
SETTLE_SECONDS_MAX = 1.0
LINES_KEPT = 400


class BlenderHost:
    """A Blender that stays up with a scene loaded and renders frame after frame."""

    def __init__(self, renderer: Renderer, *, workdir: Path) -> None:
        self.renderer = renderer
        self._output = workdir / "out"
        self._output.mkdir(parents=True, exist_ok=True)
        self._scene: Path | None = None
        self._engine_lost = ""
        self._load_ms = 0
        self._number = 0
        self._stopped = False
        self._broken = False
        self._recent: deque[str] = deque(maxlen=LINES_KEPT)
        self._on_line: Callable[[str], None] = ignore_line
        self._oom_kills = count_oom_kills()
        try:
            self._child = Leashed(
                blender_argv(renderer),
                cwd=workdir,
                env=blender_env(renderer, workdir),
                writable=[workdir],
            )
        except OSError as error:
            raise RenderFailure(FailureCode.NOT_STARTED, str(error)) from error
        self._await_hello()

    def open(
        self,
        scene: Path,
        *,
        on_line: Callable[[str], None] = ignore_line,
        limits: Limits | None = None,
    ) -> int:
        """Load a scene (nothing if it is loaded) and return `load_ms`. Raises RenderFailure."""
        scene = scene.absolute()
        if self._scene == scene:
            return 0
        self._scene = None
        answer = self._order(
            {"do": "open", "scene": str(scene)},
            limits or Limits(frame_seconds_max=OPEN_SECONDS_MAX),
            on_line=on_line,
        )
        self._engine_lost = find_lost_engine(self._recent)
        self._scene = scene
        self._load_ms = int(answer["load_ms"])
        return self._load_ms

    def forget(self) -> None:
        """Forget the loaded scene, so that it is loaded again: its files may have changed."""
        self._scene = None

    def inspect(self, look: Look = AS_IN_SCENE) -> SceneFacts:
        """Return what the loaded scene says of itself, in a look. Raises RenderFailure."""
        limits = Limits(frame_seconds_max=OPEN_SECONDS_MAX)
        answer = self._order({"do": "inspect", "look": asdict(look)}, limits)
        return read_facts(answer, self._engine_lost)

    def probe_opengl(self) -> str:
        """Draw with OpenGL and return the name of what drew. Raises RenderFailure.

        The scene is gone after it.
        """
        self._scene = None
        answer = self._order({"do": "probe_opengl"}, Limits(frame_seconds_max=PROBE_SECONDS_MAX))
        return str(answer["opengl"])

    def render(
        self,
        shot: Shot,
        limits: Limits,
        *,
        on_progress: Callable[[Progress], None] = ignore_progress,
        on_line: Callable[[str], None] = ignore_line,
    ) -> Rendered:
        """Render one frame of the loaded scene. Raises RenderFailure; after one, close the host."""
        assert self._scene is not None, "open a scene first"
        watch = Watch(self._child, limits, said=self._words)
        teller = ProgressTeller(on_progress)
        answer = self._order(
            {
                "do": "render",
                "frame": shot.frame,
                "stem": str(self._output / OUTPUT_NAME),
                "threads": shot.threads,
                "scale": shot.scale,
                "persistent": True,
                "look": asdict(shot.look),
            },
            limits,
            on_line=on_line,
            watch=watch,
            teller=teller,
        )
        written = Path(answer["picture"])
        if not written.is_file():
            self._broken = True
            raise RenderFailure(FailureCode.NO_FILE, self._words())
        picture = deliver_picture(written, shot.stem)
        teller.finish()
        load_ms, self._load_ms = self._load_ms, 0
        return Rendered(
            picture=picture,
            load_ms=load_ms,
            render_ms=int(answer["render_ms"]),
            cores=shot.threads or int(answer["cores"]),
            peak_memory_bytes=watch.peak_memory_bytes,
        )

    def kill(self) -> None:
        """Kill the process tree at once; a render under way raises RenderFailure(stopped)."""
        self._stopped = True
        self._child.kill()

    def alive(self) -> bool:
        """Return whether the host can take another frame."""
        return not (self._stopped or self._broken or self._child.ended.is_set())

    def rest(self) -> None:
        """Freeze the idle process: a worker thread of bpy's spins on `sched_yield` for ever."""
        self._child.freeze()

    def wake(self) -> None:
        """Let a frozen process go on; to be called before anything else is asked of it."""
        self._child.thaw()

    def close(self) -> None:
        """End the process; a host that has ended is no error."""
        self._broken = True
        self._child.close_input()
        if not self._child.wait(CLOSE_SECONDS_MAX):
            self._child.kill()

    def _order(
        self,
        order: Mapping[str, Any],
        limits: Limits,
        *,
        on_line: Callable[[str], None] = ignore_line,
        watch: Watch | None = None,
        teller: ProgressTeller | None = None,
    ) -> dict[str, Any]:
        """Give an order and return its answer; the host is broken after any failure."""
        if not self.alive():
            self._raise_ended()
        self._number += 1
        self._recent.clear()
        self._on_line = on_line
        watch = watch or Watch(self._child, limits, said=self._words)
        try:
            self._child.write(json.dumps({**order, "number": self._number}).encode() + b"\n")
        except (OSError, ValueError):
            self._raise_ended()
        try:
            answer = self._await_answer(watch, teller or ProgressTeller(ignore_progress))
        except RenderFailure:
            self._broken = True
            self._child.kill()
            raise
        finally:
            self._on_line = ignore_line
        if "error" in answer:
            self._raise_told(answer)
        ok: dict[str, Any] = answer["ok"]
        return ok

    def _await_answer(self, watch: Watch, teller: ProgressTeller) -> dict[str, Any]:
        answer: dict[str, Any] | None = None
        settled = False
        patience = float("inf")
        while answer is None or (not settled and time.monotonic() < patience):
            try:
                line = self._child.lines.get(timeout=TICK_SECONDS)
            except queue.Empty:
                self._check(watch)
                teller.tick()
                continue
            if line.text is None:
                if self._child.ended.wait(0 if answer else TICK_SECONDS):
                    self._raise_ended()
                continue
            watch.note_output()
            message = read_answer(line.text)
            if message is None:
                self._hear(line.text, teller)
            elif message.get("settled") == self._number:
                settled = True
            elif message.get("event") == "stats":
                self._hear(str(message["text"]), teller, log=False)
            elif message.get("number") == self._number:
                answer = message
                patience = time.monotonic() + SETTLE_SECONDS_MAX
            if answer is None:
                self._check(watch)
        watch.measure()
        return answer

    def _check(self, watch: Watch) -> None:
        if self._child.ended.is_set() and self._child.lines.empty():
            self._raise_ended()
        watch.check()

    def _hear(self, text: str, teller: ProgressTeller, *, log: bool = True) -> None:
        if log:
            self._recent.append(strip_prefix(text))
            self._on_line(text)
        said = parse_line(text)
        if said is not None:
            teller.hear(sample=said.sample, samples=said.samples, remaining_ms=said.remaining_ms)

    def _words(self, more: str = "") -> str:
        lines = self.renderer.spec.lines
        return choose_words(
            [*self._recent, *more.splitlines()], errors=lines.errors, noise=lines.noise
        )

    def _raise_told(self, answer: Mapping[str, Any]) -> NoReturn:
        """Raise what Blender reported itself.

        The process lives, and yet it is done with: 3.4 was seen to write empty pictures without a
        word after it had failed once with persistent data.
        """
        self._broken = True
        words = self._words(str(answer["words"]))
        patterns = self.renderer.spec.failures
        code = classify_words(words, patterns, otherwise=FailureCode.SCENE_ERROR)
        raise RenderFailure(code, words)

    def _raise_ended(self) -> NoReturn:
        """Raise why the process is gone, or why it may not be used any more."""
        if self._stopped:
            raise RenderFailure(FailureCode.STOPPED)
        if self._broken:
            raise RenderFailure(FailureCode.EXITED, self._words())
        self._broken = True
        self._child.wait(TICK_SECONDS * 5)
        self._drain()
        if self._stopped:
            raise RenderFailure(FailureCode.STOPPED)
        words = self._words()
        code = explain_exit(self._child.returncode, self._oom_kills, self._output)
        code = classify_words(words, pick_telling(self.renderer.spec.failures), otherwise=code)
        raise RenderFailure(code, add_exit(words, self._child.returncode))

    def _drain(self) -> None:
        while not self._child.lines.empty():
            line = self._child.lines.get()
            if line.text is not None and read_answer(line.text) is None:
                self._recent.append(strip_prefix(line.text))
                self._on_line(line.text)

    def _await_hello(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and not self._child.ended.is_set():
            try:
                line = self._child.lines.get(timeout=TICK_SECONDS)
            except queue.Empty:
                continue
            message = read_answer(line.text or "")
            if message is None:
                self._recent.append(line.text or "")
            elif message["hello"] is None:
                self._recent.append(str(message["words"]))
                break
            else:
                return
        self._child.wait(TICK_SECONDS)
        self._child.kill()
        self._drain()
        words = add_exit(self._words(), self._child.returncode)
        raise RenderFailure(FailureCode.NOT_STARTED, words)


def blender_argv(renderer: Renderer) -> list[str]:
    """Return the command line of a host: no window, no sound, no scripts of others."""
    if renderer.origin is Origin.WHEEL:
        # -P: this folder must not be on the path, a module of ours could hide one of Python's.
        return [*renderer.command, "-P", "-u", str(INSIDE)]
    flags = ["-b", "--factory-startup", "-noaudio", "--disable-autoexec"]
    # 3.4 was seen to hang in its own handlers; without them a crash is one, at once.
    flags += ["--disable-crash-handler", "--disable-abort-handler"]
    return [*renderer.command, *flags, "--python-exit-code", "1", "--python", str(INSIDE)]


def blender_env(renderer: Renderer, workdir: Path) -> dict[str, str]:
    """Return the environment of a host: temporary files and user folders are our own."""
    temporary = workdir / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "BLENDER_USER_"))}
    # Start-up scripts and add-ons of this machine's user must not change anybody's picture.
    for name in ("BLENDER_USER_CONFIG", "BLENDER_USER_SCRIPTS", "BLENDER_USER_EXTENSIONS"):
        env[name] = str(workdir / name.lower())
    for name in ("TMPDIR", "TEMP", "TMP"):
        env[name] = str(temporary)
    env.update(renderer.spec.env)
    return env


def read_answer(text: str) -> dict[str, Any] | None:
    """Return the message of an answer line, or None for a line that Blender printed."""
    if not text.startswith(ANSWER_MARK):
        return None
    try:
        message = json.loads(text[len(ANSWER_MARK) :])
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def find_lost_engine(lines: Iterable[str]) -> str:
    """Return the engine that a scene wants and this Blender has not; empty when it has it.

    Blender shows another engine in its place from then on, so only its words tell.
    """
    return next((m.group(1) for m in map(ENGINE_LOST.search, lines) if m), "")


def read_facts(answer: Mapping[str, Any], engine_lost: str) -> SceneFacts:
    """Turn the inside's plain answer into facts."""
    plain = dict(answer)
    findings = tuple(
        Finding(code=code, severity=Severity(severity), params=params)
        for code, severity, params in plain.pop("findings")
    )
    if engine_lost and not any(finding.code == "engine_unknown" for finding in findings):
        lost = Finding(
            code="engine_unknown", severity=Severity.BLOCKER, params={"engine": engine_lost}
        )
        findings = (lost, *findings)
    plain["cameras"] = tuple(plain["cameras"])
    plain["view_layers"] = tuple(plain["view_layers"])
    plain["view_layers_off"] = tuple(plain["view_layers_off"])
    return SceneFacts(**plain, findings=findings)
