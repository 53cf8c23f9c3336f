"""The half of the Blender host that runs inside Blender: takes orders as JSON lines, renders.

Runs in Blender 3.4 to 5.x and under the `bpy` wheel, with Python >= 3.10, `bpy` and the standard
library only. Orders come on standard input. Answers go to a copy of the first standard output;
standard output itself is turned into standard error before anything else happens, so that what
Blender prints cannot get between them. `render/blender_host.py` is the other half.
"""

import importlib.util
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

ANSWER_MARK = "@yuntu "
STATS_SECONDS = 0.1


class Channel:
    """The way back to the host: one JSON object a line, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fd = os.dup(1)
        os.dup2(2, 1)

    def send(self, **message: Any) -> None:
        """Write one answer."""
        data = (ANSWER_MARK + json.dumps(message) + "\n").encode()
        with self._lock:
            while data:
                data = data[os.write(self._fd, data) :]

    def settle(self, number: int) -> None:
        """Flush everything printed so far and mark the place in the noise.

        The host waits for the mark: a failure's words must be there when it looks for them.
        """
        with suppress(Exception):
            import ctypes

            ctypes.CDLL(None).fflush(None)
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        with suppress(OSError):
            os.write(2, ("\n" + ANSWER_MARK + json.dumps({"settled": number}) + "\n").encode())


class Orders:
    """Orders from standard input, read by a thread so that the host's end is noticed at once."""

    def __init__(self) -> None:
        self._ready = threading.Condition()
        self._waiting: list[dict[str, Any]] = []
        threading.Thread(target=self._read, daemon=True).start()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while True:
            with self._ready:
                while not self._waiting:
                    self._ready.wait()
                order = self._waiting.pop(0)
            yield order

    def _read(self) -> None:
        for line in sys.stdin.buffer:
            with self._ready:
                self._waiting.append(json.loads(line))
                self._ready.notify()
        # Whoever started us has gone. A handler may still be registered, and Blender can hang
        # in an orderly exit, so this is not one.
        os._exit(0)


