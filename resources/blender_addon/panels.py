"""Panels: the same view in the render properties and in the viewport's sidebar."""

from typing import Any

import bpy
from bpy.app.translations import pgettext_iface as translate

from .errands import REST

PIXELS_A_LETTER = 7
LETTERS_MIN = 24
WIDE_FROM = 0x2E80  # where the scripts begin whose letters are twice as wide
STATES = {
    "pending": "Preparing",
    "queued": "Queued",
    "running": "Rendering",
    "paused": "Paused",
    "completed": "Completed",
    "partial": "Partly completed",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
SIGN_IN_CODES = {"sign_in_needed", "session_ended", "token_expired", "token_wrong"}


class YuntuView:
    """What both panels draw."""

    bl_label = "Yuntu"

    def draw(self, context: Any) -> None:
        """Draw what is known right now, from trouble down to the job."""
        state, layout = context.window_manager.yuntu, self.layout
        letters = max(LETTERS_MIN, int(context.region.width / self.measure_letter(context)))
        if state.trouble_title:
            draw_trouble(layout.box(), state, letters)
        self.draw_settings(layout, context)
        column = layout.column(align=True)
        column.scale_y = 1.3
        column.operator("yuntu.check", icon="VIEWZOOM")
        text = translate("Render")
        if state.ok and state.checked == bpy.data.filepath and context.scene.yuntu.most:
            text = translate("Render for at Most {amount}").format(amount=context.scene.yuntu.most)
        column.operator("yuntu.render", text=text, icon="RENDER_ANIMATION", translate=False)
        if state.doing:
            write_lines(layout, translate(state.doing), letters, icon="TIME")
        if state.checked:
            draw_check(layout, state, letters)
        if state.job:
            draw_job(layout.box(), state, letters)

    def measure_letter(self, context: Any) -> float:
        """Return how wide a letter is, in pixels."""
        return PIXELS_A_LETTER * context.preferences.system.ui_scale

    def draw_settings(self, layout: Any, context: Any) -> None:
        """Draw what an artist sets."""
        chosen = context.scene.yuntu
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(chosen, "frames")
        if chosen.frames == "TYPED":
            column.prop(chosen, "typed", text=" ", translate=False)
        column.prop(chosen, "out")
        column.prop(chosen, "allow_missing")
        if context.window_manager.yuntu.has_farm:
            column.prop(chosen, "site")
        column.prop(chosen, "most")


class YuntuRenderPanel(YuntuView, bpy.types.Panel):
    """Yuntu in the render properties."""

    bl_idname = "RENDER_PT_yuntu"
    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "render"


class YuntuSidebarPanel(YuntuView, bpy.types.Panel):
    """Yuntu in the viewport's sidebar."""

    bl_idname = "VIEW3D_PT_yuntu"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Yuntu"


def draw_trouble(box: Any, state: Any, letters: int) -> None:
    """Draw what went wrong and what to do about it."""
    box.alert = True
    write_lines(box, translate(state.trouble_title), letters, icon="ERROR")
    write_lines(box, translate(state.trouble_detail), letters)
    if state.trouble_code in SIGN_IN_CODES:
        box.operator("yuntu.sign_in", icon="USER")


def draw_check(layout: Any, state: Any, letters: int) -> None:
    """Draw what the check found and what the job would cost."""
    for place, finding in enumerate(state.findings):
        box = layout.box()
        blocks = finding.severity == "blocker"
        row = box.row()
        write_lines(row, finding.title, letters - 6, icon="CANCEL" if blocks else "ERROR")
        if finding.path or finding.block:
            row.operator("yuntu.select", text="", icon="RESTRICT_SELECT_OFF").place = place
        write_lines(box, finding.detail, letters)
    box = layout.box()
    if state.ok:
        box.label(text="The scene can be rendered", icon="CHECKMARK")
    else:
        box.label(text="Mend what is marked, then check again", icon="CANCEL")
    column = box.column(align=True)
    told = [("Frames", f"{state.frames_total}  ({state.frames})"), ("Renderer", state.renderer)]
    if state.price:
        told.append(("Price", f"{state.price} – {state.price_high}"))
        told.append(("Time", f"{state.time} – {state.time_high}"))
    for name, value in told:
        split = column.split(factor=0.35)
        split.label(text=name)
        split.label(text=value, translate=False)
    if state.checked != bpy.data.filepath or bpy.data.is_dirty:
        write_lines(box, translate("The scene was changed after this check."), letters, icon="INFO")


def draw_job(box: Any, state: Any, letters: int) -> None:
    """Draw where the job stands, and what can be done with it."""
    state_name = translate(STATES.get(state.job_state, state.job_state))
    text = f"{state_name}  {state.done}/{state.total}"
    if hasattr(box, "progress"):  # Blender 4.0 and later
        box.progress(factor=state.fraction, text=text, translate=False)
    else:
        box.label(text=text, translate=False, icon="RENDER_ANIMATION")
        row = box.row()
        row.enabled = False
        row.prop(state, "fraction", text="", slider=True)
    if state.job_state in {"paused", "failed", "partial"}:
        write_lines(box, state.job_reason, letters, icon="INFO")
        write_lines(box, state.job_detail, letters)
    line = [translate("{amount} so far").format(amount=state.cost)]
    if state.failed:
        line.append(translate("{count} failed").format(count=state.failed))
    if state.left:
        line.append(translate("{time} left").format(time=state.left))
    write_lines(box, "  ·  ".join(line), letters)
    row = box.row(align=True)
    if state.job_state == "paused":
        row.operator("yuntu.resume", icon="PLAY")
    if state.job_state not in REST:
        row.operator("yuntu.cancel", icon="CANCEL")
    if state.done and state.out:
        row.operator("yuntu.open_folder", icon="FILE_FOLDER")
    box.operator("yuntu.open_window", icon="WINDOW")


def write_lines(layout: Any, text: str, letters: int, *, icon: str = "NONE") -> None:
    """Write text over as many lines as it takes: a label of Blender's is cut off instead."""
    column = layout.column(align=True)
    for place, line in enumerate(wrap(text, letters)):
        column.label(text=line, icon=icon if place == 0 else "NONE", translate=False)


def wrap(text: str, letters: int) -> "list[str]":
    """Break text into lines at blanks, and anywhere between letters that are twice as wide."""
    lines, line, width = [], "", 0
    for word in split_words(text):
        size = sum(2 if ord(letter) >= WIDE_FROM else 1 for letter in word)
        if line.strip() and width + size > letters:
            lines.append(line.strip())
            line, width = "", 0
        line, width = line + word, width + size
    return [*lines, line.strip()] if line.strip() else lines


def split_words(text: str) -> "list[str]":
    """Return what may not be broken, in order: a word with its blank, or one wide letter."""
    words, word = [], ""
    for letter in text:
        if ord(letter) >= WIDE_FROM:
            words += [word, letter] if word else [letter]
            word = ""
            continue
        word += letter
        if letter.isspace():
            words.append(word)
            word = ""
    return [*words, word] if word else words


CLASSES = (YuntuRenderPanel, YuntuSidebarPanel)
