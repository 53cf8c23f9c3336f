"""Keys: one key at a time from a terminal, without Enter."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

if sys.platform == "win32":
    import msvcrt

    @contextmanager
    def open_keys() -> Iterator[Callable[[], str]]:
        """Give a function that waits for a key; Ctrl-C raises KeyboardInterrupt."""

        def read_key() -> str:
            key = msvcrt.getwch()
            if key == "\x03":
                raise KeyboardInterrupt
            return key

        yield read_key

else:
    import termios
    import tty

    @contextmanager
    def open_keys() -> Iterator[Callable[[], str]]:
        """Give a function that waits for a key; Ctrl-C raises KeyboardInterrupt.

        Keys that were pressed already are not thrown away, as `getpass` and click would.
        """
        screen = sys.stdin.fileno()
        before = termios.tcgetattr(screen)
        tty.setcbreak(screen, termios.TCSANOW)

        def read_key() -> str:
            data = os.read(screen, 1)
            if not data:
                raise EOFError
            return data.decode("ascii", "replace")

        try:
            yield read_key
        finally:
            termios.tcsetattr(screen, termios.TCSANOW, before)
