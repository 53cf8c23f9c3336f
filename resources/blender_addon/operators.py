"""Operators: what an artist can tell Yuntu to do."""

import functools
from typing import Any

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from . import errands, selecting, server
from .errands import Looked, Reach
from .server import Trouble
from .showing import (
    clear_trouble,
    find_state,
    is_over,
    read_most,
    show_check,
    show_job,
    show_trouble,
)

DIALOG_WIDTH = 380


def find_desk() -> Any:
    """Return this Blender's desk."""
    return bpy.types.WindowManager.yuntu_desk


def find_reach() -> Reach:
    """Return how the server is reached, by the preferences of this moment."""
    addon = bpy.context.preferences.addons.get(__package__)
    told = addon.preferences if addon else None
    return Reach(
        data=server.find_data(bpy.path.abspath(told.data) if told else ""),
        program=bpy.path.abspath(told.program) if told else "",
        language="zh" if str(bpy.app.translations.locale).startswith("zh") else "en",
        ticket=find_desk().ticket,
    )


def send(doing: str, errand: Any, then: Any) -> None:
    """Send an errand out and say what is being done."""
    clear_trouble()
    find_state().doing = doing
    find_desk().send(errand, then)


def make_request(scene: Any) -> "dict[str, Any]":
    """Return what is asked of the server for a scene as it is set now."""
    chosen = scene.yuntu
    frames = {"CURRENT": str(scene.frame_current), "TYPED": chosen.typed.strip()}
    request = {
        "scene": bpy.path.abspath(bpy.data.filepath),
        "frames": frames.get(chosen.frames) or None,
        "out": bpy.path.abspath(chosen.out) if chosen.out else None,
        "allow_missing": chosen.allow_missing,
    }
    return {name: value for name, value in request.items() if value is not None}


def find_version() -> str:
    """Return this Blender's version as the server names it: `4.5.3`."""
    return ".".join(str(number) for number in bpy.app.version)


def begin_job(looked: Looked) -> None:
    """Show a job that was just made, and follow it."""
    show_job(looked.job)
    find_desk().follow(looked.job["id"], looked.after)


def look_at_job() -> None:
    """Send somebody out to look at the job that is followed, if it is time to."""
    desk, state = find_desk(), find_state()
    if not desk.is_time_to_look():
        return
    desk.begin_look()
    always = state.job_state in {"pending", "running"} or state.job_state in errands.REST
    desk.send(
        functools.partial(errands.look, find_reach(), desk.job, desk.after, always=always),
        functools.partial(take_look, desk.job),
    )


def take_look(job: str, looked: Looked) -> None:
    """Show what a look has brought, unless another job is followed by now."""
    desk = find_desk()
    if desk.job != job:
        return
    desk.end_look(looked.after)
    if find_state().trouble_code == "lost":
        clear_trouble()  # it answers again
    if looked.job is not None:
        show_job(looked.job)
        if is_over(looked.job):
            desk.leave()


class SceneSaved:
    """What works on the file of the scene: unsaved changes are asked about first."""

    save: BoolProperty(name="Save the scene first", default=True, options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def poll(cls, context: Any) -> bool:
        """One thing at a time."""
        return not context.window_manager.yuntu.doing

    def invoke(self, context: Any, event: Any) -> "set[str]":  # noqa: ARG002
        """Ask before the scene is saved; one without a name is given one first."""
        if not bpy.data.filepath:
            bpy.ops.wm.save_as_mainfile("INVOKE_DEFAULT")
            return {"CANCELLED"}
        if bpy.data.is_dirty:
            return context.window_manager.invoke_props_dialog(self, width=DIALOG_WIDTH)
        return self.execute(context)

    def draw(self, context: Any) -> None:  # noqa: ARG002
        """Say why the question is asked."""
        self.layout.label(text="This scene has changes that are not saved.", icon="FILE_TICK")
        self.layout.label(text="Yuntu works on the saved file: OK saves it and goes on.")

    def execute(self, context: Any) -> "set[str]":
        """Save the scene if it was agreed, and begin."""
        # Without a window Blender notes no changes that scripts make.
        if bpy.data.filepath and self.save and (bpy.data.is_dirty or bpy.app.background):
            bpy.ops.wm.save_mainfile()
        if not bpy.data.filepath or (bpy.data.is_dirty and not self.save):
            self.report({"ERROR"}, bpy.app.translations.pgettext("Save the scene first"))
            return {"CANCELLED"}
        try:
            self.begin(context)
        except Trouble as trouble:
            show_trouble(trouble)
            return {"CANCELLED"}
        return {"FINISHED"}


class YuntuCheck(SceneSaved, bpy.types.Operator):
    """Look for what is wrong with the scene and what it will cost; nothing is spent"""

    bl_idname = "yuntu.check"
    bl_label = "Check and Price"

    def begin(self, context: Any) -> None:
        """Ask for a check."""
        request = make_request(context.scene)
        errand = functools.partial(errands.check, find_reach(), request, version=find_version())
        send("Checking the scene and measuring a few frames ...", errand, show_check)


class YuntuRender(SceneSaved, bpy.types.Operator):
    """Render the scene; good frames alone are paid, and never more than was agreed"""

    bl_idname = "yuntu.render"
    bl_label = "Render"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """What was not checked has no price yet, and what is blocked cannot be rendered."""
        state = context.window_manager.yuntu
        return not state.doing and state.ok and state.checked == bpy.data.filepath

    def begin(self, context: Any) -> None:
        """Ask for a job."""
        request = make_request(context.scene)
        if find_state().has_farm:
            request["site"] = context.scene.yuntu.site
        most = read_most()
        if most is not None:
            request["max_cost_micros"] = most
        errand = functools.partial(errands.submit, find_reach(), request, version=find_version())
        send("Handing the scene over ...", errand, begin_job)


class YuntuCancel(bpy.types.Operator):
    """Cancel the job; frames that are done stay, and the rest of the money comes back"""

    bl_idname = "yuntu.cancel"
    bl_label = "Cancel the Job"

    def invoke(self, context: Any, event: Any) -> "set[str]":
        """Ask first."""
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context: Any) -> "set[str]":
        """Cancel it."""
        job = context.window_manager.yuntu.job
        send(
            "Cancelling ...",
            functools.partial(errands.order, find_reach(), job, "cancel"),
            show_job,
        )
        return {"FINISHED"}


