"""The house: what is put into Blender when the add-on is switched on, and taken out again."""

import bpy

from . import operators, panels, properties
from .desk import TICK_SECONDS, Desk
from .showing import forget_check, redraw, show_trouble
from .words import WORDS

CLASSES = (*properties.CLASSES, *operators.CLASSES, *panels.CLASSES)


def move_in(package: str) -> None:
    """Register everything, and begin to listen for answers."""
    for one in CLASSES:
        bpy.utils.register_class(one)
    bpy.types.WindowManager.yuntu = bpy.props.PointerProperty(type=properties.YuntuState)
    bpy.types.Scene.yuntu = bpy.props.PointerProperty(type=properties.YuntuScene)
    bpy.types.WindowManager.yuntu_desk = Desk(on_trouble=take_trouble)
    bpy.app.translations.register(package, WORDS)
    bpy.app.handlers.load_post.append(meet_scene)
    bpy.app.timers.register(listen, first_interval=TICK_SECONDS, persistent=True)


def move_out(package: str) -> None:
    """Unregister everything; what is under way goes on in the server."""
    if bpy.app.timers.is_registered(listen):
        bpy.app.timers.unregister(listen)
    bpy.app.handlers.load_post.remove(meet_scene)
    bpy.app.translations.unregister(package)
    del bpy.types.WindowManager.yuntu_desk
    del bpy.types.Scene.yuntu
    del bpy.types.WindowManager.yuntu
    for one in reversed(CLASSES):
        bpy.utils.unregister_class(one)


def listen() -> float:
    """Take in answers and look at the job that is followed: Blender calls this again and again."""
    if bpy.types.WindowManager.yuntu_desk.tick():
        redraw()
    operators.look_at_job()
    return TICK_SECONDS


@bpy.app.handlers.persistent
def meet_scene(*_: object) -> None:
    """Forget the check of the scene that was open before."""
    forget_check()


def take_trouble(trouble: Exception) -> None:
    """Show what kept an errand from being done; a job that was followed is looked at later on."""
    desk = bpy.types.WindowManager.yuntu_desk
    if desk.looking:
        desk.end_look(desk.after)
    if getattr(trouble, "code", "") == "was_ended":
        desk.leave()
    show_trouble(trouble)
