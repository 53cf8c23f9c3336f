"""Yuntu in Blender: a panel that checks, prices, renders and watches, through the local server.

Runs inside Blender 3.4 and later: standard library and `bpy` only, Python 3.10. Blender's own
data is untyped here: it differs from version to version. `bpy` is imported only once Blender asks
for `register`, so that what speaks with the server can be used and tested without it.
"""

bl_info = {
    "name": "Yuntu",
    "author": "Yuntu",
    "version": (0, 1, 0),
    "blender": (3, 4, 0),
    "location": "Properties > Render, 3D Viewport > Sidebar > Yuntu",
    "description": "Check, price and render scenes with Yuntu",
    "category": "Render",
}


def register() -> None:
    """Put the panels, their operators, their properties and their words into Blender."""
    from . import house

    house.move_in(__package__)


def unregister() -> None:
    """Take everything out again."""
    from . import house

    house.move_out(__package__)
