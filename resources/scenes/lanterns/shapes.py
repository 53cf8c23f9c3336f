"""Owns the scene's geometry: plain lists of points and faces, with no Blender in sight."""

import math
import random
from dataclasses import dataclass, field

Point = tuple[float, float, float]


@dataclass
class Shape:
    """Points, faces over them, and one (u, v) per point where a picture is laid on."""

    points: list[Point] = field(default_factory=list)
    faces: list[tuple[int, ...]] = field(default_factory=list)
    uvs: list[tuple[float, float]] = field(default_factory=list)

    def add(self, other: "Shape", at: Point = (0, 0, 0), scale: float = 1.0) -> "Shape":
        """Join another shape in, moved and scaled, and return this one."""
        first = len(self.points)
        self.points += [
            (x * scale + at[0], y * scale + at[1], z * scale + at[2]) for x, y, z in other.points
        ]
        self.faces += [tuple(first + corner for corner in face) for face in other.faces]
        self.uvs += other.uvs
        return self


def turn_profile(profile: list[tuple[float, float]], segments: int) -> Shape:
    """Turn a profile of (radius, height) pairs round the upright axis, open at both ends."""
    shape = Shape()
    for ring, (radius, height) in enumerate(profile):
        for step in range(segments + 1):
            angle = math.tau * step / segments
            shape.points.append((radius * math.cos(angle), radius * math.sin(angle), height))
            shape.uvs.append((step / segments, ring / (len(profile) - 1)))
    row = segments + 1
    for ring in range(len(profile) - 1):
        for step in range(segments):
            a = ring * row + step
            shape.faces.append((a, a + 1, a + row + 1, a + row))
    return shape


def lay_tube(path: list[Point], radii: list[float], sides: int = 6) -> Shape:
    """Lay a tube along a path; each ring stands across the path's direction there."""
    shape = Shape()
    for index, (x, y, z) in enumerate(path):
        before, after = path[max(index - 1, 0)], path[min(index + 1, len(path) - 1)]
        along = _unit(tuple(b - a for a, b in zip(before, after, strict=True)))
        across = _unit(_cross(along, (0.0, 1.0, 0.13)))
        upward = _cross(across, along)
        for side in range(sides):
            c, s = math.cos(math.tau * side / sides), math.sin(math.tau * side / sides)
            r = radii[index]
            shape.points.append(
                (
                    x + r * (c * across[0] + s * upward[0]),
                    y + r * (c * across[1] + s * upward[1]),
                    z + r * (c * across[2] + s * upward[2]),
                )
            )
    for index in range(len(path) - 1):
        for side in range(sides):
            a, b = index * sides + side, index * sides + (side + 1) % sides
            shape.faces.append((a, b, b + sides, a + sides))
    shape.faces.append(tuple(range(sides)))
    last = (len(path) - 1) * sides
    shape.faces.append(tuple(reversed(range(last, last + sides))))
    return shape


def _unit(v: tuple[float, ...]) -> Point:
    length = math.sqrt(sum(part * part for part in v)) or 1.0
    return (v[0] / length, v[1] / length, v[2] / length)


