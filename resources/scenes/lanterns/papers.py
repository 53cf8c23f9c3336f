"""Owns the scene's two pictures: lantern paper with the character 云, and ink strokes."""

import math
import random
import struct
import zlib
from itertools import pairwise
from pathlib import Path

SIZE = 128
# The character 云 in a box from -1 to 1: two lines, a bent stroke, a dot.
CLOUD_STROKES = (
    ((-0.32, 0.46), (0.32, 0.46)),
    ((-0.60, 0.12), (0.60, 0.12)),
    ((-0.04, 0.12), (-0.40, -0.44), (0.36, -0.36)),
    ((0.20, -0.12), (0.50, -0.52)),
)


def write_grey(path: Path, rows: list[bytearray]) -> None:
    """Write rows of grey bytes as a PNG, the same bytes on every machine."""
    height, width = len(rows), len(rows[0])

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    lines = b"".join(b"\x00" + bytes(row) for row in rows)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(lines, 9))
        + chunk(b"IEND", b"")
    )


def draw_lantern_paper(path: Path) -> None:
    """Draw paper with fibres, the bamboo's ribs, and two medallions; it tiles across."""
    chance = random.Random("lantern paper")
    light = [[236.0] * SIZE for _ in range(SIZE)]
    for _ in range(150):
        x, y = chance.uniform(0, SIZE), chance.uniform(0, SIZE)
        angle, shade = chance.uniform(-0.5, 0.5), chance.choice((-10, -6, 7))
        for step in range(chance.randrange(6, 22)):
            column, row = int(x + step * math.cos(angle)), int(y + step * math.sin(angle))
            light[row % SIZE][column % SIZE] += shade
    for centre in (SIZE // 4, 3 * SIZE // 4):
        _draw_medallion(light, centre, 66)
    for row in range(SIZE):
        for line, dark in ((8, 0.80), (11, 0.90), (116, 0.84)):
            if row == line:
                light[row] = [value * dark for value in light[row]]
    for row in range(SIZE):
        for rib in range(0, SIZE, SIZE // 4):
            light[row][rib] *= 0.72
            light[row][(rib + 1) % SIZE] *= 0.86
    write_grey(path, _quantise(light))


def _draw_medallion(light: list[list[float]], x: float, y: float) -> None:
    """Draw a ring round the character 云, cloud.

    A lantern is two and a half times as far round as it is high: the ring is drawn taller by that.
    """
    strokes = [(math.cos(math.tau * t / 400), math.sin(math.tau * t / 400)) for t in range(400)]
    for corners in CLOUD_STROKES:
        for (x0, y0), (x1, y1) in pairwise(corners):
            strokes += [(x0 + (x1 - x0) * t / 99, y0 + (y1 - y0) * t / 99) for t in range(100)]
    for along, up in strokes:
        column, row = x + 16 * along, y - 37 * up
        for r in range(int(row) - 3, int(row) + 5):
            for c in range(int(column) - 2, int(column) + 4):
                cover = 1 - math.hypot((c - column) / 1.5, (r - row) / 3.0)
                here = light[r % SIZE]
                here[c % SIZE] = min(here[c % SIZE], 236 - 130 * min(1.0, max(0.0, cover) * 2))


def draw_ink_strokes(path: Path) -> None:
    """Draw dry brush strokes that fall mostly downward and tile both ways."""
    chance = random.Random("ink strokes")
    light = [[232.0] * SIZE for _ in range(SIZE)]
    for _ in range(120):
        x, y = chance.uniform(0, SIZE), chance.uniform(0, SIZE)
        slant, length = chance.gauss(0, 0.25), chance.uniform(12, 44)
        weight, width = chance.uniform(10, 46), chance.uniform(0.6, 1.9)
        for step in range(int(length)):
            thin = 1 - step / length
            for side in range(-2, 3):
                cover = max(0.0, 1 - abs(side) / (width + 0.2)) * thin
                row = int(y + step) % SIZE
                column = int(x + step * slant + side) % SIZE
                light[row][column] -= weight * cover * chance.uniform(0.4, 1.0)
    write_grey(path, _quantise(light))


def _quantise(light: list[list[float]]) -> list[bytearray]:
    """Round to 32 greys: the eye sees no step, and the file is a third of the size."""
    return [bytearray(max(0, min(248, int(v / 8) * 8)) for v in row) for row in light]
