"""Makes the scenes of the benchmark; run by a Python that has the `bpy` wheel."""

import os
import sys

import bpy
import numpy

TEXTURE_PIXELS = 2048
TEXTURES = 8
SIZES = {"small": (1, 0, 48), "medium": (60, 5, 16)}


def make_scene(path: str, name: str, frames: int) -> None:
    """Write a .blend: turning shapes under a sun, `medium` with textures and many faces."""
    count, detail, samples = SIZES[name]
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    textures = [make_texture(number) for number in range(TEXTURES)] if detail else []
    for number in range(count):
        place = (number % 8 - 3.5, number // 8 - 3.5, 0) if count > 1 else (0, 0, 0)
        if detail:
            bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=detail, radius=0.45, location=place)
            bpy.context.object.data.materials.append(make_material(textures[number % TEXTURES]))
        else:
            bpy.ops.mesh.primitive_monkey_add(size=3)
        turning = bpy.context.object
        turning.keyframe_insert("rotation_euler", frame=1)
        turning.rotation_euler = (0, 0, 3.0)
        turning.keyframe_insert("rotation_euler", frame=frames)
        if number > 4:
            turning.animation_data_clear()
    bpy.ops.object.light_add(type="SUN", rotation=(0.6, 0.3, 0.1))
    bpy.context.object.data.energy = 4.0
    bpy.ops.object.camera_add(location=(7, -7, 6), rotation=(0.96, 0, 0.785))
    scene.camera = bpy.context.object
    scene.world = bpy.data.worlds.new("World")
    scene.frame_start, scene.frame_end = 1, frames
    scene.render.engine = "CYCLES"
    scene.cycles.samples = samples
    scene.cycles.use_denoising = False
    scene.render.resolution_x, scene.render.resolution_y = 320, 180
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "PNG"
    bpy.ops.wm.save_as_mainfile(filepath=path)


def make_texture(number: int) -> "bpy.types.Image":
    """Return a packed texture of 2048 pixels square, of soft clouds."""
    places = numpy.linspace(0, 2 * numpy.pi, TEXTURE_PIXELS, dtype=numpy.float32)
    waves = [numpy.sin(places * (number + turns)) for turns in (1, 3, 7)]
    pixels = numpy.ones((TEXTURE_PIXELS, TEXTURE_PIXELS, 4), dtype=numpy.float32)
    for channel, wave in enumerate(waves):
        pixels[:, :, channel] = 0.5 + 0.4 * wave[:, None] * wave[None, :]
    image = bpy.data.images.new(f"texture-{number}", TEXTURE_PIXELS, TEXTURE_PIXELS)
    image.pixels.foreach_set(pixels.ravel())
    image.update()
    image.pack()
    return image


def make_material(image: "bpy.types.Image") -> "bpy.types.Material":
    """Return a material that shows a texture."""
    material = bpy.data.materials.new(image.name)
    material.use_nodes = True
    nodes = material.node_tree.nodes
    texture = nodes.new("ShaderNodeTexImage")
    texture.image = image
    shader = nodes["Principled BSDF"]
    material.node_tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    return material


if __name__ == "__main__":
    make_scene(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    os._exit(0)
