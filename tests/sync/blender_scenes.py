"""Makes the scenes of the package tests; runs in a process of its own, which has Blender in it.

project/textures/blue.png                 inside
project/lib/inner.blend, lib/green.png    a library inside that uses what lies beside it
project/outside.blend                     uses outside/red.png and outside/lib.blend (absolute),
                                          textures/blue.png, lib/inner.blend (absolute)
project/outside_packed.blend              the same, compressed
project/plain.blend                       textures/blue.png and an image packed in, twice used
project/frames.blend                      a sequence of six frames, four of them there
project/tiles.blend                       three UDIM tiles, two of them there
project/foreign.blend                     names outside/red.png and textures/blue.png as another
                                          system would: on a disk D: and on a network share
project/strips.blend                      the sequencer, a sound, a font, an OSL script
outside/lib.blend, red.png, yellow.png    a library outside that uses what lies beside it
"""

import os
import sys
from pathlib import Path

import bpy

COLOURS = {
    "project/textures/blue.png": (0.0, 0.0, 1.0),
    "project/lib/green.png": (0.0, 1.0, 0.0),
    "outside/red.png": (1.0, 0.0, 0.0),
    "outside/yellow.png": (1.0, 1.0, 0.0),
    **{f"project/shots/shot_{number:04}_b.png": (0.1, 0.2, 0.3) for number in (1, 2, 3, 5)},
    "project/tiles/t.1001.png": (0.3, 0.2, 0.1),
    "project/tiles/t.1002.png": (0.3, 0.2, 0.1),
}


def make_image(path: Path, colour: tuple[float, float, float]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = bpy.data.images.new("made", 4, 4)
    image.pixels = [*colour, 1.0] * 16
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)


def start_scene() -> None:
    bpy.ops.wm.read_homefile(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.frame_start, scene.frame_end = 1, 10
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.data.type, camera.data.ortho_scale = "ORTHO", 4.0
    camera.location = (0.0, 0.0, 5.0)
    scene.collection.objects.link(camera)
    scene.camera = camera


def add_plane(column: int, image: bpy.types.Image) -> bpy.types.ShaderNodeTexImage:
    """Add a plane that shines with an image, in one of four columns."""
    bpy.ops.mesh.primitive_plane_add(size=1.0, location=(column - 1.5, 0.0, 0.0))
    plane = bpy.context.object
    plane.name = image.name
    material = bpy.data.materials.new(image.name)
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = image
    shine = tree.nodes.new("ShaderNodeEmission")
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(texture.outputs["Color"], shine.inputs["Color"])
    tree.links.new(shine.outputs["Emission"], output.inputs["Surface"])
    plane.data.materials.append(material)
    return texture


def save(path: Path, *, compress: bool = False) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=compress, relative_remap=False)


def load_image(path: Path, written: str) -> bpy.types.Image:
    image = bpy.data.images.load(str(path))
    image.filepath = written
    return image


def make_library(path: Path, column: int, image: str) -> None:
    start_scene()
    add_plane(column, load_image(path.with_name(image), f"//{image}"))
    save(path)


def link_plane(path: Path, name: str, *, relative: bool = False) -> None:
    with bpy.data.libraries.load(str(path), link=True, relative=relative) as (_, linked):
        linked.objects = [name]
    bpy.context.scene.collection.objects.link(linked.objects[0])


def make_outside(root: Path) -> None:
    start_scene()
    red = root / "outside/red.png"
    add_plane(0, load_image(red, str(red)))
    add_plane(1, load_image(root / "project/textures/blue.png", "//textures/blue.png"))
    link_plane(root / "outside/lib.blend", "yellow.png")
    link_plane(root / "project/lib/inner.blend", "green.png")
    save(root / "project/outside.blend")
    save(root / "project/outside_packed.blend", compress=True)


def make_relative(root: Path) -> None:
    start_scene()
    path = root / "project/relative.blend"
    save(path)  # a path can be relative only to a file that has one
    add_plane(0, load_image(root / "outside/red.png", "//../outside/red.png"))
    link_plane(root / "outside/lib.blend", "yellow.png", relative=True)
    save(path)


def make_plain(root: Path) -> None:
    start_scene()
    add_plane(0, load_image(root / "project/textures/blue.png", "//textures/blue.png"))
    packed = bpy.data.images.load(str(root / "outside/red.png"))
    packed.pack()
    packed.filepath = "//gone.png"
    add_plane(1, packed)
    texture = bpy.data.textures.new("packed", "IMAGE")
    texture.image = packed
    bpy.context.object.modifiers.new("displace", "DISPLACE").texture = texture
    save(root / "project/plain.blend")


def make_foreign(root: Path) -> None:
    start_scene()
    red, blue = root / "outside/red.png", root / "project/textures/blue.png"
    add_plane(0, load_image(red, "D:\\work\\outside\\red.png"))
    add_plane(1, load_image(blue, "\\\\nas\\textures\\blue.png"))
    save(root / "project/foreign.blend")


def make_frames(root: Path) -> None:
    start_scene()
    first = root / "project/shots/shot_0001_b.png"
    image = load_image(first, "//shots/shot_0001_b.png")
    image.source = "SEQUENCE"
    add_plane(0, image).image_user.frame_duration = 6
    save(root / "project/frames.blend")


def make_tiles(root: Path) -> None:
    start_scene()
    image = load_image(root / "project/tiles/t.1001.png", "//tiles/t.1001.png")
    image.source = "TILED"
    image.filepath = "//tiles/t.<UDIM>.png"
    for number in (1002, 1003):
        if not image.tiles.get(number):
            image.tiles.new(number)
    add_plane(0, image)
    save(root / "project/tiles.blend")


def make_strips(root: Path) -> None:
    start_scene()
    shots = root / "project/shots"
    editor = bpy.context.scene.sequence_editor_create()
    strip = editor.strips.new_image("strip", str(shots / "shot_0001_b.png"), 1, 1)
    strip.elements.append("shot_0002_b.png")
    strip.elements.append("shot_0004_b.png")
    strip.directory = "//shots/"
    add_plane(0, bpy.data.images.new("generated", 4, 4))
    tree = bpy.context.object.data.materials[0].node_tree
    script = tree.nodes.new("ShaderNodeScript")
    script.mode, script.filepath = "EXTERNAL", "//gone.osl"
    fluid = bpy.data.objects.new("volume", bpy.data.volumes.new("volume"))
    fluid.data.filepath = "//gone.vdb"
    bpy.context.scene.collection.objects.link(fluid)
    save(root / "project/strips.blend")


def main() -> None:
    root = Path(sys.argv[1])
    for name, colour in COLOURS.items():
        make_image(root / name, colour)
    make_library(root / "outside/lib.blend", 2, "yellow.png")
    make_library(root / "project/lib/inner.blend", 3, "green.png")
    make_outside(root)
    make_relative(root)
    make_plain(root)
    make_foreign(root)
    make_frames(root)
    make_tiles(root)
    make_strips(root)
    sys.stdout.flush()
    # bpy hangs at interpreter exit now and then.
    os._exit(0)


main()