class YuntuResume(bpy.types.Operator):
    """Let a paused job go on, and cost what is agreed to now"""

    bl_idname = "yuntu.resume"
    bl_label = "Go On"

    def execute(self, context: Any) -> "set[str]":
        """Resume it."""
        try:
            most = read_most()
        except Trouble as trouble:
            show_trouble(trouble)
            return {"CANCELLED"}
        body = {} if most is None else {"max_cost_micros": most}
        job = context.window_manager.yuntu.job
        errand = functools.partial(errands.order, find_reach(), job, "resume", body)
        send("Going on ...", errand, show_job)
        return {"FINISHED"}


class YuntuSelect(bpy.types.Operator):
    """Select the objects that this is about"""

    bl_idname = "yuntu.select"
    bl_label = "Select Objects"
    bl_options = {"UNDO"}  # noqa: RUF012 - Blender's own way

    place: IntProperty(options={"SKIP_SAVE", "HIDDEN"})

    def execute(self, context: Any) -> "set[str]":
        """Select them."""
        finding = context.window_manager.yuntu.findings[self.place]
        objects = selecting.find_objects(finding.path, finding.block)
        if not objects:
            said = bpy.app.translations.pgettext("No object of this view layer uses it")
            self.report({"INFO"}, said)
            return {"CANCELLED"}
        selecting.select(objects)
        return {"FINISHED"}


class YuntuOpenFolder(bpy.types.Operator):
    """Open the folder of the frames"""

    bl_idname = "yuntu.open_folder"
    bl_label = "Open the Folder"

    def execute(self, context: Any) -> "set[str]":
        """Open it."""
        bpy.ops.wm.path_open(filepath=context.window_manager.yuntu.out)
        return {"FINISHED"}


class YuntuOpenWindow(bpy.types.Operator):
    """Open Yuntu's own window, with all jobs, frames and bills"""

    bl_idname = "yuntu.open_window"
    bl_label = "Open in Yuntu"

    def execute(self, context: Any) -> "set[str]":  # noqa: ARG002
        """Open it."""
        reach = find_reach()
        try:
            server.open_window(server.find_program(reach.program), reach.data, reach.language)
        except Trouble as trouble:
            show_trouble(trouble)
            return {"CANCELLED"}
        return {"FINISHED"}


class YuntuSignIn(bpy.types.Operator):
    """Say who you are, where several people use this workstation"""

    bl_idname = "yuntu.sign_in"
    bl_label = "Sign In"

    login: StringProperty(name="Name or E-Mail", options={"SKIP_SAVE"})
    password: StringProperty(name="Password", subtype="PASSWORD", options={"SKIP_SAVE"})

    def invoke(self, context: Any, event: Any) -> "set[str]":  # noqa: ARG002
        """Ask for both."""
        return context.window_manager.invoke_props_dialog(self, width=DIALOG_WIDTH)

    def execute(self, context: Any) -> "set[str]":  # noqa: ARG002
        """Sign in; the password is kept nowhere."""
        errand = functools.partial(errands.sign_in, find_reach(), self.login, self.password)
        self.password = ""
        send("Signing in ...", errand, lambda _: finish_sign_in())
        return {"FINISHED"}


def finish_sign_in() -> None:
    """Note that somebody is signed in."""
    find_state().doing = ""


CLASSES = (
    YuntuCheck,
    YuntuRender,
    YuntuCancel,
    YuntuResume,
    YuntuSelect,
    YuntuOpenFolder,
    YuntuOpenWindow,
    YuntuSignIn,
)
