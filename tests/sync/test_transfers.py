"""Bytes on their way: resumed, verified, counted, stopped, and never half under a final name."""

import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_server.farm.errors import Unavailable
from sync.blobs import Blobs, Digest
from sync.download import PIECE_BYTES
from sync.known_files import KnownFiles, Sighting, look_at
from sync.memory_store import MemoryStore
from sync.package import fetch_package, plan_package, store_package
from sync.store import ObjectInfo
from sync.transfers import Meter, TransferCancelled, Wanted, fetch_files, send_files
from tests.conftest import SmallDisk
from tests.sync.conftest import STUDIO, Bucket

BIG = PIECE_BYTES * 4 + 17

FETCHER = """
import sys
from pathlib import Path
from sync.blobs import Blobs
from sync.folder_store import FolderStore
def tell(count):
    print(count, flush=True)
    sys.stdin.readline()
Blobs(FolderStore(Path(sys.argv[1])), sys.argv[2]).fetch(sys.argv[3], Path(sys.argv[4]), tell)
"""


class Ending(MemoryStore):
    """A store that is gone after some pieces."""

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces
        self.asked: list[int] = []

    def get_range(self, key: str, start: int, length: int) -> bytes:
        if len(self.asked) == self.pieces:
            raise Unavailable("store_failed", folder="here", words="gone")
        self.asked.append(start)
        return super().get_range(key, start, length)


def make_big(folder: Path) -> Path:
    source = folder / "big"
    source.write_bytes(b"".join(bytes([n]) * PIECE_BYTES for n in range(4)) + b"x" * 17)
    return source


def test_a_fetch_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    store = Ending(2)
    blobs, target = Blobs(store, STUDIO), tmp_path / "target"
    source = make_big(tmp_path)
    digest = blobs.add_file(source)
    with pytest.raises(Unavailable):
        blobs.fetch(digest, target)
    assert not target.exists()
    assert (tmp_path / f".{digest[:16]}.part").stat().st_size == 2 * PIECE_BYTES
    store.pieces = 99
    told: list[int] = []
    blobs.fetch(digest, target, told.append)
    assert store.asked == [n * PIECE_BYTES for n in range(5)]
    assert sum(told) == BIG
    assert target.read_bytes() == source.read_bytes()
    assert not list(tmp_path.glob(".*.part"))