class Clock:
    """When a render began and when its file was written, from Blender's own handlers."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._told = 0.0
        self.begun: float | None = None
        self.written: float | None = None

    def register(self, handlers: Any) -> None:
        """Hang the handlers up; opening a file takes them down, so this comes after it."""
        handlers.render_init.append(self._on_init)
        handlers.render_post.append(self._on_write)
        handlers.render_write.append(self._on_write)
        handlers.render_stats.append(self._on_stats)

    def reset(self) -> None:
        """Forget the last frame."""
        self.begun = self.written = None

    def measure_ms(self, since: float) -> int:
        """Return the milliseconds from the beginning to the written file."""
        begun = since if self.begun is None else self.begun
        written = time.monotonic() if self.written is None else self.written
        return max(0, round((written - begun) * 1000))

    def _on_init(self, *_args: Any) -> None:
        if self.begun is None:
            self.begun = time.monotonic()

    def _on_write(self, *_args: Any) -> None:
        self.written = time.monotonic()

    def _on_stats(self, text: Any = None, *_args: Any) -> None:
        # Blender 3.4 gives None here; its lines on standard output say the same.
        if not isinstance(text, str):
            return
        now = time.monotonic()
        # Lines with samples are few, and each may be the last for long.
        if "Sample" in text or "Render" in text or now - self._told >= STATS_SECONDS:
            self._told = now
            self._channel.send(event="stats", text=text)


class Stage:
    """The loaded scene: its own settings as they were, and what a shot makes of them."""

    def __init__(self, bpy: Any, facts: Any, channel: Channel) -> None:
        self._bpy = bpy
        self._facts = facts
        self._clock = Clock(channel)
        self._looks = load_beside("blender_looks")
        self._wardrobe: Any = None
        self._found: dict[str, Any] = {}

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out one order and return its answer."""
        if order["do"] == "open":
            return self._open(order["scene"])
        if order["do"] == "inspect":
            return self._inspect(order["look"])
        if order["do"] == "render":
            return self._render(order)
        return {"opengl": self._facts.probe_opengl(self._bpy)}

    def _open(self, path: str) -> dict[str, Any]:
        """Open a .blend file as `blender -b FILE` would, with no script of its own run."""
        since = time.monotonic()
        self._bpy.ops.wm.open_mainfile(filepath=path, load_ui=False, use_scripts=False)
        load_ms = round((time.monotonic() - since) * 1000)
        self._clock.register(self._bpy.app.handlers)
        scene = self._bpy.context.scene
        self._found = self._facts.inspect_scene(self._bpy, scene)
        self._make_safe(scene)
        self._wardrobe = self._looks.Wardrobe(self._bpy, scene)
        return {"load_ms": load_ms}

    def _inspect(self, look: dict[str, Any]) -> dict[str, Any]:
        """Return what the scene says of itself, as a look makes it."""
        scene = self._bpy.context.scene
        self._wardrobe.dress(look)
        found: dict[str, Any] = self._found | self._facts.describe_picture(scene)
        if scene.camera is not None:
            found["findings"] = [one for one in found["findings"] if one[0] != "no_camera"]
        return found

    def _render(self, order: dict[str, Any]) -> dict[str, Any]:
        """Render one frame and return where it is and what it took."""
        scene = self._bpy.context.scene
        render = scene.render
        self._dress(scene, order)
        frame, stem = order["frame"], Path(order["stem"])
        stem.parent.mkdir(parents=True, exist_ok=True)
        self._clock.reset()
        since = time.monotonic()
        if frame >= 0:
            # The way of `blender -a`, one frame long: the same code, the same picture.
            scene.frame_start = scene.frame_end = frame
            scene.frame_step = 1
            render.filepath = escape_path(self._bpy, f"{stem}_")
            written = Path(render.frame_path(frame=frame))
            self._bpy.ops.render.render(animation=True)
        else:
            # Blender's own frame ranges do not go below zero, single frames do.
            render.filepath = escape_path(self._bpy, f"{stem}_still")
            scene.frame_set(frame)
            self._bpy.ops.render.render(write_still=True)
            written = Path(f"{stem}_still{render.file_extension}")
        render_ms = self._clock.measure_ms(since)
        picture = Path(f"{stem}{render.file_extension}")
        if written.is_file():
            written.replace(picture)
        return {"picture": str(picture), "render_ms": render_ms, "cores": render.threads}

    def _dress(self, scene: Any, order: dict[str, Any]) -> None:
        """Set the scene to what the shot asks for."""
        render = scene.render
        self._wardrobe.dress(order["look"])
        self._wardrobe.shrink(order["scale"])
        render.threads_mode = "FIXED" if order["threads"] else "AUTO"
        if order["threads"]:
            render.threads = order["threads"]
        render.use_overwrite = True
        render.use_placeholder = False
        render.use_file_extension = True
        render.use_persistent_data = order["persistent"]

    def _make_safe(self, scene: Any) -> None:
        """Take out of the scene what writes outside our folder, or what is no picture."""
        render = scene.render
        for tree in self._facts.compositor_trees(scene):
            for node in tree.nodes:
                if node.type == "OUTPUT_FILE":
                    node.mute = True
            ends = {"COMPOSITE", "GROUP_OUTPUT"} & {node.type for node in tree.nodes}
            if not ends and hasattr(scene, "compositing_node_group"):
                # Since 5.0 such a compositor leaves nothing to write; before, it was passed by.
                scene.compositing_node_group = None
        if render.image_settings.file_format in self._facts.MOVIE_FORMATS:
            with suppress(Exception):
                render.image_settings.media_type = "IMAGE"
            render.image_settings.file_format = "PNG"
            render.image_settings.color_depth = "8"
        if render.use_multiview and render.image_settings.views_format == "INDIVIDUAL":
            render.use_multiview = False
        wants_gpu = render.engine == "CYCLES" and scene.cycles.device == "GPU"
        if wants_gpu and not self._facts.find_gpus(self._bpy):
            scene.cycles.device = "CPU"


def escape_path(bpy: Any, path: str) -> str:
    """Return an output path that Blender takes literally; 4.5 and later read `{}` as variables."""
    if bpy.app.version >= (4, 5, 0):
        return path.replace("{", "{{").replace("}", "}}")
    return path


def load_beside(name: str) -> Any:
    """Load a module that lies beside this file; its folder is on no search path, on purpose."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def set_stage(channel: Channel) -> Stage:
    """Bring Blender to its factory state, whatever the user of this machine has set."""
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.preferences.filepaths.use_scripts_auto_execute = False
    channel.send(hello=bpy.app.version_string)
    return Stage(bpy, load_beside("blender_facts"), channel)


def main() -> None:
    """Serve orders until standard input ends."""
    channel = Channel()
    try:
        stage = set_stage(channel)
    except BaseException as error:  # noqa: BLE001 - the host wants the words, whatever it was
        channel.send(hello=None, words=f"{type(error).__name__}: {error}")
        os._exit(1)
    for order in Orders():
        answer: dict[str, Any]
        try:
            answer = {"ok": stage.obey(order)}
        except BaseException as error:  # noqa: BLE001 - the host decides what a failure means
            answer = {"error": type(error).__name__, "words": str(error)}
        channel.settle(order["number"])
        channel.send(number=order["number"], **answer)


if __name__ == "__main__":
    main()
