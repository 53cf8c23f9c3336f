"""Fitness of a store: everything that speaks for or against it, found by trying it out."""

import os
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

from local_server.farm.errors import Unavailable, YuntuError
from sync.bucket_requests import RequestFailed, Trouble
from sync.folder_store import FolderStore
from sync.oss_store import OssStore
from sync.store import Store, is_key

_SKEW_MS_MAX = 15 * 60 * 1000
_SKEW_MS_NOTED = 60 * 1000
_ROUNDS = 5
_SLOW_MS = 250
_FREE_GB_NOTED = 10
_NAMES_LOOKED_AT_MAX = 200_000
_PUBLIC = ("public-read", "public-read-write")


class Level(StrEnum):
    """How much a finding matters."""

    GOOD = "good"
    WARNING = "warning"
    UNFIT = "unfit"


class StoreFinding:
    """One thing that was found, told by a code and named parameters like an error."""

    def __init__(self, code: str, level: Level, **params: str | int) -> None:
        self.code, self.level, self.params = code, level, params


def examine_store(
    store: Store, *, clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
) -> tuple[StoreFinding, ...]:
    """Try a store out and return what was found; it is fit when nothing is `UNFIT`.

    What is written for the trial is removed again.
    """
    if isinstance(store, OssStore):
        return tuple(_examine_bucket(store, clock_ms))
    if isinstance(store, FolderStore):
        return tuple(_examine_folder(store, clock_ms))
    return tuple(_examine_promises(store))


def is_fit(findings: tuple[StoreFinding, ...]) -> bool:
    """Say whether a store may be used at all."""
    return all(one.level is not Level.UNFIT for one in findings)


def _examine_promises(store: Store) -> Iterator[StoreFinding]:
    try:
        store.probe()
    except YuntuError as error:
        if error.code == "store_no_hard_links":
            yield StoreFinding("fit_treasurer_mode", Level.WARNING)
            return
        yield StoreFinding(error.code, Level.UNFIT, **error.params)
        return
    yield StoreFinding("fit_first_wins", Level.GOOD)


# --- folders ---


def _examine_folder(store: FolderStore, clock_ms: Callable[[], int]) -> Iterator[StoreFinding]:
    for finding in _examine_promises(store):
        yield finding
        if finding.level is Level.UNFIT:
            return
    try:
        with store.trial_folder() as folder:
            yield _measure_folder(folder)
            yield from _compare_clocks(_read_folder_clock(folder), clock_ms())
            yield from _examine_case(folder)
        yield _examine_space(store.root)
        yield from _examine_names(store.root)
    except (OSError, Unavailable) as error:
        words = getattr(error, "strerror", None) or str(error)
        yield StoreFinding("store_failed", Level.UNFIT, folder=str(store.root), words=words)


def _measure_folder(folder: Path) -> StoreFinding:
    def write() -> None:
        path = folder / "round"
        with path.open("wb") as opened:
            opened.write(b"x" * 1000)
            opened.flush()
            os.fsync(opened.fileno())
        path.unlink()

    return _judge_speed(_measure_ms(write))


def _measure_ms(act: Callable[[], object]) -> int:
    rounds = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        act()
        rounds.append(time.perf_counter() - began)
    return round(statistics.median(rounds) * 1000)


def _judge_speed(took_ms: int) -> StoreFinding:
    if took_ms > _SLOW_MS:
        return StoreFinding("fit_slow", Level.WARNING, ms=took_ms)
    return StoreFinding("fit_fast", Level.GOOD, ms=took_ms)


def _read_folder_clock(folder: Path) -> int:
    """Return the moment that a file made now gets: on a share, by the server's clock."""
    path = folder / "now"
    path.write_bytes(b"")
    return path.stat().st_mtime_ns // 1_000_000


def _compare_clocks(there_ms: int, here_ms: int) -> Iterator[StoreFinding]:
    differ_ms = abs(there_ms - here_ms)
    if differ_ms > _SKEW_MS_NOTED:
        yield StoreFinding("fit_clock_differs", Level.WARNING, seconds=differ_ms // 1000)


def _examine_case(folder: Path) -> Iterator[StoreFinding]:
    (folder / "case").write_bytes(b"")
    if (folder / "CASE").exists():
        yield StoreFinding("fit_case_insensitive", Level.GOOD)


def _examine_space(root: Path) -> StoreFinding:
    free_gb = shutil.disk_usage(root).free >> 30
    if free_gb < _FREE_GB_NOTED:
        return StoreFinding("fit_little_space", Level.WARNING, free_gb=free_gb)
    return StoreFinding("fit_space", Level.GOOD, free_gb=free_gb)


def _examine_names(root: Path) -> Iterator[StoreFinding]:
    """Count what lies about in the store's own folder and is not of the store."""
    strangers, looked_at, example = 0, 0, ""
    for folder, folders, files in os.walk(root / "v1"):
        for name, is_folder in [
            *((one, False) for one in files),
            *((one, True) for one in folders),
        ]:
            looked_at += 1
            key = (Path(folder) / name).relative_to(root).as_posix()
            # A folder has no key's name, and everything else has one.
            if is_key(key) is is_folder:
                strangers, example = strangers + 1, example or key
        if looked_at > _NAMES_LOOKED_AT_MAX:
            break
    if strangers:
        yield StoreFinding("fit_strangers", Level.WARNING, count=strangers, example=example)


# --- buckets ---


def _examine_bucket(store: OssStore, clock_ms: Callable[[], int]) -> Iterator[StoreFinding]:
    for finding in _examine_promises(store):
        yield finding
        if finding.level is Level.UNFIT:
            return
    try:
        requests, name = store.requests, store.trial_name()
        yield from _compare_clocks(requests.get_facts().server_at_ms, clock_ms())
        requests.put(name, b"trial", forbid_overwrite=False)
        yield _judge_speed(_measure_ms(lambda: requests.head(name)))
        requests.get_range(name, 1, 2)
        requests.list(name, "", 1)
        upload = requests.begin_upload(name)
        requests.put_part(name, upload, 1, b"part")
        requests.list_parts(name, upload)
        requests.find_uploads(name)
        requests.abort_upload(name, upload)
        yield from _try_to_delete(store, name)
        if requests.get_acl() in _PUBLIC:
            yield StoreFinding("fit_public", Level.WARNING, bucket=store.bucket)
    except RequestFailed as failed:
        error = store.explain(failed, "")
        yield StoreFinding(error.code, Level.UNFIT, **error.params)


def _try_to_delete(store: OssStore, name: str) -> Iterator[StoreFinding]:
    try:
        store.requests.delete(name)
    except RequestFailed as failed:
        if failed.trouble is not Trouble.REFUSED:
            raise
        yield StoreFinding("fit_no_delete", Level.WARNING, bucket=store.bucket)
