"""Stores of every kind, and real .blend files made by Blender itself."""

import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from sync.blobs import Blobs
from sync.bucket_address import BucketKey, parse_bucket_address
from sync.folder_store import FolderStore
from sync.late_store import LateStore
from sync.memory_store import MemoryStore
from sync.oss_store import OssStore, open_requests
from sync.store import Store
from tests.oss_server.server import REGION, OssServer
from tests.oss_server.signatures import Credential

STUDIO = "studio"
KEY = BucketKey("test-key", "test-secret")
_SCRIPTS = Path(__file__).parent


def make_folder_store(folder: Path) -> Store:
    """Return a store in a new folder."""
    root = folder / "store"
    root.mkdir(exist_ok=True)
    return FolderStore(root)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """A bucket of a test's own on a running server."""

    server: OssServer
    name: str

    def open(self, sdk: str = "oss2", *, options: str = "", key: BucketKey = KEY) -> OssStore:
        """Open a store in the bucket that waits only in jest between its tries."""
        text = f"oss://{self.name}/studios/north?region={REGION}&sdk={sdk}{options}"
        if "endpoint=" not in options:
            text += f"&endpoint={self.server.endpoint}"
        address = parse_bucket_address(text)
        return OssStore(address, lambda: open_requests(address, key), sleep=lambda _: None)


@pytest.fixture(scope="session")
def oss_server() -> Iterator[OssServer]:
    """A server that speaks OSS, for all tests."""
    credentials = [Credential(KEY.id, KEY.secret), Credential("reader", "r", may_write=False)]
    cnames = {"files.studio.example": "named-bucket"}
    with OssServer(credentials=credentials, cnames=cnames) as server:
        yield server


@pytest.fixture
def bucket(oss_server: OssServer) -> Iterator[Bucket]:
    """An empty bucket, and no faults."""
    oss_server.faults.replace("")
    made = Bucket(server=oss_server, name=f"bucket-{secrets.token_hex(6)}")
    oss_server.make_bucket(made.name)
    yield made
    oss_server.faults.replace("")


@pytest.fixture(params=["folder", "late", "memory", "oss2", "v2"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Every implementation, one after the other."""
    if request.param == "folder":
        yield make_folder_store(tmp_path)
    elif request.param == "late":
        (tmp_path / "store").mkdir()
        yield LateStore(f"folder:{tmp_path / 'store'}")
    elif request.param == "memory":
        yield MemoryStore()
    else:
        opened = request.getfixturevalue("bucket").open(request.param)
        yield opened
        opened.close()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """Blobs in a folder."""
    return Blobs(make_folder_store(tmp_path), STUDIO)


def run_blender_script(name: str, *arguments: str, python: str = sys.executable) -> list[str]:
    """Run a script of this folder in a process that has Blender in it; return what it answers."""
    if python == sys.executable and find_spec("bpy") is None:
        pytest.skip("the bpy wheel is not installed")
    done = subprocess.run(
        [python, str(_SCRIPTS / name), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [line[7:] for line in done.stdout.splitlines() if line.startswith("ANSWER ")]


@pytest.fixture(scope="session")
def blender_scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scenes that `blender_scenes.py` describes. Copy it, do not change it."""
    folder = tmp_path_factory.mktemp("scenes")
    run_blender_script("blender_scenes.py", str(folder))
    return folder


@pytest.fixture(scope="session")
def real_scenes() -> Path:
    """The scenes by other people, where they are."""
    folder = Path(__file__).parents[3] / "shared" / "scenes"
    if not folder.is_dir():
        pytest.skip("no real scenes here")
    return folder
