"""Scenes made on the spot by the real Blender, as small as they can be."""

import subprocess
import sys
from pathlib import Path

MAKE_SCENE = """
import bpy, sys
path, frames, size, samples = sys.argv[-4], int(sys.argv[-3]), int(sys.argv[-2]), int(sys.argv[-1])
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
scene = bpy.context.scene
bpy.ops.mesh.primitive_cube_add()
cube = bpy.context.object
cube.keyframe_insert("rotation_euler", frame=1)
cube.rotation_euler = (0.5, 1.0, 2.0)
cube.keyframe_insert("rotation_euler", frame=max(2, frames))
bpy.ops.object.light_add(type="SUN", rotation=(0.5, 0.2, 0.1))
bpy.context.object.data.energy = 3.0
bpy.ops.object.camera_add(location=(4, -4, 3), rotation=(1.1, 0, 0.785))
scene.camera = bpy.context.object
scene.world = bpy.data.worlds.new("World")
scene.frame_start, scene.frame_end = 1, frames
scene.render.engine = "CYCLES"
scene.cycles.samples = samples
scene.cycles.use_denoising = False
scene.render.resolution_x = scene.render.resolution_y = size
scene.render.resolution_percentage = 100
scene.render.image_settings.file_format = "PNG"
bpy.ops.wm.save_as_mainfile(filepath=path)
import os; os._exit(0)
"""


def make_scene(path: Path, *, frames: int, size: int = 32, samples: int = 1) -> Path:
    """Write a .blend of a turning cube, `size` pixels square; returns its path."""
    command = [sys.executable, "-c", MAKE_SCENE, str(path), str(frames), str(size), str(samples)]
    subprocess.run(command, check=True, capture_output=True)
    return path
