"""Owns how a shape becomes an object of the scene, and how a property is keyed over time."""

import random
from typing import Any

import bpy
from paints import FIRST, LAST
from shapes import Point, Shape


class Stage:
    """The scene being built and the chance that shapes it."""

    def __init__(self) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.context.preferences.filepaths.save_version = 0
        self.scene = bpy.context.scene
        self.chance = random.Random("prosperous age, map of clouds")
        self._meshes: dict[str, Any] = {}

    def place(
        self,
        name: str,
        shape: Shape,
        material: Any,
        *,
        at: Point = (0, 0, 0),
        scale: float = 1.0,
        turn: float = 0.0,
        smooth: bool = False,
        casts_shadow: bool = True,
    ) -> Any:
        """Place a shape as an object; shapes of one name share their mesh."""
        mesh = self._meshes.get(name)
        if mesh is None:
            mesh = self._meshes[name] = self._build_mesh(name, shape, material, smooth)
        thing = bpy.data.objects.new(name, mesh)
        thing.location, thing.scale = at, (scale, scale, scale)
        thing.rotation_euler = (0, 0, turn)
        # Rays do not gather again what glows in its paint: that would be the only noise.
        thing.visible_diffuse = False
        thing.visible_shadow = casts_shadow
        self.scene.collection.objects.link(thing)
        return thing

    def _build_mesh(self, name: str, shape: Shape, material: Any, smooth: bool) -> Any:
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata(shape.points, [], shape.faces)
        if shape.uvs:
            layer = mesh.uv_layers.new(name="UVMap")
            for loop in mesh.loops:
                layer.data[loop.index].uv = shape.uvs[loop.vertex_index]
        mesh.polygons.foreach_set("use_smooth", [smooth] * len(mesh.polygons))
        mesh.materials.append(material)
        mesh.validate()
        mesh.update()
        return mesh


def key(thing: Any, path: str, first: Any, last: Any) -> None:
    """Key a property from its value at the first frame to its value at the last, evenly."""
    for frame, value in ((FIRST, first), (LAST, last)):
        setattr(thing, path, value)
        thing.keyframe_insert(path, frame=frame)
