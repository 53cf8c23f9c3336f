"""Owns the land: three ranges of mountains, the sea of clouds, and the cliff in front."""

import math
from collections.abc import Sequence
from typing import Any

import paints
import shapes
from pavilion import build_pavilion, grow_pine
from stage import Stage, key

# x, distance, foot, radius, height, steepness: every peak stands in mist, so no foot is ever seen.
FAR_PEAKS = (
    (-26, 62, -4, 8, 15, 0.8),
    (-14, 66, -4, 9, 20, 0.6),
    (-3, 70, -4, 10, 13, 0.9),
    (22, 66, -4, 9, 19, 0.6),
    (33, 62, -4, 9, 23, 0.5),
    (10, 72, -4, 9, 11, 0.9),
)
MIDDLE_PEAKS = (
    (-15.5, 34, -3, 4.2, 11.5, 0.5),
    (-10.0, 38, -3, 3.6, 9.0, 0.6),
    (-20, 36, -3, 4.5, 14, 0.5),
    (9.5, 36, -3, 3.4, 12.5, 0.35),
    (14.0, 39, -3, 4.6, 16.5, 0.4),
    (19.0, 36, -3, 4.2, 12, 0.5),
    (4.6, 42, -3, 3.4, 7.0, 0.7),
)
NEAR_PEAKS = (
    (7.4, 15.5, -3, 1.9, 8.3, 0.30),
    (9.6, 17.5, -3, 2.3, 10.6, 0.35),
    (5.5, 17.0, -3, 1.5, 5.6, 0.5),
    (-9.4, 17.0, -3, 2.2, 7.6, 0.45),
    (-7.2, 19.5, -3, 1.7, 5.4, 0.5),
)


# The last number is the shoulder here: the first two carry the pavilion and the pine.
CLIFF_PEAKS = (
    (-2.75, -2.6, -3, 1.75, 5.1, 7.0),
    (-1.2, -3.2, -3, 0.9, 4.15, 5.0),
    (-4.9, -1.6, -3, 1.5, 5.9, 2.1),
)


def raise_mountains(stage: Stage, strokes: Any) -> None:
    """Raise three ranges; the mist between them is in their paint."""
    ranges = (
        ("Far mountain", FAR_PEAKS, -2.0, 18.0, 11.0, 55.0),
        ("Middle mountain", MIDDLE_PEAKS, -1.0, 13.0, 6.0, 75.0),
        ("Near mountain", NEAR_PEAKS, -1.0, 8.0, 2.8, 170.0),
    )
    for name, peaks, foot, top, mist, reach in ranges:
        paint = paints.paint_mountain(
            name, strokes=strokes, foot=foot, top=top, mist=mist, reach=reach
        )
        for number, (x, away, ground, radius, height, steepness) in enumerate(peaks):
            peak = shapes.raise_peak(
                stage.chance, radius=radius, height=height, steepness=steepness
            )
            stage.place(f"{name} {number}", peak, paint, at=(x, away, ground))


def spread_clouds(stage: Stage, lamps: Sequence[Any]) -> None:
    """Spread the sea of clouds: four shapes, laid in rows that drift past each other."""
    paint = paints.paint_cloud("Cloud", low=-1.6, high=1.2, reach=95.0, lamps=lamps)
    kinds = [shapes.puff_cloud(stage.chance, puffs=n, width=1.0) for n in (5, 7, 9, 6)]
    # distance, height, smallest and largest width, how many, and how far they spread sideways
    rows = (
        (-3.5, -0.75, 2.2, 3.6, 7, 6.5),
        (2.0, -0.8, 3.0, 5.0, 7, 9.0),
        (9.0, -0.9, 4.0, 7.0, 8, 13.0),
        (21.0, -0.9, 6.0, 11.0, 8, 19.0),
        (29.0, -0.6, 7.0, 13.0, 8, 23.0),
        (50.0, -0.4, 12.0, 20.0, 8, 34.0),
    )
    for row, (away, height, smallest, largest, count, spread) in enumerate(rows):
        for number in range(count):
            kind = stage.chance.randrange(4)
            width = stage.chance.uniform(smallest, largest)
            x = (number + 0.5 + stage.chance.uniform(-0.3, 0.3)) / count * 2 * spread - spread
            y = away + stage.chance.uniform(-1, 1) * width * 0.2
            cloud = stage.place(
                f"Cloud {kind}",
                kinds[kind],
                paint,
                at=(x, y, height + stage.chance.uniform(-0.1, 0.1) * width),
                scale=width,
                turn=stage.chance.choice((0.0, math.pi)) + stage.chance.uniform(-0.25, 0.25),
                smooth=True,
            )
            drift = (0.5 + 0.2 * row) * (1 if row % 2 else -1)
            rest = tuple(cloud.location)
            key(cloud, "location", rest, (rest[0] + drift, rest[1], rest[2]))


def float_wisps(stage: Stage) -> None:
    """Float single clouds before the mountains, as the old scrolls do."""
    paint = paints.paint_cloud("Wisp", low=-9.0, high=-8.0, reach=80.0)
    kinds = [shapes.puff_cloud(stage.chance, puffs=n, width=1.0) for n in (7, 9)]
    wisps = (
        (9.6, 13.0, 2.6, 3.4),
        (5.6, 14.5, 1.25, 2.6),
        (-8.4, 15.0, 1.6, 3.6),
        (13.0, 31.0, 6.4, 7.0),
        (-14.5, 31.0, 4.6, 6.0),
        (18.0, 55.0, 10.5, 11.0),
        (-17.0, 58.0, 9.0, 10.0),
    )
    for number, (x, y, z, width) in enumerate(wisps):
        cloud = stage.place(
            f"Wisp {number % 2}", kinds[number % 2], paint, at=(x, y, z), scale=width, smooth=True
        )
        cloud.scale = (width, width * 0.7, width * 0.62)
        key(cloud, "location", (x, y, z), (x + (-0.35 if number % 2 else 0.3), y, z))


def raise_cliff(stage: Stage, strokes: Any) -> None:
    """Raise the cliff in front, with the pavilion and the pine on it."""
    paint = paints.paint_cliff("Cliff", strokes=strokes, foot=-1.6, top=3.0, mist=0.9)
    for number, (x, y, ground, radius, height, shoulder) in enumerate(CLIFF_PEAKS):
        peak = shapes.raise_peak(
            stage.chance, radius=radius, height=height, steepness=0.05, shoulder=shoulder
        )
        stage.place(f"Cliff {number}", peak, paint, at=(x, y, ground))
    build_pavilion(stage, (-2.75, -2.6, 2.2), turn=math.radians(14))
    grow_pine(stage, (-1.2, -3.3, 1.15))
