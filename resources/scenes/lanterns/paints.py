"""Owns the lantern scene's colours and materials: old blue-and-green pigments, seen through mist.

Nothing here is noisy: what is far is pure emission, shaded in the paint itself; what is near is one
diffuse closure. Every colour is keyed from dusk (first frame) to the blue hour (last frame).
"""

from collections.abc import Sequence
from typing import Any

import bpy

FIRST, LAST = 1, 24

Colour = tuple[float, float, float, float]


def mix_pigment(hexadecimal: str) -> Colour:
    """Turn an sRGB colour such as `1f5f8b` into the linear colour that Blender calculates with."""
    parts = [int(hexadecimal[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return (red, green, blue, 1.0)


# Each is (at dusk, at the blue hour). The names are the pigments of blue-and-green landscapes.
AZURITE = (mix_pigment("2a6fae"), mix_pigment("2c62a8"))
MALACHITE = (mix_pigment("3fa58c"), mix_pigment("3b8f94"))
OCHRE = (mix_pigment("d29a5e"), mix_pigment("9a7d80"))
MIST = (mix_pigment("f6d3ae"), mix_pigment("8794c8"))
HAZE = (mix_pigment("c3aebb"), mix_pigment("6674b0"))
CLOUD_LIT = (mix_pigment("fff1df"), mix_pigment("c3cdec"))
CLOUD_SHADE = (mix_pigment("d9a596"), mix_pigment("5f6dac"))
SUNSHINE = (mix_pigment("ffd2a0"), mix_pigment("8c9fe0"))
SKYLIGHT = (mix_pigment("b7a4b4"), mix_pigment("6f7fbe"))
EARTHLIGHT = (mix_pigment("77605f"), mix_pigment("34406f"))
# Height (0 is the horizon, 1 is as high as the camera ever sees), then the two colours.
SKY = (
    (0.00, mix_pigment("f8d5a6"), mix_pigment("8f9bcb")),
    (0.22, mix_pigment("f4b98b"), mix_pigment("7c88c2")),
    (0.48, mix_pigment("d49a98"), mix_pigment("5668ab")),
    (0.76, mix_pigment("8487ad"), mix_pigment("33498b")),
    (1.00, mix_pigment("4d6f9f"), mix_pigment("1f3168")),
)
# Where the sun's lamp stands, seen from the scene, and where the pale disc hangs in the sky.
TO_SUN = (0.67, -0.42, 0.62)
DISC = ((0.092, 1.0, 0.168), (0.092, 1.0, 0.186))
DISC_RADIUS = 0.052


class Nodes:
    """Lays out the nodes of one tree and wires them: `put` makes one, `join` draws a wire."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree
        tree.nodes.clear()

    def put(self, kind: str, **settings: Any) -> Any:
        """Put a node of a kind; settings are its properties."""
        node = self.tree.nodes.new(kind)
        for name, value in settings.items():
            setattr(node, name, value)
        node.location = (220 * (len(self.tree.nodes) % 8), -260 * (len(self.tree.nodes) // 8))
        return node

    def join(self, source: Any, target: Any) -> None:
        """Wire an output into an input."""
        self.tree.links.new(source, target)

    def set_or_join(self, value: Any, target: Any) -> None:
        """Wire an output in, or set a plain value."""
        if isinstance(value, bpy.types.NodeSocket):
            self.join(value, target)
        else:
            target.default_value = value

    def colour(self, pair: tuple[Colour, Colour]) -> Any:
        """Put a colour that goes from dusk to the blue hour, and return its output."""
        output = self.put("ShaderNodeRGB").outputs[0]
        for frame, colour in zip((FIRST, LAST), pair, strict=True):
            output.default_value = colour
            output.keyframe_insert("default_value", frame=frame)
        return output

    def ramp(self, value: Any, low: float, high: float, *, smooth: bool = True) -> Any:
        """Map `low`..`high` to 0..1, clamped, softly if asked; `low` may be above `high`."""
        node = self.put("ShaderNodeMapRange", clamp=True)
        node.interpolation_type = "SMOOTHSTEP" if smooth else "LINEAR"
        self.set_or_join(value, node.inputs["Value"])
        node.inputs["From Min"].default_value = low
        node.inputs["From Max"].default_value = high
        return node.outputs[0]

    def count(self, operation: str, a: Any, b: Any = 0.0) -> Any:
        """Calculate with two numbers."""
        node = self.put("ShaderNodeMath", operation=operation)
        self.set_or_join(a, node.inputs[0])
        self.set_or_join(b, node.inputs[1])
        return node.outputs[0]

    def blend(self, factor: Any, a: Any, b: Any, kind: str = "MIX") -> Any:
        """Blend two colours. The old mix node: every Blender from 3.4 on reads it."""
        node = self.put("ShaderNodeMixRGB", blend_type=kind)
        for value, target in zip((factor, a, b), node.inputs, strict=True):
            self.set_or_join(value, target)
        return node.outputs[0]

    def emit(self, colour: Any, strength: Any = 1.0) -> Any:
        """Put an emission and return its shader."""
        node = self.put("ShaderNodeEmission")
        self.set_or_join(colour, node.inputs["Color"])
        self.set_or_join(strength, node.inputs["Strength"])
        return node.outputs[0]

    def diffuse(self, colour: Any) -> Any:
        """Put a matt surface and return its shader."""
        node = self.put("ShaderNodeBsdfDiffuse")
        self.set_or_join(colour, node.inputs["Color"])
        return node.outputs[0]

    def add(self, a: Any, b: Any) -> Any:
        """Add two shaders."""
        node = self.put("ShaderNodeAddShader")
        self.join(a, node.inputs[0])
        self.join(b, node.inputs[1])
        return node.outputs[0]

    def glow(self) -> Any:
        """Put the red channel of the object's own colour, which says how bright it burns."""
        channels = self.put("ShaderNodeSeparateRGB")
        self.join(self.put("ShaderNodeObjectInfo").outputs["Color"], channels.inputs[0])
        return channels.outputs[0]

    def finish(self, shader: Any) -> None:
        """Make a shader the tree's surface."""
        self.join(shader, self.put("ShaderNodeOutputMaterial").inputs["Surface"])

    def height(self) -> Any:
        """Put the height of the point that is being painted."""
        axes = self.put("ShaderNodeSeparateXYZ")
        self.join(self.put("ShaderNodeNewGeometry").outputs["Position"], axes.inputs[0])
        return axes.outputs["Z"]

    def facing(self, direction: tuple[float, float, float]) -> Any:
        """Put how far the surface faces a direction: 1 straight at it, -1 away from it."""
        product = self.put("ShaderNodeVectorMath", operation="DOT_PRODUCT")
        self.join(self.put("ShaderNodeNewGeometry").outputs["Normal"], product.inputs[0])
        product.inputs[1].default_value = direction
        return product.outputs["Value"]

    def skylight(self, colour: Any) -> Any:
        """Tint a colour by the light that comes from everywhere: the sky above, the earth below."""
        upward = self.ramp(self.facing((0.0, -0.25, 0.97)), -1.0, 1.0, smooth=False)
        around = self.blend(upward, self.colour(EARTHLIGHT), self.colour(SKYLIGHT))
        return self.blend(1.0, colour, around, "MULTIPLY")

    def sunlight(self, colour: Any) -> Any:
        """Tint a colour by the sun, as a painter would: no shadow is cast and no ray is spent."""
        lit = self.ramp(self.facing(TO_SUN), -0.1, 1.0, smooth=False)
        sun = self.blend(lit, (0.0, 0.0, 0.0, 1.0), self.colour(SUNSHINE))
        return self.blend(1.0, colour, sun, "MULTIPLY")

    def lamplight(self, colour: Any, lamp: Any, power: tuple[float, float]) -> Any:
        """Tint a colour by how near an object that stands for a lamp is; no ray is spent."""
        place = self.put("ShaderNodeTexCoord", object=lamp).outputs["Object"]
        away = self.put("ShaderNodeVectorMath", operation="LENGTH")
        self.join(place, away.inputs[0])
        square = self.count("POWER", away.outputs["Value"], 2.0)
        bright = self.put("ShaderNodeValue").outputs[0]
        for frame, value in zip((FIRST, LAST), power, strict=True):
            bright.default_value = value
            bright.keyframe_insert("default_value", frame=frame)
        fall = self.count("DIVIDE", bright, self.count("ADD", square, 0.35))
        warm = self.blend(1.0, colour, mix_pigment("ff9c4a"), "MULTIPLY")
        scaled = self.put("ShaderNodeVectorMath", operation="SCALE")
        self.join(warm, scaled.inputs[0])
        self.join(fall, scaled.inputs["Scale"])
        return scaled.outputs[0]

    def veil(self, colour: Any, *, low: float, high: float, reach: float) -> Any:
        """Lay air over a colour: haze by distance, mist thick at `low` and gone at `high`."""
        depth = self.put("ShaderNodeCameraData").outputs["View Z Depth"]
        clear = self.count("POWER", 2.718, self.count("DIVIDE", depth, -reach))
        hazed = self.blend(clear, self.colour(HAZE), colour)
        return self.blend(self.ramp(self.height(), high, low), hazed, self.colour(MIST))


def open_material(name: str) -> tuple[Any, Nodes]:
    """Make an empty material and return it with its nodes."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    # Glowing surfaces are seen, not sampled as lamps: that would cost time and bring noise.
    if hasattr(material.cycles, "emission_sampling"):
        material.cycles.emission_sampling = "NONE"
    else:
        material.cycles.sample_as_light = False
    return material, Nodes(material.node_tree)


def paint_rock(nodes: Nodes, strokes: Any, foot: float, top: float) -> Any:
    """Paint rock: ochre at the foot, malachite above it, azurite peaks, ink strokes over all."""
    height, span = nodes.height(), top - foot
    green = nodes.ramp(height, foot + 0.10 * span, foot + 0.45 * span)
    blue = nodes.ramp(height, foot + 0.45 * span, foot + 0.95 * span)
    colour = nodes.blend(green, nodes.colour(OCHRE), nodes.colour(MALACHITE))
    colour = nodes.blend(blue, colour, nodes.colour(AZURITE))
    picture = nodes.put("ShaderNodeTexImage", image=strokes, projection="BOX", projection_blend=0.3)
    spread = nodes.put("ShaderNodeVectorMath", operation="MULTIPLY")
    nodes.join(nodes.put("ShaderNodeNewGeometry").outputs["Position"], spread.inputs[0])
    spread.inputs[1].default_value = (0.30, 0.30, 0.20)
    nodes.join(spread.outputs[0], picture.inputs[0])
    return nodes.blend(0.75, colour, picture.outputs["Color"], "MULTIPLY")


def paint_mountain(
    name: str, *, strokes: Any, foot: float, top: float, mist: float, reach: float
) -> Any:
    """Paint a distant range, light and all, with mist up to the height `mist`."""
    material, nodes = open_material(name)
    colour = paint_rock(nodes, strokes, foot, top)
    lit = nodes.blend(1.0, nodes.skylight(colour), nodes.sunlight(colour), "ADD")
    nodes.finish(nodes.emit(nodes.veil(lit, low=foot, high=mist, reach=reach)))
    return material


def paint_cliff(name: str, *, strokes: Any, foot: float, top: float, mist: float) -> Any:
    """Paint rock that is near enough to take real light and real shadows."""
    material, nodes = open_material(name)
    colour = paint_rock(nodes, strokes, foot, top)
    below = nodes.ramp(nodes.height(), mist, foot)
    hidden = nodes.blend(below, nodes.skylight(colour), nodes.colour(MIST))
    bare = nodes.blend(below, colour, (0.0, 0.0, 0.0, 1.0))
    nodes.finish(nodes.add(nodes.diffuse(bare), nodes.emit(hidden)))
    return material


def paint_cloud(
    name: str, *, low: float, high: float, reach: float, lamps: Sequence[Any] = ()
) -> Any:
    """Paint clouds: pale where they face the sun, rosy below, warm near lamps, sunk in the mist."""
    material, nodes = open_material(name)
    lit = nodes.ramp(nodes.facing((0.52, -0.05, 0.85)), -0.35, 0.95)
    colour = nodes.blend(lit, nodes.colour(CLOUD_SHADE), nodes.colour(CLOUD_LIT))
    veiled = nodes.veil(colour, low=low, high=high, reach=reach)
    lit_up = veiled
    for lamp in lamps:
        lit_up = nodes.blend(1.0, lit_up, nodes.lamplight(veiled, lamp, (0.25, 1.9)), "ADD")
    nodes.finish(nodes.emit(lit_up))
    return material


def paint_plain(
    name: str,
    pair: tuple[Colour, Colour],
    lamp: Any = None,
    power: tuple[float, float] = (0.3, 0.9),
) -> Any:
    """Paint a plain matt colour that takes the sun, over a little skylight and a lamp's light."""
    material, nodes = open_material(name)
    colour = nodes.colour(pair)
    glow = nodes.skylight(colour)
    if lamp is not None:
        glow = nodes.blend(1.0, glow, nodes.lamplight(colour, lamp, power), "ADD")
    nodes.finish(nodes.add(nodes.diffuse(colour), nodes.emit(glow)))
    return material


def paint_lantern(name: str, paper: Any) -> Any:
    """Paint lantern paper that glows from its flame up, as bright as the object's red channel."""
    material, nodes = open_material(name)
    along = nodes.put("ShaderNodeTexCoord").outputs["UV"]
    axes = nodes.put("ShaderNodeSeparateXYZ")
    nodes.join(along, axes.inputs[0])
    shades = nodes.put("ShaderNodeValToRGB")
    nodes.join(axes.outputs["Y"], shades.inputs[0])
    stops = ((0.0, "fff0b8"), (0.16, "ffd070"), (0.5, "ff9a3e"), (0.82, "e8622f"), (1.0, "c04428"))
    fill_ramp(shades.color_ramp, [(at, mix_pigment(c)) for at, c in stops])
    picture = nodes.put("ShaderNodeTexImage", image=paper)
    nodes.join(along, picture.inputs[0])
    colour = nodes.blend(1.0, shades.outputs["Color"], picture.outputs["Color"], "MULTIPLY")
    edge = nodes.put("ShaderNodeLayerWeight")
    edge.inputs["Blend"].default_value = 0.35
    rim = nodes.count("MULTIPLY", edge.outputs["Facing"], 0.45)
    colour = nodes.blend(rim, colour, mix_pigment("a8301c"))
    nodes.finish(nodes.emit(colour, nodes.count("MULTIPLY", nodes.glow(), 1.15)))
    return material


def paint_halo(name: str, colour: Colour, *, strength: float, sharpness: float) -> Any:
    """Paint the glow in the air: light added over what is behind, gone at the card's rim."""
    material, nodes = open_material(name)
    centred = nodes.put("ShaderNodeVectorMath", operation="SUBTRACT")
    nodes.join(nodes.put("ShaderNodeTexCoord").outputs["UV"], centred.inputs[0])
    centred.inputs[1].default_value = (0.5, 0.5, 0.0)
    away = nodes.put("ShaderNodeVectorMath", operation="LENGTH")
    nodes.join(centred.outputs[0], away.inputs[0])
    near = nodes.ramp(away.outputs["Value"], 0.5, 0.0, smooth=False)
    fall = nodes.count("POWER", near, sharpness)
    bright = nodes.count("MULTIPLY", fall, nodes.count("MULTIPLY", nodes.glow(), strength))
    clear = nodes.put("ShaderNodeBsdfTransparent").outputs[0]
    nodes.finish(nodes.add(nodes.emit(colour, bright), clear))
    return material


def paint_light(name: str, colour: Colour, strength: float) -> Any:
    """Paint something that is its own light and nothing else."""
    material, nodes = open_material(name)
    nodes.finish(nodes.emit(colour, strength))
    return material


def paint_sky(world: Any) -> None:
    """Paint the sky by height, with the pale disc and the glow round it; it lights nothing."""
    world.use_nodes = True
    nodes = Nodes(world.node_tree)
    direction = nodes.put("ShaderNodeTexCoord").outputs["Generated"]
    axes = nodes.put("ShaderNodeSeparateXYZ")
    nodes.join(direction, axes.inputs[0])
    shades = nodes.put("ShaderNodeValToRGB")
    nodes.join(nodes.ramp(axes.outputs["Z"], -0.02, 0.31, smooth=False), shades.inputs[0])
    fill_ramp(shades.color_ramp, [(at, dusk) for at, dusk, _ in SKY])
    for step, (_, dusk, blue) in zip(shades.color_ramp.elements, SKY, strict=True):
        for frame, colour in ((FIRST, dusk), (LAST, blue)):
            step.color = colour
            step.keyframe_insert("color", frame=frame)
    away = nodes.put("ShaderNodeVectorMath", operation="DISTANCE")
    nodes.join(direction, away.inputs[0])
    for frame, (x, y, z) in zip((FIRST, LAST), DISC, strict=True):
        length = (x * x + y * y + z * z) ** 0.5
        away.inputs[1].default_value = (x / length, y / length, z / length)
        away.inputs[1].keyframe_insert("default_value", frame=frame)
    distance = away.outputs["Value"]
    near = nodes.ramp(distance, 0.42, DISC_RADIUS, smooth=False)
    halo = nodes.count("MULTIPLY", nodes.count("POWER", near, 3.0), 0.55)
    warm = (mix_pigment("ffe3b4"), mix_pigment("b9c2ea"))
    colour = nodes.blend(halo, shades.outputs["Color"], nodes.colour(warm))
    disc = nodes.ramp(distance, DISC_RADIUS, DISC_RADIUS - 0.0012, smooth=False)
    pale = (mix_pigment("fff1d2"), mix_pigment("f6efe0"))
    colour = nodes.blend(disc, colour, nodes.colour(pale))
    background = nodes.put("ShaderNodeBackground")
    nodes.join(colour, background.inputs["Color"])
    nodes.join(background.outputs[0], nodes.put("ShaderNodeOutputWorld").inputs["Surface"])
    world.cycles.sampling_method = "NONE"
    world.cycles_visibility.diffuse = False


def fill_ramp(ramp: Any, stops: list[tuple[float, Colour]]) -> None:
    """Fill a colour ramp that still has its two first stops."""
    for _ in range(len(stops) - 2):
        ramp.elements.new(0.5)
    for step, (at, _) in zip(ramp.elements, stops, strict=True):
        step.position = at
    for step, (_, colour) in zip(ramp.elements, stops, strict=True):
        step.color = colour
