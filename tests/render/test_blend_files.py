""".blend files without a Blender: who saved them, and whether all of them is there."""

import gzip
import struct
import tracemalloc
from pathlib import Path

import pytest

from render.blend_files import BlendFile, read_blend
from render.renderers import Renderer, version_of

BOMB_BYTES = 100 << 20
SHARED = Path(__file__).resolve().parents[3] / "shared" / "scenes"


def make_old(version: bytes, *, order: bytes = b"v", pointer: bytes = b"-") -> bytes:
    """Return a .blend as Blender wrote them up to 4.5: a block of five bytes, and the end."""
    mark = "<" if order == b"v" else ">"
    address = "I" if pointer == b"_" else "Q"
    block = struct.pack(f"{mark}4si{address}ii", b"DATA", 5, 1, 0, 1) + b"12345"
    end = struct.pack(f"{mark}4si{address}ii", b"ENDB", 0, 0, 0, 0)
    return b"BLENDER" + pointer + order + version + block + end


def make_new(version: bytes) -> bytes:
    """Return a .blend as Blender writes them since 5.0."""
    block = struct.pack("<4siQqq", b"DATA", 0, 1, 5, 1) + b"12345"
    return b"BLENDER17-01v" + version + block + struct.pack("<4siQqq", b"ENDB", 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("data", "version"),
    [
        (make_old(b"279"), (2, 79)),
        (make_old(b"304"), (3, 4)),
        (make_old(b"249", order=b"V", pointer=b"_"), (2, 49)),
        (gzip.compress(make_old(b"293"), mtime=0), (2, 93)),
        (make_new(b"0500"), (5, 0)),
    ],
)
def test_version_is_read_and_every_cut_is_found(
    tmp_path: Path, data: bytes, version: tuple[int, int]
) -> None:
    path = tmp_path / "a.blend"
    path.write_bytes(data)
    assert read_blend(path) == BlendFile(version=version, whole=True)
    # The end mark is known by its four letters; only what is before them must be there.
    plain = data if data.startswith(b"BLENDER") else b""
    last = plain.index(b"ENDB") + 4 if plain else len(data)
    for length in range(last):
        path.write_bytes(data[:length])
        found = read_blend(path)
        assert found is None or not found.whole, length


@pytest.mark.parametrize("data", [b"", b"BLENDER", b"\x28\xb5\x2f\xfdxx", b"\x1f\x8bx", b"<html>"])
def test_what_is_no_blend_is_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.blend"
    path.write_bytes(data)
    assert read_blend(path) is None


@pytest.mark.parametrize("where", ["in a block", "behind the end"])
def test_what_unpacks_without_an_end_takes_no_memory(tmp_path: Path, where: str) -> None:
    block = struct.pack("<4siQii", b"DATA", BOMB_BYTES, 1, 0, 1)
    begin = b"BLENDER-v404" + (block if where == "in a block" else b"ENDB" + bytes(20))
    path = tmp_path / "a.blend"
    with gzip.open(path, "wb", compresslevel=9) as packed:
        packed.write(begin)
        for _ in range(BOMB_BYTES >> 20):
            packed.write(bytes(1 << 20))
    assert path.stat().st_size < BOMB_BYTES // 500
    tracemalloc.start()
    try:
        found = read_blend(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == BlendFile(version=(4, 4), whole=where == "behind the end")
    assert most < BOMB_BYTES // 10


def test_a_block_that_says_it_is_endless_is_not_read(tmp_path: Path) -> None:
    block = struct.pack("<4siQqq", b"DATA", 0, 1, 2**62, 1)
    path = tmp_path / "a.blend"
    path.write_bytes(gzip.compress(b"BLENDER17-01v0500" + block + bytes(1_000)))
    assert read_blend(path) == BlendFile(version=(5, 0), whole=False)


def test_real_files_are_whole_until_they_are_cut(
    blender: Renderer, scenes: Path, tmp_path: Path
) -> None:
    files = [*scenes.glob("*.blend"), *SHARED.glob("*.blend")]
    assert files
    for path in files:
        found = read_blend(path)
        assert found is not None, path
        assert found.whole, path
        data = path.read_bytes()
        for length in (len(data) // 3, len(data) - 5000, len(data) - 30):
            cut = tmp_path / "cut.blend"
            cut.write_bytes(data[:length])
            assert read_blend(cut) == BlendFile(version=found.version, whole=False), path
    saved = read_blend(scenes / "turning.blend")
    assert saved is not None
    assert saved.version == version_of(blender.version)[:2]
