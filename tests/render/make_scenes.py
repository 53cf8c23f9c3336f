"""Makes the scenes of the render tests; runs inside a Blender: `make_scenes.py FOLDER`.

turning.blend     a turning cube, frames 1 to 12, 48x32 PNG, Cycles, no denoiser
heavy.blend       the same with more samples than anybody waits for
layers.blend      the same as multi-layer EXR
choices.blend     the same with a second camera and a view layer that has no cube
movie.blend       the same as a movie, with a file output node and a missing image
no_camera.blend   no camera, and an engine that no Blender has
workbench.blend   the same, drawn with OpenGL
"""

import os
import sys
from pathlib import Path

import bpy

FOLDER = Path(sys.argv[-1])


class LostEngine(bpy.types.RenderEngine):  # type: ignore[misc]
    """An engine of an add-on that the render machine will not have."""

    bl_idname = "LOST_ENGINE"
    bl_label = "Lost"


def save(name: str) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / f"{name}.blend"))


def make_turning_cube() -> bpy.types.Scene:
    bpy.ops.wm.read_factory_settings(use_empty=False)
    scene = bpy.context.scene
    render = scene.render
    render.engine = "CYCLES"
    scene.cycles.samples = 4
    scene.cycles.use_denoising = False
    render.resolution_x, render.resolution_y, render.resolution_percentage = 96, 64, 50
    scene.frame_start, scene.frame_end = 1, 12
    cube = bpy.data.objects["Cube"]
    for frame, turn in ((1, 0.0), (12, 2.0)):
        cube.rotation_euler = (0.0, 0.3, turn)
        cube.keyframe_insert("rotation_euler", frame=frame)
    return scene


def add_missing_image() -> None:
    material = bpy.data.objects["Cube"].active_material
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = bpy.data.images.new("lost", 4, 4)
    node.image.source = "FILE"
    node.image.filepath = "//lost.png"
    bpy.data.images.new("unused", 4, 4).use_fake_user = True


def set_format(scene: bpy.types.Scene, name: str) -> None:
    """Choose a file format; since 5.0 it belongs to a kind of media."""
    image = scene.render.image_settings
    if hasattr(image, "media_type"):
        kinds = {"FFMPEG": "VIDEO", "OPEN_EXR_MULTILAYER": "MULTI_LAYER_IMAGE"}
        image.media_type = kinds.get(name, "IMAGE")
    image.file_format = name


def find_compositor(scene: bpy.types.Scene) -> bpy.types.NodeTree:
    """Return the scene's compositor; since 5.0 it is a group of nodes among others."""
    if hasattr(scene, "compositing_node_group"):
        tree = bpy.data.node_groups.new("Compositor", "CompositorNodeTree")
        scene.compositing_node_group = tree
        return tree
    scene.use_nodes = True
    return scene.node_tree


def add_choices(scene: bpy.types.Scene) -> None:
    above = bpy.data.objects.new("Above", bpy.data.cameras.new("Above"))
    above.location = (0.0, 0.0, 9.0)
    scene.collection.objects.link(above)
    bare = scene.view_layers.new("Bare")
    bare.use = False
    bare.layer_collection.children[0].exclude = True


def main() -> None:
    scene = make_turning_cube()
    add_choices(scene)
    save("choices")
    scene = make_turning_cube()
    save("turning")
    set_format(scene, "OPEN_EXR_MULTILAYER")
    save("layers")
    set_format(scene, "PNG")
    scene.cycles.samples = 1_000_000
    scene.cycles.use_adaptive_sampling = False
    save("heavy")
    scene.cycles.samples = 4
    scene.render.engine = "BLENDER_WORKBENCH"
    save("workbench")
    scene.render.engine = "CYCLES"
    set_format(scene, "FFMPEG")
    add_missing_image()
    find_compositor(scene).nodes.new("CompositorNodeOutputFile").name = "Passes"
    save("movie")
    scene = make_turning_cube()
    bpy.data.objects.remove(scene.camera)
    bpy.utils.register_class(LostEngine)
    scene.render.engine = "LOST_ENGINE"
    save("no_camera")
    os._exit(0)


main()
