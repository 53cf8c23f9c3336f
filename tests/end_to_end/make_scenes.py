"""Makes the scenes of these tests; runs inside a Blender: `make_scenes.py SPECS-AS-JSON`."""

import json
import os
import sys
from typing import Any

import bpy


def make_scene(spec: dict[str, Any]) -> None:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    cube.keyframe_insert("rotation_euler", frame=1)
    cube.rotation_euler = (0.5, 1.0, 2.0)
    cube.keyframe_insert("rotation_euler", frame=max(2, spec["frames"]))
    bpy.ops.object.light_add(type="SUN", rotation=(0.5, 0.2, 0.1))
    sun = bpy.context.object.data
    sun.energy = 3.0
    if spec["dark"]:
        keep_dark(sun, spec["dark"])
    bpy.ops.object.camera_add(location=(4, -4, 3), rotation=(1.1, 0, 0.785))
    scene.camera = bpy.context.object
    scene.world = bpy.data.worlds.new("World")
    scene.world.color = (0.0, 0.0, 0.0)
    scene.frame_start, scene.frame_end = 1, spec["frames"]
    scene.render.engine = "CYCLES"
    scene.cycles.samples = spec["samples"]
    if spec["steep"]:
        ease_all_but_second(scene)
    scene.cycles.use_adaptive_sampling = False
    scene.cycles.use_denoising = False
    scene.render.resolution_x = scene.render.resolution_y = spec["size"]
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "PNG"
    if spec["asset"]:
        name_asset(spec["asset"])
    if spec["choices"]:
        add_choices(scene)
    if spec["textured"]:
        wear_texture(cube, spec["textured"])
    if spec["pictured"]:
        show_picture(scene, spec["pictured"])
    bpy.ops.wm.save_as_mainfile(filepath=spec["path"])


def name_asset(path: str) -> None:
    """Let the scene know a file as a picture that nothing shows."""
    image = bpy.data.images.new("asset", 4, 4)
    image.source = "FILE"
    image.filepath = path
    image.use_fake_user = True


def add_choices(scene: Any) -> None:
    """Give a scene a second camera and a second view layer, which it does not render itself."""
    above = bpy.data.objects.new("Above", bpy.data.cameras.new("Above"))
    above.location = (0.0, 0.0, 9.0)
    scene.collection.objects.link(above)
    scene.view_layers.new("Second").use = False


def wear_texture(cube: Any, path: str) -> None:
    """Let the cube shine with a picture, named by its whole path."""
    material = bpy.data.materials.new("picture")
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = bpy.data.images.load(path)
    shine = tree.nodes.new("ShaderNodeEmission")
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(texture.outputs["Color"], shine.inputs["Color"])
    tree.links.new(shine.outputs["Emission"], output.inputs["Surface"])
    cube.data.materials.append(material)


def ease_all_but_second(scene: Any) -> None:
    """Let every frame but the second have a single sample."""
    for samples, frame in ((1, 1), (scene.cycles.samples, 2), (1, 3)):
        scene.cycles.samples = samples
        scene.keyframe_insert("cycles.samples", frame=frame)
    for point in scene.animation_data.action.fcurves[0].keyframe_points:
        point.interpolation = "CONSTANT"


def keep_dark(sun: Any, frames: int) -> None:
    """Let a lamp give no light up to a frame, and all of it from the next on."""
    for energy, frame in ((0.0, 1), (0.0, frames), (3.0, frames + 1)):
        sun.energy = energy
        sun.keyframe_insert("energy", frame=frame)


def show_picture(scene: Any, path: str) -> None:
    """Let the compositor put a picture in place of what was rendered."""
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.use_nodes = True
    nodes = scene.node_tree.nodes
    picture = nodes.new("CompositorNodeImage")
    picture.image = bpy.data.images.load(path)
    scene.node_tree.links.new(picture.outputs["Image"], nodes["Composite"].inputs["Image"])


for told in json.loads(sys.argv[-1]):
    make_scene(told)
os._exit(0)
