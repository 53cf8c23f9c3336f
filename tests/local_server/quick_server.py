"""A server that soon finds out who is not there any more: `python -m ... DATA PARENT`."""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402

from local_server.serve import run_server  # noqa: E402
from local_server.settings import make_settings  # noqa: E402


def main(data: Path, parent: int) -> None:
    """Serve until told to end."""
    settings = make_settings(data=data, node=False, parent=parent)
    run_server(replace(settings, ping_seconds=0.2, pong_seconds=2.0))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