def test_what_lay_there_and_was_damaged_is_fetched_again(tmp_path: Path) -> None:
    blobs = Blobs(MemoryStore(), STUDIO)
    source = make_big(tmp_path)
    digest = blobs.add_file(source)
    part = tmp_path / f".{digest[:16]}.part"
    for left in (b"other bytes", b"?" * BIG, b"longer than it is" * BIG):
        part.write_bytes(left[: BIG + 5])
        blobs.fetch(digest, tmp_path / "target")
        assert (tmp_path / "target").read_bytes() == source.read_bytes()
        assert not part.exists()


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_killed_fetch_goes_on_in_another_process(blobs: Blobs, tmp_path: Path) -> None:
    digest = blobs.add_file(make_big(tmp_path))
    arguments = [str(tmp_path / "store"), STUDIO, digest, str(tmp_path / "target")]
    victim = subprocess.Popen(
        [sys.executable, "-c", FETCHER, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert victim.stdin is not None
    assert victim.stdout is not None
    for _ in range(2):
        assert victim.stdout.readline() == f"{PIECE_BYTES}\n"
        victim.stdin.write("\n")
        victim.stdin.flush()
    assert victim.stdout.readline()
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    assert not (tmp_path / "target").exists()
    assert (tmp_path / f".{digest[:16]}.part").stat().st_size >= 2 * PIECE_BYTES
    told: list[int] = []
    blobs.fetch(digest, tmp_path / "target", told.append)
    assert sum(told) == BIG
    assert hashlib.sha256((tmp_path / "target").read_bytes()).hexdigest() == digest


def test_many_files_both_ways_with_progress(bucket: Bucket, tmp_path: Path) -> None:
    store = bucket.open()
    blobs = Blobs(store, STUDIO)
    sources = [tmp_path / f"file-{number}" for number in range(40)]
    for number, source in enumerate(sources):
        source.write_bytes(bytes([number % 7]) * (number * 1000 + 1))
    sources.append(make_big(tmp_path))
    meter = Meter()
    kept = send_files(sources, blobs, meter)
    done = meter.read()
    total = sum(source.stat().st_size for source in sources)
    assert (done.files_done, done.bytes_done, done.left_ms) == (41, total, 0)
    assert done.bytes_per_second > 0
    out = tmp_path / "out"
    out.mkdir()
    wanted = [
        Wanted(digest=digest, size_bytes=size, target=out / str(number))
        for number, (digest, size) in enumerate(kept)
    ]
    # An answer that is cut, one that is false, one that never comes, one that is refused.
    faults = [
        "truncate@verb=GET,nth=5",
        "flip@verb=GET,nth=44",
        "drop@verb=GET,nth=9",
        "503@nth=20",
    ]
    bucket.server.faults.replace(";".join(faults))
    back = Meter()
    fetch_files(wanted, blobs, back)
    for source, one in zip(sources, wanted, strict=True):
        assert one.target.read_bytes() == source.read_bytes()
    assert sorted(path.name for path in out.iterdir()) == sorted(str(n) for n in range(41))
    store.close()


def test_a_transfer_can_be_stopped(tmp_path: Path) -> None:
    blobs = Blobs(MemoryStore(), STUDIO)
    digest, size = blobs.add_file_sized(make_big(tmp_path))
    meter = Meter()
    note = meter.note_bytes

    def stop_soon(count: int) -> None:
        meter.cancel()
        note(count)

    with pytest.raises(TransferCancelled):
        blobs.fetch(digest, tmp_path / "target", stop_soon)
    assert not (tmp_path / "target").exists()
    with pytest.raises(TransferCancelled):
        fetch_files([Wanted(digest=digest, size_bytes=size, target=tmp_path / "t")], blobs, meter)


@given(st.lists(st.tuples(st.floats(0.001, 5), st.integers(0, 10**9)), min_size=1, max_size=200))
def test_rates_are_plain_numbers(steps: list[tuple[float, int]]) -> None:
    now = 0.0
    meter = Meter(clock=lambda: now)
    meter.expect(files=1, size_bytes=sum(count for _, count in steps) + 1)
    for pause_s, count in steps:
        now += pause_s
        meter.note_bytes(count)
        told = meter.read()
        assert told.bytes_per_second >= 0
        assert told.left_ms is None or told.left_ms >= 0
    assert told.bytes_done == told.bytes_total - 1


def test_a_full_disk_gets_its_room_back(small_disk: SmallDisk, tmp_path: Path) -> None:
    blobs = Blobs(MemoryStore(), STUDIO)
    digest = blobs.add_file(make_big(tmp_path))
    with pytest.raises(Unavailable) as caught:
        blobs.fetch(digest, small_disk.folder / "target")
    assert caught.value.code == "disk_full"
    assert list(small_disk.folder.iterdir()) == []


def test_a_package_goes_on_file_by_file(tmp_path: Path) -> None:
    store = Ending(99)
    blobs = Blobs(store, STUDIO)
    scene = tmp_path / "project" / "scene.pov"
    scene.parent.mkdir()
    scene.write_text("sphere {}")
    digest = store_package(plan_package(scene), blobs)
    store.asked.clear()
    store.pieces = 0
    target = tmp_path / "cache" / digest
    with pytest.raises(Unavailable):
        fetch_package(digest, blobs, target)
    assert not target.exists()
    store.pieces = 99
    fetch_package(digest, blobs, target)
    assert (target / "scene.pov").read_text() == "sphere {}"


class Counting(MemoryStore):
    """A store that counts what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = 0

    def head(self, key: str) -> ObjectInfo | None:
        self.heads += 1
        return super().head(key)


def test_known_files_are_not_read_again(tmp_path: Path) -> None:
    store = Counting()
    blobs, known = Blobs(store, STUDIO), KnownFiles(tmp_path / "known.db")
    scene = tmp_path / "project" / "scene.pov"
    scene.parent.mkdir()
    scene.write_text("sphere {}")
    os.utime(scene, (1, 1))
    plan = plan_package(scene)
    digest = store_package(plan, blobs, known=known)
    hashed = digest_of(scene)
    # Its change is too fresh to be trusted: a write in the same moment would not show.
    assert known.find(see(scene)) == {}
    seen = look_at(scene)
    assert seen is not None
    remember(tmp_path / "known.db", scene, hashed)
    assert known.find(see(scene)) == {str(scene): hashed}
    for _ in ("its file is known", "its package is known"):
        store.heads = 0
        assert store_package(plan_package(scene), blobs, known=known) == digest
        assert store.heads == 1
        assert known.find_package(scene, plan_package(scene).mark) == digest
    scene.write_text("torus {} ")
    assert known.find(see(scene)) == {}
    assert known.find_package(scene, plan_package(scene).mark) is None
    (tmp_path / "known.db").write_bytes(b"not a database at all" * 100)
    assert known.find(see(scene)) == {}
    assert store_package(plan_package(scene), blobs, known=known) != digest


def see(path: Path) -> dict[str, Sighting]:
    seen = look_at(path)
    assert seen is not None
    return {str(path): seen}


def digest_of(path: Path) -> Digest:
    return Digest(hashlib.sha256(path.read_bytes()).hexdigest())


def remember(database: Path, path: Path, digest: Digest) -> None:
    """Write what `KnownFiles` would have written had some seconds passed."""
    import pysqlite3

    seen = look_at(path)
    assert seen is not None
    row = (str(path), *seen, digest)
    db = pysqlite3.connect(str(database))
    db.execute("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?)", row)
    db.commit()
    db.close()


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Let this process have half a gigabyte more than it has, and not more."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + (512 << 20), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.torture
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs RLIMIT_AS")
@pytest.mark.usefixtures("little_memory")
def test_gigabytes_pass_through_little_memory(bucket: Bucket, tmp_path: Path) -> None:
    """A sparse file of 1.5 GB, to a bucket and back, with half a gigabyte of memory."""
    source = tmp_path / "sparse"
    with source.open("wb") as opened:
        opened.truncate(1_500_000_001)
    store = bucket.open(options="&parallel=2")
    blobs = Blobs(store, STUDIO)
    digest = blobs.add_file(source)
    blobs.fetch(digest, tmp_path / "target")
    assert (tmp_path / "target").stat().st_size == 1_500_000_001
    shutil.rmtree(tmp_path / "store", ignore_errors=True)
    store.close()
