"""Draws both panels in a Blender with a window: `draw_panel.py -- SCREENSHOT`; then it ends.

What goes wrong as a panel is drawn, Blender prints and goes on.
"""

import os
import sys

import bpy

STEP_SECONDS = 1.0
SHOWN = {
    "checked": "/work/room.blend",
    "renderer": "blender 3.4.1",
    "frames": "1-250",
    "frames_total": 250,
    "price": "¥0.53",
    "price_high": "¥0.81",
    "time": "5:00",
    "time_high": "7:30",
    "has_farm": True,
    "job": "job",
    "job_state": "paused",
    "job_reason": "The job needs your consent",
    "job_detail": "It has used up what was held for it. Agree to more, or cancel it.",
    "fraction": 0.42,
    "done": 105,
    "failed": 1,
    "total": 250,
    "cost": "¥0.23",
    "left": "2:55",
    "out": "/work/out",
    "doing": "Checking the scene and measuring a few frames ...",
    "trouble_title": "Yuntu was not found",
    "trouble_detail": "Say where it is in this add-on's preferences.",
    "trouble_code": "session_ended",
}


def fill() -> None:
    """Let the panel show everything that it can show."""
    state = bpy.context.window_manager.yuntu
    for name, value in SHOWN.items():
        setattr(state, name, value)
    for severity in ("blocker", "warning"):
        finding = state.findings.add()
        finding.severity, finding.title = severity, "A file that the scene needs is missing"
        finding.detail = "找不到 /work/bricks.png。Put it back, or correct the path in the scene."
        finding.path = "/work/bricks.png"
    bpy.context.scene.yuntu.frames = "TYPED"


def show_sidebar() -> None:
    """Open the sidebar at Yuntu, and make the outliner's place one for properties."""
    for area in bpy.context.window_manager.windows[0].screen.areas:
        if area.type == "VIEW_3D":
            area.spaces[0].show_region_ui = True
        if area.type == "OUTLINER":
            area.type = "PROPERTIES"
    bpy.app.timers.register(show_render_properties, first_interval=STEP_SECONDS)


def show_render_properties() -> None:
    """Show the render properties everywhere."""
    for area in bpy.context.window_manager.windows[0].screen.areas:
        if area.type == "PROPERTIES":
            area.spaces[0].context = "RENDER"
    bpy.app.timers.register(end, first_interval=STEP_SECONDS)


def end() -> None:
    """Take a picture of the window and leave."""
    window = bpy.context.window_manager.windows[0]
    with bpy.context.temp_override(window=window):
        bpy.ops.screen.screenshot(filepath=sys.argv[-1])
    os._exit(0)


drawn: list[str] = []


def watch_drawing(panel: type) -> None:
    """Note that a panel was drawn to its end."""
    draw = panel.draw  # type: ignore[attr-defined]

    def note(self: object, context: object) -> None:
        draw(self, context)
        if panel.__name__ not in drawn:
            drawn.append(panel.__name__)
            sys.stdout.write(f"\nDRAWN {panel.__name__}\n")
            sys.stdout.flush()

    panel.draw = note  # type: ignore[attr-defined]


bpy.context.preferences.view.show_splash = False
for region in ("UI", "WINDOW"):
    for one in bpy.types.Panel.__subclasses__():
        if one.__name__.startswith("Yuntu") and one.bl_region_type == region:
            one.bl_category = "Item" if region == "UI" else ""
            bpy.utils.unregister_class(one)
            watch_drawing(one)
            bpy.utils.register_class(one)
fill()
bpy.app.timers.register(show_sidebar, first_interval=STEP_SECONDS)