def _cross(a: Point, b: Point) -> Point:
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def raise_peak(
    chance: random.Random,
    *,
    radius: float,
    height: float,
    steepness: float = 0.5,
    shoulder: float = 2.1,
) -> Shape:
    """Raise one karst peak of flat facets: a tower or a cone, pointed or broad-shouldered.

    `steepness` near 0 is a tower, near 1 a cone; a `shoulder` of 2 is a point, of 8 nearly flat.
    """
    shape = Shape()
    segments, rings = 15, 11
    phases = [chance.uniform(0, math.tau) for _ in range(3)]
    lean = (chance.uniform(-0.12, 0.12) * height, chance.uniform(-0.05, 0.05) * height)
    for ring in range(rings):
        up = ring / rings
        girth = radius * (1 - up**shoulder) ** (0.45 + 0.6 * steepness) * (1.15 - 0.25 * up)
        for step in range(segments):
            angle = math.tau * (step + 0.5 * (ring % 2)) / segments
            wave = (
                1
                + 0.17 * math.sin(2 * angle + phases[0] + 1.5 * up)
                + 0.10 * math.sin(3 * angle + phases[1] - 2.5 * up)
                + 0.06 * math.sin(7 * angle + phases[2])
                + chance.uniform(-0.07, 0.07)
            )
            shape.points.append(
                (
                    girth * wave * math.cos(angle) + lean[0] * up**1.6,
                    girth * wave * math.sin(angle) * 0.8 + lean[1] * up,
                    height * (up + chance.uniform(-0.022, 0.022)),
                )
            )
    shape.points.append((lean[0], lean[1], height * 1.0))
    top = len(shape.points) - 1
    for ring in range(rings - 1):
        for step in range(segments):
            a, b = ring * segments + step, ring * segments + (step + 1) % segments
            c, d = a + segments, b + segments
            # Rings are turned by half a step in turns, so the diagonals change sides in turns.
            shape.faces += [(a, b, d), (a, d, c)] if ring % 2 else [(a, b, c), (b, d, c)]
    last = (rings - 1) * segments
    shape.faces += [(last + s, last + (s + 1) % segments, top) for s in range(segments)]
    return shape


def round_ball(rings: int = 10, segments: int = 18) -> Shape:
    """Round a ball of radius one."""
    shape = Shape(points=[(0.0, 0.0, -1.0)])
    for ring in range(1, rings):
        polar = math.pi * ring / rings
        for step in range(segments):
            angle = math.tau * step / segments
            shape.points.append(
                (
                    math.sin(polar) * math.cos(angle),
                    math.sin(polar) * math.sin(angle),
                    -math.cos(polar),
                )
            )
    shape.points.append((0.0, 0.0, 1.0))
    top = len(shape.points) - 1
    for step in range(segments):
        after = (step + 1) % segments
        shape.faces.append((0, 1 + after, 1 + step))
        shape.faces.append((top, top - segments + step, top - segments + after))
        for ring in range(rings - 2):
            a, b = 1 + ring * segments + step, 1 + ring * segments + after
            shape.faces.append((a, b, b + segments, a + segments))
    return shape


def puff_cloud(chance: random.Random, *, puffs: int, width: float) -> Shape:
    """Puff a cloud about `width` wide: tall in the middle, thin at the ends, nearly flat below."""
    shape = Shape()
    ball = round_ball()
    for index in range(puffs):
        along = (index + 0.5) / puffs * 2 - 1
        size = width * (0.075 + 0.135 * (1 - along * along)) * chance.uniform(0.75, 1.25)
        at = (
            along * width / 2 + chance.uniform(-0.03, 0.03) * width,
            chance.uniform(-0.07, 0.07) * width,
            size * 0.42 + chance.uniform(0, 0.035) * width * (1 - abs(along)),
        )
        shape.add(ball, at, size)
    for _ in range(puffs):
        along = chance.uniform(-0.85, 0.85)
        size = width * chance.uniform(0.03, 0.07)
        up = width * (0.10 + 0.13 * (1 - along * along)) * chance.uniform(0.6, 1.1)
        shape.add(ball, (along * width / 2, -0.12 * width * chance.random(), up), size)
    # The underside is pressed flat: a cloud of the old scrolls floats like a lid on the mist.
    shape.points = [(x, y, z if z > 0 else z * 0.22) for x, y, z in shape.points]
    return shape


def curve_roof(
    *, radius: float, height: float, lift: float, inner: float = 0.0, sides: int = 6
) -> Shape:
    """Curve a roof with upturned corners, from `inner` (0 is a point) out to the eaves."""
    shape = Shape()
    rings, per_side = 9, 6
    around = sides * per_side
    for ring in range(rings + 1):
        out = inner + (1 - inner) * ring / rings
        for step in range(around):
            side, within = divmod(step, per_side)
            a0, a1 = math.tau * side / sides, math.tau * (side + 1) / sides
            blend = within / per_side
            corner = abs(2 * blend - 1) ** 2.2
            x = math.cos(a0) * (1 - blend) + math.cos(a1) * blend
            y = math.sin(a0) * (1 - blend) + math.sin(a1) * blend
            stretch = radius * out * (1 + 0.10 * corner * out**3)
            z = height * (1 - out) ** 1.7 + lift * corner * out**4
            shape.points.append((x * stretch, y * stretch, z))
    for ring in range(rings):
        for step in range(around):
            a, b = ring * around + step, ring * around + (step + 1) % around
            shape.faces.append((a, b, b + around, a + around))
    return shape


