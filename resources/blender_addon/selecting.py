"""Selecting: which objects of a scene a finding is about."""

from collections.abc import Iterator
from pathlib import Path

import bpy


def find_objects(path: str, block: str) -> "list[bpy.types.Object]":
    """Return the objects of the shown view layer that use a file, or a data block, by its name."""
    waiting = list(find_blocks(path, block))
    seen, users = set(waiting), bpy.data.user_map()
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user not in seen:
                seen.add(user)
                waiting.append(user)
    return [one for one in bpy.context.view_layer.objects if one in seen or one.data in seen]


def find_blocks(path: str, block: str) -> "Iterator[bpy.types.ID]":
    """Yield the data blocks that a finding names."""
    kinds = ("images", "libraries", "fonts", "sounds", "movieclips", "volumes", "cache_files")
    for kind in kinds:
        for one in getattr(bpy.data, kind):
            named = one.filepath and Path(bpy.path.abspath(one.filepath, library=one.library))
            if (path and named and named == Path(path)) or (block and one.name == block):
                yield one
    for one in bpy.data.objects:
        if block and one.name == block:
            yield one


def select(objects: "list[bpy.types.Object]") -> None:
    """Select these objects and no others, the first one active."""
    layer = bpy.context.view_layer
    for one in layer.objects:
        one.select_set(one in objects)
    layer.objects.active = objects[0]
