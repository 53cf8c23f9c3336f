"""One farm and a few scenes that most tests of the whole way share."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy
import OpenImageIO
import pytest

from tests.end_to_end.running_farm import RunningFarm, wait_until
from tests.end_to_end.scenes import SceneSpec, make_scenes

ASSET_BYTES = 48 * 1024**2


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenes:
    """Scenes as files.

    `turning` has 12 quick frames, `slow` 4 of up to a second, `laden` the same with a large asset;
    the second of seven takes seconds in `lasting` and many in `heavy`; `dark` fades in after two of
    four, `broken` shows a picture that holds NaN in three.
    """

    turning: Path
    slow: Path
    laden: Path
    lasting: Path
    heavy: Path
    dark: Path
    broken: Path


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Scenes:
    """The scenes, made by the real Blender."""
    folder = tmp_path_factory.mktemp("scenes")
    paths = {name: str(folder / f"{name}.blend") for name in Scenes.__slots__}
    picture = folder / "not-a-number.exr"
    write_broken_picture(picture, size=32)
    with (folder / "heavy.png").open("wb") as asset:
        asset.truncate(ASSET_BYTES)
    make_scenes(
        [
            SceneSpec(path=paths["turning"], frames=12),
            SceneSpec(path=paths["slow"], frames=4, size=96, samples=192),
            SceneSpec(path=paths["lasting"], frames=7, size=256, samples=384, steep=True),
            SceneSpec(path=paths["heavy"], frames=7, size=256, samples=2048, steep=True),
            SceneSpec(
                path=paths["laden"], frames=4, size=96, samples=192, asset=str(folder / "heavy.png")
            ),
            SceneSpec(path=paths["dark"], frames=4, dark=2),
            SceneSpec(path=paths["broken"], frames=3, pictured=str(picture)),
        ]
    )
    return Scenes(**{name: Path(path) for name, path in paths.items()})


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFarm]:
    """A farm that runs for the whole session, with money; its server and node are never killed."""
    running = RunningFarm(tmp_path_factory.mktemp("farm") / "data")
    with running:
        running.top_up(1000)
        yield running
        running.assert_clean()
    wait_until(lambda: not running.list_orphans(), seconds=60, what="no orphans")


def write_broken_picture(path: Path, *, size: int) -> None:
    """Write a grey OpenEXR picture with one pixel that is not a number."""
    pixels = numpy.full((size, size, 3), 0.5, dtype=numpy.float32)
    pixels[0, 0] = numpy.nan
    output = OpenImageIO.ImageOutput.create(str(path))
    assert output.open(str(path), OpenImageIO.ImageSpec(size, size, 3, "float"))
    assert output.write_image(pixels)
    output.close()
