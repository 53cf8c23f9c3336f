"""Children that die with us: starting, watching and killing whole process trees."""

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from render.own_command import make_leash_command

LINE_LENGTH_MAX = 64 * 1024
KILL_SECONDS_MAX = 1.0
PARENT_WATCH_SECONDS = 0.25
LINE_END = re.compile(rb"[\r\n]+")
LEASH_CHILD = Path(__file__).with_name("leash_child.py")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line that a child wrote; `text` is None when the stream has ended."""

    stream: str
    text: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TreeUse:
    """What a process tree uses now: resident memory, and CPU seconds since its start."""

    memory_bytes: int
    cpu_seconds: float


class Leashed:
    """A child in a process group of its own that ends when this process ends, however it ends.

    On Linux the kernel kills the child when the *thread* that started it ends, so a thread of
    this object starts the child and stays until the child has gone. There too, a child given
    `writable` folders can write nowhere else but in the user's caches and in /dev.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        writable: Sequence[Path] = (),
        supervised: bool = not sys.platform.startswith("linux"),
    ) -> None:
        self.lines: queue.SimpleQueue[Line] = queue.SimpleQueue()
        self.ended = threading.Event()
        self._lock = threading.Lock()
        self._supervised = supervised
        self._proc: subprocess.Popen[bytes] | None = None
        self._readers: list[threading.Thread] = []
        self._failure: OSError | None = None
        started = threading.Event()
        threading.Thread(
            target=self._own,
            args=(["" if keeps_rights(argv) else join_folders(writable), *argv], cwd, env, started),
            name="leash",
            daemon=True,
        ).start()
        started.wait()
        if self._failure is not None:
            raise self._failure

    @property
    def pid(self) -> int:
        """The child's process id, which is its process group's too."""
        assert self._proc is not None
        return self._proc.pid

    @property
    def returncode(self) -> int | None:
        """The exit code (negative: the signal that killed it), or None while it runs."""
        assert self._proc is not None
        return self._proc.returncode if self.ended.is_set() else None

    def write(self, data: bytes) -> None:
        """Write to the child's standard input. Raises OSError when the child has gone."""
        assert self._proc is not None
        assert self._proc.stdin is not None
        self._proc.stdin.write(data)
        self._proc.stdin.flush()

    def close_input(self) -> None:
        """End the child's standard input, which asks a host to leave."""
        assert self._proc is not None
        assert self._proc.stdin is not None
        try:
            self._proc.stdin.close()
        except OSError:
            return

    def kill(self) -> bool:
        """Kill the whole tree at once, from any thread; True when it has gone within a second."""
        with self._lock:
            if not self.ended.is_set():
                kill_tree(self.pid)
        return self.ended.wait(KILL_SECONDS_MAX)

    def freeze(self) -> None:
        """Stop the child without ending it; it uses no CPU until it is thawed, or killed."""
        with suppress(psutil.Error):
            psutil.Process(self.pid).suspend()

    def thaw(self) -> None:
        """Let a frozen child go on; one that has ended is no error."""
        with suppress(psutil.Error):
            psutil.Process(self.pid).resume()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait for the child and for everything it wrote to be in `lines`; False on time-out."""
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        if not self.ended.wait(timeout_seconds):
            return False
        for reader in self._readers:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            reader.join(left)
        return not any(reader.is_alive() for reader in self._readers)

    def measure(self) -> TreeUse:
        """Return what the tree uses now; nothing for what has ended."""
        return measure_tree(self.pid)

    def _own(
        self,
        argv: list[str],
        cwd: Path,
        env: Mapping[str, str] | None,
        started: threading.Event,
    ) -> None:
        mode = "supervise" if self._supervised else "exec"
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        try:
            proc = subprocess.Popen(
                [*make_leash_command(LEASH_CHILD), str(os.getpid()), mode, *argv],
                cwd=cwd,
                env=None if env is None else dict(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                creationflags=flags,
            )
        except OSError as error:
            self._failure = error
            started.set()
            return
        self._proc = proc
        for name, stream in (("out", proc.stdout), ("err", proc.stderr)):
            assert stream is not None
            reader = threading.Thread(
                target=self._read, args=(name, stream), name=f"leash-{name}", daemon=True
            )
            reader.start()
            self._readers.append(reader)
        started.set()
        self._reap(proc)

    def _reap(self, proc: subprocess.Popen[bytes]) -> None:
        if sys.platform != "win32":
            # Look without reaping: while the dead leader keeps its number, no other process
            # can get it, so its group can be swept without hitting a stranger.
            os.waitid(os.P_PID, proc.pid, os.WEXITED | os.WNOWAIT)
        with self._lock:
            if sys.platform != "win32":
                kill_group(proc.pid)
            proc.wait()
            self.ended.set()
        self.close_input()

    def _read(self, name: str, stream: IO[bytes]) -> None:
        rest = b""
        with stream:
            while chunk := os.read(stream.fileno(), 65536):
                *whole, rest = LINE_END.split(rest + chunk)
                if len(rest) > LINE_LENGTH_MAX:
                    whole.append(rest)
                    rest = b""
                for line in whole:
                    self._put(name, line)
        self._put(name, rest)
        self.lines.put(Line(stream=name, text=None))

    def _put(self, name: str, line: bytes) -> None:
        if line.strip():
            self.lines.put(Line(stream=name, text=line.decode("utf-8", "replace")))


def join_folders(writable: Sequence[Path]) -> str:
    """Return the folders that a fenced child may write in, as one argument; none for no fence."""
    if not writable:
        return ""
    home = Path.home()
    # Kernels and shaders that take minutes to build are kept in caches between processes.
    caches = [Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache"), home / ".nv"]
    return os.pathsep.join(map(str, [*writable, *caches, "/dev"]))


def keeps_rights(argv: Sequence[str]) -> bool:
    """Return whether a program cannot start behind a fence, as a snap, which needs setuid."""
    return Path(argv[0]).resolve().name == "snap"


def kill_tree(pid: int) -> None:
    """Kill a process, its group and all its descendants; what has already ended is no error."""
    try:
        descendants = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        descendants = []
    if sys.platform != "win32":
        kill_group(pid)
    for process in [*descendants]:
        try:
            process.kill()
        except psutil.Error:
            continue
    try:
        psutil.Process(pid).kill()
    except psutil.Error:
        return


def kill_group(pid: int) -> None:
    """Send SIGKILL to a process group; an empty one is no error."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def measure_tree(pid: int) -> TreeUse:
    """Return resident bytes and CPU seconds of a process and its descendants."""
    memory_bytes = 0
    cpu_seconds = 0.0
    try:
        root = psutil.Process(pid)
        processes = [root, *root.children(recursive=True)]
    except psutil.Error:
        return TreeUse(memory_bytes=0, cpu_seconds=0.0)
    for process in processes:
        try:
            with process.oneshot():
                memory_bytes += process.memory_info().rss
                times = process.cpu_times()
                cpu_seconds += times.user + times.system
        except psutil.Error:
            continue
    return TreeUse(memory_bytes=memory_bytes, cpu_seconds=cpu_seconds)


def tie_to_parent(parent_pid: int, *, on_death: Callable[[], None]) -> None:
    """Call `on_death` from a thread when our parent, the process `parent_pid`, has ended.

    For our own processes (the node under its server). Children that are not ours are started
    through `Leashed`, which needs no help from the child.
    """
    threading.Thread(
        target=_watch_parent, args=(parent_pid, on_death), name="parent-watch", daemon=True
    ).start()


def _watch_parent(parent_pid: int, on_death: Callable[[], None]) -> None:
    if sys.platform == "win32":
        with contextlib.suppress(psutil.Error):
            psutil.Process(parent_pid).wait()
    else:
        # A dead parent that nobody has buried still has its number, but no children any more.
        while os.getppid() == parent_pid:
            time.sleep(PARENT_WATCH_SECONDS)
    on_death()
