"""What a folder does beyond the contract: it is shared, it fills up, and processes die over it."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local_server.farm.errors import NotFound, Unavailable
from sync.fitness import examine_store
from sync.folder_store import FolderStore
from tests.sync.test_store import blob_key

KEY = "v1/s/genesis"

WRITER = """
import sys
from pathlib import Path
from sync.folder_store import FolderStore
store, name = FolderStore(Path(sys.argv[1])), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    if store.put_if_absent(f"v1/s/t/{number:010}", name.encode() * 5000):
        print(number, flush=True)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty folder for a store."""
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def start_writer(root: Path, name: str, count: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WRITER, str(root), name, str(count)]
    process = subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_processes_win_each_key_once(root: Path) -> None:
    writers = [start_writer(root, name, 150) for name in "abc"]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    won = [writer.communicate()[0].split() for writer in writers]
    assert sorted(int(number) for each in won for number in each) == list(range(150))
    store = FolderStore(root)
    for name, numbers in zip("abc", won, strict=True):
        for number in numbers:
            assert store.get(f"v1/s/t/{int(number):010}") == name.encode() * 5000


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_killed_writer_leaves_whole_objects_only(root: Path) -> None:
    for delay_ms in (1, 5, 20, 60):
        writer = start_writer(root, "k", 10_000)
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
        time.sleep(delay_ms / 1000)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
    store = FolderStore(root)
    assert all(store.get(key) == b"k" * 5000 for key in store.list("v1/", limit=100_000))
    for leftover in (root / ".incoming").iterdir():
        os.utime(leftover, (1, 1))
    store.probe()
    assert list((root / ".incoming").iterdir()) == []


def test_a_probe_leaves_what_is_being_written(root: Path) -> None:
    store = FolderStore(root)
    store.probe()
    fresh = root / ".incoming" / "1-a"
    fresh.write_bytes(b"")
    store.probe()
    assert fresh.exists()


def test_a_probe_clears_a_trial_that_was_killed_and_minds_no_strangers(root: Path) -> None:
    """A folder among the leftovers once made the whole store unfit, a day later."""
    trial, stranger = root / ".incoming" / "trial-1", root / ".incoming" / "@eaDir"
    for folder in (trial, stranger):
        folder.mkdir(parents=True)
        (folder / "round").write_bytes(b"")
        os.utime(folder, (1, 1))
    FolderStore(root).probe()
    assert not trial.exists()
    assert (stranger / "round").exists()


def test_strange_names_are_ignored(root: Path) -> None:
    store = FolderStore(root)
    store.put_if_absent("v1/s/t/0000000001", b"")
    for name in ("0000000001 (1)", "0000000002.tmp", "~0000000003", ".DS_Store", "t"):
        (root / "v1/s/t" / name).write_bytes(b"")
    (root / "v1/s/t/0000000004").mkdir()
    assert store.list("v1/") == ("v1/s/t/0000000001",)


def test_a_folder_at_a_key_is_a_stranger(root: Path) -> None:
    """It is read as if nothing was there, and named where something has to be written."""
    store, source = FolderStore(root), root / "source"
    source.write_bytes(b"blob")
    for key in ("v1/s/t/0000000001", blob_key(b"blob")):
        (root / key / "inside").mkdir(parents=True)
        assert (store.head(key), store.find_file(key)) == (None, None)
        for read in (store.get, lambda key: store.get_range(key, 0, 1)):
            with pytest.raises(NotFound):
                read(key)
    verbs: list[Callable[[], object]] = [
        lambda: store.put_if_absent("v1/s/t/0000000001", b""),
        lambda: store.put_alone("v1/s/t/0000000001", b""),
        lambda: store.put_blob(blob_key(b"blob"), source),
        lambda: store.put_blobs([(blob_key(b"blob"), b"blob")]),
    ]
    for verb in verbs:
        with pytest.raises(Unavailable) as caught:
            verb()
        assert caught.value.code == "folder_in_the_way"
    assert store.list("v1/") == ()
    assert list((root / ".incoming").iterdir()) == []
    found = {one.code: one.params for one in examine_store(store)}
    assert found["fit_strangers"]["count"] == 2
    assert store.put_if_absent("v1/s/t/0000000002", b"")


def test_blobs_that_get_no_name_leave_nothing_behind(root: Path) -> None:
    store, key = FolderStore(root), blob_key(b"blob")
    (root / key).parent.parent.mkdir(parents=True)
    (root / key).parent.write_bytes(b"a file where a folder has to be")
    with pytest.raises(Unavailable):
        store.put_blobs([(blob_key(b"other"), b"other"), (key, b"blob")])
    assert list((root / ".incoming").iterdir()) == []


def test_a_file_of_any_size_is_read_in_little_memory(root: Path) -> None:
    store = FolderStore(root)
    store.put_if_absent("v1/s/t/0000000001", b"")
    with (root / "v1/s/t/0000000001").open("wb") as opened:
        opened.truncate(3 << 30)
    assert store.get("v1/s/t/0000000001", most=1000) == bytes(1000)


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """An unmounted share must not look like an empty store."""
    store = FolderStore(tmp_path / "mount" / "farm")
    verbs: list[Callable[[], object]] = [
        lambda: store.put_if_absent(KEY, b""),
        lambda: store.get(KEY),
        lambda: store.head(KEY),
        lambda: store.list("v1/"),
        store.probe,
    ]
    for verb in verbs:
        with pytest.raises(Unavailable) as caught:
            verb()
        assert caught.value.code == "store_missing"
    assert not (tmp_path / "mount").exists()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "store_full"),
        (errno.EDQUOT, "store_full"),
        (errno.EIO, "store_failed"),
        (errno.EROFS, "store_not_allowed"),
    ],
)
def test_what_the_system_says_is_translated(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    store = FolderStore(root)

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fdatasync", fail, raising=False)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(Unavailable) as caught:
        store.put_if_absent(KEY, b"")
    assert caught.value.code == code
    monkeypatch.undo()
    assert store.head(KEY) is None
    assert list((root / ".incoming").iterdir()) == []


def test_a_folder_without_hard_links_says_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FolderStore(root)
    source = root / "source"
    source.write_bytes(b"blob")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(Unavailable) as caught:
        store.probe()
    assert caught.value.code == "store_no_hard_links"
    with pytest.raises(Unavailable) as caught:
        store.put_if_absent(KEY, b"")
    assert caught.value.code == "store_no_hard_links"
    assert store.head(KEY) is None
    # Blobs are what they are called, whoever writes them.
    assert store.put_blob(blob_key(b"blob"), source)
    assert not store.put_blob(blob_key(b"blob"), source)
    assert store.get(blob_key(b"blob")) == b"blob"


def test_a_blob_is_no_link_to_the_artists_file(root: Path) -> None:
    source = root / "source"
    source.write_bytes(b"blob")
    FolderStore(root).put_blob(blob_key(b"blob"), source)
    assert source.stat().st_nlink == 1


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_says_so(root: Path) -> None:
    root.chmod(0o500)
    with pytest.raises(Unavailable) as caught:
        FolderStore(root).probe()
    root.chmod(0o700)
    assert caught.value.code == "store_not_allowed"
