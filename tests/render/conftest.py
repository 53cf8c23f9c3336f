"""Renderers of this machine, scenes made by them, and hosts, for the render tests."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from render.host_kinds import open_host
from render.hosts import Host
from render.renderers import Origin, Renderer, find_renderers, read_specs
from tests.other_blenders import find_other_wheels

MAKE_SCENES = Path(__file__).with_name("make_scenes.py")
SPECS = read_specs()
RENDERERS = find_renderers(SPECS)
BLENDERS = [renderer for renderer in RENDERERS if renderer.name == "blender"]
BLENDERS += find_other_wheels(next(spec for spec in SPECS if spec.name == "blender"))

# For what does not depend on Blender's version: one start less for every test.
ONE_BLENDER = pytest.mark.parametrize(
    "blender", BLENDERS[:1], indirect=True, ids=[renderer.key for renderer in BLENDERS[:1]]
)
Opener = Callable[[Renderer], Host]


@pytest.fixture(scope="session", params=BLENDERS, ids=lambda renderer: renderer.key)
def blender(request: pytest.FixtureRequest) -> Renderer:
    """Each Blender of this machine: an installed one, the `bpy` wheel."""
    renderer: Renderer = request.param
    return renderer


@pytest.fixture(scope="session")
def scenes(blender: Renderer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scenes of `make_scenes.py`, saved by the Blender under test."""
    folder = tmp_path_factory.mktemp(f"scenes-{blender.key}")
    flags = ["-P"] if blender.origin is Origin.WHEEL else ["-b", "--factory-startup", "--python"]
    command = [*blender.command, *flags, str(MAKE_SCENES), "--", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def povray() -> Renderer:
    """POV-Ray, where it is installed."""
    found = [renderer for renderer in RENDERERS if renderer.name == "povray"]
    if not found:
        pytest.skip("POV-Ray is not installed")
    return found[0]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    """A function that opens a host; all of them are closed after the test."""
    with ExitStack() as stack:
        count = iter(range(1000))

        def open_one(renderer: Renderer) -> Host:
            host = open_host(renderer, workdir=tmp_path / f"host-{next(count)}")
            return stack.enter_context(closing(host))

        yield open_one
