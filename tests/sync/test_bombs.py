"""Scenes that unpack without an end: refused before they fill disk or memory."""

import gzip
from pathlib import Path

import pytest
import zstandard

from local_server.farm.errors import BadInput
from sync import blend_file
from sync.package import plan_package

PLAIN_BYTES = 4 << 20


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_scene_that_unpacks_without_an_end(
    tmp_path: Path, pack: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blend_file, "PLAIN_BYTES_MAX", PLAIN_BYTES // 4)
    assert callable(pack)
    scene = tmp_path / "bomb.blend"
    scene.write_bytes(pack(b"BLENDER-v404" + bytes(PLAIN_BYTES)))
    assert scene.stat().st_size < PLAIN_BYTES // 500
    with pytest.raises(BadInput, match="scene_damaged"):
        plan_package(scene)
