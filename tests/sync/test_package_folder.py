"""Package folders: whole or not at all, whoever else is at it and whenever it is killed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local_server.farm.errors import BadInput, NotFound, Unavailable
from sync.blobs import Blobs, Digest
from sync.manifest import Entry, Manifest, build_manifest
from sync.package import fetch_package
from tests.sync.conftest import STUDIO

FETCHER = """
import sys
from pathlib import Path
from sync.blobs import Blobs
from sync.folder_store import FolderStore
from sync.package import fetch_package
print("ready", flush=True)
sys.stdin.readline()
blobs = Blobs(FolderStore(Path(sys.argv[1])), sys.argv[2])
manifest = fetch_package(sys.argv[3], blobs, Path(sys.argv[4]))
print(len(manifest.entries), Path(sys.argv[4]).stat().st_ino, flush=True)
"""


def make_package(blobs: Blobs, files: int = 40, size: int = 200_000) -> tuple[Digest, Manifest]:
    entries = []
    for number in range(files):
        data = f"{number:08}".encode() * (size // 8)
        path = f"textures/{number % 3}/{number}.png"
        entries.append(Entry(path=path, sha256=blobs.add_bytes(data), size=len(data)))
    scene = blobs.add_bytes(b"scene")
    entries.append(Entry(path="scene.blend", sha256=scene, size=5))
    manifest = build_manifest(entries, "scene.blend")
    return blobs.add_bytes(manifest.to_bytes()), manifest


def start_fetcher(store: Path, digest: Digest, target: Path) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", FETCHER, str(store), STUDIO, digest, str(target)]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def check_whole(blobs: Blobs, manifest: Manifest, target: Path) -> None:
    found = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    assert found == {entry.path for entry in manifest.entries}
    for entry in manifest.entries:
        path = target / entry.path
        assert path.read_bytes() == blobs.read(entry.sha256)
        if os.name == "posix":
            assert path.stat().st_mode & 0o777 == entry.mode


def list_beside(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir() if path != target)


def test_a_package_is_laid_out_and_found_again(blobs: Blobs, tmp_path: Path) -> None:
    digest, manifest = make_package(blobs)
    target = tmp_path / "cache" / digest
    assert fetch_package(digest, blobs, target) == manifest
    check_whole(blobs, manifest, target)
    before = target.stat().st_ino, (target / "scene.blend").stat().st_ino
    assert fetch_package(digest, blobs, target) == manifest
    assert (target.stat().st_ino, (target / "scene.blend").stat().st_ino) == before
    assert list_beside(target) == [f".{digest}.lock"]


def test_processes_fetch_a_package_once(blobs: Blobs, tmp_path: Path) -> None:
    digest, manifest = make_package(blobs)
    target = tmp_path / "cache" / digest
    fetchers = [start_fetcher(tmp_path / "store", digest, target) for _ in range(3)]
    for fetcher in fetchers:
        go(fetcher)
    answers = {fetcher.communicate()[0] for fetcher in fetchers}
    assert len(answers) == 1
    assert answers.pop().split()[0] == str(len(manifest.entries))
    check_whole(blobs, manifest, target)
    assert list_beside(target) == [f".{digest}.lock"]


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_killed_fetch_leaves_nothing_in_the_way(blobs: Blobs, tmp_path: Path) -> None:
    digest, manifest = make_package(blobs)
    target = tmp_path / "cache" / digest
    for delay_ms in (0, 5, 15, 40):
        victim, other = (start_fetcher(tmp_path / "store", digest, target) for _ in range(2))
        go(victim)
        time.sleep(delay_ms / 1000)
        go(other)
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
        assert other.communicate()[0].startswith(f"{len(manifest.entries)} ")
        check_whole(blobs, manifest, target)
        assert list_beside(target) == [f".{digest}.lock"]
        shutil.rmtree(target)


@pytest.mark.parametrize("harm", ["gone", "cut", "folder", "all"])
def test_a_folder_that_was_harmed_is_repaired(blobs: Blobs, tmp_path: Path, harm: str) -> None:
    digest, manifest = make_package(blobs, files=3)
    target = tmp_path / digest
    fetch_package(digest, blobs, target)
    victim = target / manifest.entries[-1].path
    victim.unlink()
    if harm == "cut":
        victim.write_bytes(b"")
    elif harm == "folder":
        victim.mkdir()
    elif harm == "all":
        shutil.rmtree(target)
        target.write_bytes(b"a file where the folder was")
    fetch_package(digest, blobs, target)
    check_whole(blobs, manifest, target)
    assert not list(target.parent.glob(f".{digest}.*-old"))


def test_what_cannot_be_laid_out_leaves_nothing(blobs: Blobs, tmp_path: Path) -> None:
    digest, manifest = make_package(blobs, files=3)
    target = tmp_path / "cache" / digest
    lost = manifest.entries[0].sha256
    kept = tmp_path / "store/v1" / STUDIO / "b" / lost[:2] / lost
    data = kept.read_bytes()
    kept.write_bytes(b"x" * len(data))
    with pytest.raises(Unavailable) as caught:
        fetch_package(digest, blobs, target)
    assert caught.value.code == "blob_damaged"
    kept.unlink()
    with pytest.raises(NotFound):
        fetch_package(digest, blobs, target)
    assert not target.exists()
    assert list_beside(target) == [f".{digest}.lock"]
    with pytest.raises(NotFound):
        fetch_package("0" * 64, blobs, target)
    with pytest.raises(BadInput):
        fetch_package("../x", blobs, target)


def test_a_manifest_that_lies_about_a_size_is_refused(blobs: Blobs, tmp_path: Path) -> None:
    scene = Entry(path="scene", sha256=blobs.add_bytes(b"12345"), size=4)
    digest = blobs.add_bytes(build_manifest([scene], "scene").to_bytes())
    with pytest.raises(BadInput) as caught:
        fetch_package(digest, blobs, tmp_path / "target")
    assert caught.value.code == "manifest_damaged"


def test_what_is_no_manifest_is_refused(blobs: Blobs, tmp_path: Path) -> None:
    evil = (
        b'{"entries":[{"mode":420,"path":"../evil","sha256":"%s","size":4}],"scene":"../evil"'
        % (blobs.add_bytes(b"evil").encode())
    )
    for data in (b"", b"{}", evil + b',"version":1}'):
        with pytest.raises(BadInput):
            fetch_package(blobs.add_bytes(data), blobs, tmp_path / "cache" / "target")
    assert not (tmp_path / "cache" / "evil").exists()


def test_a_package_that_does_not_fit_is_told_before(blobs: Blobs, tmp_path: Path) -> None:
    huge = Entry(path="scene", sha256=blobs.add_bytes(b"x"), size=2**41)
    digest = blobs.add_bytes(build_manifest([huge], "scene").to_bytes())
    with pytest.raises(Unavailable) as caught:
        fetch_package(digest, blobs, tmp_path / "target")
    assert caught.value.code == "disk_full"
