"""Children on a leash: killed as a tree, gone with their parent, whoever ends it and how."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from render.leash import KILL_SECONDS_MAX, Leashed, tie_to_parent

SLEEP = "import time; time.sleep(600)"
# A child that starts a grandchild, tells both numbers, and waits.
FAMILY = (
    "import os, subprocess, sys, time;"
    f"child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}]);"
    "print(os.getpid(), child.pid, flush=True); time.sleep(600)"
)
ON_LINUX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
SUPERVISED = pytest.mark.parametrize("supervised", [False, True], ids=["exec", "supervise"])


def wait_until(condition: Callable[[], bool], *, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def has_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def read_numbers(child: Leashed) -> list[int]:
    line = child.lines.get(timeout=30)
    assert line.text is not None
    return [int(word) for word in line.text.split()]


def read_texts(child: Leashed) -> list[str | None]:
    """Return what a child that has ended said, of both streams in any order, and their ends."""
    texts = []
    while not child.lines.empty():
        texts.append(child.lines.get().text)
    return texts


@SUPERVISED
def test_lines_and_exit_code_come_through(tmp_path: Path, supervised: bool) -> None:
    program = "import sys; print(sys.stdin.readline().strip()); sys.stderr.write('b\\rc'); exit(3)"
    child = Leashed([sys.executable, "-c", program], cwd=tmp_path, supervised=supervised)
    child.write(b"a\n")
    assert child.wait(30)
    assert child.returncode == 3
    texts = read_texts(child)
    assert sorted(text for text in texts if text) == ["a", "b", "c"]
    assert texts.count(None) == 2


@SUPERVISED
def test_program_that_is_not_there_says_so(tmp_path: Path, supervised: bool) -> None:
    child = Leashed([str(tmp_path / "nothing")], cwd=tmp_path, supervised=supervised)
    assert child.wait(30)
    assert child.returncode == 127
    [said] = [text for text in read_texts(child) if text]
    assert "cannot start" in said


@SUPERVISED
def test_kill_takes_the_whole_tree_within_a_second(tmp_path: Path, supervised: bool) -> None:
    child = Leashed([sys.executable, "-c", FAMILY], cwd=tmp_path, supervised=supervised)
    numbers = read_numbers(child)
    started = time.monotonic()
    assert child.kill()
    assert time.monotonic() - started < KILL_SECONDS_MAX
    assert wait_until(lambda: all(has_gone(pid) for pid in numbers), seconds=1)
    assert child.kill(), "what has ended is killed already"


@ON_LINUX
def test_kill_takes_a_child_that_stands_still(tmp_path: Path) -> None:
    child = Leashed([sys.executable, "-c", FAMILY], cwd=tmp_path)
    numbers = read_numbers(child)
    os.kill(numbers[0], signal.SIGSTOP)
    assert child.kill()
    assert wait_until(lambda: all(has_gone(pid) for pid in numbers))


@ON_LINUX
def test_a_dead_child_leaves_no_grandchild(tmp_path: Path) -> None:
    child = Leashed([sys.executable, "-c", FAMILY], cwd=tmp_path)
    numbers = read_numbers(child)
    os.kill(numbers[0], signal.SIGKILL)
    assert child.wait(10)
    assert child.returncode == -signal.SIGKILL
    assert wait_until(lambda: has_gone(numbers[1]))


def test_child_outlives_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    children: list[Leashed] = []

    def start() -> None:
        children.append(Leashed([sys.executable, "-c", SLEEP], cwd=tmp_path))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert not children[0].ended.wait(0.5)
    children[0].kill()


@SUPERVISED
@ON_LINUX
def test_nothing_is_left_when_the_parent_is_killed(supervised: bool) -> None:
    parent_program = (
        "import sys, time; from pathlib import Path; from render.leash import Leashed;"
        f"child = Leashed([sys.executable, '-c', {FAMILY!r}], cwd=Path.cwd(),"
        f" supervised={supervised});"
        "print(child.lines.get().text, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", parent_program], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent:
        child, grandchild = map(int, parent.stdout.readline().split())
        os.kill(parent.pid, signal.SIGKILL)
        assert wait_until(lambda: has_gone(child) and has_gone(grandchild))


@ON_LINUX
def test_own_process_notices_its_parents_death() -> None:
    program = (
        "import os, sys, time; from render.leash import tie_to_parent;"
        "tie_to_parent(int(sys.argv[1]), on_death=lambda: os._exit(0));"
        "print(os.getpid(), flush=True); time.sleep(600)"
    )
    middle = (
        "import os, subprocess, sys;"
        f"subprocess.Popen([sys.executable, '-c', {program!r}, str(os.getpid())]).wait()"
    )
    parent = subprocess.Popen([sys.executable, "-c", middle], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent:
        pid = int(parent.stdout.readline())
        parent.kill()
        assert wait_until(lambda: has_gone(pid), seconds=2)


def test_a_parent_that_has_gone_already_is_noticed() -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    noticed = threading.Event()
    tie_to_parent(dead.pid, on_death=noticed.set)
    assert noticed.wait(5)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Landlock is Linux's")
def test_a_fenced_child_writes_only_where_it_may(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "kept").write_text("kept")
    program = (
        "import pathlib, sys\n"
        "inside, outside = map(pathlib.Path, sys.argv[1:])\n"
        "(inside / 'a').write_text((outside / 'kept').read_text())\n"
        "open('/dev/null', 'w').close()\n"
        "for attempt in (lambda: (outside / 'b').write_text('x'), (outside / 'kept').unlink,\n"
        "                lambda: (inside / 'a').rename(outside / 'c')):\n"
        "    try: attempt()\n"
        "    except OSError as error: print(error.strerror)\n"
    )
    child = Leashed(
        [sys.executable, "-c", program, str(inside), str(outside)],
        cwd=tmp_path,
        writable=[inside],
    )
    assert child.wait(30)
    assert child.returncode == 0
    assert (inside / "a").read_text() == "kept"
    if has_landlock():
        assert [path.name for path in outside.iterdir()] == ["kept"]


def has_landlock() -> bool:
    return sys.platform.startswith("linux") and int(ctypes.CDLL(None).syscall(444, None, 0, 1)) > 0


def test_use_of_a_tree_is_measured(tmp_path: Path) -> None:
    program = "data = bytearray(80_000_000); print(sum(range(3_000_000)), flush=True); input()"
    child = Leashed([sys.executable, "-c", program], cwd=tmp_path)
    assert child.lines.get(timeout=30).text
    use = child.measure()
    assert use.memory_bytes > 80_000_000
    assert use.cpu_seconds > 0.01
    child.kill()
    assert child.measure().memory_bytes == 0