def run_ridges(
    *, radius: float, height: float, lift: float, inner: float = 0.0, sides: int = 6
) -> Shape:
    """Run the roof's ridges, from the top to a little beyond each corner."""
    shape = Shape()
    for side in range(sides):
        angle = math.tau * side / sides
        path: list[Point] = []
        for step in range(9):
            out = max(inner, 0.03) + (1.06 - max(inner, 0.03)) * step / 8
            reach = radius * out * (1 + 0.10 * min(out, 1.0) ** 3)
            z = height * max(1 - out, 0.0) ** 1.7 + lift * out**4 + 0.025
            path.append((reach * math.cos(angle), reach * math.sin(angle), z))
        shape.add(lay_tube(path, [0.035] * 8 + [0.018]))
    return shape


def stand_columns(*, radius: float, height: float, girth: float, sides: int = 6) -> Shape:
    """Stand one column at each corner."""
    shape = Shape()
    for side in range(sides):
        angle = math.tau * side / sides
        x, y = radius * math.cos(angle), radius * math.sin(angle)
        shape.add(lay_tube([(x, y, 0), (x, y, height)], [girth, girth], sides=8))
    return shape


def run_rails(*, radius: float, height: float, girth: float, gap: int, sides: int = 6) -> Shape:
    """Run rails from corner to corner at a height, leaving the side `gap` open."""
    shape = Shape()
    for side in range(sides):
        if side == gap:
            continue
        ends = []
        for corner in (side, side + 1):
            angle = math.tau * corner / sides
            ends.append((radius * math.cos(angle), radius * math.sin(angle), height))
        shape.add(lay_tube(ends, [girth, girth], sides=4))
    return shape


def stack_prism(profile: list[tuple[float, float]], sides: int = 6) -> Shape:
    """Stack a closed prism over a profile of (radius, height) pairs."""
    shape = turn_profile(profile, sides)
    row = sides + 1
    shape.faces.append(tuple(reversed(range(sides))))
    top = (len(profile) - 1) * row
    shape.faces.append(tuple(range(top, top + sides)))
    return shape


def lay_card(width: float, height: float) -> Shape:
    """Lay a card that faces the viewer (towards -Y), centred, with the whole picture on it."""
    w, h = width / 2, height / 2
    return Shape(
        points=[(-w, 0, -h), (w, 0, -h), (w, 0, h), (-w, 0, h)],
        faces=[(0, 1, 2, 3)],
        uvs=[(0, 0), (1, 0), (1, 1), (0, 1)],
    )


def spread_crane(lifted: float) -> Shape:
    """Spread a crane in flight, heading +X; `lifted` is how far its wing tips are up."""
    points: list[Point] = [
        (0.55, 0.0, 0.05),  # bill
        (0.18, 0.03, 0.0),
        (0.18, -0.03, 0.0),
        (-0.20, 0.03, 0.0),
        (-0.20, -0.03, 0.0),
        (-0.55, 0.0, -0.03),  # feet
        (0.02, 0.42, 0.16 * lifted),
        (-0.10, 0.80, 0.30 * lifted - 0.04),
        (-0.17, 0.40, 0.12 * lifted),
        (0.02, -0.42, 0.16 * lifted),
        (-0.10, -0.80, 0.30 * lifted - 0.04),
        (-0.17, -0.40, 0.12 * lifted),
    ]
    faces: list[tuple[int, ...]] = [
        (0, 1, 2),
        (1, 3, 4, 2),
        (3, 5, 4),
        (1, 6, 8, 3),
        (6, 7, 8),
        (2, 4, 11, 9),
        (9, 11, 10),
    ]
    return Shape(points=points, faces=faces)
