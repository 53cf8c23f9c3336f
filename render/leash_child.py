"""What stands between a parent and a renderer, so that the renderer dies with its parent.

Run as a script, with nothing but the standard library (`python -I -S`):

    leash_child.py PARENT_PID exec|supervise WRITABLE PROGRAM ARGUMENT...

`exec` (Linux) asks the kernel for SIGKILL at the parent's death and becomes the program. A guard
stays beside it and kills what the program leaves behind: wrappers have children of their own.
WRITABLE are folders (joined like PATH) outside of which the program may write nothing, where the
kernel can hold it to that (Landlock, since 5.13); with none it may write what the user may.
`supervise` (elsewhere) starts the program, passes standard input on, and kills the program when
standard input ends, because that is what a dead parent looks like on every system.
"""

import ctypes
import os
import select
import signal
import struct
import subprocess
import sys
import threading

PR_SET_PDEATHSIG = 1
EXIT_PARENT_GONE = 125
EXIT_CANNOT_START = 127
SECONDS_TO_LEAVE = 2.0


# Landlock's system calls (the same numbers on every architecture) and rights, from
# include/uapi/linux/landlock.h.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG = 1
RULE_PATH_BENEATH = 1
WRITE_FILE = 1 << 1
REMOVE_AND_MAKE = sum(1 << bit for bit in range(4, 13))
REFER, TRUNCATE = 1 << 13, 1 << 14
PR_SET_NO_NEW_PRIVS = 38


def become(parent_pid: int, writable: list[str], argv: list[str]) -> None:
    """Tie this process to its parent and turn into the program."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0) != 0:
        sys.exit(EXIT_CANNOT_START)
    # The parent may have died between its fork and our prctl; the signal would never come.
    if os.getppid() != parent_pid:
        sys.exit(EXIT_PARENT_GONE)
    post_guard()
    if writable:
        fence_in(libc, writable)
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        cannot_start(argv, error)


def post_guard() -> None:
    """Leave a process behind that kills this process group when this process has ended."""
    try:
        leader = os.pidfd_open(os.getpid())
    except OSError:
        return  # A kernel before 5.3: the program itself still dies with its parent.
    child = os.fork()
    if child:
        os.close(leader)
        os.waitpid(child, 0)
        return
    # Twice, so that the program has no child that it did not start.
    if os.fork():
        os._exit(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    select.select([leader], [], [])
    os.killpg(0, signal.SIGKILL)


def fence_in(libc: ctypes.CDLL, writable: list[str]) -> None:
    """Give up the right to write outside some folders; an older kernel leaves it as it is."""
    version = libc.syscall(CREATE_RULESET, None, 0, VERSION_FLAG)
    if version < 1:
        return
    rights = WRITE_FILE | REMOVE_AND_MAKE
    rights |= (REFER if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
    ruleset = libc.syscall(CREATE_RULESET, struct.pack("Q", rights), 8, 0)
    if ruleset < 0:
        return
    for folder in writable:
        try:
            place = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        libc.syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
        os.close(place)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.syscall(RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def supervise(argv: list[str]) -> None:
    """Run the program until it ends or standard input does."""
    try:
        child = subprocess.Popen(argv, stdin=subprocess.PIPE)
    except OSError as error:
        cannot_start(argv, error)
        return
    threading.Thread(target=pass_input, args=(child,), daemon=True).start()
    code = child.wait()
    # The pump thread may sit in a read of standard input for ever; do not wait for it.
    os._exit(code if code >= 0 else 128 - code)


def pass_input(child: "subprocess.Popen[bytes]") -> None:
    """Copy standard input to the program, then see to it that the program leaves."""
    assert child.stdin is not None
    try:
        while data := os.read(0, 65536):
            child.stdin.write(data)
            child.stdin.flush()
        child.stdin.close()
    except OSError:
        pass
    try:
        child.wait(SECONDS_TO_LEAVE)
    except subprocess.TimeoutExpired:
        kill_all(child.pid)


def kill_all(pid: int) -> None:
    """Kill the program and its children; on POSIX this process is one of their group."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(pid)], check=False)
    else:
        os.killpg(0, signal.SIGKILL)


def cannot_start(argv: list[str], error: OSError) -> None:
    """Say why the program did not start and leave."""
    sys.stderr.write(f"cannot start {argv[0]}: {error.strerror}\n")
    sys.exit(EXIT_CANNOT_START)


def main(argv: list[str]) -> None:
    """Do what the command line says, without the program's name."""
    parent, mode, writable, *program = argv
    if mode == "exec":
        folders = [folder for folder in writable.split(os.pathsep) if folder]
        become(int(parent), folders, program)
    else:
        supervise(program)


if __name__ == "__main__":
    main(sys.argv[1:])
