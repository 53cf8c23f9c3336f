"""(h) Packages into a folder store, against `rclone copy` of the same files."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from benchmarks.results import Measurement
from sync.blobs import Blobs
from sync.folder_store import FolderStore
from sync.known_files import KnownFiles, Sighting, read_sighting
from sync.package import PackagePlan, PlannedFile, store_package
from sync.sources import read_pieces

STUDIO = "bench"
SMALL_FILES, SMALL_BYTES = 10_000, 20_000
BIG_BYTES = 4 << 30
# What was saved in the last two seconds is not trusted to be what was hashed.
SETTLE_SECONDS = 2.5
SECOND_RUNS = 5  # each takes some hundredths of a second


def measure_stores(folder: Path) -> list[Measurement]:
    """Measure first and second runs of many small files and of one big one."""
    folder.mkdir(parents=True)
    small, big = folder / "small", folder / "big"
    small.mkdir()
    big.mkdir()
    block = os.urandom(SMALL_BYTES)
    for number in range(SMALL_FILES):
        path = small / f"{number % 100:02}" / f"{number:05}.tex"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(number.to_bytes(8, "big") + block)
    with (big / "cache.vdb").open("wb") as opened:
        for _ in range(BIG_BYTES >> 26):
            opened.write(os.urandom(1 << 26))
    time.sleep(SETTLE_SECONDS)
    return [
        *compare(folder, small, f"{SMALL_FILES:,} files of 20 kB"),
        *compare(folder, big, "one file of 4 GiB"),
    ]


def compare(folder: Path, source: Path, what: str) -> list[Measurement]:
    """Measure both on the same files, which are in memory, the disk at rest before each run.

    Nothing is removed meanwhile: ext4 makes new files slowly where some were just removed.
    """
    root = folder / f"store-{source.name}"
    root.mkdir()
    blobs, known = Blobs(FolderStore(root), STUDIO), KnownFiles(folder / "known.db")

    def keep() -> None:
        store_package(plan_folder(source), blobs, known=known)

    aim = "no slower than rclone"
    results = measure_rclone(source, folder / f"rclone-{source.name}", what)
    warm_files(source)
    first = take_seconds(keep)[0]
    second = median(take_seconds(keep)[0] for _ in range(SECOND_RUNS))
    return [
        *results,
        Measurement(name=f"{what}: first run, on the disk", value=first, unit="s", aim=aim),
        Measurement(name=f"{what}: second run, median", value=second, unit="s", aim=aim),
        Measurement(name=f"{what}: first / second", value=first / second, unit="x", aim="20"),
    ]


def measure_rclone(source: Path, target: Path, what: str) -> list[Measurement]:
    """Measure rclone where there is one: until it returns, and until all is on the disk as well."""
    program = shutil.which("rclone")
    if program is None:
        return []
    command = [program, "--config", os.devnull, "copy", str(source), str(target)]

    def copy() -> None:
        subprocess.run(command, check=True, capture_output=True)

    first, second = take_seconds(copy), take_seconds(copy)
    return [
        Measurement(name=f"{what}: rclone, first run", value=first[0], unit="s"),
        Measurement(name=f"{what}: rclone, and then sync", value=first[1], unit="s"),
        Measurement(name=f"{what}: rclone, second run", value=second[0], unit="s"),
    ]


def warm_files(source: Path) -> None:
    """Read all files of a folder: rclone has the system forget what it has read."""
    for path, _ in walk(str(source)):
        for _piece in read_pieces(Path(path)):
            pass


def take_seconds(act: Callable[[], None]) -> tuple[float, float]:
    """Return how long something takes, the disk at rest before, and until that is at rest again."""
    os.sync()
    began = time.perf_counter()
    act()
    took = time.perf_counter() - began
    os.sync()
    return took, time.perf_counter() - began


def plan_folder(source: Path) -> PackagePlan:
    """Plan a package of all files of a folder, the first of which is the scene."""
    files = tuple(
        PlannedFile(source=path, path=path[len(f"{source}/") :], size=seen.size, seen=seen)
        for path, seen in sorted(walk(str(source)))
    )
    return PackagePlan(
        source=Path(files[0].source), scene=files[0].path, files=files, missing=(), warnings=()
    )


def walk(folder: str) -> Iterator[tuple[str, Sighting]]:
    """Yield every file below a folder, and what it looks like."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from walk(entry.path)
            else:
                yield entry.path, read_sighting(entry.stat())
