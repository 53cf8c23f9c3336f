"""Owns what stands on the cliff: the pavilion with its lamp, and the pine."""

from typing import Any

import bpy
import paints
import shapes
from paints import mix_pigment
from shapes import Point, Shape
from stage import Stage, key


def build_pavilion(stage: Stage, at: Point, turn: float) -> None:
    """Build the pavilion: two eaves, six red columns, a rail, and a light inside."""
    lamp = bpy.data.objects.new("Pavilion lamp", None)
    lamp.location = (at[0], at[1], at[2] + 0.85)
    stage.scene.collection.objects.link(lamp)
    red = paints.paint_plain("Cinnabar", (mix_pigment("b8412c"), mix_pigment("a8402f")), lamp)
    tiles = paints.paint_plain("Tiles", (mix_pigment("2f6470"), mix_pigment("2b5278")))
    gold = paints.paint_plain(
        "Gold", (mix_pigment("e2a94a"), mix_pigment("d6a050")), lamp, (0.1, 0.4)
    )
    stone = paints.paint_plain(
        "Stone", (mix_pigment("cdb79a"), mix_pigment("9296b4")), lamp, (0.1, 0.4)
    )

    def put(name: str, shape: Shape, paint: Any, up: float, *, smooth: bool = False) -> None:
        stage.place(name, shape, paint, at=(at[0], at[1], at[2] + up), turn=turn, smooth=smooth)

    steps = [(1.12, -0.5), (1.12, 0.0), (1.0, 0.0), (1.0, 0.1)]
    put("Terrace", shapes.stack_prism(steps), stone, 0)
    put("Columns", shapes.stand_columns(radius=0.78, height=1.08, girth=0.052), red, 0.1)
    rails = Shape()
    for height, girth in ((0.12, 0.022), (0.24, 0.018), (0.34, 0.03)):
        rails.add(shapes.run_rails(radius=0.78, height=height, girth=girth, gap=4))
    for height, girth in ((0.98, 0.05), (0.84, 0.026)):
        rails.add(shapes.run_rails(radius=0.78, height=height, girth=girth, gap=9))
    put("Rails", rails, red, 0.1)
    lower: dict[str, Any] = {"radius": 1.32, "height": 0.62, "lift": 0.2, "inner": 0.42}
    put("Lower roof", shapes.curve_roof(**lower), tiles, 1.12, smooth=True)
    put("Lower ridges", shapes.run_ridges(**lower), gold, 1.12)
    put("Drum", shapes.stack_prism([(0.52, 0.0), (0.52, 0.34)]), red, 1.34)
    upper: dict[str, Any] = {"radius": 0.96, "height": 0.92, "lift": 0.17}
    put("Upper roof", shapes.curve_roof(**upper), tiles, 1.62, smooth=True)
    put("Upper ridges", shapes.run_ridges(**upper), gold, 1.62)
    gourd = [
        (0.0, 0),
        (0.10, 0.03),
        (0.12, 0.10),
        (0.05, 0.18),
        (0.085, 0.25),
        (0.04, 0.32),
        (0.0, 0.44),
    ]
    put("Finial", shapes.turn_profile(gourd, 10), gold, 2.48, smooth=True)
    ceiling = paints.paint_light("Lamplight", mix_pigment("ffc46b"), 1.0)
    put(
        "Lamp",
        shapes.turn_profile([(0.0, 0), (0.1, 0.02), (0.13, 0.13), (0.1, 0.24), (0.0, 0.26)], 10),
        ceiling,
        0.72,
    )
    halo = paints.paint_halo("Lamp halo", mix_pigment("ff9d4a"), strength=0.7, sharpness=2.2)
    glow = stage.place(
        "Lamp halo",
        shapes.lay_card(2.4, 2.0),
        halo,
        at=(at[0], at[1] - 0.2, at[2] + 0.8),
        casts_shadow=False,
    )
    key(glow, "color", (0.45, 0, 0, 1), (1.0, 0, 0, 1))


def grow_pine(stage: Stage, at: Point) -> None:
    """Grow a leaning pine whose needles are flat pads, as a brush would set them."""
    bark = paints.paint_plain("Bark", (mix_pigment("5d4238"), mix_pigment("3f3448")))
    green = paints.paint_plain("Needles", (mix_pigment("2f6a5a"), mix_pigment("23505e")))
    trunk = [
        (0, 0, -0.5),
        (-0.05, 0, 0.3),
        (0.12, 0.02, 0.7),
        (0.40, 0, 1.05),
        (0.56, 0, 1.4),
        (0.5, 0, 1.7),
    ]
    wood = shapes.lay_tube(trunk, [0.12, 0.1, 0.085, 0.07, 0.05, 0.02])
    wood.add(
        shapes.lay_tube([(0.1, 0, 0.7), (-0.2, 0, 0.95), (-0.42, 0, 1.0)], [0.05, 0.035, 0.015])
    )
    wood.add(
        shapes.lay_tube([(0.42, 0, 1.06), (0.9, 0, 1.16), (1.2, 0, 1.1)], [0.05, 0.035, 0.015])
    )
    stage.place("Pine wood", wood, bark, at=at)
    pads = Shape()
    ball = shapes.round_ball(6, 9)
    for x, z, size in (
        (0.5, 1.8, 0.42),
        (0.28, 1.5, 0.34),
        (-0.42, 1.08, 0.36),
        (0.82, 1.5, 0.3),
        (1.2, 1.2, 0.42),
        (0.85, 1.26, 0.34),
    ):
        pad = Shape().add(ball)
        pad.points = [
            (px * stage.chance.uniform(0.9, 1.1), py * 0.8, max(pz, -0.3) * 0.36)
            for px, py, pz in pad.points
        ]
        pads.add(pad, (x, stage.chance.uniform(-0.15, 0.15), z), size)
    stage.place("Pine needles", pads, green, at=at)
