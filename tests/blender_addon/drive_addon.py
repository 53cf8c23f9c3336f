"""Drives the installed add-on in a real Blender without a window: `drive_addon.py -- SCENE`.

Every step's outcome goes into one JSON object, the line that begins with `ANSWER`; what is judged
is judged by the test that started this.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import bpy

SECONDS_MAX = 240.0
SHOWN = (
    *("doing", "trouble_title", "trouble_detail", "trouble_code", "ok", "renderer", "frames"),
    *("frames_total", "price", "price_high", "time", "checked", "job", "job_state", "fraction"),
    *("done", "total", "cost", "out"),
)


def find_module() -> str:
    """Return what this Blender calls the add-on."""
    return "bl_ext.user_default.yuntu" if bpy.app.version >= (4, 2, 0) else "yuntu"


def read_state() -> dict[str, Any]:
    """Return what the panel shows."""
    state = bpy.context.window_manager.yuntu
    shown = {name: getattr(state, name) for name in SHOWN}
    findings = [
        {"severity": one.severity, "title": one.title, "path": one.path, "block": one.block}
        for one in state.findings
    ]
    return shown | {"findings": findings}


def live_until(is_there: Any) -> None:
    """Do what Blender's timer does, until something is so."""
    listen = sys.modules[f"{find_module()}.house"].listen
    ends = time.monotonic() + SECONDS_MAX
    while not is_there():
        assert time.monotonic() < ends, read_state()
        listen()
        time.sleep(0.02)


def idle() -> bool:
    """Tell whether nothing is under way."""
    return not bpy.context.window_manager.yuntu.doing


def make_scene(path: Path) -> None:
    """Make a scene of three tiny frames that shows a picture which is not there."""
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 1
    scene.cycles.use_denoising = False
    scene.render.resolution_x = scene.render.resolution_y = 32
    scene.frame_start, scene.frame_end = 1, 3
    image = bpy.data.images.new("bricks", 4, 4)
    image.source = "FILE"
    image.filepath = str(path.with_name("bricks.png"))
    material = bpy.data.objects["Cube"].active_material
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    shader = material.node_tree.nodes["Principled BSDF"]
    material.node_tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])
    bpy.ops.wm.save_as_mainfile(filepath=str(path))


def mend_scene() -> None:
    """Take the missing picture out of the scene, and leave that unsaved."""
    bpy.data.images.remove(bpy.data.images["bricks"])


def try_render() -> bool:
    """Tell whether rendering may be asked for."""
    return bool(bpy.ops.yuntu.render.poll())


def translate(text: str) -> str | None:
    """Return a text of the add-on's as a Chinese Blender shows it; None where none was built in."""
    view = bpy.context.preferences.view
    try:
        view.language = "zh_HANS" if bpy.app.version >= (4, 0, 0) else "zh_CN"
    except TypeError:
        return None
    view.use_translate_interface = True
    said = str(bpy.app.translations.pgettext(text))
    view.use_translate_interface = False
    return said


def main() -> None:
    """Go the whole way of an artist."""
    path = Path(sys.argv[-1])
    told: dict[str, Any] = {"version": ".".join(map(str, bpy.app.version))}
    if bpy.app.binary_path == "":  # Blender as a module does not read anybody's preferences
        bpy.ops.preferences.addon_enable(module=find_module())
    told["enabled"] = find_module() in bpy.context.preferences.addons
    try:
        bpy.ops.yuntu.check()
    except RuntimeError as error:
        told["unsaved"] = str(error)
    make_scene(path)
    bpy.ops.yuntu.check()
    live_until(idle)
    told["broken"] = read_state()
    assert told["broken"]["findings"], told
    told["broken_may_render"] = try_render()
    bpy.ops.object.select_all(action="DESELECT")
    bpy.ops.yuntu.select(place=0)
    told["selected"] = [one.name for one in bpy.context.selected_objects]
    mend_scene()
    bpy.ops.yuntu.check()
    live_until(idle)
    told["checked"] = read_state()
    assert try_render(), told
    told["most"] = bpy.context.scene.yuntu.most
    bpy.context.scene.yuntu.most = "two"
    told["wrong_amount"] = (list(bpy.ops.yuntu.render()), read_state()["trouble_title"])
    bpy.context.scene.yuntu.most = "2"
    bpy.ops.yuntu.render()
    live_until(idle)
    told["submitted"] = read_state()
    desk = bpy.types.WindowManager.yuntu_desk
    live_until(lambda: not desk.job)
    told["rendered"] = read_state()
    told["languages"] = bpy.app.build_options.international
    told["chinese"] = translate("Check and Price")
    bpy.ops.preferences.addon_disable(module=find_module())
    told["left_over"] = [
        name
        for name in ("Scene.yuntu", "WindowManager.yuntu", "RENDER_PT_yuntu", "YUNTU_OT_check")
        if has(name)
    ]
    sys.stdout.write(f"\nANSWER {json.dumps(told)}\n")
    sys.stdout.flush()


def has(name: str) -> bool:
    """Tell whether Blender's types know a name."""
    found: Any = bpy.types
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is not None


try:
    main()
except BaseException:  # noqa: BLE001 - Blender would go on and end well
    sys.excepthook(*sys.exc_info())
    sys.stderr.flush()
    os._exit(1)
os._exit(0)
