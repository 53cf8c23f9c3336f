"""The entry of every process of this program: `yuntu ...`, `python -m local_server ...`."""

import gc
import os
import runpy
import sys

PICTURE_WORD = "read-picture"


def main() -> None:
    """Run one command line and exit with its code."""
    from render.own_command import LEASH_WORD, give_back_libraries

    give_back_libraries(os.environ)
    if sys.argv[1:2] == [LEASH_WORD]:
        from render.leash_child import main as hold_on

        hold_on(sys.argv[2:])
        return
    if sys.argv[1:2] == [PICTURE_WORD]:
        # The window has this program read pictures in a process apart; by its name alone, as ever.
        sys.argv = sys.argv[1:]
        runpy.run_module("desktop.picture_reader", run_name="__main__")
        return
    from local_server.cli.first_look import find_command

    if find_command(sys.argv[1:]) == "serve":
        # What is imported stays: `serve` counts from its start on what may become garbage.
        gc.disable()
        # gevent has to come before anything that has seen sockets or threads.
        from gevent import monkey

        monkey.patch_all()
    from local_server.cli.root import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
