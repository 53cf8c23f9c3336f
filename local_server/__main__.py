"""The entry of every process of this program: `yuntu ...`, `python -m local_server ...`."""

import os
import sys


def main() -> None:
    """Run one command line and exit with its code."""
    from render.own_command import LEASH_WORD, give_back_libraries

    give_back_libraries(os.environ)
    if sys.argv[1:2] == [LEASH_WORD]:
        from render.leash_child import main as hold_on

        hold_on(sys.argv[2:])
        return
    from local_server.cli.first_look import find_command

    if find_command(sys.argv[1:]) == "serve":
        # gevent has to come before anything that has seen sockets or threads.
        from gevent import monkey

        monkey.patch_all()
    from local_server.cli.root import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
